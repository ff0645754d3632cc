/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dhcp6-message.c — what each message of a client means (RFC 8415 §16, §18.3): first the whole
 * datagram is judged by a table, then one function for each message type decides. */
#include "dhcp/dhcp4-names.h"
#include "dhcp/dhcp6-exchange.h"

#include <string.h>

/* ---- the messages ---- */

static enum dhcp6_drop on_solicit(struct dhcp6_exchange *x)
{
	if (!x->m.n_ia && !x->m.n_other)
		return DHCP6_DROP_NO_IA;
	dhcp6_plan(x);
	if (x->m.rapid_commit && x->n_chosen) {
		x->a.rapid_commit = true;
		return dhcp6_carry_out(x);
	}
	x->a.type = DHCP6_TYPE_ADVERTISE;
	dhcp6_send_reply(x);
	return DHCP6_DROP_NONE;
}

/* RFC 8415 §18.3.2: an address of another link is an error of the client's. */
static bool names_other_link(const struct dhcp6_exchange *x, size_t i)
{
	for (size_t k = 0; k < x->m.ia[i].n; k++)
		if (!ip_in_prefix(&x->m.ia[i].address[k].ip, &x->s->c.server, x->s->c.prefix))
			return true;
	return false;
}

static enum dhcp6_drop on_request(struct dhcp6_exchange *x)
{
	if (!x->m.n_ia && !x->m.n_other)
		return DHCP6_DROP_NO_IA;
	dhcp6_choose_name(x);
	for (size_t i = 0; i < x->m.n_ia; i++) {
		if (names_other_link(x, i))
			dhcp6_refuse(x, i, DHCP6_STATUS_NOT_ON_LINK);
		else
			dhcp6_plan_ia(x, i);
	}
	return dhcp6_carry_out(x);
}

/* A client whose binding we don't know keeps its address if nobody has it (we may have lost our
 * memory), gets another one if its own is of another subnet, and else starts again. */
static bool can_recreate(const struct dhcp6_exchange *x, size_t i)
{
	struct ip ip;

	return x->m.ia[i].n && (dhcp6_choose_hinted(x, i, &ip) || names_other_link(x, i) ||
				(dhcp6_static_is_available(x, i) && x->host->h.ip.family));
}

static enum dhcp6_drop on_renew(struct dhcp6_exchange *x)
{
	if (!x->m.n_ia && !x->m.n_other)
		return DHCP6_DROP_NO_IA;
	dhcp6_choose_name(x);
	for (size_t i = 0; i < x->m.n_ia; i++) {
		if (x->lease[i] || can_recreate(x, i))
			dhcp6_plan_ia(x, i);
		else
			dhcp6_refuse(x, i, DHCP6_STATUS_NO_BINDING);
		if (x->plan[i] == DHCP6_PLAN_REFUSE)
			x->a.ia[i].status = DHCP6_STATUS_NO_BINDING;
	}
	dhcp6_list_gone(x);
	return dhcp6_carry_out(x);
}

static enum dhcp6_drop on_confirm(struct dhcp6_exchange *x)
{
	size_t n = 0, off_link = 0;

	for (size_t i = 0; i < x->m.n_ia; i++) {
		n += x->m.ia[i].n;
		off_link += names_other_link(x, i);
	}
	if (!n)
		return DHCP6_DROP_CANNOT_TELL;
	x->a.n_ia = 0;
	x->a.has_status = true;
	x->a.status = off_link ? DHCP6_STATUS_NOT_ON_LINK : DHCP6_STATUS_SUCCESS;
	dhcp6_send_reply(x);
	return DHCP6_DROP_NONE;
}

static bool holds(const struct dhcp6_exchange *x, size_t i)
{
	const struct dhcp6_lease *l = x->lease[i];

	for (size_t k = 0; l && l->state == DHCP6_LEASE_BOUND && k < x->m.ia[i].n; k++)
		if (ip_equal(&x->m.ia[i].address[k].ip, &l->b.ip))
			return dhcp_ports_match(&l->member, x->in->port);
	return false;
}

/* RFC 8415 §18.3.7: only what the server doesn't know is listed, then the message as a whole
 * succeeds. */
static enum dhcp6_drop give_back(struct dhcp6_exchange *x,
				 void (*end)(struct dhcp6_exchange *, size_t))
{
	size_t unknown = 0;

	if (!x->m.n_ia)
		return DHCP6_DROP_NO_IA;
	for (size_t i = 0; i < x->m.n_ia; i++) {
		if (holds(x, i)) {
			end(x, i);
			continue;
		}
		x->a.ia[unknown].iaid = x->m.ia[i].iaid;
		x->a.ia[unknown++].status = DHCP6_STATUS_NO_BINDING;
	}
	x->a.n_ia = unknown;
	x->a.parameters = false;
	x->a.has_status = true;
	dhcp6_send_reply(x);
	return DHCP6_DROP_NONE;
}

static void release_ia(struct dhcp6_exchange *x, size_t i)
{
	dhcp6_tell(&x->t, DHCP4_RELEASE, x->lease[i], 0);
	dhcp6_unbind(x->s, x->lease[i]);
}

static void decline_ia(struct dhcp6_exchange *x, size_t i)
{
	struct dhcp6_lease *l = x->lease[i];
	uint32_t sec = dhcp6_pool_quarantine(&x->s->pool, &l->b.ip, &l->b.mac, x->t.now);

	if (!sec) {
		/* Over the cap: kept as released, with its station's count of changes, so that a
		 * client in a loop of requests and declines is slowed down. */
		dhcp6_count(x, DHCP6_COUNT_QUARANTINE_FULL);
		release_ia(x, i);
		return;
	}
	dhcp6_count(x, DHCP6_COUNT_QUARANTINED);
	l->b.lease_sec = sec;
	l->b.expires = x->t.now + sec * USEC_PER_SEC;
	dhcp6_tell(&x->t, DHCP4_DECLINE, l, 0);
	x->lease[i] = NULL;
	dhcp6_forget(x->s, l);
}

static enum dhcp6_drop on_release(struct dhcp6_exchange *x)
{
	return give_back(x, release_ia);
}

static enum dhcp6_drop on_decline(struct dhcp6_exchange *x)
{
	return give_back(x, decline_ia);
}

static enum dhcp6_drop on_information_request(struct dhcp6_exchange *x)
{
	if (x->m.has_ia) /* RFC 8415 §16.12 */
		return DHCP6_DROP_NO_IA;
	dhcp6_send_reply(x);
	return DHCP6_DROP_NONE;
}

/* ---- dispatch ---- */

enum presence { FORBIDDEN, OPTIONAL, NEEDED };

static const struct handler {
	enum dhcp6_counter received;
	enum presence client_id, server_id;
	bool use_multicast; /* sent to our own address: told so, not ignored (§18.4) */
	enum dhcp6_drop (*on)(struct dhcp6_exchange *x);
} handlers[] = {
	[DHCP6_TYPE_SOLICIT] = { DHCP6_COUNT_RX_SOLICIT, NEEDED, FORBIDDEN, false, on_solicit },
	[DHCP6_TYPE_REQUEST] = { DHCP6_COUNT_RX_REQUEST, NEEDED, NEEDED, true, on_request },
	[DHCP6_TYPE_CONFIRM] = { DHCP6_COUNT_RX_CONFIRM, NEEDED, FORBIDDEN, false, on_confirm },
	[DHCP6_TYPE_RENEW] = { DHCP6_COUNT_RX_RENEW, NEEDED, NEEDED, true, on_renew },
	[DHCP6_TYPE_REBIND] = { DHCP6_COUNT_RX_REBIND, NEEDED, FORBIDDEN, false, on_renew },
	[DHCP6_TYPE_RELEASE] = { DHCP6_COUNT_RX_RELEASE, NEEDED, NEEDED, true, on_release },
	[DHCP6_TYPE_DECLINE] = { DHCP6_COUNT_RX_DECLINE, NEEDED, NEEDED, true, on_decline },
	[DHCP6_TYPE_INFORMATION_REQUEST] = { DHCP6_COUNT_RX_INFORMATION_REQUEST, OPTIONAL, OPTIONAL,
					     false, on_information_request },
};

static bool is_link_local(const struct ip *ip)
{
	return ip->family == AF_INET6 && ip->v6[0] == 0xfe && (ip->v6[1] & 0xc0) == 0x80;
}

static bool is_ours(const struct dhcp6_exchange *x)
{
	const struct dhcp6_config *c = &x->s->c;

	return x->m.server_id.n == c->duid_len &&
	       memcmp(x->m.server_id.p, c->duid, c->duid_len) == 0;
}

static enum dhcp6_drop check(const struct dhcp6_exchange *x, const struct handler *h)
{
	const struct mac *from = &x->in->from;

	if (!is_link_local(&x->in->src) || mac_is_zero(from) || mac_is_multicast(from) ||
	    mac_equal(from, &x->s->c.bridge_mac))
		return DHCP6_DROP_SOURCE;
	if (!x->m.client_id.p && h->client_id == NEEDED)
		return DHCP6_DROP_CLIENT_ID;
	if (x->m.server_id.p ? h->server_id == FORBIDDEN : h->server_id == NEEDED)
		return DHCP6_DROP_SERVER_ID;
	if (x->m.server_id.p && !is_ours(x))
		return DHCP6_DROP_OTHER_SERVER;
	if (x->in->dst.family != AF_INET6 || (x->in->dst.v6[0] != 0xff && !h->use_multicast))
		return DHCP6_DROP_UNICAST;
	return DHCP6_DROP_NONE;
}

static enum dhcp6_drop say_use_multicast(struct dhcp6_exchange *x)
{
	x->a.n_ia = 0;
	x->a.parameters = false;
	x->a.has_status = true;
	x->a.status = DHCP6_STATUS_USE_MULTICAST;
	dhcp6_send_reply(x);
	return DHCP6_DROP_NONE;
}

static void look_up_client(struct dhcp6_exchange *x)
{
	const struct dhcp6_span *id = &x->m.client_id;
	struct dhcp6_static *by_name;

	if (x->m.fqdn.p && !dhcp6_fqdn_name(x->m.fqdn, x->asked))
		dhcp6_count(x, DHCP6_COUNT_NAME_REFUSED);
	x->a.type = DHCP6_TYPE_REPLY;
	x->a.name = x->name;
	x->a.parameters = true;
	x->a.n_ia = x->m.n_ia;
	if (!id->p)
		return;
	for (size_t i = 0; i < x->m.n_ia; i++) {
		x->a.ia[i].iaid = x->m.ia[i].iaid;
		dhcp6_key_make(&x->key[i], &x->in->from, x->m.ia[i].iaid, id->p, id->n);
		x->lease[i] = dhcp6_pool_find_client(&x->s->pool, &x->key[i]);
	}
	x->host = dhcp6_hosts_find_duid(&x->s->hosts, id->p, id->n);
	if (x->host)
		return;
	by_name = dhcp6_hosts_find_name(&x->s->hosts, x->asked);
	if (!by_name && !x->asked[0] && x->in->known_name)
		by_name = dhcp6_hosts_find_name(&x->s->hosts, x->in->known_name);
	if (by_name && !by_name->h.duid_len)
		x->host = by_name;
}

/* What the rules have for this client; its name is the one that it has, or will have if it's free.
 */
static void look_up_rules(struct dhcp6_exchange *x)
{
	const struct dhcp6_message *m = &x->m;
	struct dhcp_client c = { .mac = &x->in->from, .name = x->asked };
	struct rd arch = rd_over(m->arch.p, m->arch.n), vendor;

	if (x->host && x->host->h.name[0])
		c.name = x->host->h.name;
	else if (!x->asked[0] && x->in->known_name)
		c.name = x->in->known_name;
	vendor = rd_over(m->vendor_class.p, m->vendor_class.n);
	rd_skip(&vendor, 4); /* the enterprise's number */
	if (m->vendor_class.p && !vendor.bad)
		c.n_vendor = dhcp_class6(vendor.p, rd_left(&vendor), c.vendor);
	c.n_user = dhcp_class6(m->user_class.p, m->user_class.n, c.user);
	for (size_t i = 0; i < c.n_user; i++)
		c.ipxe |= c.user[i].n == 4 && memcmp(c.user[i].p, "iPXE", 4) == 0;
	c.has_arch = m->arch.p;
	c.arch = rd_u16(&arch);
	dhcp_rules_apply(&x->s->rules, &c, &x->a.set);
}

static enum dhcp6_drop serve(struct dhcp6_exchange *x)
{
	enum dhcp6_drop drop;

	if (!x->s->configured)
		return DHCP6_DROP_TYPE;
	if (x->in->truncated)
		return DHCP6_DROP_LONG;
	drop = dhcp6_decode(x->in->payload, x->in->n, &x->m);
	if (drop)
		return drop;
	if (x->m.type >= ARRAY_LEN(handlers) || !handlers[x->m.type].on)
		return DHCP6_DROP_TYPE;
	const struct handler *h = &handlers[x->m.type];
	drop = check(x, h);
	if (drop)
		return drop;
	dhcp6_count(x, h->received);
	look_up_client(x);
	look_up_rules(x);
	return x->in->dst.v6[0] == 0xff ? h->on(x) : say_use_multicast(x);
}

size_t dhcp6_input(struct dhcp6 *s, const struct dhcp6_dgram *in, usec_t now,
		   struct dhcp6_action *out, size_t cap)
{
	struct dhcp6_exchange x;

	/* Not an initialiser: the decoder clears its part of the message itself. */
	memset(&x, 0, offsetof(struct dhcp6_exchange, m));
	x.t = (struct dhcp6_turn){ s, now, out, cap, 0 };
	x.s = s;
	x.in = in;
	s->last_drop = cap < DHCP6_ACTIONS_MAX ? DHCP6_DROP_MEMORY : serve(&x);
	if (s->last_drop)
		dhcp6_note_drop(s, s->last_drop);
	return x.t.n;
}
