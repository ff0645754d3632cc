/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dhcp4-message.c — what each message of a client means (RFC 2131 §4.3, RFC 1534 §2).
 *
 * First the whole datagram is judged, then the client is looked up (lease, static host, name), then
 * one function for each message type decides. Every path ends in a verdict: DHCP4_DROP_NONE, or the
 * reason for silence. Silence is for what is not our business or makes no sense; a NAK is for a
 * client that believes in an address that it can't have. */
#include "dhcp/dhcp4-exchange.h"
#include "dhcp/dhcp4-names.h"
#include "dhcp/dhcp4-relay.h"

#include <string.h>

#define HOPS_MAX 16

/* ---- the messages ---- */

static enum dhcp4_drop on_bootp(struct dhcp4_exchange *x)
{
	if (!x->host || !x->host->h.has_mac || !dhcp4_static_is_available(x))
		return DHCP4_DROP_BOOTP_UNKNOWN;
	return dhcp4_bind(x, x->host->h.ip, DHCP4_LEASE_INFINITE);
}

/* Remember the offer. Static addresses are nobody else's anyway. */
static bool reserve(struct dhcp4_exchange *x, uint32_t ip)
{
	if (x->host && x->host->h.ip == ip)
		return true;
	if (!x->lease) {
		x->lease = dhcp4_add_lease(x, ip);
		if (!x->lease)
			return false;
	}
	if (x->lease->b.ip == ip && x->lease->state != DHCP4_LEASE_BOUND) {
		dhcp4_pool_enter(&x->s->pool, x->lease, DHCP4_LEASE_OFFERED, x->t.now);
		dhcp4_pool_set_port(&x->s->pool, x->lease, x->in->port);
	}
	return true;
}

static enum dhcp4_drop on_discover(struct dhcp4_exchange *x)
{
	uint32_t ip = dhcp4_choose(x);

	if (x->sated)
		return DHCP4_DROP_SHARE;
	if (!ip)
		return x->s->c.n_ranges ? DHCP4_DROP_POOL_EMPTY : DHCP4_DROP_UNKNOWN_CLIENT;
	if (x->m.rapid_commit && x->s->c.rapid_commit)
		return dhcp4_bind(x, ip, dhcp4_lease_term(x, ip));
	struct dhcp4_answer a = {
		.type = DHCP4_TYPE_OFFER,
		.yiaddr = ip,
		.lease_sec = dhcp4_lease_term(x, ip),
		.name = dhcp4_choose_name(x, ip),
		.set = &x->set,
	};
	if (!reserve(x, ip))
		return DHCP4_DROP_MEMORY;
	dhcp4_reply_now(x, &a);
	dhcp4_count(x, DHCP4_COUNT_TX_OFFER);
	return DHCP4_DROP_NONE;
}

/* NAK, and give up a binding that the configuration doesn't cover any more. */
static enum dhcp4_drop refuse(struct dhcp4_exchange *x, const char *message)
{
	dhcp4_drop_misfit(x);
	return dhcp4_nak(x, message);
}

static enum dhcp4_drop on_selecting_other(struct dhcp4_exchange *x)
{
	const struct dhcp4_lease *l = dhcp4_pool_find_ip(&x->s->pool, x->m.requested);
	bool taken = l && l != x->lease && l->state == DHCP4_LEASE_BOUND;

	if (x->lease && x->lease->state == DHCP4_LEASE_OFFERED) {
		dhcp4_lapse_offer(x->s, x->lease, x->t.now);
		x->lease = NULL;
	}
	if (x->s->c.authoritative && x->m.requested &&
	    (taken || !dhcp4_in_subnet(x->s, x->m.requested)))
		return dhcp4_nak(x, "wrong server identifier");
	return DHCP4_DROP_OTHER_SERVER;
}

static enum dhcp4_drop on_selecting(struct dhcp4_exchange *x)
{
	uint32_t ip = x->m.requested;

	if (!ip)
		return DHCP4_DROP_NO_ADDRESS;
	if (!dhcp4_can_have(x, ip, true))
		return refuse(x, "address not available");
	return dhcp4_bind(x, ip, dhcp4_lease_term(x, ip));
}

static enum dhcp4_drop on_init_reboot(struct dhcp4_exchange *x)
{
	uint32_t ip = x->m.requested;

	if (!ip)
		return DHCP4_DROP_NO_ADDRESS;
	if (!dhcp4_in_subnet(x->s, ip))
		return refuse(x, "wrong network");
	if (!x->lease && !x->s->c.authoritative && !dhcp4_static_is_available(x))
		return DHCP4_DROP_UNKNOWN_CLIENT;
	if (!dhcp4_can_have(x, ip, false))
		return refuse(x, "wrong address");
	return dhcp4_bind(x, ip, dhcp4_lease_term(x, ip));
}

/* By the address that clients know us by. */
static bool is_ours(const struct dhcp4_exchange *x, uint32_t server_id)
{
	return server_id == x->s->c.server || (server_id && server_id == x->m.as_server);
}

/* RENEWING is unicast to us, REBINDING a broadcast to every server there may be. */
static enum dhcp4_drop on_renewing(struct dhcp4_exchange *x)
{
	uint32_t ip = x->m.ciaddr;
	bool known = x->lease || dhcp4_static_is_available(x);
	bool to_us = x->in->dst == x->s->c.server;

	if (!known && !x->s->c.authoritative && !to_us)
		return DHCP4_DROP_UNKNOWN_CLIENT;
	if (!known && !x->s->c.authoritative)
		return dhcp4_nak(x, "lease not found");
	if (!dhcp4_can_have(x, ip, false))
		return refuse(x, "wrong address");
	return dhcp4_bind(x, ip, dhcp4_lease_term(x, ip));
}

static enum dhcp4_drop on_request(struct dhcp4_exchange *x)
{
	enum dhcp4_drop drop;
	bool ours = is_ours(x, x->m.server_id);

	if (x->m.server_id && !ours)
		return on_selecting_other(x);
	/* NetworkManager, refused in another network, goes on filling in the address from there
	 * when it accepts an offer: what it accepts is what it asks for. */
	if (x->m.ciaddr && !(ours && x->m.requested))
		drop = on_renewing(x);
	else if (ours)
		drop = on_selecting(x);
	else
		drop = on_init_reboot(x);
	return drop;
}

static enum dhcp4_drop on_decline(struct dhcp4_exchange *x)
{
	struct dhcp4_lease *l = x->lease;
	uint32_t ip = x->m.requested;

	if (!is_ours(x, x->m.server_id))
		return DHCP4_DROP_OTHER_SERVER;
	if (!ip)
		return DHCP4_DROP_NO_ADDRESS;
	if (!l || l->state != DHCP4_LEASE_BOUND || l->b.ip != ip)
		return DHCP4_DROP_NOT_HELD;
	if (x->stranger)
		return DHCP4_DROP_OTHER_PORT;
	uint32_t sec = dhcp4_pool_quarantine(&x->s->pool, ip, &x->mac, x->t.now);
	if (!sec) {
		/* Over the cap. The lease is kept as released, with its count of changes, so that a
		 * client in a loop of requests and declines is slowed down. */
		dhcp4_count(x, DHCP4_COUNT_QUARANTINE_FULL);
		dhcp4_tell(&x->t, DHCP4_RELEASE, l, 0);
		dhcp4_unbind(x->s, l, DHCP4_LEASE_RELEASED, x->t.now);
		return DHCP4_DROP_NONE;
	}
	dhcp4_count(x, DHCP4_COUNT_QUARANTINED);
	l->b.lease_sec = sec;
	l->b.expires = x->t.now + sec * USEC_PER_SEC;
	dhcp4_tell(&x->t, DHCP4_DECLINE, l, 0);
	dhcp4_forget(x->s, l);
	return DHCP4_DROP_NONE;
}

/* RFC 2131 table 5 asks for the server identifier; systemd-networkd sends none, but to the server's
 * address, which says as much. */
static enum dhcp4_drop on_release(struct dhcp4_exchange *x)
{
	struct dhcp4_lease *l = x->lease;
	uint32_t meant = x->m.server_id ? x->m.server_id : x->in->dst;

	if (!is_ours(x, meant))
		return DHCP4_DROP_OTHER_SERVER;
	if (!l || l->state != DHCP4_LEASE_BOUND || !x->m.ciaddr || l->b.ip != x->m.ciaddr)
		return DHCP4_DROP_NOT_HELD;
	if (x->stranger)
		return DHCP4_DROP_OTHER_PORT;
	if (!x->m.giaddr && x->in->src && x->in->src != x->m.ciaddr)
		return DHCP4_DROP_SOURCE;
	dhcp4_tell(&x->t, DHCP4_RELEASE, l, 0);
	dhcp4_unbind(x->s, l, DHCP4_LEASE_RELEASED, x->t.now);
	return DHCP4_DROP_NONE;
}

/* Options for a client that has its address from elsewhere: no lease is made, extended or looked
 * at. */
static enum dhcp4_drop on_inform(struct dhcp4_exchange *x)
{
	uint32_t ip = x->m.ciaddr ? x->m.ciaddr : x->in->src;
	struct dhcp4_answer a = {
		.type = DHCP4_TYPE_ACK, .ciaddr = ip, .name = "", .set = &x->set
	};

	if (!ip)
		return DHCP4_DROP_NO_ADDRESS;
	if (!dhcp4_in_subnet(x->s, ip))
		return DHCP4_DROP_SOURCE;
	size_t n = dhcp4_build_reply(x->s, &x->m, &a, x->s->reply);
	struct dhcp4_target to = dhcp4_address_reply(x, &a);
	if (!to.routed && !x->in->src) {
		to.mac = mac_broadcast;
		to.ip = IP4_BROADCAST;
	}
	dhcp4_send(&x->t, &to, x->s->reply, n);
	dhcp4_count(x, DHCP4_COUNT_TX_ACK);
	return DHCP4_DROP_NONE;
}

/* ---- dispatch ---- */

static const struct handler {
	enum dhcp4_counter received;
	enum dhcp4_drop (*on)(struct dhcp4_exchange *x);
} handlers[] = {
	[DHCP4_TYPE_BOOTP] = { DHCP4_COUNT_RX_BOOTP, on_bootp },
	[DHCP4_TYPE_DISCOVER] = { DHCP4_COUNT_RX_DISCOVER, on_discover },
	[DHCP4_TYPE_REQUEST] = { DHCP4_COUNT_RX_REQUEST, on_request },
	[DHCP4_TYPE_DECLINE] = { DHCP4_COUNT_RX_DECLINE, on_decline },
	[DHCP4_TYPE_RELEASE] = { DHCP4_COUNT_RX_RELEASE, on_release },
	[DHCP4_TYPE_INFORM] = { DHCP4_COUNT_RX_INFORM, on_inform },
};

/* What no message of a client on our own link can look like. */
static enum dhcp4_drop check_header(const struct dhcp4_exchange *x)
{
	const struct dhcp4_message *m = &x->m;

	if (m->htype != 1 || m->hlen != sizeof(x->mac.b))
		return DHCP4_DROP_HARDWARE;
	if (mac_is_zero(&x->mac) || mac_is_multicast(&x->mac) ||
	    mac_equal(&x->mac, &x->s->c.bridge_mac))
		return DHCP4_DROP_CHADDR;
	if (x->in->from && !mac_equal(x->in->from, &x->mac))
		return DHCP4_DROP_SPOOFED;
	if (m->hops > HOPS_MAX)
		return DHCP4_DROP_HOPS;
	if (x->in->src == x->s->c.server || x->in->src == IP4_BROADCAST)
		return m->giaddr || m->relay.p ? DHCP4_DROP_RELAY : DHCP4_DROP_SOURCE;
	return dhcp4_relay_check(&x->s->c, m, x->in);
}

static void look_up_client(struct dhcp4_exchange *x)
{
	struct dhcp4_static *by_name = NULL;

	x->lease = dhcp4_pool_find_client(&x->s->pool, &x->mac, x->m.client_id.p, x->m.client_id.n);
	/* Who is known by an identifier may come with another card, and so by another port. */
	x->stranger = x->lease && x->lease->state == DHCP4_LEASE_BOUND &&
		      mac_equal(&x->lease->b.mac, &x->mac) &&
		      !dhcp_ports_match(&x->lease->member, x->in->port);
	if (x->stranger) /* it may renew, a bond has two ports; but not change who it is */
		x->m.host_name.p = x->m.fqdn.p = NULL;
	if (x->stranger && x->s->pool.identity == DHCP4_BY_MAC)
		x->m.client_id = (struct dhcp4_span){ 0 };
	if (x->m.host_name.p)
		(void)dhcp4_clean_name(x->m.host_name.p, x->m.host_name.n, x->asked);
	if (!x->asked[0] && x->m.fqdn.p)
		(void)dhcp4_fqdn_name(x->m.fqdn, x->asked);
	if (!x->asked[0] && (x->m.host_name.p || x->m.fqdn.p))
		dhcp4_count(x, DHCP4_COUNT_NAME_REFUSED);
	x->host = dhcp4_hosts_find_mac(&x->s->hosts, &x->mac);
	if (!x->host && x->asked[0])
		by_name = dhcp4_hosts_find_name(&x->s->hosts, x->asked);
	else if (!x->host && x->lease && x->lease->has_name)
		by_name = dhcp4_hosts_find_name(&x->s->hosts, x->lease->b.name);
	if (by_name && !by_name->h.has_mac)
		x->host = by_name;
}

/* What the rules have for this client; its name is the one that it has, or will have if it's free.
 */
static void look_up_rules(struct dhcp4_exchange *x)
{
	const struct dhcp4_message *m = &x->m;
	struct dhcp_client c = { .mac = &x->mac, .name = x->asked, .ipxe = m->ipxe.p != NULL };

	if (x->host && x->host->h.name[0])
		c.name = x->host->h.name;
	else if (!x->asked[0] && x->lease && x->lease->has_name)
		c.name = x->lease->b.name;
	if (m->vendor_class.p)
		c.vendor[c.n_vendor++] = (struct dhcp_text){ m->vendor_class.p, m->vendor_class.n };
	c.n_user = dhcp_user_class4(m->user_class.p, m->user_class.n, c.user);
	for (size_t i = 0; i < c.n_user; i++)
		c.ipxe |= c.user[i].n == 4 && memcmp(c.user[i].p, "iPXE", 4) == 0;
	struct rd arch = rd_over(m->arch.p, m->arch.n), uuid = rd_over(m->uuid.p, m->uuid.n);
	c.has_arch = m->arch.p;
	c.arch = rd_u16(&arch);
	c.has_uuid = m->uuid.p && rd_u8(&uuid) == 0; /* RFC 4578 §2.3 */
	rd_copy(&uuid, c.uuid, sizeof(c.uuid));
	dhcp_rules_apply(&x->s->rules, &c, &x->set);
}

static enum dhcp4_drop serve(struct dhcp4_exchange *x)
{
	enum dhcp4_drop drop;

	if (!x->s->configured)
		return DHCP4_DROP_UNKNOWN_CLIENT;
	if (x->in->truncated)
		return DHCP4_DROP_LONG;
	drop = dhcp4_decode(x->in->payload, x->in->n, &x->m);
	if (drop)
		return drop;
	memcpy(x->mac.b, x->m.chaddr, sizeof(x->mac.b));
	drop = check_header(x);
	if (drop)
		return drop;
	if (x->m.type >= ARRAY_LEN(handlers) || !handlers[x->m.type].on ||
	    (x->m.has_type && x->m.type == DHCP4_TYPE_BOOTP))
		return DHCP4_DROP_TYPE;
	struct dhcp4_relay_info info;
	dhcp4_relay_read(x->m.relay, &info);
	x->m.as_server = info.server_id;
	dhcp4_count(x, handlers[x->m.type].received);
	look_up_client(x);
	look_up_rules(x);
	return handlers[x->m.type].on(x);
}

size_t dhcp4_input(struct dhcp4 *s, const struct dhcp4_dgram *in, usec_t now,
		   struct dhcp4_action *out, size_t cap)
{
	struct dhcp4_exchange x;

	/* Not an initialiser: the decoder clears its part of the message itself. */
	memset(&x, 0, offsetof(struct dhcp4_exchange, set));
	x.t = (struct dhcp4_turn){ s, now, out, cap, 0 };
	x.s = s;
	x.in = in;
	s->last_drop = cap < DHCP4_ACTIONS_MAX ? DHCP4_DROP_MEMORY : serve(&x);
	if (s->last_drop)
		dhcp4_note_drop(s, s->last_drop);
	return x.t.n;
}
