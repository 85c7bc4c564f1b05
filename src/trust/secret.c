/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which secret is whose. A record is found by the peer it names: records are
 * in a table by each of their indices, and those that match anyone in a list,
 * so that 10,000 road warriors cost one look-up.
 */
#include "trust/secret.h"

#include "base/secret.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

/* How well a record fits: who is named decides. */
enum { SCORE_ANY = 2, SCORE_ANY_AND_HIM = 6, SCORE_ME_ALONE = 9, SCORE_ME_AND_ANY = 10, SCORE_BOTH = 12 };

struct record {
	struct secret s; /* first */
	size_t order;
};

/* One index of one record, in the table by identity. */
struct indexed {
	struct record *record;
	struct indexed *next; /* others of the same identity; the head has the handle */
	UT_hash_handle hh;
	size_t key_len;
	uint8_t key[];
};

struct file_name {
	struct file_name *next;
	char path[];
};

struct secret_set {
	struct record **records;
	size_t len, cap;
	struct indexed *by_index;
	struct record **open; /* that can match without naming the peer: no index, %any, or ours alone */
	size_t open_len, open_cap;
	struct file_name *files;
};

struct secret_set *secret_set_new(void)
{
	return calloc(1, sizeof(struct secret_set));
}

static void record_free(struct record *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->s.indices_len; i++)
		ident_unref(r->s.indices[i]);
	free(r->s.indices);
	bytes_wipe(&r->s.value);
	free(r);
}

void secret_set_free(struct secret_set *s)
{
	struct indexed *x, *next;

	if (!s)
		return;
	HASH_ITER(hh, s->by_index, x, next) {
		HASH_DEL(s->by_index, x);
		while (x) {
			struct indexed *more = x->next;

			free(x);
			x = more;
		}
	}
	for (size_t i = 0; i < s->len; i++)
		record_free(s->records[i]);
	while (s->files) {
		struct file_name *f = s->files->next;

		free(s->files);
		s->files = f;
	}
	free(s->records);
	free(s->open);
	free(s);
}

static const char *keep_file(struct secret_set *s, const char *file)
{
	size_t len = strlen(file) + 1;
	struct file_name *f;

	for (f = s->files; f; f = f->next) {
		if (!strcmp(f->path, file))
			return f->path;
	}
	f = malloc(sizeof(*f) + len);
	if (!f)
		return NULL;
	memcpy(f->path, file, len);
	f->next = s->files;
	s->files = f;
	return f->path;
}

static bool push(struct record ***items, size_t *len, size_t *cap, struct record *r)
{
	if (*len == *cap) {
		size_t more = *cap ? *cap * 2 : 16;
		struct record **bigger = reallocarray(*items, more, sizeof(*bigger));

		if (!bigger)
			return false;
		*items = bigger;
		*cap = more;
	}
	(*items)[(*len)++] = r;
	return true;
}

/* Type and data; names and mail addresses in lower case, as they compare. */
static size_t make_key(const struct ident *id, uint8_t *out)
{
	struct view v = ident_view(id);
	bool fold = id->type == ID_FQDN || id->type == ID_RFC822_ADDR;

	out[0] = id->type;
	for (size_t i = 0; i < v.len; i++)
		out[i + 1] = fold && v.ptr[i] >= 'A' && v.ptr[i] <= 'Z' ? v.ptr[i] + 32 : v.ptr[i];
	return v.len + 1;
}

static bool add_index(struct secret_set *s, struct record *r, const struct ident *id)
{
	struct indexed *x = calloc(1, sizeof(*x) + id->len + 1), *head;

	if (!x)
		return false;
	x->record = r;
	x->key_len = make_key(id, x->key);
	HASH_FIND(hh, s->by_index, x->key, x->key_len, head);
	if (head) {
		x->next = head->next;
		head->next = x;
		return true;
	}
	HASH_ADD_KEYPTR(hh, s->by_index, x->key, x->key_len, x);
	if (!x->hh.tbl) {
		free(x);
		return false;
	}
	return true;
}

/* DNs compare by rules that octets do not show, so they are looked at one by one. */
static bool is_open(const struct secret *s)
{
	if (s->indices_len < 2)
		return true;
	for (size_t i = 0; i < s->indices_len; i++) {
		if (s->indices[i]->type == ID_ANY || s->indices[i]->type == ID_DER_ASN1_DN)
			return true;
	}
	return false;
}

enum cyg_err secret_set_add(struct secret_set *s, struct secret *secret, const char *file)
{
	struct record *r = calloc(1, sizeof(*r));
	const char *kept = keep_file(s, file);

	/* Room first, so that what follows cannot stop half-way. */
	if (!r || !kept || !push(&s->records, &s->len, &s->cap, r)) {
		free(r);
		return CYG_NOMEM;
	}
	r->order = s->len;
	if (is_open(secret)) {
		if (!push(&s->open, &s->open_len, &s->open_cap, r))
			goto undo;
	} else {
		for (size_t i = 0; i < secret->indices_len; i++) {
			if (!add_index(s, r, secret->indices[i]))
				goto undo; /* an empty record stays in the table; it matches nothing */
		}
	}
	r->s = *secret;
	r->s.file = kept;
	memset(secret, 0, sizeof(*secret));
	return CYG_OK;
undo:
	r->order = 0; /* the record stays, empty and never used */
	return CYG_NOMEM;
}

size_t secret_set_len(const struct secret_set *s)
{
	return s->len;
}

static unsigned score(const struct secret *s, const struct ident *local, const struct ident *remote)
{
	bool me = false, him = false, any = !s->indices_len;

	for (size_t i = 0; i < s->indices_len; i++) {
		if (s->indices[i]->type == ID_ANY)
			any = true;
		else if (ident_match(s->indices[i], local))
			me = true;
		else if (ident_match(s->indices[i], remote))
			him = true;
	}
	if (me && him)
		return SCORE_BOTH;
	if (me && any)
		return SCORE_ME_AND_ANY;
	if (me && s->indices_len == 1)
		return SCORE_ME_ALONE;
	if (any && him)
		return SCORE_ANY_AND_HIM;
	return any ? SCORE_ANY : 0;
}

struct search {
	enum secret_kind kind;
	const struct ident *local, *remote;
	const struct record *best;
	unsigned best_score;
	bool ambiguous;
};

static void consider(struct search *q, const struct record *r)
{
	unsigned n;

	if (!r->order || r->s.kind != q->kind)
		return;
	n = score(&r->s, q->local, q->remote);
	if (!n || n < q->best_score || r == q->best)
		return;
	if (n == q->best_score) {
		if (!secret_equal(view_bytes(&r->s.value), view_bytes(&q->best->s.value)))
			q->ambiguous = true;
		if (r->order > q->best->order)
			return;
	} else {
		q->ambiguous = false;
	}
	q->best = r;
	q->best_score = n;
}

static void explain_none(const struct search *q, const struct secret_set *s, struct diag *why)
{
	char me[160], him[160];
	const struct record *near = NULL;

	ident_print(q->local, me, sizeof(me));
	ident_print(q->remote, him, sizeof(him));
	for (size_t i = 0; i < s->len && !near; i++) {
		for (size_t k = 0; k < s->records[i]->s.indices_len; k++) {
			const struct ident *id = s->records[i]->s.indices[k];

			if (id->type != ID_ANY && (ident_match(id, q->local) || ident_match(id, q->remote)))
				near = s->records[i];
		}
	}
	diag_set(why, "no-secret", NULL, "ipsec.secrets has no pre-shared key for us (%s) with the peer (%s)", me, him);
	diag_wanted(why, "a record that names both, or us and %%any");
	if (near)
		diag_got(why, "%s:%u names only one of the two", near->s.file, near->s.line);
	else
		diag_got(why, "%zu records, none of which names either", s->len);
	diag_hint(why, "add  %s %s : PSK \"...\"  to ipsec.secrets, then  ipsec auto --rereadsecrets", me, him);
}

const struct secret *secret_find(const struct secret_set *s, enum secret_kind kind, const struct ident *local,
				 const struct ident *remote, struct diag *why)
{
	struct search q = {kind, local, remote, NULL, 0, false};
	uint8_t key[1 + UINT16_MAX];
	size_t len = make_key(remote, key);
	struct indexed *x;

	diag_clear(why);
	HASH_FIND(hh, s->by_index, key, len, x);
	for (; x; x = x->next)
		consider(&q, x->record);
	for (size_t i = 0; i < s->open_len; i++)
		consider(&q, s->open[i]);
	if (!q.best) {
		explain_none(&q, s, why);
		return NULL;
	}
	if (q.ambiguous) {
		diag_set(why, "secret-ambiguous", NULL, "two different secrets fit equally well; the first one is used");
		diag_got(why, "%s:%u", q.best->s.file, q.best->s.line);
		diag_hint(why, "name both parties in the record that should be used");
	}
	return &q.best->s;
}
