/* SPDX-License-Identifier: Apache-2.0 */
/* Connections for tests, and worlds of two that have them. */
#include "conn/field.h"
#include "tests/unit/ike/world.h"

#include <string.h>

void conn_set(struct connection *c, const char *keyword, const char *text)
{
	bool left = !strncmp(keyword, "left", 4), right = !strncmp(keyword, "right", 5);
	const char *bare = left ? keyword + 4 : right ? keyword + 5 : keyword;
	const struct field *f = field_by_keyword(bare, left || right);
	struct diag why;

	diag_clear(&why);
	assert_non_null(f);
	if (field_set(c, right ? 1 : 0, f, text, &why))
		fail_msg("%s=%s: %s", keyword, text, why.sentence);
}

void conn_set_words(struct connection *c, const char *words)
{
	char copy[256], *rest = copy, *word;

	assert_true(strlen(words) < sizeof(copy));
	strcpy(copy, words);
	while ((word = strsep(&rest, " "))) {
		char *value = strchr(word, '=');

		if (!value) {
			assert_string_equal(word, "");
			continue;
		}
		*value++ = 0;
		conn_set(c, word, value);
	}
}

struct connection *world_connection(const char *name)
{
	struct connection *c = connection_new(name);

	assert_non_null(c);
	conn_set(c, "left", "192.0.2.1");
	conn_set(c, "right", "192.0.2.2");
	conn_set(c, "leftid", "@west");
	conn_set(c, "rightid", "@east");
	conn_set(c, "leftsubnet", "10.0.1.0/24");
	conn_set(c, "rightsubnet", "10.0.2.0/24");
	conn_set(c, "authby", "secret");
	return c;
}

struct world *world_pair(uint64_t seed)
{
	struct world *w = world_new(seed, NULL);

	world_load(world_host(w, "west"), world_connection("net"));
	world_load(world_host(w, "east"), world_connection("net"));
	return w;
}

struct world *world_pair_by_eap(uint64_t seed)
{
	struct world *w = world_new(seed, NULL);

	for (int i = 0; i < 2; i++) {
		struct connection *c = world_connection("net");

		world_password(&w->hosts[i], "@west", "xylophone");
		conn_set(c, "leftauth", "eap-mschapv2");
		conn_set(c, "rightauth", "secret");
		world_load(&w->hosts[i], c);
	}
	return w;
}

struct world *world_pair_up(uint64_t seed)
{
	struct world *w = world_pair(seed);

	world_up(world_host(w, "west"), "net");
	return w;
}

struct world *world_pair_with(uint64_t seed, const struct ike_settings *settings,
			      const char *west, const char *east)
{
	struct world *w = world_new(seed, settings);

	for (int i = 0; i < 2; i++) {
		struct connection *c = world_connection("net");

		conn_set_words(c, i ? east : west);
		world_load(&w->hosts[i], c);
	}
	return w;
}

void world_load_more(struct world *w)
{
	for (int i = 0; i < 2; i++) {
		struct connection *c = world_connection("more");

		conn_set(c, "leftsubnet", "10.0.11.0/24");
		world_load(&w->hosts[i], c);
	}
}

void world_up(struct node *h, const char *name)
{
	uint64_t cause = world_command(h, CMD_UP, name);

	world_settle(h->world);
	if (world_result(h, cause) != RC_SUCCESS)
		fail_msg("%s: \"%s\" ended with %d\n%s", h->name, name, world_result(h, cause),
			 text_str(&h->log));
}

bool world_loses_all(struct world *w, struct flight *f)
{
	(void)w;
	(void)f;
	return false;
}
