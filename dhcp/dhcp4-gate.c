/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dhcp/dhcp4-gate.h"

#include <errno.h>

void dhcp4_gate_init(struct dhcp4_gate *g)
{
	*g = (struct dhcp4_gate){ 0 };
	list_init(&g->waiting);
	list_init(&g->unused);
	dhcp_ports_init(&g->ports);
}

void dhcp4_gate_done(struct dhcp4_gate *g)
{
	for (unsigned i = 0; i < g->n_chunk; i++)
		free(g->chunk[i]);
	dhcp_ports_done(&g->ports);
}

static int more_slots(struct dhcp4_gate *g)
{
	if (g->n_chunk == ARRAY_LEN(g->chunk))
		return -ENOBUFS;
	struct dhcp4_gated *slot = calloc(DHCP4_GATE_CHUNK, sizeof(*slot));
	if (!slot)
		return -ENOMEM;
	for (unsigned i = 0; i < DHCP4_GATE_CHUNK; i++) {
		slot[i].place = g->n_chunk * DHCP4_GATE_CHUNK + i;
		list_add_tail(&g->unused, &slot[i].list);
	}
	g->chunk[g->n_chunk++] = slot;
	return 0;
}

struct dhcp4_gated *dhcp4_gate_open(struct dhcp4_gate *g, struct dhcp4_lease *l, uint32_t port,
				    usec_t now)
{
	dhcp4_gate_close(g, l);
	if (list_is_empty(&g->unused) && more_slots(g) < 0)
		return NULL;
	struct dhcp4_gated *slot = list_first(&g->unused, struct dhcp4_gated, list);
	list_remove(&slot->list);
	list_add_tail(&g->waiting, &slot->list);
	g->n_waiting++;
	dhcp_ports_join(&g->ports, &slot->member, port);
	slot->token = ++g->tokens * DHCP4_GATED_MAX + slot->place;
	slot->lease = l;
	slot->since = now;
	slot->held = false;
	slot->n = 0;
	l->gated = slot;
	return slot;
}

bool dhcp4_gate_has_room(const struct dhcp4_gate *g, const struct dhcp4_lease *l, uint32_t port)
{
	unsigned n_free = DHCP4_GATED_MAX - g->n_waiting;

	if (l && l->gated)
		return true;
	return n_free && !dhcp_ports_sated(&g->ports, port, DHCP4_GATED_MAX, n_free);
}

struct dhcp4_gated *dhcp4_gate_find(struct dhcp4_gate *g, uint64_t token)
{
	unsigned place = token % DHCP4_GATED_MAX;

	if (!token || place / DHCP4_GATE_CHUNK >= g->n_chunk)
		return NULL;
	struct dhcp4_gated *slot = &g->chunk[place / DHCP4_GATE_CHUNK][place % DHCP4_GATE_CHUNK];
	return slot->token == token ? slot : NULL;
}

void dhcp4_gate_close(struct dhcp4_gate *g, struct dhcp4_lease *l)
{
	struct dhcp4_gated *slot = l->gated;

	if (!slot)
		return;
	l->gated = NULL;
	slot->token = 0;
	slot->lease = NULL;
	dhcp_ports_leave(&g->ports, &slot->member);
	g->n_waiting--;
	list_remove(&slot->list);
	list_add_tail(&g->unused, &slot->list);
}

struct dhcp4_gated *dhcp4_gate_oldest(const struct dhcp4_gate *g)
{
	return list_first(&g->waiting, struct dhcp4_gated, list);
}
