/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns-group.c — see dns-group.h. */
#include "dns/dns-group.h"

#include <errno.h>

#define RTT_WEIGHT 4  /* a new measurement counts 1/4 */
#define RTT_FADE   64 /* who is passed over looks quicker by 1/64 */
#define RTT_MAX    (4 * USEC_PER_SEC)

bool dns_upstream_equal(const struct dns_upstream *a, const struct dns_upstream *b)
{
	return a->port == b->port && ip_equal(&a->address, &b->address);
}

int dns_group_add(struct dns_group *g, const struct ip *address, uint16_t port)
{
	if (g->n == DNS_UPSTREAMS_MAX)
		return -ENOSPC;
	g->server[g->n++] =
	    (struct dns_group_server){ .upstream = { *address, port ? port : DNS_PORT } };
	return 0;
}

struct dns_group_server *dns_group_find(struct dns_group *g, const struct dns_upstream *u)
{
	for (size_t i = 0; g && i < g->n; i++)
		if (dns_upstream_equal(&g->server[i].upstream, u))
			return &g->server[i];
	return NULL;
}

static unsigned times_asked(const struct dns_upstream *u, const struct dns_upstream *asked,
			    unsigned n_asked)
{
	unsigned times = 0;

	for (unsigned i = 0; i < n_asked; i++)
		times += dns_upstream_equal(&asked[i], u);
	return times;
}

struct dns_group_server *dns_group_pick(struct dns_group *g, const struct dns_upstream *asked,
					unsigned n_asked, bool strict, usec_t now)
{
	struct dns_group_server *best = NULL;
	unsigned best_rank = 0;

	for (size_t i = 0; g && i < g->n; i++) {
		struct dns_group_server *one = &g->server[i];
		unsigned rank =
		    2 * times_asked(&one->upstream, asked, n_asked) + (one->avoid_until > now);
		if (!best || rank < best_rank ||
		    (rank == best_rank && !strict && one->rtt < best->rtt)) {
			best = one;
			best_rank = rank;
		}
	}
	for (size_t i = 0; best && n_asked == 0 && i < g->n; i++)
		if (&g->server[i] != best)
			g->server[i].rtt -= g->server[i].rtt / RTT_FADE;
	return best;
}

static void measure(struct dns_group_server *one, usec_t took)
{
	took = MIN_OF(took, RTT_MAX);
	one->rtt = one->rtt ? one->rtt - one->rtt / RTT_WEIGHT + took / RTT_WEIGHT : took;
	one->rtt = MAX_OF(one->rtt, (usec_t)1);
}

void dns_group_answered(struct dns_group_server *one, usec_t took)
{
	one->avoid_until = 0;
	measure(one, took);
}

void dns_group_silent(struct dns_group_server *one, usec_t waited, usec_t now)
{
	one->avoid_until = now + DNS_AVOID_SEC * USEC_PER_SEC;
	measure(one, waited);
}
