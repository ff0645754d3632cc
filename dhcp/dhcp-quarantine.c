/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dhcp/dhcp-quarantine.h"

void dhcp_quarantine_init(struct dhcp_quarantine *q)
{
	*q = (struct dhcp_quarantine){ .end = USEC_INFINITY };
}

static struct dhcp_quarantined *find_active(struct dhcp_quarantine *q, const struct ip *ip)
{
	for (size_t i = 0; q->n && i < DHCP_QUARANTINE_MAX; i++)
		if (q->place[i].active && ip_equal(&q->place[i].ip, ip))
			return &q->place[i];
	return NULL;
}

bool dhcp_quarantine_has(const struct dhcp_quarantine *q, const struct ip *ip)
{
	return find_active((struct dhcp_quarantine *)q, ip) != NULL;
}

/* The memory of this address, else the place least needed; NULL when all are active. */
static struct dhcp_quarantined *find_place(struct dhcp_quarantine *q, const struct ip *ip)
{
	struct dhcp_quarantined *best = NULL;

	for (size_t i = 0; i < DHCP_QUARANTINE_MAX; i++) {
		struct dhcp_quarantined *p = &q->place[i];
		if (ip_equal(&p->ip, ip))
			return p;
		if (!p->active && (!best || p->until < best->until))
			best = p;
	}
	return best;
}

static bool client_over_cap(const struct dhcp_quarantine *q, const struct mac *mac, usec_t now)
{
	unsigned n = 0;

	for (size_t i = 0; i < DHCP_QUARANTINE_MAX; i++) {
		const struct dhcp_quarantined *p = &q->place[i];
		if (ip_is_set(&p->ip) && mac_equal(&p->mac, mac) &&
		    p->since + 3600 * USEC_PER_SEC > now)
			n++;
	}
	return n >= DHCP_QUARANTINE_CLIENT;
}

static uint32_t term(unsigned times)
{
	uint32_t sec = DHCP_QUARANTINE_SEC;

	for (unsigned i = 0; i < times && sec < DHCP_QUARANTINE_MAX_SEC; i++)
		sec *= 2;
	return MIN_OF(sec, DHCP_QUARANTINE_MAX_SEC);
}

static void activate(struct dhcp_quarantine *q, struct dhcp_quarantined *p, const struct ip *ip,
		     const struct mac *mac)
{
	if (!p->active)
		q->n++;
	if (!ip_equal(&p->ip, ip))
		*p = (struct dhcp_quarantined){ .ip = *ip };
	p->active = true;
	p->mac = *mac;
}

uint32_t dhcp_quarantine_add(struct dhcp_quarantine *q, const struct ip *ip, const struct mac *mac,
			     uint32_t pool_size, usec_t now)
{
	struct dhcp_quarantined *p = find_place(q, ip);

	if (!p || q->n >= MAX_OF(pool_size / 4, 1U) || client_over_cap(q, mac, now))
		return 0;
	activate(q, p, ip, mac);
	uint32_t sec = term(p->times++);
	p->since = now;
	p->until = now + sec * USEC_PER_SEC;
	q->end = MIN_OF(q->end, p->until);
	return sec;
}

bool dhcp_quarantine_restore(struct dhcp_quarantine *q, const struct ip *ip, const struct mac *mac,
			     uint32_t sec, uint32_t left, usec_t now)
{
	struct dhcp_quarantined *p = left ? find_place(q, ip) : NULL;

	if (!p)
		return false;
	activate(q, p, ip, mac);
	while (term(p->times++) < MIN_OF(sec, DHCP_QUARANTINE_MAX_SEC))
		;
	left = MIN_OF(left, DHCP_QUARANTINE_MAX_SEC);
	p->since = now; /* the hour of its client begins anew: the safe side */
	p->until = now + left * USEC_PER_SEC;
	q->end = MIN_OF(q->end, p->until);
	return true;
}

bool dhcp_quarantine_lift(struct dhcp_quarantine *q, const struct ip *ip)
{
	struct dhcp_quarantined *p = find_active(q, ip);

	if (!p)
		return false;
	p->active = false;
	q->n--;
	return true;
}

bool dhcp_quarantine_take_over(struct dhcp_quarantine *q, usec_t now, struct ip *ret)
{
	usec_t end = USEC_INFINITY;

	if (q->end > now)
		return false;
	for (size_t i = 0; i < DHCP_QUARANTINE_MAX; i++) {
		struct dhcp_quarantined *p = &q->place[i];
		if (!p->active)
			continue;
		if (p->until <= now) {
			*ret = p->ip;
			p->active = false;
			q->n--;
			return true;
		}
		end = MIN_OF(end, p->until);
	}
	q->end = end;
	return false;
}
