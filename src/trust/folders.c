/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates of files and ca sections: read one by one, and in force as a whole. */
#include "trust/trust_private.h"

#include <stdlib.h>
#include <string.h>

/* ---- ca sections ---- */

static enum cyg_err refuse_authority(const struct cert *c, struct diag *why)
{
	char subject[200];

	diag_set(why, "no-authority", "RFC 5280 4.2.1.9",
		 "the certificate of %s is no authority's: it may not issue others",
		 cert_print(c, subject, sizeof(subject)));
	diag_wanted(why, "basicConstraints CA:TRUE");
	diag_hint(why, "certificates of ends belong to ipsec.d/certs");
	return CYG_MALFORMED;
}

/* Certificates of which each is an authority's, that may issue others. */
static enum cyg_err read_anchors(struct trust *t, struct view octets, struct cert_list *ret,
				 struct diag *why)
{
	enum cyg_err err = cert_read_file(t->crypto, octets, ret, why);

	if (err)
		return err;
	for (size_t i = 0; !err && i < ret->len; i++)
		if (!cert_is_ca(&ret->items[i]))
			err = refuse_authority(&ret->items[i], why);
	if (err)
		cert_list_done(ret);
	return err;
}

/* Those of the files, and of ca sections that say another one. */
static bool merge(const struct stored_certs *files, const struct authorities *sections,
		  struct stored_certs *ret)
{
	struct stored_certs all = {0};
	bool well = true;

	for (size_t i = 0; well && i < files->len; i++) {
		const struct stored_cert *s = files->items[i];

		well = !stored_certs_add(&all, s->file, &s->cert, s->installed, s->first);
	}
	for (size_t i = 0; well && i < sections->len; i++) {
		const struct known_authority *k = sections->items[i];
		const char *file = k->says->cacert ? k->says->cacert : k->says->name;

		for (size_t j = 0; well && j < k->certs.len; j++)
			if (!stored_certs_has(&all, &k->certs.items[j]))
				well = !stored_certs_add(&all, file, &k->certs.items[j],
							 k->installed, !j);
	}
	if (well)
		*ret = all;
	else
		stored_certs_done(&all);
	return well;
}

/* What is in force follows files and sections. False: memory is short, and the old stays. */
static bool settle_anchors(struct trust *t, const struct stored_certs *files)
{
	struct x509_store_st *anchors;
	struct stored_certs all;

	if (!merge(files, &t->authorities, &all))
		return false;
	anchors = path_anchors_new(&all);
	if (!anchors) {
		stored_certs_done(&all);
		return false;
	}
	familiar_clear(&t->familiar);
	path_anchors_unref(t->anchors);
	t->anchors = anchors;
	stored_certs_done(&t->cacerts);
	t->cacerts = all;
	return true;
}

/* Sections that go may come again at once, as when the file is read again. */
static void look_soon(struct trust *t, int64_t now)
{
	t->look_at = now + SECTIONS_SECONDS;
}

/* Sections came or went: what they say of groups is made anew when it is asked for. */
static void sections_changed(struct trust *t, int64_t now)
{
	ca_groups_unref(t->ca_groups);
	t->ca_groups = NULL;
	look_soon(t, now);
}

static void look_at_anchors(struct trust *t)
{
	if (t->anchors || !t->cacerts.len) /* else memory was short */
		revoke_look_at_anchors(&t->revoke, t->cacerts.len ? t->anchors : NULL);
}

void folders_look(struct trust *t, int64_t now)
{
	t->look_at = 0;
	look_at_anchors(t);
	folders_look_at_members(t, true, now);
}

/* ---- who is a member ---- */

bool group_sources_of(struct trust *t, struct group_sources *ret)
{
	if (!t->ca_groups)
		t->ca_groups = ca_groups_new(&t->authorities);
	*ret = (struct group_sources){t->acerts, t->ca_groups};
	return t->ca_groups;
}

bool job_take_groups(struct trust *t, const char *groups, struct trust_job *j)
{
	struct group_sources from;

	if (!group_sources_of(t, &from))
		return false;
	j->acerts = acert_set_ref(t->acerts);
	j->ca_groups = ca_groups_ref(t->ca_groups);
	j->groups = strdup(groups);
	return j->groups;
}

void folders_look_at_members(struct trust *t, bool all, int64_t now)
{
	struct group_sources from;

	if (group_sources_of(t, &from))
		revoke_look_at_members(&t->revoke, &from, all, now);
	else
		look_soon(t, now); /* rather than take everybody for a stranger */
}

enum cyg_err trust_add_authority(struct trust *t, const struct authority *says,
				 struct view certificate, int64_t now, struct diag *why)
{
	struct cert_list certs = {0};
	struct cert_names names;
	enum cyg_err bad = CYG_OK, err;
	bool named = certificate.len && !cert_names(t->crypto, certificate, &names);

	if (certificate.len)
		bad = read_anchors(t, certificate, &certs, why);
	err = authorities_add(&t->authorities, says, named ? &names : NULL, &certs, now);
	cert_list_done(&certs);
	if (!err && !settle_anchors(t, &t->cacert_files))
		err = CYG_NOMEM;
	sections_changed(t, now);
	if (err || !bad)
		return err;
	diag_prefix(why, "%.100s: ", says->cacert ? says->cacert : "the file");
	return bad == CYG_NOMEM ? bad : CYG_MALFORMED;
}

size_t trust_delete_authorities(struct trust *t, const char *pattern, int64_t now)
{
	size_t n = authorities_delete(&t->authorities, pattern);

	if (n)
		sections_changed(t, now);
	/* Without memory nobody is believed, rather than who was deleted. */
	if (n && !settle_anchors(t, &t->cacert_files)) {
		familiar_clear(&t->familiar);
		path_anchors_unref(t->anchors);
		t->anchors = NULL;
	}
	return n;
}

bool trust_has_authority(const struct trust *t, const char *name)
{
	const struct authorities *all = trust_authorities(t);

	for (size_t i = 0; i < all->len; i++)
		if (!strcmp(all->items[i]->says->name, name))
			return true;
	return false;
}

const struct authorities *trust_authorities(const struct trust *t)
{
	return &t->authorities;
}

/* ---- files ---- */

static enum cyg_err put_pgp(struct trust *t, struct stored_pgps *to, const char *name,
			    struct view octets, int64_t now, struct diag *why)
{
	struct pgp_cert c;
	enum cyg_err err = pgp_read(t->crypto, octets, &c, why);

	if (err)
		return err;
	err = stored_pgps_put(to, name, &c, now);
	key_done(&c.key);
	return err;
}

/* The certificates of a file, under its name. */
static enum cyg_err read_certs(struct trust *t, struct stored_certs *to, const char *name,
			       struct view octets, int64_t now, struct diag *why)
{
	struct cert_list list;
	enum cyg_err err = cert_read_file(t->crypto, octets, &list, why);

	if (err)
		return err;
	err = stored_certs_put(to, name, &list, now);
	cert_list_done(&list);
	return err;
}

enum cyg_err trust_put_cert(struct trust *t, const char *name, struct view octets, int64_t now,
			    struct diag *why)
{
	if (pgp_is_one(octets))
		return put_pgp(t, &t->pgps, name, octets, now, why);
	return read_certs(t, &t->certs, name, octets, now, why);
}

void trust_begin_certs(struct trust *t)
{
	stored_certs_done(&t->reading_certs);
	stored_pgps_done(&t->reading_pgps);
}

enum cyg_err trust_read_cert(struct trust *t, const char *name, struct view octets, int64_t now,
			     struct diag *why)
{
	enum cyg_err err;

	if (pgp_is_one(octets))
		return put_pgp(t, &t->reading_pgps, name, octets, now, why);
	err = stored_certs_put_unread(&t->reading_certs, t->crypto, name, octets, now);
	if (err != CYG_UNSUPPORTED)
		return err;
	return read_certs(t, &t->reading_certs, name, octets, now, why);
}

enum cyg_err trust_keep_cert(struct trust *t, const char *name, int64_t now)
{
	struct cert_list list = {0};
	enum cyg_err err = CYG_OK;

	for (size_t i = 0; !err && i < t->certs.len; i++) {
		struct cert c;

		if (strcmp(t->certs.items[i]->file, name) || !stored_certs_at(&t->certs, i))
			continue;
		c = cert_copy(&t->certs.items[i]->cert);
		err = cert_list_add(&list, &c);
		if (err)
			cert_done(&c);
	}
	if (!err && list.len)
		err = stored_certs_put(&t->reading_certs, name, &list, now);
	cert_list_done(&list);
	return err;
}

void trust_take_certs(struct trust *t)
{
	stored_certs_done(&t->certs);
	t->certs = t->reading_certs;
	t->reading_certs = (struct stored_certs){0};
	stored_pgps_done(&t->pgps);
	t->pgps = t->reading_pgps;
	t->reading_pgps = (struct stored_pgps){0};
}

/* Of a folder of certificates: what is in force, and what comes in its place. Others: false. */
static bool certs_of(struct trust *t, enum trust_folder folder, struct stored_certs **ret_old,
		     struct stored_certs **ret_new)
{
	switch (folder) {
	case TRUST_CACERTS:
		*ret_old = &t->cacert_files;
		*ret_new = &t->reading;
		return true;
	case TRUST_AACERTS:
		*ret_old = &t->aacerts;
		*ret_new = &t->reading_aacerts;
		return true;
	case TRUST_OCSPCERTS:
		*ret_old = &t->ocspcerts;
		*ret_new = &t->reading_ocspcerts;
		return true;
	default:
		return false;
	}
}

static bool begin_acerts(struct trust *t)
{
	if (!t->reading_acerts)
		t->reading_acerts = acert_set_new();
	return t->reading_acerts != NULL;
}

static enum cyg_err keep_acert(struct trust *t, const char *name)
{
	return begin_acerts(t) ? acert_set_keep(t->reading_acerts, &t->aacerts, t->acerts, name)
			       : CYG_NOMEM;
}

enum cyg_err trust_keep_file(struct trust *t, enum trust_folder folder, const char *name)
{
	struct stored_certs *old, *reading;

	if (certs_of(t, folder, &old, &reading))
		return stored_certs_keep(reading, old, name);
	if (folder == TRUST_ACERTS)
		return keep_acert(t, name);
	trust_keep_crl(t, name);
	return CYG_OK;
}

const char *trust_gone_file(const struct trust *t, enum trust_folder folder, size_t *at)
{
	struct stored_certs *old, *reading;

	if (certs_of((struct trust *)t, folder, &old, &reading))
		return stored_certs_gone(reading, old, at);
	if (folder == TRUST_ACERTS)
		return acert_set_gone(t->reading_acerts, t->acerts, at);
	return revoke_files_gone(&t->revoke, t->reading_crls, (*at)++);
}

enum cyg_err trust_read_cacert(struct trust *t, const char *name, struct view octets,
			       int64_t now, struct diag *why)
{
	struct cert_list list;
	enum cyg_err err = read_anchors(t, octets, &list, why);

	if (err)
		return err;
	err = stored_certs_put(&t->reading, name, &list, now);
	cert_list_done(&list);
	return err;
}

enum cyg_err trust_take_cacerts(struct trust *t)
{
	if (!settle_anchors(t, &t->reading)) {
		stored_certs_done(&t->reading);
		return CYG_NOMEM;
	}
	stored_certs_done(&t->cacert_files);
	t->cacert_files = t->reading;
	t->reading = (struct stored_certs){0};
	look_at_anchors(t);
	return CYG_OK;
}

enum cyg_err trust_authority_hashes(const struct trust *t, struct bytes *ret)
{
	struct bytes hashes = {malloc(t->cacerts.len * KEY_ID_LEN + 1), 0};

	if (!hashes.ptr)
		return CYG_NOMEM;
	for (size_t i = 0; i < t->cacerts.len; i++) {
		memcpy(hashes.ptr + hashes.len, t->cacerts.items[i]->cert.key.id, KEY_ID_LEN);
		hashes.len += KEY_ID_LEN;
	}
	*ret = hashes;
	return CYG_OK;
}

enum cyg_err trust_read_ocspcert(struct trust *t, const char *name, struct view octets,
				 int64_t now, struct diag *why)
{
	return read_certs(t, &t->reading_ocspcerts, name, octets, now, why);
}

void trust_take_ocspcerts(struct trust *t)
{
	stored_certs_done(&t->ocspcerts);
	t->ocspcerts = t->reading_ocspcerts;
	t->reading_ocspcerts = (struct stored_certs){0};
	revoke_keep_signers(&t->revoke, &t->ocspcerts);
}

enum cyg_err trust_read_aacert(struct trust *t, const char *name, struct view octets,
			       int64_t now, struct diag *why)
{
	return read_certs(t, &t->reading_aacerts, name, octets, now, why);
}

void trust_take_aacerts(struct trust *t)
{
	stored_certs_done(&t->aacerts);
	t->aacerts = t->reading_aacerts;
	t->reading_aacerts = (struct stored_certs){0};
}

enum cyg_err trust_read_acert(struct trust *t, const char *name, struct view octets,
			      int64_t now, struct diag *why)
{
	if (!begin_acerts(t))
		return CYG_NOMEM;
	return acert_set_read(t->reading_acerts, &t->aacerts, t->early, name, octets, now, why);
}

void trust_take_acerts(struct trust *t, int64_t now)
{
	acert_set_unref(t->acerts);
	t->acerts = t->reading_acerts;
	t->reading_acerts = NULL;
	if (t->acerts)
		acert_set_index(t->acerts);
	folders_look_at_members(t, true, now);
}

size_t trust_cacerts(const struct trust *t)
{
	return t->cacerts.len;
}
