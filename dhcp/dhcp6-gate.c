/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A token is serial, slot and place in it: ((serial * DHCP6_GATED_MAX) + slot) * DHCP6_IAS_MAX +
 * place. A serial is never used twice, so an old token finds nothing. */
#include "dhcp/dhcp6-gate.h"

#include <errno.h>
#include <string.h>

void dhcp6_gate_init(struct dhcp6_gate *g)
{
	*g = (struct dhcp6_gate){ 0 };
	list_init(&g->waiting);
	list_init(&g->unused);
	dhcp_ports_init(&g->ports);
}

void dhcp6_gate_done(struct dhcp6_gate *g)
{
	for (unsigned i = 0; i < g->n_chunk; i++)
		free(g->chunk[i]);
	dhcp_ports_done(&g->ports);
}

static int more_slots(struct dhcp6_gate *g)
{
	if (g->n_chunk == ARRAY_LEN(g->chunk))
		return -ENOBUFS;
	struct dhcp6_gated *slot = calloc(DHCP6_GATE_CHUNK, sizeof(*slot));
	if (!slot)
		return -ENOMEM;
	for (unsigned i = 0; i < DHCP6_GATE_CHUNK; i++) {
		slot[i].place = g->n_chunk * DHCP6_GATE_CHUNK + i;
		list_add_tail(&g->unused, &slot[i].list);
	}
	g->chunk[g->n_chunk++] = slot;
	return 0;
}

struct dhcp6_gated *dhcp6_gate_open(struct dhcp6_gate *g, uint32_t port, usec_t now)
{
	if (dhcp_ports_sated(&g->ports, port, DHCP6_GATED_MAX, DHCP6_GATED_MAX - g->n_waiting))
		return NULL;
	if (list_is_empty(&g->unused) && more_slots(g) < 0)
		return NULL;
	struct dhcp6_gated *slot = list_first(&g->unused, struct dhcp6_gated, list);
	list_remove(&slot->list);
	list_add_tail(&g->waiting, &slot->list);
	g->n_waiting++;
	dhcp_ports_join(&g->ports, &slot->member, port);
	slot->serial = ++g->serials;
	memset(slot->lease, 0, sizeof(slot->lease));
	slot->since = now;
	memset(slot->held, 0, sizeof(slot->held));
	slot->unstored = slot->refused = false;
	slot->n = slot->n_lifetimes = 0;
	return slot;
}

uint64_t dhcp6_gate_wait_for(struct dhcp6_gate *g, struct dhcp6_gated *slot, struct dhcp6_lease *l,
			     unsigned place)
{
	if (l->gated && l->gated != slot)
		dhcp6_gate_close(g, l->gated);
	slot->lease[place] = l;
	l->gated = slot;
	l->gated_place = place;
	return (slot->serial * DHCP6_GATED_MAX + slot->place) * DHCP6_IAS_MAX + place;
}

struct dhcp6_gated *dhcp6_gate_find(struct dhcp6_gate *g, uint64_t token, unsigned *ret_place)
{
	unsigned place = token % DHCP6_IAS_MAX, at = token / DHCP6_IAS_MAX % DHCP6_GATED_MAX;

	if (!token || at / DHCP6_GATE_CHUNK >= g->n_chunk)
		return NULL;
	struct dhcp6_gated *slot = &g->chunk[at / DHCP6_GATE_CHUNK][at % DHCP6_GATE_CHUNK];
	if (slot->serial != token / DHCP6_IAS_MAX / DHCP6_GATED_MAX || !slot->lease[place])
		return NULL;
	*ret_place = place;
	return slot;
}

bool dhcp6_gated_is_done(const struct dhcp6_gated *slot)
{
	for (unsigned i = 0; i < DHCP6_IAS_MAX; i++)
		if (slot->lease[i])
			return false;
	return true;
}

void dhcp6_gate_close(struct dhcp6_gate *g, struct dhcp6_gated *slot)
{
	for (unsigned i = 0; i < DHCP6_IAS_MAX; i++) {
		if (slot->lease[i])
			slot->lease[i]->gated = NULL;
		slot->lease[i] = NULL;
	}
	slot->serial = 0;
	dhcp_ports_leave(&g->ports, &slot->member);
	g->n_waiting--;
	list_remove(&slot->list);
	list_add_tail(&g->unused, &slot->list);
}

struct dhcp6_gated *dhcp6_gate_oldest(const struct dhcp6_gate *g)
{
	return list_first(&g->waiting, struct dhcp6_gated, list);
}
