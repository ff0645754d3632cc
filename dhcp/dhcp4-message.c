/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dhcp4-message.c — what each message of a client means (RFC 2131 §4.3, RFC 1534 §2).
 *
 * First the whole datagram is judged, then the client is looked up (lease, static host, name), then
 * one function for each message type decides. Every path ends in a verdict: DHCP4_DROP_NONE, or the
 * reason for silence. Silence is for what is not our business or makes no sense; a NAK is for a
 * client that believes in an address that it can't have. */
#include "dhcp/dhcp4-internal.h"
#include "dhcp/dhcp4-names.h"
#include "dhcp/dhcp4-relay.h"

#include <string.h>

#define HOPS_MAX         16
#define CHANGES_MAX      16 /* of its binding by one client */
#define CHANGES_SEC      10
#define NAKS_MAX         200 /* a NAK is a broadcast: every guest of the network is woken */
#define NAKS_SEC         1
#define REPORT_EVERY_SEC 5 /* extensions reported for one binding */
#define IP4_BROADCAST    UINT32_MAX

static const struct mac mac_broadcast = { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } };

/* One datagram being served. */
struct exchange {
	struct dhcp4_turn t;
	struct dhcp4 *s;
	const struct dhcp4_dgram *in;
	struct mac mac;
	struct dhcp4_lease *lease;  /* the client's, in any state, or NULL */
	struct dhcp4_static *host;  /* the client's, or NULL */
	char asked[DHCP4_NAME_MAX]; /* the name that it wants, "" for none */
	bool stranger;              /* it came in by another port than the lease's */
	bool sated;                 /* no address, because its port has enough */
	struct dhcp_settings set;   /* what the rules have for it */
	struct dhcp4_message m;
};

static void count(struct exchange *x, enum dhcp4_counter c)
{
	x->s->count[c]++;
}

/* ---- which address ---- */

static bool static_is_available(const struct exchange *x)
{
	if (!x->host || !x->host->h.ip || !dhcp4_in_subnet(x->s, x->host->h.ip))
		return false;
	const struct dhcp4_lease *l = dhcp4_pool_find_ip(&x->s->pool, x->host->h.ip);
	if (l && l != x->lease && l->state == DHCP4_LEASE_BOUND)
		return false;
	return !dhcp4_pool_is_quarantined(&x->s->pool, x->host->h.ip);
}

/* The configuration lets this client have this address: it is its static one, or a dynamic one. */
static bool fits(const struct exchange *x, uint32_t ip)
{
	const struct dhcp4_static *of = dhcp4_hosts_find_ip(&x->s->hosts, ip);

	if (!dhcp4_in_subnet(x->s, ip))
		return false;
	return of ? of == x->host : dhcp4_pool_range_of(&x->s->pool, ip) != NULL;
}

/* The client may have `ip` now. An offer to somebody else stands in the way unless `over_offer`. */
static bool can_have(const struct exchange *x, uint32_t ip, bool over_offer)
{
	if (static_is_available(x))
		return ip == x->host->h.ip;
	if (!fits(x, ip) || dhcp4_pool_is_quarantined(&x->s->pool, ip))
		return false;
	if (x->lease && x->lease->b.ip != ip && fits(x, x->lease->b.ip))
		return false;
	const struct dhcp4_lease *l = dhcp4_pool_find_ip(&x->s->pool, ip);
	if (!l || l == x->lease)
		return true;
	return l->state != DHCP4_LEASE_BOUND && (over_offer || l->state != DHCP4_LEASE_OFFERED);
}

/* Give up a lease that the configuration doesn't cover any more. */
static void drop_misfit(struct exchange *x)
{
	if (!x->lease || fits(x, x->lease->b.ip))
		return;
	if (x->lease->state == DHCP4_LEASE_BOUND)
		dhcp4_tell(&x->t, DHCP4_RELEASE, x->lease, 0);
	dhcp4_forget(x->s, x->lease);
	x->lease = NULL;
}

/* A port that has its share gets no further address out of the pool. */
static bool is_sated(const struct exchange *x)
{
	return dhcp_ports_sated(&x->s->pool.ports, x->in->port, x->s->pool.size,
				dhcp4_pool_n_free(&x->s->pool));
}

/* RFC 2131 §4.3.1: static, current or previous, requested, any. 0 when there is none. */
static uint32_t choose(struct exchange *x)
{
	enum dhcp4_lease_state victim;

	if (static_is_available(x))
		return x->host->h.ip;
	drop_misfit(x);
	if (x->lease)
		return x->lease->b.ip;
	x->sated = is_sated(x);
	if (x->sated)
		return 0;
	if (x->m.requested && fits(x, x->m.requested) &&
	    dhcp4_pool_is_free(&x->s->pool, x->m.requested))
		return x->m.requested;
	uint32_t ip = dhcp4_pool_pick(&x->s->pool, &x->mac, &victim);
	if (victim == DHCP4_LEASE_OFFERED)
		count(x, DHCP4_COUNT_OFFER_TAKEN);
	else if (victim != DHCP4_LEASE_NEW)
		count(x, DHCP4_COUNT_RECLAIMED);
	return ip;
}

/* The term for `ip`: what is configured, less if the client wants less, but not absurdly little. */
static uint32_t lease_term(const struct exchange *x, uint32_t ip)
{
	const struct dhcp4_pool_range *r = dhcp4_pool_range_of(&x->s->pool, ip);
	uint32_t term = x->s->c.default_lease_sec;

	if (x->host && x->host->h.ip == ip && x->host->h.lease_sec)
		term = x->host->h.lease_sec;
	else if (x->set.lease_sec)
		term = x->set.lease_sec;
	else if (r)
		term = r->lease_sec;
	if (!x->m.lease_sec)
		return term;
	return MIN_OF(MAX_OF(x->m.lease_sec, DHCP4_LEASE_MIN_SEC), term);
}

/* ---- which name ---- */

static bool may_be_called(const struct exchange *x, const char *name)
{
	const struct dhcp4_lease *holder = dhcp4_pool_find_name(&x->s->pool, name);

	return !dhcp4_hosts_reserve(&x->s->hosts, name) &&
	       !dhcp4_hosts_find_name(&x->s->hosts, name) && (!holder || holder == x->lease) &&
	       !(x->s->name_taken && x->s->name_taken(x->s->name_data, &x->mac, name));
}

/* The name for the client at `ip`. A static host's comes from the configuration; any other must be
 * free: who has a name keeps it, the newcomer gets none. */
static const char *choose_name(struct exchange *x, uint32_t ip)
{
	const struct dhcp4_static *h = x->host;

	if (h && h->h.name[0] && (h->h.has_mac || h->h.ip == ip))
		return h->h.name;
	if (x->asked[0] && may_be_called(x, x->asked))
		return x->asked;
	if (x->asked[0])
		count(x, DHCP4_COUNT_NAME_REFUSED);
	if (x->lease && x->lease->has_name && may_be_called(x, x->lease->b.name))
		return x->lease->b.name;
	const char *known = x->s->known_name ? x->s->known_name(x->s->known_data, &x->mac) : "";
	return known[0] && may_be_called(x, known) ? known : "";
}

/* A static host's name may be in use by a guest that took it before it was configured. */
static void name_lease(struct exchange *x, struct dhcp4_lease *l, const char *name)
{
	struct dhcp4_lease *holder = dhcp4_pool_find_name(&x->s->pool, name);
	char copy[DHCP4_NAME_MAX];

	(void)copy_text(copy, sizeof(copy), name);
	if (holder && holder != l) {
		dhcp4_pool_set_name(&x->s->pool, holder, "");
		dhcp4_tell(&x->t, DHCP4_RENAME, holder, 0);
	}
	dhcp4_pool_set_name(&x->s->pool, l, copy);
}

/* ---- answers ---- */

/* RFC 2131 §4.1. A client without an address is reached by its MAC: nobody else is woken, no ARP is
 * needed. */
static struct dhcp4_target address_reply(const struct exchange *x, const struct dhcp4_answer *a)
{
	struct dhcp4_target to = { .port = DHCP4_PORT_CLIENT, .mac = x->mac };
	bool flag = x->m.flags & DHCP4_FLAG_BROADCAST;

	if (x->m.giaddr)
		return (struct dhcp4_target){ .routed = true,
					      .port = DHCP4_PORT_SERVER,
					      .ip = x->m.giaddr };
	/* A client behind a relay that asks us directly; no broadcast reaches it, not a NAK's. */
	if (x->s->c.relay)
		return (struct dhcp4_target){ .routed = true,
					      .port = DHCP4_PORT_CLIENT,
					      .ip = x->m.ciaddr };
	if (a->type != DHCP4_TYPE_NAK && a->ciaddr) {
		to.ip = a->ciaddr;
	} else if (a->type != DHCP4_TYPE_NAK && !flag && a->yiaddr) {
		to.ip = a->yiaddr;
	} else {
		to.mac = mac_broadcast;
		to.ip = IP4_BROADCAST;
	}
	return to;
}

static void reply_now(struct exchange *x, const struct dhcp4_answer *a)
{
	struct dhcp4_target to = address_reply(x, a);

	dhcp4_send(&x->t, &to, x->s->reply, dhcp4_build_reply(x->s, &x->m, a, x->s->reply));
}

static void reply_later(struct exchange *x, const struct dhcp4_answer *a, struct dhcp4_gated *g)
{
	g->n = dhcp4_build_reply(x->s, &x->m, a, g->payload);
	g->is_bootp = !x->m.has_type;
	g->to = address_reply(x, a);
}

static enum dhcp4_drop nak(struct exchange *x, const char *message)
{
	struct dhcp4_answer a = { .type = DHCP4_TYPE_NAK, .name = "", .message = message };

	if (x->t.now - x->s->naks_since >= NAKS_SEC * USEC_PER_SEC) {
		x->s->naks_since = x->t.now;
		x->s->naks = 0;
	}
	if (++x->s->naks > NAKS_MAX)
		return DHCP4_DROP_NAK_RATE;
	reply_now(x, &a);
	count(x, DHCP4_COUNT_TX_NAK);
	return DHCP4_DROP_NONE;
}

/* The answer that grants `l`. */
static struct dhcp4_answer grant_answer(const struct exchange *x, const struct dhcp4_lease *l)
{
	bool bootp = !x->m.has_type;

	return (struct dhcp4_answer){
		.type = bootp ? DHCP4_TYPE_BOOTP : DHCP4_TYPE_ACK,
		.ciaddr = x->m.ciaddr == l->b.ip ? l->b.ip : 0,
		.yiaddr = l->b.ip,
		.lease_sec = bootp ? 0 : l->b.lease_sec,
		.name = l->b.name,
		.rapid_commit = x->m.type == DHCP4_TYPE_DISCOVER,
		.set = &x->set,
	};
}

/* ---- binding ---- */

static bool may_change(struct dhcp4_lease *l, usec_t now)
{
	if (now - l->changes_since >= CHANGES_SEC * USEC_PER_SEC) {
		l->changes_since = now;
		l->changes = 0;
	}
	return l->changes++ < CHANGES_MAX;
}

static struct dhcp4_lease *add_lease(struct exchange *x, uint32_t ip)
{
	return dhcp4_pool_add(&x->s->pool, &x->mac, x->m.client_id.p, x->m.client_id.n, ip);
}

/* The lease of this client at `ip`, made if need be; what stands in the way is gone afterwards. A
 * client that is known by its identifier and comes with another MAC gets a new one, so that who
 * looks after leases hears of an end and a beginning. */
static struct dhcp4_lease *take_lease(struct exchange *x, uint32_t ip)
{
	struct dhcp4_lease *old = x->lease, *other = dhcp4_pool_find_ip(&x->s->pool, ip);
	struct dhcp4_lease before = { 0 };

	if (old && old->b.ip == ip && mac_equal(&old->b.mac, &x->mac))
		return old;
	if (other && other != old) {
		count(x, other->state == DHCP4_LEASE_OFFERED ? DHCP4_COUNT_OFFER_TAKEN
							     : DHCP4_COUNT_RECLAIMED);
		dhcp4_forget(x->s, other);
	}
	if (old) {
		before = *old;
		if (old->state == DHCP4_LEASE_BOUND)
			dhcp4_tell(&x->t, DHCP4_RELEASE, old, 0);
		dhcp4_forget(x->s, old);
	}
	x->lease = add_lease(x, ip);
	if (x->lease) {
		x->lease->changes = before.changes;
		x->lease->changes_since = before.changes_since;
	}
	return x->lease;
}

/* A lease never ends before the client's own idea of it, should this reply get lost. */
static void set_term(struct exchange *x, struct dhcp4_lease *l, uint32_t sec)
{
	usec_t until = sec == DHCP4_LEASE_INFINITE ? USEC_INFINITY : x->t.now + sec * USEC_PER_SEC;
	bool held = l->state == DHCP4_LEASE_BOUND && l->b.expires != USEC_INFINITY;

	l->b.lease_sec = sec;
	l->b.expires = held ? MAX_OF(l->b.expires, until) : until;
	dhcp4_pool_enter(&x->s->pool, l, DHCP4_LEASE_BOUND, x->t.now);
	dhcp4_pool_set_port(&x->s->pool, l, x->in->port);
}

/* A lost extension only makes the store's end too early, and what is restored gets a full term: so
 * the reply needn't wait, and a client that renews all the time needn't be written down each time.
 */
static enum dhcp4_drop extend(struct exchange *x, struct dhcp4_lease *l, uint32_t sec)
{
	set_term(x, l, sec);
	struct dhcp4_answer a = grant_answer(x, l);
	if (x->t.now - l->reported >= REPORT_EVERY_SEC * USEC_PER_SEC) {
		l->reported = x->t.now;
		dhcp4_tell(&x->t, DHCP4_EXTEND, l, 0);
	}
	reply_now(x, &a);
	count(x, x->m.has_type ? DHCP4_COUNT_TX_ACK : DHCP4_COUNT_TX_BOOTP);
	return DHCP4_DROP_NONE;
}

static bool same_client_id(const struct exchange *x, const struct dhcp4_lease *l)
{
	struct dhcp4_span id = x->m.client_id;

	return !id.p || (id.n == l->b.client_id_len && memcmp(id.p, l->b.client_id, id.n) == 0);
}

/* Grant `ip`, which can_have(), for `sec`. */
static enum dhcp4_drop bind_address(struct exchange *x, uint32_t ip, uint32_t sec)
{
	struct dhcp4_lease *l = x->lease;
	const char *name = choose_name(x, ip);
	bool held =
	    l && l->b.ip == ip && l->state == DHCP4_LEASE_BOUND && mac_equal(&l->b.mac, &x->mac);
	bool same = held && same_client_id(x, l) && strcmp(name, l->b.name) == 0;
	enum dhcp4_change change = held && l->durable ? DHCP4_RENAME : DHCP4_GRANT;

	if (same && l->durable)
		return extend(x, l, sec);
	if (same && l->gated) { /* asked again: the same wait, the newer reply */
		struct dhcp4_answer again = grant_answer(x, l);
		reply_later(x, &again, l->gated);
		return DHCP4_DROP_NONE;
	}
	bool counted = l && (l->state == DHCP4_LEASE_BOUND || l->state == DHCP4_LEASE_OFFERED);
	if (!counted && dhcp4_pool_range_of(&x->s->pool, ip) && is_sated(x))
		return DHCP4_DROP_SHARE;
	if (l && !may_change(l, x->t.now))
		return DHCP4_DROP_RATE;
	if (!dhcp4_gate_has_room(&x->s->gate, l, x->in->port))
		return DHCP4_DROP_GATE_FULL;
	char kept_name[DHCP4_NAME_MAX]; /* `name` may be the old lease's */
	(void)copy_text(kept_name, sizeof(kept_name), name);
	l = take_lease(x, ip);
	if (!l)
		return DHCP4_DROP_MEMORY;
	set_term(x, l, sec);
	name_lease(x, l, kept_name);
	if (x->m.client_id.p) {
		l->b.client_id_len = (uint8_t)x->m.client_id.n;
		memcpy(l->b.client_id, x->m.client_id.p, x->m.client_id.n);
	}
	l->durable = false;
	l->reported = x->t.now;
	struct dhcp4_gated *g = dhcp4_gate_open(&x->s->gate, l, x->in->port, x->t.now);
	if (!g)
		return DHCP4_DROP_MEMORY;
	struct dhcp4_answer a = grant_answer(x, l);
	reply_later(x, &a, g);
	g->held = change == DHCP4_RENAME;
	dhcp4_tell(&x->t, change, l, g->token);
	return DHCP4_DROP_NONE;
}

/* ---- the messages ---- */

static enum dhcp4_drop on_bootp(struct exchange *x)
{
	if (!x->host || !x->host->h.has_mac || !static_is_available(x))
		return DHCP4_DROP_BOOTP_UNKNOWN;
	return bind_address(x, x->host->h.ip, DHCP4_LEASE_INFINITE);
}

/* Remember the offer. Static addresses are nobody else's anyway. */
static bool reserve(struct exchange *x, uint32_t ip)
{
	if (x->host && x->host->h.ip == ip)
		return true;
	if (!x->lease) {
		x->lease = add_lease(x, ip);
		if (!x->lease)
			return false;
	}
	if (x->lease->b.ip == ip && x->lease->state != DHCP4_LEASE_BOUND) {
		dhcp4_pool_enter(&x->s->pool, x->lease, DHCP4_LEASE_OFFERED, x->t.now);
		dhcp4_pool_set_port(&x->s->pool, x->lease, x->in->port);
	}
	return true;
}

static enum dhcp4_drop on_discover(struct exchange *x)
{
	uint32_t ip = choose(x);

	if (x->sated)
		return DHCP4_DROP_SHARE;
	if (!ip)
		return x->s->c.n_ranges ? DHCP4_DROP_POOL_EMPTY : DHCP4_DROP_UNKNOWN_CLIENT;
	if (x->m.rapid_commit && x->s->c.rapid_commit)
		return bind_address(x, ip, lease_term(x, ip));
	struct dhcp4_answer a = {
		.type = DHCP4_TYPE_OFFER,
		.yiaddr = ip,
		.lease_sec = lease_term(x, ip),
		.name = choose_name(x, ip),
		.set = &x->set,
	};
	if (!reserve(x, ip))
		return DHCP4_DROP_MEMORY;
	reply_now(x, &a);
	count(x, DHCP4_COUNT_TX_OFFER);
	return DHCP4_DROP_NONE;
}

/* NAK, and give up a binding that the configuration doesn't cover any more. */
static enum dhcp4_drop refuse(struct exchange *x, const char *message)
{
	drop_misfit(x);
	return nak(x, message);
}

static enum dhcp4_drop on_selecting_other(struct exchange *x)
{
	const struct dhcp4_lease *l = dhcp4_pool_find_ip(&x->s->pool, x->m.requested);
	bool taken = l && l != x->lease && l->state == DHCP4_LEASE_BOUND;

	if (x->lease && x->lease->state == DHCP4_LEASE_OFFERED) {
		dhcp4_lapse_offer(x->s, x->lease, x->t.now);
		x->lease = NULL;
	}
	if (x->s->c.authoritative && x->m.requested &&
	    (taken || !dhcp4_in_subnet(x->s, x->m.requested)))
		return nak(x, "wrong server identifier");
	return DHCP4_DROP_OTHER_SERVER;
}

static enum dhcp4_drop on_selecting(struct exchange *x)
{
	uint32_t ip = x->m.requested;

	if (!ip)
		return DHCP4_DROP_NO_ADDRESS;
	if (!can_have(x, ip, true))
		return refuse(x, "address not available");
	return bind_address(x, ip, lease_term(x, ip));
}

static enum dhcp4_drop on_init_reboot(struct exchange *x)
{
	uint32_t ip = x->m.requested;

	if (!ip)
		return DHCP4_DROP_NO_ADDRESS;
	if (!dhcp4_in_subnet(x->s, ip))
		return refuse(x, "wrong network");
	if (!x->lease && !x->s->c.authoritative && !static_is_available(x))
		return DHCP4_DROP_UNKNOWN_CLIENT;
	if (!can_have(x, ip, false))
		return refuse(x, "wrong address");
	return bind_address(x, ip, lease_term(x, ip));
}

/* By the address that clients know us by. */
static bool is_ours(const struct exchange *x, uint32_t server_id)
{
	return server_id == x->s->c.server || (server_id && server_id == x->m.as_server);
}

/* RENEWING is unicast to us, REBINDING a broadcast to every server there may be. */
static enum dhcp4_drop on_renewing(struct exchange *x)
{
	uint32_t ip = x->m.ciaddr;
	bool known = x->lease || static_is_available(x);
	bool to_us = x->in->dst == x->s->c.server;

	if (!known && !x->s->c.authoritative && !to_us)
		return DHCP4_DROP_UNKNOWN_CLIENT;
	if (!known && !x->s->c.authoritative)
		return nak(x, "lease not found");
	if (!can_have(x, ip, false))
		return refuse(x, "wrong address");
	return bind_address(x, ip, lease_term(x, ip));
}

static enum dhcp4_drop on_request(struct exchange *x)
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

static enum dhcp4_drop on_decline(struct exchange *x)
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
		count(x, DHCP4_COUNT_QUARANTINE_FULL);
		dhcp4_tell(&x->t, DHCP4_RELEASE, l, 0);
		dhcp4_unbind(x->s, l, DHCP4_LEASE_RELEASED, x->t.now);
		return DHCP4_DROP_NONE;
	}
	count(x, DHCP4_COUNT_QUARANTINED);
	l->b.lease_sec = sec;
	l->b.expires = x->t.now + sec * USEC_PER_SEC;
	dhcp4_tell(&x->t, DHCP4_DECLINE, l, 0);
	dhcp4_forget(x->s, l);
	return DHCP4_DROP_NONE;
}

/* RFC 2131 table 5 asks for the server identifier; systemd-networkd sends none, but to the server's
 * address, which says as much. */
static enum dhcp4_drop on_release(struct exchange *x)
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
static enum dhcp4_drop on_inform(struct exchange *x)
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
	struct dhcp4_target to = address_reply(x, &a);
	if (!to.routed && !x->in->src) {
		to.mac = mac_broadcast;
		to.ip = IP4_BROADCAST;
	}
	dhcp4_send(&x->t, &to, x->s->reply, n);
	count(x, DHCP4_COUNT_TX_ACK);
	return DHCP4_DROP_NONE;
}

/* ---- dispatch ---- */

static const struct handler {
	enum dhcp4_counter received;
	enum dhcp4_drop (*on)(struct exchange *x);
} handlers[] = {
	[DHCP4_TYPE_BOOTP] = { DHCP4_COUNT_RX_BOOTP, on_bootp },
	[DHCP4_TYPE_DISCOVER] = { DHCP4_COUNT_RX_DISCOVER, on_discover },
	[DHCP4_TYPE_REQUEST] = { DHCP4_COUNT_RX_REQUEST, on_request },
	[DHCP4_TYPE_DECLINE] = { DHCP4_COUNT_RX_DECLINE, on_decline },
	[DHCP4_TYPE_RELEASE] = { DHCP4_COUNT_RX_RELEASE, on_release },
	[DHCP4_TYPE_INFORM] = { DHCP4_COUNT_RX_INFORM, on_inform },
};

/* What no message of a client on our own link can look like. */
static enum dhcp4_drop check_header(const struct exchange *x)
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

static void look_up_client(struct exchange *x)
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
		count(x, DHCP4_COUNT_NAME_REFUSED);
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
static void look_up_rules(struct exchange *x)
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

static enum dhcp4_drop serve(struct exchange *x)
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
	count(x, handlers[x->m.type].received);
	look_up_client(x);
	look_up_rules(x);
	return handlers[x->m.type].on(x);
}

size_t dhcp4_input(struct dhcp4 *s, const struct dhcp4_dgram *in, usec_t now,
		   struct dhcp4_action *out, size_t cap)
{
	struct exchange x;

	/* Not an initialiser: the decoder clears its part of the message itself. */
	memset(&x, 0, offsetof(struct exchange, set));
	x.t = (struct dhcp4_turn){ s, now, out, cap, 0 };
	x.s = s;
	x.in = in;
	s->last_drop = cap < DHCP4_ACTIONS_MAX ? DHCP4_DROP_MEMORY : serve(&x);
	if (s->last_drop)
		dhcp4_note_drop(s, s->last_drop);
	return x.t.n;
}
