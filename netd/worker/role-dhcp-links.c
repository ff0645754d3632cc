/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/worker/role-dhcp-links.h"

#include "dhcp/dhcp4-relay.h"

#include <string.h>

#define TOKEN_BITS 48 /* of the engine; it would take centuries to draw as many */

void dhcp_links_done(struct dhcp_links *l)
{
	for (size_t i = 0; i < l->n; i++)
		dhcp4_free(l->link[i].engine);
	free(l->link);
	*l = (struct dhcp_links){ 0 };
}

/* ---- configuration ---- */

void dhcp_links_begin(struct dhcp_links *l, uint32_t n)
{
	l->due = n;
	for (size_t i = 0; i < l->n; i++)
		l->link[i].stale = true;
}

static struct dhcp_link *add(struct dhcp_links *l)
{
	struct dhcp_link *more = reallocarray(l->link, l->n + 1, sizeof(*more));

	if (!more)
		return NULL;
	l->link = more;
	struct dhcp_link *new = &l->link[l->n];
	*new = (struct dhcp_link){ .engine = dhcp4_new() };
	if (!new->engine)
		return NULL;
	l->n++;
	new->number = ++l->numbers ? l->numbers : ++l->numbers;
	return new;
}

struct dhcp_link *dhcp_links_take(struct dhcp_links *l, const struct dhcp4_config *c)
{
	struct dhcp_link *link = NULL;

	for (size_t i = 0; i < l->n && !link; i++)
		if (l->link[i].subnet == c->subnet && l->link[i].prefix == c->prefix)
			link = &l->link[i];
	if (!link && l->n < (size_t)2 * DHCP4_LINKS_MAX)
		link = add(l);
	if (!link)
		return NULL;
	link->subnet = c->subnet;
	link->prefix = c->prefix;
	link->relay = c->relay;
	link->stale = false;
	if (l->due)
		l->due--;
	return link;
}

struct dhcp_link *dhcp_links_gone(const struct dhcp_links *l)
{
	for (size_t i = 0; i < l->n && !l->due; i++)
		if (l->link[i].stale)
			return &l->link[i];
	return NULL;
}

void dhcp_links_drop(struct dhcp_links *l, struct dhcp_link *link)
{
	size_t at = (size_t)(link - l->link);

	dhcp4_free(link->engine);
	l->n--;
	memmove(link, link + 1, (l->n - at) * sizeof(*link));
}

/* ---- whose it is ---- */

struct dhcp_link *dhcp_links_at(const struct dhcp_links *l, uint32_t ip)
{
	for (size_t i = 0; i < l->n; i++)
		if (((ip ^ l->link[i].subnet) & ip4_mask(l->link[i].prefix)) == 0)
			return &l->link[i];
	return NULL;
}

/* A relay may stand for several links; and be called by an address that is in none of them. */
struct dhcp_link *dhcp_links_of(const struct dhcp_links *l, const struct dhcp4_dgram *in)
{
	struct dhcp_link *link, *only = NULL;
	struct dhcp4_where where;
	size_t n = 0;

	if (!l->n || !dhcp4_where(in, &where))
		return NULL;
	link = dhcp_links_at(l, where.link);
	if (!where.giaddr || (link && link->relay == where.giaddr))
		return link;
	for (size_t i = 0; i < l->n; i++)
		if (l->link[i].relay == where.giaddr && ++n)
			only = &l->link[i];
	return n == 1 && where.link == where.giaddr ? only : NULL;
}

uint64_t dhcp_link_token(const struct dhcp_link *link, uint64_t token)
{
	return token && link ? token | (uint64_t)link->number << TOKEN_BITS : token;
}

bool dhcp_links_token(const struct dhcp_links *l, uint64_t *token, struct dhcp_link **ret)
{
	uint64_t number = *token >> TOKEN_BITS;

	*ret = NULL;
	*token &= (UINT64_C(1) << TOKEN_BITS) - 1;
	for (size_t i = 0; i < l->n && number; i++)
		if (l->link[i].number == number)
			*ret = &l->link[i];
	return !number || *ret;
}

/* ---- all together ---- */

usec_t dhcp_links_deadline(const struct dhcp_links *l)
{
	usec_t at = USEC_INFINITY;

	for (size_t i = 0; i < l->n; i++)
		at = MIN_OF(at, dhcp4_deadline(l->link[i].engine));
	return at;
}

bool dhcp_links_name_taken(const struct dhcp_links *l, const struct mac *mac, const char *name)
{
	for (size_t i = 0; i < l->n; i++)
		if (dhcp4_name_taken(l->link[i].engine, mac, name))
			return true;
	return false;
}

void dhcp_links_add_usage(const struct dhcp_links *l, struct dhcp4_usage *u)
{
	for (size_t i = 0; i < l->n; i++) {
		struct dhcp4_usage more;
		dhcp4_get_usage(l->link[i].engine, &more);
		u->pool += more.pool;
		u->bound += more.bound;
		u->offered += more.offered;
		u->released += more.released;
		u->expired += more.expired;
		u->quarantined += more.quarantined;
		for (size_t k = 0; k < DHCP4_COUNTER_N; k++)
			u->count[k] += more.count[k];
	}
}
