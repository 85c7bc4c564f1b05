/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host with a data plane and nothing above it: reads requests from standard
 * input, one a line, and answers each with a line; what the plane has to tell
 * comes as lines too. SAs have keys that both ends make from the SPI.
 *
 *	port ENDPOINT [ike]                         -> port plane|daemon
 *	unport ENDPOINT                             -> done
 *	sa in|out SPI REQID ALG LOCAL REMOTE LTS RTS [KEY=VALUE]...
 *	unsa in|out SPI REMOTE                      -> answer NAME
 *	move in|out SPI LOCAL REMOTE
 *	query in|out SPI REMOTE                     -> counters ...
 *	policy ID KIND PRIORITY REQID LTS RTS
 *	unpolicy ID
 *	route ID PREFIX [SOURCE]
 *	unroute ID
 *	many COUNT                                  -> CPU of so many policies and routes
 *	send ENDPOINT REMOTE HEX                    -> done
 *	settled                                     -> done
 *	handover                                    -> done
 *	status                                      -> status KEY=VALUE ...
 *	quit
 *
 * ALG: gcm128 gcm256 chacha cbc256. LTS, RTS: prefixes with [proto/port], comma separated.
 */
#include "base/text.h"
#include "crypto/alg.h"
#include "crypto/crypto.h"
#include "net/net.h"
#include "plane/esp/esp.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define WORDS_MAX 32
#define PORTS 16

struct world {
	struct plane *plane;
	struct net *net;
	struct crypto *crypto;
	struct plane_port ports[PORTS];
	size_t ports_len;
	bool quiet;
	size_t answers; /* while it is quiet */
};

static void on_answer(void *ctx, const struct answer *a)
{
	struct world *w = ctx;
	char why[512] = "";

	w->answers += w->quiet;
	if (w->quiet && !a->err)
		return;
	if (a->why)
		diag_print(a->why, why, sizeof(why));
	if (a->op == 2)
		printf("counters err=%s bytes=%lu packets=%lu replayed=%lu bad_auth=%lu bad_selector=%lu other=%lu\n",
		       cyg_err_name(a->err), a->counters.bytes, a->counters.packets,
		       a->counters.replayed, a->counters.bad_auth, a->counters.bad_selector,
		       a->counters.other_drops);
	else
		printf("answer %s%s %s\n", cyg_err_name(a->err),
		       a->op == 3 && a->sa.spi_taken ? " taken" : "", why);
}

static void on_event(void *ctx, struct event *ev)
{
	char a[256], b[256];

	if (ev->kind == EV_ACQUIRE)
		printf("acquire %u %s %s\n", ev->acquire.policy_id,
		       ts_print(&ev->acquire.local, a, sizeof(a)),
		       ts_print(&ev->acquire.remote, b, sizeof(b)));
	else if (ev->kind == EV_EXPIRE)
		printf("expire %s %#x %s\n", ev->sa.dir == SA_IN ? "in" : "out", ev->sa.spi,
		       ev->sa.hard ? "hard" : "soft");
	else if (ev->kind == EV_MOVED)
		printf("moved %#x %s\n", ev->sa.spi, endpoint_print(&ev->sa.remote, a));
}

static void on_datagram(void *ctx, const struct endpoint *local, const struct endpoint *remote,
			struct view data)
{
	char a[ENDPOINT_TEXT_MAX], b[ENDPOINT_TEXT_MAX];
	struct text hex = {0};

	text_add_hex(&hex, data);
	printf("datagram %s %s %s\n", endpoint_print(local, a), endpoint_print(remote, b),
	       text_str(&hex));
	text_done(&hex);
}

static void on_report(void *ctx, const struct report *r)
{
	char why[1024] = "";

	if (r->diag)
		diag_print(r->diag, why, sizeof(why));
	printf("report %s %s %s\n", r->event, r->text, why);
}

static void bad(const char *what, const char *word)
{
	printf("bad %s \"%s\"\n", what, word);
	exit(2);
}

static struct endpoint endpoint(const char *word)
{
	char copy[ENDPOINT_TEXT_MAX];
	struct endpoint e = {.port = 4500};
	char *address = copy, *port = strrchr(copy, ':');

	snprintf(copy, sizeof(copy), "%s", word);
	if (copy[0] == '[') {
		char *end = strchr(copy, ']');

		address = copy + 1;
		*end = '\0';
		port = end[1] ? end + 1 : NULL;
	} else {
		port = strchr(copy, ':') == strrchr(copy, ':') ? strchr(copy, ':') : NULL;
	}
	if (port) {
		*port = '\0';
		e.port = (uint16_t)strtoul(port + 1, NULL, 10);
	}
	if (ip_parse(address, &e.addr))
		bad("endpoint", word);
	return e;
}

/* "10.0.0.0/8[tcp/80],::/0" */
static struct ts_set selectors(char *words)
{
	struct ts_set set = {0};
	char *save = NULL;

	for (char *one = strtok_r(words, ",", &save); one; one = strtok_r(NULL, ",", &save)) {
		char *bracket = strchr(one, '[');
		struct ip_prefix p;
		struct ts t;

		if (bracket)
			*bracket++ = '\0';
		if (prefix_parse(one, &p, NULL))
			bad("selector", one);
		t = ts_of_prefix(&p);
		if (bracket) {
			char *slash = strchr(bracket, '/');

			t.proto = !strncmp(bracket, "tcp", 3) ? 6
				  : !strncmp(bracket, "udp", 3)
					  ? 17
					  : (uint8_t)strtoul(bracket, NULL, 10);
			if (slash)
				t.port_first = t.port_last = (uint16_t)strtoul(slash + 1, NULL,
									       10);
		}
		if (ts_set_add(&set, &t))
			bad("selectors", one);
	}
	return set;
}

static void request(struct world *w, struct action *a)
{
	w->plane->ops->request(w->plane, a);
}

/* Keys that both ends agree on without a word. */
static void make_keys(struct plane_sa *sa)
{
	for (size_t i = 0; i < sa->encr_key_len; i++)
		sa->encr_key[i] = (uint8_t)((sa->spi >> 8 * (i % 4)) + 3 * i);
	for (size_t i = 0; i < sa->integ_key_len; i++)
		sa->integ_key[i] = (uint8_t)((sa->spi >> 8 * (i % 4)) + 5 * i + 1);
}

static void choose_algorithms(struct plane_sa *sa, const char *name)
{
	static const struct {
		const char *name;
		uint16_t encr, bits, integ;
		uint8_t encr_len, integ_len;
	} algs[] = {
		{"gcm128", ALG_ENCR_AES_GCM_16, 128, 0, 20, 0},
		{"gcm256", ALG_ENCR_AES_GCM_16, 256, 0, 36, 0},
		{"chacha", ALG_ENCR_CHACHA20_POLY1305, 0, 0, 36, 0},
		{"cbc256", ALG_ENCR_AES_CBC, 256, ALG_INTEG_HMAC_SHA2_256_128, 32, 32},
	};

	for (size_t i = 0; i < sizeof(algs) / sizeof(algs[0]); i++) {
		if (strcmp(name, algs[i].name))
			continue;
		sa->suite = (struct chosen){.protocol = PROTO_ESP,
					    .encr = algs[i].encr,
					    .key_bits = algs[i].bits,
					    .integ = algs[i].integ};
		sa->encr_key_len = algs[i].encr_len;
		sa->integ_key_len = algs[i].integ_len;
		make_keys(sa);
		return;
	}
	bad("algorithm", name);
}

static void set_option(struct plane_sa *sa, char *word)
{
	char *value = strchr(word, '=');
	uint64_t n;

	if (!value)
		bad("option", word);
	*value++ = '\0';
	n = strtoull(value, NULL, 0);
	if (!strcmp(word, "esn"))
		sa->suite.esn = n;
	else if (!strcmp(word, "window"))
		sa->replay_window = (uint32_t)n;
	else if (!strcmp(word, "first"))
		sa->first_sequence = n;
	else if (!strcmp(word, "soft_packets"))
		sa->soft_packets = n;
	else if (!strcmp(word, "hard_packets"))
		sa->hard_packets = n;
	else if (!strcmp(word, "soft_bytes"))
		sa->soft_bytes = n;
	else if (!strcmp(word, "hard_bytes"))
		sa->hard_bytes = n;
	else if (!strcmp(word, "mtu"))
		sa->mtu = (uint32_t)n;
	else if (!strcmp(word, "tfc"))
		sa->tfc = (uint32_t)n;
	else if (!strcmp(word, "decap_dscp"))
		sa->decap_dscp = n;
	else if (!strcmp(word, "no_pmtu_discovery"))
		sa->no_pmtu_discovery = n;
	else if (!strcmp(word, "plain_dscp"))
		sa->plain_dscp = n;
	else
		bad("option", word);
}

static uint8_t direction(const char *word)
{
	return !strcmp(word, "in") ? SA_IN : SA_OUT;
}

static void do_sa(struct world *w, char **word, size_t n)
{
	struct plane_sa sa = {.protocol = PROTO_ESP,
			      .mode = MODE_TUNNEL,
			      .encap = true,
			      .replay_window = 128};
	struct action a = {.kind = ACT_SA_INSTALL, .op = 3, .sa = &sa};

	sa.dir = direction(word[1]);
	sa.spi = (uint32_t)strtoul(word[2], NULL, 0);
	sa.reqid = (uint32_t)strtoul(word[3], NULL, 0);
	choose_algorithms(&sa, word[4]);
	sa.local = endpoint(word[5]);
	sa.remote = endpoint(word[6]);
	sa.ts_local = selectors(word[7]);
	sa.ts_remote = selectors(word[8]);
	for (size_t i = 9; i < n; i++)
		set_option(&sa, word[i]);
	request(w, &a);
	ts_set_done(&sa.ts_local);
	ts_set_done(&sa.ts_remote);
}

static void do_sa_ref(struct world *w, char **word, uint8_t kind, uint32_t op)
{
	struct action a = {.kind = kind, .op = op};

	a.sa_ref.dir = direction(word[1]);
	a.sa_ref.protocol = PROTO_ESP;
	a.sa_ref.spi = (uint32_t)strtoul(word[2], NULL, 0);
	a.sa_ref.remote = endpoint(word[kind == ACT_SA_UPDATE ? 4 : 3]);
	if (kind == ACT_SA_UPDATE)
		a.sa_ref.local = endpoint(word[3]);
	a.sa_ref.encap = true;
	request(w, &a);
}

static uint8_t policy_kind(const char *word)
{
	static const char *const kinds[] = {"protect", "trap", "hold",
					    "pass",    "drop", "reject"};

	for (uint8_t i = 0; i < 6; i++)
		if (!strcmp(word, kinds[i]))
			return i;
	bad("policy", word);
	return 0;
}

static void do_policy(struct world *w, char **word)
{
	struct plane_policy p = {.mode = MODE_TUNNEL};
	struct action a = {.kind = ACT_POLICY_SET, .op = 1, .policy = &p};

	p.id = (uint32_t)strtoul(word[1], NULL, 0);
	p.clear_in = !strcmp(word[2], "trap-clear-in");
	p.kind = p.clear_in ? POLICY_TRAP : policy_kind(word[2]);
	p.priority = (uint32_t)strtoul(word[3], NULL, 0);
	p.reqid = (uint32_t)strtoul(word[4], NULL, 0);
	p.ts_local = selectors(word[5]);
	p.ts_remote = selectors(word[6]);
	request(w, &a);
	ts_set_done(&p.ts_local);
	ts_set_done(&p.ts_remote);
}

static void do_route(struct world *w, char **word, size_t n)
{
	struct plane_route r = {0};
	struct action a = {.kind = ACT_ROUTE_SET, .op = 1, .route = &r};

	r.id = (uint32_t)strtoul(word[1], NULL, 0);
	if (prefix_parse(word[2], &r.destination, NULL))
		bad("prefix", word[2]);
	if (n > 3 && ip_parse(word[3], &r.source))
		bad("source", word[3]);
	request(w, &a);
}

static void do_remove(struct world *w, uint8_t kind, const char *id)
{
	struct action a = {.kind = kind, .op = 1, .remove_id = (uint32_t)strtoul(id, NULL, 0)};

	request(w, &a);
}

static void do_port(struct world *w, char **word, size_t n)
{
	struct endpoint e = endpoint(word[1]);
	struct sockaddr_storage ss;
	socklen_t len = endpoint_to_sockaddr(&e, &ss);
	int yes = 1, fd = socket(ss.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct plane_port *p = &w->ports[w->ports_len++];

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(fd, (struct sockaddr *)&ss, len) < 0)
		bad("bind", word[1]);
	*p = (struct plane_port){.local = e, .fd = fd, .encap = n < 3};
	printf("port %s\n", w->plane->ops->port_add(w->plane, p) ? "plane" : "daemon");
}

static struct plane_port *find_port(struct world *w, const char *word)
{
	struct endpoint e = endpoint(word);

	for (size_t i = 0; i < w->ports_len; i++)
		if (endpoint_equal(&w->ports[i].local, &e))
			return &w->ports[i];
	bad("port", word);
	return NULL;
}

static void do_unport(struct world *w, const char *word)
{
	struct plane_port *p = find_port(w, word);

	w->plane->ops->port_remove(w->plane, &p->local);
	close(p->fd);
	*p = w->ports[--w->ports_len];
	printf("done\n");
}

static void do_send(struct world *w, char **word)
{
	const struct plane_port *p = find_port(w, word[1]);
	struct endpoint to = endpoint(word[2]);
	struct sockaddr_storage ss;
	socklen_t len = endpoint_to_sockaddr(&to, &ss);
	uint8_t octets[2048];
	size_t n;

	if (!hex_decode(word[3], octets, sizeof(octets), &n))
		bad("hex", word[3]);
	printf(sendto(p->fd, octets, n, 0, (struct sockaddr *)&ss, len) < 0 ? "failed\n"
									    : "done\n");
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* So many tunnels' worth of policies and routes; the time each took, all in all. */
static void do_many(struct world *w, const char *count)
{
	uint32_t n = (uint32_t)strtoul(count, NULL, 0);
	double start = seconds(), policies, routes;

	w->quiet = true;
	w->answers = 0;
	for (uint32_t i = 0; i < n; i++) {
		char policy[7][64] = {"policy", "", "trap", "2000", "", "10.1.0.0/24", ""};
		char *word[7];

		snprintf(policy[1], 64, "%u", 100000 + i);
		snprintf(policy[4], 64, "%u", 100000 + i);
		snprintf(policy[6], 64, "172.%u.%u.0/24", 16 + (i >> 8), i & 255);
		for (int k = 0; k < 7; k++)
			word[k] = policy[k];
		do_policy(w, word);
	}
	policies = seconds() - start;
	for (uint32_t i = 0; i < n; i++) {
		char id[16], prefix[64], *word[3] = {NULL, id, prefix};

		snprintf(id, sizeof(id), "%u", 100000 + i);
		snprintf(prefix, sizeof(prefix), "172.%u.%u.0/24", 16 + (i >> 8), i & 255);
		do_route(w, word, 3);
	}
	/* What waits for a dispatch belongs to them. */
	for (struct pollfd ready = {.fd = w->plane->ops->fd(w->plane), .events = POLLIN};
	     w->answers < 2 * (size_t)n && poll(&ready, 1, 10000) > 0;)
		w->plane->ops->dispatch(w->plane);
	routes = seconds() - start - policies;
	w->quiet = false;
	printf("many policies=%.3f routes=%.3f memory=%zu\n", policies, routes,
	       w->plane->ops->memory(w->plane));
}

/* Whoever loads has loaded: what a killed predecessor guarded and nobody claims again may go. */
static void do_settled(struct world *w)
{
	w->plane->ops->settled(w->plane);
	printf("done\n");
}

/* Another one will follow: what guards stays when this one quits. */
static void do_hand_over(struct world *w)
{
	w->plane->ops->hand_over(w->plane);
	printf("done\n");
}

static void do_status(struct world *w)
{
	struct esp_status s;

	esp_plane_status(w->plane, &s);
	printf("status device=%s mtu=%u up=%d firewall=%d sas_in=%u sas_out=%u policies=%u routes=%u unknown_spi=%lu "
	       "short=%lu keepalives=%lu no_policy=%lu dropped=%lu held=%lu rejected=%lu too_big=%lu malformed=%lu "
	       "ecn_drops=%lu send_errors=%lu no_sa=%lu clear_in=%lu clear_out=%lu fragments=%lu martians=%lu\n",
	       s.device, s.mtu, s.up, s.firewall, s.sas_in, s.sas_out, s.policies, s.routes,
	       s.unknown_spi, s.short_packets, s.keepalives, s.no_policy, s.dropped_by_policy,
	       s.held.waiting, s.rejected, s.too_big, s.malformed, s.ecn_drops, s.send_errors,
	       s.no_sa, s.clear_in, s.clear_out, s.fragments, s.martians);
}

/* False: the end. */
static bool obey(struct world *w, char **word, size_t n)
{
	if (n == 0)
		return true;
	if (!strcmp(word[0], "quit"))
		return false;
	if (!strcmp(word[0], "port") && n >= 2)
		do_port(w, word, n);
	else if (!strcmp(word[0], "unport") && n == 2)
		do_unport(w, word[1]);
	else if (!strcmp(word[0], "sa") && n >= 9)
		do_sa(w, word, n);
	else if (!strcmp(word[0], "unsa") && n == 4)
		do_sa_ref(w, word, ACT_SA_REMOVE, 1);
	else if (!strcmp(word[0], "move") && n == 5)
		do_sa_ref(w, word, ACT_SA_UPDATE, 1);
	else if (!strcmp(word[0], "query") && n == 4)
		do_sa_ref(w, word, ACT_SA_QUERY, 2);
	else if (!strcmp(word[0], "policy") && n == 7)
		do_policy(w, word);
	else if (!strcmp(word[0], "unpolicy") && n == 2)
		do_remove(w, ACT_POLICY_REMOVE, word[1]);
	else if (!strcmp(word[0], "route") && n >= 3)
		do_route(w, word, n);
	else if (!strcmp(word[0], "unroute") && n == 2)
		do_remove(w, ACT_ROUTE_REMOVE, word[1]);
	else if (!strcmp(word[0], "many") && n == 2)
		do_many(w, word[1]);
	else if (!strcmp(word[0], "send") && n == 4)
		do_send(w, word);
	else if (!strcmp(word[0], "settled"))
		do_settled(w);
	else if (!strcmp(word[0], "handover"))
		do_hand_over(w);
	else if (!strcmp(word[0], "status"))
		do_status(w);
	else
		bad("request", word[0]);
	return true;
}

static bool read_line(struct world *w)
{
	char line[4096], *word[WORDS_MAX], *save = NULL;
	size_t n = 0;

	if (!fgets(line, sizeof(line), stdin))
		return false;
	for (char *s = strtok_r(line, " \n", &save); s && n < WORDS_MAX;
	     s = strtok_r(NULL, " \n", &save))
		word[n++] = s;
	return obey(w, word, n);
}

static void serve(struct world *w)
{
	struct pollfd fds[] = {{.fd = 0, .events = POLLIN},
			       {.fd = w->plane->ops->fd(w->plane), .events = POLLIN}};
	bool more = true;

	while (more && poll(fds, 2, -1) >= 0) {
		if (fds[1].revents)
			w->plane->ops->dispatch(w->plane);
		if (fds[0].revents)
			more = read_line(w);
		fflush(stdout);
	}
}

static enum cyg_err clean_up(struct world *w, const struct esp_config *c, struct diag *why)
{
	unsigned found = 0;
	enum cyg_err err = esp_plane_cleanup(c, w->net, &found, why);

	printf("cleaned %u\n", found);
	return err;
}

static enum cyg_err run(struct world *w, const struct esp_config *c, struct diag *why)
{
	struct plane_host host = {w, on_answer, on_event, on_datagram, on_report};
	enum cyg_err err = esp_plane_open(c, &host, w->net, &w->plane, why);

	if (err)
		return err;
	printf("ready\n");
	fflush(stdout);
	serve(w);
	w->plane->ops->close(w->plane);
	for (size_t i = 0; i < w->ports_len; i++)
		close(w->ports[i].fd);
	printf("closed\n");
	return CYG_OK;
}

int main(int argc, char **argv)
{
	struct world w = {.crypto = crypto_new(NULL)};
	struct esp_config config = {.crypto = w.crypto,
				    .instance = argc > 1 ? (uint32_t)atoi(argv[1]) : 0};
	struct diag why = {0};
	char text[1024];
	enum cyg_err err = net_open(&w.net, &why);

	/* One line at a time must be seen before poll sleeps. */
	setvbuf(stdin, NULL, _IONBF, 0);
	if (!err && argc > 2 && !strcmp(argv[2], "cleanup"))
		err = clean_up(&w, &config, &why);
	else if (!err)
		err = run(&w, &config, &why);
	if (err)
		printf("failed %s %s\n", cyg_err_name(err),
		       diag_print(&why, text, sizeof(text)));
	net_close(w.net);
	crypto_free(w.crypto);
	return err ? 1 : 0;
}
