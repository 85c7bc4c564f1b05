/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which secret is whose. Each index of a record is found by its identity, in one
 * of two tables: `named` for records that say nothing but names, of which both
 * parties must be there, and `alone` for those where one name is enough. So
 * 10,000 peers of one gateway cost a look at the peer's records. Records open to
 * anyone count only when nothing better is found, and those with patterns are
 * looked at one by one.
 */
#include "trust/secret.h"

#include "base/array.h"
#include "base/map.h"
#include "base/secret.h"

#include <stdlib.h>
#include <string.h>

/* How well a record fits, by who is in it (reference of ipsec.secrets(5), "best match"). */
enum fit {
	FIT_NONE = 0,
	FIT_ANY = 2,
	FIT_ANY_AND_PEER = 6,
	FIT_US_AND_OTHERS = 8, /* of keys alone */
	FIT_US_ALONE = 9,
	FIT_US_AND_ANY = 10,
	FIT_BOTH = 12,
};

struct record;

struct indexed {
	struct map_node by_identity;
	struct record *record;
	const struct ident *id; /* the record's */
};

struct record {
	struct secret_record s; /* first */
	size_t order;
	struct list listed;  /* in open or patterns, or in none */
	struct list of_ppks; /* a PPK's */
	struct indexed indexed[];
};

struct file_name {
	struct file_name *next;
	char path[];
};

struct secret_set {
	struct hash_key key; /* zero: the file's writer is no stranger */
	struct record **records;
	size_t len, cap;
	struct map named, alone;
	struct list open, patterns;
	struct list ppks; /* in the order of the files */
	struct file_name *files;
};

struct secret_set *secret_set_new(void)
{
	struct secret_set *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	list_init(&s->open);
	list_init(&s->patterns);
	list_init(&s->ppks);
	return s;
}

static void record_free(struct record *r)
{
	secret_record_done(&r->s);
	free(r);
}

void secret_set_free(struct secret_set *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->len; i++)
		record_free(s->records[i]);
	while (s->files) {
		struct file_name *next = s->files->next;

		free(s->files);
		s->files = next;
	}
	map_done(&s->named);
	map_done(&s->alone);
	free(s->records);
	free(s);
}

/* ---- adding ---- */

/* The newest is asked first: records come file by file. */
static const char *keep_file(struct secret_set *s, const char *file)
{
	size_t len = strlen(file) + 1;
	struct file_name *f;

	for (f = s->files; f; f = f->next)
		if (!strcmp(f->path, file))
			return f->path;
	f = malloc(sizeof(*f) + len);
	if (!f)
		return NULL;
	memcpy(f->path, file, len);
	f->next = s->files;
	s->files = f;
	return f->path;
}

static bool make_room(struct secret_set *s)
{
	struct record **bigger = array_grow(s->records, s->len, &s->cap, sizeof(*bigger));

	if (!bigger)
		return false;
	s->records = bigger;
	return true;
}

static bool is_any(const struct ident *id)
{
	return id->type == ID_ANY;
}

static bool has_any(const struct secret_record *s)
{
	for (size_t i = 0; i < s->indices_len; i++)
		if (is_any(s->indices[i]))
			return true;
	return false;
}

static bool has_pattern(const struct secret_record *s)
{
	for (size_t i = 0; i < s->indices_len; i++)
		if (!is_any(s->indices[i]) && s->indices[i]->wildcards)
			return true;
	return false;
}

static void index_names(struct secret_set *s, struct record *r, struct map *m)
{
	for (size_t i = 0; i < r->s.indices_len; i++) {
		struct indexed *x = &r->indexed[i];

		if (is_any(r->s.indices[i]))
			continue;
		x->record = r;
		x->id = r->s.indices[i];
		map_add(m, &x->by_identity, ident_hash(&s->key, x->id));
	}
}

static void index_record(struct secret_set *s, struct record *r)
{
	bool is_open = !r->s.indices_len || has_any(&r->s);

	list_init(&r->listed);
	if (has_pattern(&r->s)) {
		list_append(&s->patterns, &r->listed);
		return;
	}
	if (is_open)
		list_append(&s->open, &r->listed);
	index_names(s, r, is_open || r->s.indices_len == 1 ? &s->alone : &s->named);
}

enum cyg_err secret_set_add(struct secret_set *s, struct secret_record *secret,
			    const char *file)
{
	const char *kept = keep_file(s, file);
	struct record *r = NULL;

	if (kept && make_room(s))
		r = calloc(1, sizeof(*r) + secret->indices_len * sizeof(r->indexed[0]));
	if (!r)
		return CYG_NOMEM;
	r->s = *secret;
	r->s.file = kept;
	r->order = s->len;
	s->records[s->len++] = r;
	index_record(s, r);
	list_init(&r->of_ppks);
	if (r->s.kind == SECRET_PPK)
		list_append(&s->ppks, &r->of_ppks);
	*secret = (struct secret_record){0};
	return CYG_OK;
}

size_t secret_set_len(const struct secret_set *s)
{
	return s->len;
}

const struct secret_record *secret_set_at(const struct secret_set *s, size_t i)
{
	return i < s->len ? &s->records[i]->s : NULL;
}

/* ---- finding ---- */

/* Fit in the upper half, how much its patterns say in the lower one. */
unsigned secret_score(const struct secret_record *s, const struct ident *local,
		      const struct ident *remote, bool for_key)
{
	unsigned us = 0, peer = 0, fit = FIT_NONE;
	bool any = !s->indices_len;

	for (size_t i = 0; i < s->indices_len; i++) {
		const struct ident *id = s->indices[i];
		unsigned is_us = is_any(id) ? 0 : ident_match(id, local);
		unsigned is_peer = is_any(id) ? 0 : ident_match(id, remote);

		any |= is_any(id);
		us = is_us > us ? is_us : us;
		peer = is_peer > peer ? is_peer : peer;
	}
	if (us && peer)
		fit = FIT_BOTH;
	else if (us && any)
		fit = FIT_US_AND_ANY;
	else if (us && s->indices_len == 1)
		fit = FIT_US_ALONE;
	else if (us && for_key)
		fit = FIT_US_AND_OTHERS;
	else if (any && peer)
		fit = FIT_ANY_AND_PEER;
	else if (any && !us)
		fit = FIT_ANY;
	return fit ? fit << 16 | (us + peer) : 0;
}

struct search {
	enum secret_kind kind;
	const struct ident *local, *remote;
	const struct record *best;
	unsigned best_score;
	bool ambiguous;
};

static bool same_value(const struct record *a, const struct record *b)
{
	return secret_equal(view_bytes(&a->s.value), view_bytes(&b->s.value));
}

static void consider(struct search *q, const struct record *r)
{
	unsigned score = r->s.kind == q->kind && r != q->best
				 ? secret_score(&r->s, q->local, q->remote, false)
				 : 0;

	if (!score || score < q->best_score)
		return;
	if (score > q->best_score)
		q->ambiguous = false;
	else if (!same_value(r, q->best))
		q->ambiguous = true;
	if (score > q->best_score || r->order < q->best->order)
		q->best = r;
	q->best_score = score;
}

static struct map_node *names_of(const struct secret_set *s, const struct map *m,
				 const struct ident *id)
{
	return map_first(m, ident_hash(&s->key, id));
}

static void consider_node(struct search *q, const struct map_node *n)
{
	consider(q, CONTAINER_OF(n, struct indexed, by_identity)->record);
}

/*
 * Those that name both are in either's list: both lists are walked side by side
 * until the shorter one ends, which has then shown all of them.
 */
static void consider_named(const struct secret_set *s, struct search *q)
{
	const struct map_node *us = names_of(s, &s->named, q->local);
	const struct map_node *peer = names_of(s, &s->named, q->remote);

	for (; us && peer; us = map_next(us), peer = map_next(peer)) {
		consider_node(q, us);
		consider_node(q, peer);
	}
}

static void consider_alone(const struct secret_set *s, struct search *q, const struct ident *id)
{
	for (const struct map_node *n = names_of(s, &s->alone, id); n; n = map_next(n))
		consider_node(q, n);
}

/* Those that fit because they fit anyone are alike: one that differs is enough to know. */
static void consider_open(const struct secret_set *s, struct search *q)
{
	LIST_EACH(r, &s->open, struct record, listed) {
		if (q->best_score >> 16 > FIT_ANY || q->ambiguous)
			return;
		consider(q, r);
	}
}

/* ---- telling ---- */

/* A record that names one of the two, the peer for choice. */
static const struct record *nearest(const struct secret_set *s, const struct search *q)
{
	const struct map *maps[] = {&s->named, &s->alone};
	const struct ident *ids[] = {q->remote, q->local};

	for (int i = 0; i < 2; i++) {
		for (int k = 0; k < 2; k++) {
			for (struct map_node *n = names_of(s, maps[k], ids[i]); n;
			     n = map_next(n)) {
				struct indexed *x = CONTAINER_OF(n, struct indexed,
								 by_identity);

				if (x->record->s.kind == q->kind && ident_match(x->id, ids[i]))
					return x->record;
			}
		}
	}
	return NULL;
}

static bool names(const struct record *r, const struct ident *id)
{
	for (size_t i = 0; i < r->s.indices_len; i++)
		if (!is_any(r->s.indices[i]) && ident_match(r->s.indices[i], id))
			return true;
	return false;
}

/* As it would be written in ipsec.secrets: quoted where it has blanks. */
static const char *print_index(const struct ident *id, char *buf, size_t cap)
{
	buf[0] = '"';
	ident_print(id, buf + 1, cap - 2);
	if (!strpbrk(buf + 1, " #"))
		return buf + 1;
	return strcat(buf, "\"");
}

static void explain_none(const struct search *q, const struct secret_set *s, struct diag *why)
{
	const struct record *near = nearest(s, q);
	bool is_psk = q->kind == SECRET_PSK;
	char us_text[200], peer_text[200];
	const char *us = print_index(q->local, us_text, sizeof(us_text));
	const char *peer = print_index(q->remote, peer_text, sizeof(peer_text));

	diag_set(why, "no-secret", NULL,
		 "ipsec.secrets has no %s for us (%s) with the peer (%s)",
		 is_psk ? "pre-shared key" : "such secret", us, peer);
	diag_wanted(why, "a record that names both, or us alone, or %%any");
	if (near)
		diag_got(why, "%s:%u names %s, but not %s", near->s.file, near->s.line,
			 names(near, q->remote) ? peer : us,
			 names(near, q->remote) ? us : peer);
	else
		diag_got(why, "%zu records, none of which names either", s->len);
	if (is_psk)
		diag_hint(why,
			  "add  %s %s : PSK \"...\"  to ipsec.secrets, then  ipsec auto "
			  "--rereadsecrets",
			  us, peer);
}

static void explain_ambiguous(const struct search *q, struct diag *why)
{
	diag_set(why, "secret-ambiguous", NULL,
		 "two different secrets fit equally well; the first one is used");
	diag_wanted(why, "one secret for one pair of identities");
	diag_got(why, "%s:%u is used", q->best->s.file, q->best->s.line);
	diag_hint(why, "name both parties in the record that should be used");
}

const struct secret_record *secret_find(const struct secret_set *s, enum secret_kind kind,
					const struct ident *local, const struct ident *remote,
					struct diag *why)
{
	struct search q = {.kind = kind, .local = local, .remote = remote};

	diag_clear(why);
	consider_named(s, &q);
	consider_alone(s, &q, local);
	consider_alone(s, &q, remote);
	LIST_EACH(r, &s->patterns, struct record, listed)
		consider(&q, r);
	consider_open(s, &q);
	if (!q.best) {
		explain_none(&q, s, why);
		return NULL;
	}
	if (q.ambiguous)
		explain_ambiguous(&q, why);
	return &q.best->s;
}

const struct secret_record *secret_find_ppk(const struct secret_set *s, struct view name,
					    const struct ident *local,
					    const struct ident *remote)
{
	struct search q = {.kind = SECRET_PPK, .local = local, .remote = remote};

	LIST_EACH(r, &s->ppks, struct record, of_ppks)
		if (!name.len || view_equal(view_str(r->s.name), name))
			consider(&q, r);
	return q.best ? &q.best->s : NULL;
}
