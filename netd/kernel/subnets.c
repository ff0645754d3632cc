/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/kernel/subnets.h"

#include "base/log.h"
#include "netd/kernel/subnet-pool.h"
#include "network/options.h"

#include <errno.h>
#include <stdio.h>

/* A private /N that neither the host nor another network uses; false when there is none left to
 * propose. The first of 192.168.0.0/16 are what other tools give by default. */
static bool propose_subnet(const struct mirror *m, const struct registry *r, const struct net *self,
			   unsigned prefix, struct ip *ret)
{
	static const struct {
		uint32_t net;
		unsigned prefix, from;
	} pools[] = { { 0xc0a80000, 16, 123 }, { 0xac100000, 12, 1 }, { 0x0a000000, 8, 1 } };
	static struct subnet_pool pool; /* large; the loop is one thread */

	for (size_t i = 0; i < ARRAY_LEN(pools); i++) {
		const struct netd_subnet s = { .from = ip_from_v4(pools[i].net),
					       .from_prefix = pools[i].prefix,
					       .prefix = prefix };
		if (prefix <= pools[i].prefix)
			continue;
		subnet_pool_init(&pool, &s);
		subnet_pool_take_host(&pool, m, &self->uuid);
		subnet_pool_take_networks(&pool, r, &self->uuid);
		if (subnet_pool_find(&pool, prefix == 24 ? pools[i].from : 1, ret))
			return true;
	}
	return false;
}

static int refuse_subnet(const struct mirror *m, const struct registry *r, const struct net *self,
			 const struct network_ip *ip, const struct mirror_conflict *conflict,
			 struct err *e)
{
	char a[IP_TEXT_MAX], b[IP_TEXT_MAX], advice[128] = "choose another subnet";
	struct ip net = ip_network(&ip->address, ip->prefix), free_net;

	if (ip->address.family == AF_INET && propose_subnet(m, r, self, ip->prefix, &free_net))
		snprintf(advice, sizeof(advice), "%s/%u is free", ip_format(&free_net, b),
			 ip->prefix);
	return err_set(e, ERR_INTERNAL,
		       "Network is already in use by interface %s: %s/%u of <ip> overlaps %s; %s",
		       conflict->dev, ip_format(&net, a), ip->prefix, conflict->text, advice);
}

/* Another network that runs, or is on its way into the kernel where the mirror doesn't see it yet.
 */
static bool is_being_started(const struct registry *r, const struct net *self,
			     const struct network_ip *ip, struct mirror_conflict *ret)
{
	const struct net *n;

	registry_foreach(n, r)
	{
		if (uuid_equal(&n->uuid, &self->uuid) || !net_is_wanted(n) ||
		    !network_owns_bridge(n->live))
			continue;
		for (size_t i = 0; i < n->live->n_ips; i++) {
			const struct network_ip *other = &n->live->ips[i];
			if (!mirror_in_the_way(&other->address, other->prefix, &ip->address,
					       ip->prefix))
				continue;
			*ret =
			    (struct mirror_conflict){ .is_address = true, .prefix = other->prefix };
			copy_text(ret->dev, sizeof(ret->dev),
				  n->live->bridge ? n->live->bridge : "");
			snprintf(ret->text, sizeof(ret->text), "network '%.40s'", n->name);
			return true;
		}
	}
	return false;
}

int subnets_check(const struct mirror *m, const struct registry *r, const struct net *n,
		  const struct network *def, struct err *e)
{
	struct mirror_conflict conflict;

	for (size_t i = 0; network_owns_bridge(def) && i < def->n_ips; i++) {
		const struct network_ip *ip = &def->ips[i];
		struct ip net = ip_network(&ip->address, ip->prefix);
		bool on_host = mirror_subnet_conflict(m, &net, ip->prefix, &n->uuid, &conflict);
		if ((on_host && !conflict.wider) || is_being_started(r, n, ip, &conflict))
			return refuse_subnet(m, r, n, ip, &conflict, e);
	}
	return 0;
}

void subnets_warn(const struct mirror *m, const struct net *n, const struct network *def)
{
	struct mirror_conflict conflict;
	char subnet[IP_TEXT_MAX];

	for (size_t i = 0; network_owns_bridge(def) && i < def->n_ips; i++) {
		const struct network_ip *ip = &def->ips[i];
		struct ip net = ip_network(&ip->address, ip->prefix);
		if (mirror_subnet_conflict(m, &net, ip->prefix, &n->uuid, &conflict) &&
		    conflict.wider)
			log_warning("network '%s': its subnet %s/%u lies inside %s: what was "
				    "reached there by that is the network's now",
				    def->name, ip_format(&net, subnet), ip->prefix, conflict.text);
	}
}

/* Automatic subnets. */

/* The address of the <ip> that a definition has out of that subnet, or NULL. */
static const struct ip *chosen_before(const struct network *def, const struct netd_subnet *s)
{
	for (size_t i = 0; def && i < def->n_ips; i++)
		if (def->ips[i].prefix == s->prefix &&
		    ip_in_prefix(&def->ips[i].address, &s->from, s->from_prefix))
			return &def->ips[i].address;
	return NULL;
}

static bool find_free(const struct mirror *m, const struct registry *r, const struct net *self,
		      const struct netd_subnet *s, struct ip *ret)
{
	static struct subnet_pool pool; /* large; the loop is one thread */

	subnet_pool_init(&pool, s);
	subnet_pool_take_host(&pool, m, &self->uuid);
	subnet_pool_take_networks(&pool, r, &self->uuid);
	return subnet_pool_find(&pool, 0, ret);
}

static int choose(const struct mirror *m, const struct registry *r, const struct net *self,
		  const struct network *prefer, struct network *def, const struct netd_subnet *s,
		  struct err *e)
{
	const struct network *before[] = { prefer, self->config, self->live };
	const struct ip *old = NULL;
	char from[IP_TEXT_MAX];
	struct ip net;

	for (size_t i = 0; i < ARRAY_LEN(before) && !old; i++)
		old = chosen_before(before[i], s);
	if (old)
		net = ip_network(old, s->prefix);
	else if (!find_free(m, r, self, s, &net))
		return err_set(e, ERR_OPERATION_FAILED,
			       "network '%s': no /%u of %s/%u is free for <netd:subnet>; give it "
			       "another from='…'",
			       def->name, s->prefix, ip_format(&s->from, from), s->from_prefix);
	if (network_apply_subnet(def, &net, s->prefix) < 0)
		return err_sys(e, ENOMEM, "cannot choose a subnet for network '%s'", def->name);
	return 0;
}

int subnets_choose(const struct mirror *m, const struct registry *r, const struct net *self,
		   const struct network *prefer, struct network *def, struct err *e)
{
	const struct netd_subnet *s;
	int err = 0;

	while (err == 0 && network_owns_bridge(def) && (s = network_open_subnet(def)))
		err = choose(m, r, self, prefer, def, s, e);
	return err;
}
