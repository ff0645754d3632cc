/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dhcp/dhcp-ports.h"

void dhcp_ports_init(struct dhcp_ports *ps)
{
	table_init(&ps->by_id);
}

void dhcp_ports_done(struct dhcp_ports *ps)
{
	for (struct table_node *n; (n = table_next(&ps->by_id, NULL));) {
		table_remove(&ps->by_id, n);
		free(container_of(n, struct dhcp_port, by_id));
	}
	table_done(&ps->by_id);
}

struct dhcp_port *dhcp_ports_find(const struct dhcp_ports *ps, uint32_t id)
{
	struct table_node *n = table_find(&ps->by_id, &id, sizeof(id));

	return n ? container_of(n, struct dhcp_port, by_id) : NULL;
}

/* NULL when out of memory: then the port stays unknown. */
static struct dhcp_port *find_or_add(struct dhcp_ports *ps, uint32_t id)
{
	struct dhcp_port *p = dhcp_ports_find(ps, id);

	if (p)
		return p;
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->id = id;
	list_init(&p->members);
	if (table_add(&ps->by_id, &p->by_id, &p->id, sizeof(p->id)) < 0) {
		free(p);
		return NULL;
	}
	return p;
}

void dhcp_ports_join(struct dhcp_ports *ps, struct dhcp_member *m, uint32_t id)
{
	if (m->port || !id)
		return;
	m->port = find_or_add(ps, id);
	if (!m->port)
		return;
	list_add_tail(&m->port->members, &m->of_port);
	m->port->n++;
}

void dhcp_ports_leave(struct dhcp_ports *ps, struct dhcp_member *m)
{
	struct dhcp_port *p = m->port;

	if (!p)
		return;
	m->port = NULL;
	list_remove(&m->of_port);
	if (--p->n)
		return;
	table_remove(&ps->by_id, &p->by_id);
	free(p);
}

bool dhcp_ports_match(const struct dhcp_member *m, uint32_t id)
{
	return !m->port || !id || m->port->id == id;
}

bool dhcp_ports_sated(const struct dhcp_ports *ps, uint32_t id, uint32_t size, uint32_t n_free)
{
	const struct dhcp_port *p = id ? dhcp_ports_find(ps, id) : NULL;

	return p && n_free <= MIN_OF(p->n, MAX_OF(size / 8, 1));
}
