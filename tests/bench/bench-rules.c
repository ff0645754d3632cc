/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rules of N networks in this network namespace, without a daemon: network i has bridge br<i>,
 * subnet 10.(64 + i / 256).(i % 256).0/24 and mode nat.
 *
 *   bench-rules apply N          put them there
 *   bench-rules time N ROUNDS    all at once, a look that finds nothing to do, one network more and
 *                                one less; microseconds
 */
#include "bench.h"
#include "firewall/nft.h"

#include <sched.h>

#define TURNS 10 /* of one network, for each time that all are made */

static const struct fw_options options;
static struct fw_kernel *kernel;
static struct err err;

struct subject {
	struct network n;
	struct network_ip ip;
	char name[16], bridge[16];
};

static void make_network(struct subject *s, unsigned i)
{
	*s = (struct subject){
		.ip = { .address = ip_from_v4((10u << 24) + ((64u << 8) + i) * 256 + 1),
			.prefix = 24 },
	};
	snprintf(s->name, sizeof(s->name), "b%u", i);
	snprintf(s->bridge, sizeof(s->bridge), "br%u", i);
	s->n = (struct network){
		.name = s->name, .bridge = s->bridge, .has_uuid = true, .ips = &s->ip, .n_ips = 1
	};
	s->n.uuid.b[14] = (uint8_t)(i >> 8);
	s->n.uuid.b[15] = (uint8_t)i;
	s->n.forward.mode = FORWARD_NAT;
}

static void want(struct fw_rows *rows, unsigned i)
{
	struct subject s;

	make_network(&s, i);
	if (fw_want_network(&s.n, &options, rows, &err) < 0)
		die("%s", err.msg);
}

static struct fw_state *sync_all(const struct fw_rows *rows, size_t *ret_steps)
{
	struct fw_state *had = NULL;

	if (fw_sync(kernel, rows, &had, ret_steps, &err) < 0)
		die("%s", err.msg);
	return had;
}

/* One network more, or less, planned from memory as the daemon does it. */
static double change(struct fw_state *had, unsigned i, bool add)
{
	struct fw_rows rows = { 0 };
	struct fw_plan *p = NULL;
	struct subject s;
	double start = now_us();

	make_network(&s, i);
	if (add)
		want(&rows, i);
	if (fw_plan_network(had, s.name, &s.n.uuid, &rows, &options, &p, &err) < 0 ||
	    fw_apply(kernel, p, &err) < 0 || fw_state_commit(had, p) < 0)
		die("%s", err.msg);
	double took = now_us() - start;
	fw_plan_free(p);
	fw_rows_done(&rows);
	return took;
}

static void time_rounds(const struct fw_rows *rows, unsigned n, unsigned rounds)
{
	const struct fw_rows none = { 0 };

	for (unsigned r = 0; r < rounds; r++) {
		size_t steps;
		double start = now_us();
		fw_state_free(sync_all(rows, &steps));
		sample("whole", now_us() - start);
		start = now_us();
		struct fw_state *had = sync_all(rows, &steps);
		sample("look", now_us() - start);
		if (steps)
			die("the second sync found %zu steps to do", steps);
		for (unsigned i = 0; i < TURNS; i++) {
			sample("add", change(had, n, true));
			sample("remove", change(had, n, false));
		}
		fw_state_free(had);
		fw_state_free(sync_all(&none, &steps));
	}
}

int main(int argc, char **argv)
{
	struct fw_rows rows = { 0 };
	bool apply = argc == 3 && strcmp(argv[1], "apply") == 0;
	size_t steps;

	if (!apply && (argc != 4 || strcmp(argv[1], "time") != 0))
		die("usage: bench-rules apply N | time N ROUNDS");
	unsigned n = (unsigned)strtoul(argv[2], NULL, 10);
	if (fw_kernel_open(-1, &kernel, &err) < 0 || fw_want_base(&options, &rows) < 0)
		die("%s", err.msg);
	double start = now_us();
	for (unsigned i = 0; i < n; i++)
		want(&rows, i);
	if (!apply)
		sample("want", now_us() - start);
	if (apply)
		fw_state_free(sync_all(&rows, &steps));
	else
		time_rounds(&rows, n, (unsigned)strtoul(argv[3], NULL, 10));
	fw_rows_done(&rows);
	fw_kernel_free(kernel);
	return 0;
}
