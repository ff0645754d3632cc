/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/service/service-names.h"

#include "dhcp/dhcp4-names.h"
#include "netd/controller/ports.h"
#include "netd/messages/messages-dhcp.h"
#include "netd/messages/messages.h"
#include "netd/service/services-internal.h"

#include <string.h>

struct telling {
	struct worker_proc *p;
	const struct net *n;
	struct msg_dhcp_name row[MSG_DHCP_NAMES_MAX];
	size_t n_rows;
};

static void flush(struct telling *t)
{
	uint8_t body[MSG_DHCP_NAMES_BYTES];
	struct wr w = wr_over(body, sizeof(body));

	if (!t->n_rows)
		return;
	msg_put_dhcp_names(&w, t->n->id, t->row, t->n_rows);
	worker_post(t->p, MSG_DHCP_NAMES, body, wr_len(&w), NULL, 0);
	t->n_rows = 0;
}

/* Whoever makes a port by netctl without saying for whom has named nobody. */
static bool has_name(const struct network_port *p)
{
	return p->has_mac && !mac_is_zero(&p->mac) && !mac_is_multicast(&p->mac) && p->owner_name &&
	       strcmp(p->owner_name, "netctl") != 0;
}

static void add_port(void *data, const struct network_port *p)
{
	struct telling *t = data;

	if (!has_name(p))
		return;
	struct msg_dhcp_name *row = &t->row[t->n_rows++];
	row->mac = p->mac;
	dhcp4_machine_name(p->owner_name, t->n->live->domain, row->name);
	if (t->n_rows == MSG_DHCP_NAMES_MAX)
		flush(t);
}

void service_names_tell(struct worker_proc *p, const struct net *n, const struct controller *c)
{
	struct telling t = { .p = p, .n = n };

	ports_visit(c, n, add_port, &t);
	flush(&t);
}

/* The dhcp worker that knows the network already; NULL: what there is it will be told. */
static struct worker_proc *worker_of(const struct net *n)
{
	struct worker_proc *p = n->service ? n->service->worker[WORKER_DHCP] : NULL;

	return p && worker_id(p) && list_is_empty(&n->service->untold) ? p : NULL;
}

void services_guest_came(const struct net *n, const struct network_port *port)
{
	struct telling t = { .p = worker_of(n), .n = n };

	if (t.p)
		add_port(&t, port);
	flush(&t);
}

void services_guest_went(const struct net *n, const struct network_port *gone,
			 const struct network_port *other)
{
	struct telling t = { .p = worker_of(n), .n = n };

	if (!t.p || !has_name(gone))
		return;
	if (other && has_name(other))
		add_port(&t, other);
	else
		t.row[t.n_rows++] = (struct msg_dhcp_name){ .mac = gone->mac };
	flush(&t);
}
