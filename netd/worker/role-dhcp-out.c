/* SPDX-License-Identifier: GPL-2.0-or-later */
/* role-dhcp-out.c — what leaves the dhcp worker for IPv4: bindings to the controller, in one
 * message for a batch, then frames to guests (role-dhcp-parts.h). */
#include "netd/worker/role-dhcp-parts.h"

#include <sys/socket.h>

#define COUNTERS_EVERY (5 * USEC_PER_SEC)

static void flush_records(struct role *role)
{
	struct wr w = wr_over(role->body, sizeof(role->body));

	if (!role->n_records)
		return;
	msg_put_dhcp4_records(&w, role->records, role->n_records);
	role->n_records = 0;
	worker_send(role->w, MSG_DHCP4_BINDING, role->body, wr_len(&w));
}

/* A frame that the device doesn't take is lost like any other on a network: the client asks again.
 */
static void flush_frames(struct role *role)
{
	for (size_t i = 0; i < role->n_frames; i++)
		(void)!send(role->frames[i].fd, role->frames[i].bytes, role->frames[i].n,
			    MSG_DONTWAIT);
	role->n_frames = 0;
}

void role_dhcp_flush(struct role *role)
{
	flush_records(role);
	flush_frames(role);
}

int64_t role_dhcp_wall_seconds(usec_t boottime, usec_t now)
{
	usec_t wall = clock_wall();

	if (boottime == USEC_INFINITY)
		return INT64_MAX;
	wall = boottime >= now ? wall + (boottime - now) : wall - (now - boottime);
	return (int64_t)(wall / USEC_PER_SEC);
}

uint32_t role_dhcp_seconds_left(int64_t wall, uint32_t term)
{
	int64_t now = (int64_t)(clock_wall() / USEC_PER_SEC);

	return wall <= now ? 0 : (uint32_t)MIN_OF(wall - now, (int64_t)term);
}

static void add_record(struct dhcp_net *net, const struct dhcp_link *link,
		       const struct dhcp4_action *a, usec_t now)
{
	struct role *role = net->role;

	if (role->n_records == MSG_DHCP_RECORDS_MAX)
		flush_records(role);
	role->records[role->n_records++] = (struct msg_dhcp4_record){
		.net_id = net->id,
		.token = dhcp_link_token(link, a->token),
		.change = a->change,
		.binding = *a->binding,
		.expires_wall = role_dhcp_wall_seconds(a->binding->expires, now),
	};
}

static void add_frame(struct dhcp_net *net, const struct dhcp4_action *a)
{
	struct role *role = net->role;

	if (net->packet < 0)
		return;
	if (role->n_frames == ARRAY_LEN(role->frames))
		role_dhcp_flush(role);
	struct frame *f = &role->frames[role->n_frames];
	f->fd = net->packet;
	f->n = dhcp4_frame(f->bytes, sizeof(f->bytes), &net->bridge_mac, net->server, a);
	if (f->n)
		role->n_frames++;
}

/* Not for the network's own link: the controller has it sent, after the bindings. */
static void route(struct dhcp_net *net, const struct dhcp4_action *a)
{
	uint8_t body[MSG_DHCP4_ROUTE_MAX];
	struct wr w = wr_over(body, sizeof(body));
	const struct msg_dhcp4_route m = { .net_id = net->id,
					   .to_ip = a->to_ip,
					   .to_port = a->to_port,
					   .payload = a->payload,
					   .n = a->n };

	flush_records(net->role);
	msg_put_dhcp4_route(&w, &m);
	worker_send(net->role->w, MSG_DHCP4_ROUTE, body, wr_len(&w));
}

/* `link`: whose engine says so, NULL for the network's own. */
void role_dhcp_perform(struct dhcp_net *net, const struct dhcp_link *link,
		       const struct dhcp4_action *actions, size_t n, usec_t now)
{
	for (size_t i = 0; i < n; i++) {
		switch (actions[i].kind) {
		case DHCP4_SEND:
			if (actions[i].routed)
				route(net, &actions[i]);
			else
				add_frame(net, &actions[i]);
			break;
		case DHCP4_BINDING:
			add_record(net, link, &actions[i], now);
			if (actions[i].change <= DHCP4_RENAME && actions[i].binding->name[0])
				role_dhcp6_named(net->role->six, net->id, &actions[i].binding->mac,
						 actions[i].binding->name, now);
			break;
		}
	}
}

/* The loop's deadline only moves towards us here; tick() finds the true next one. */
void role_dhcp_wake_at(struct role *role, usec_t at)
{
	if (at >= role->deadline)
		return;
	role->deadline = at;
	worker_set_deadline(role->w, at);
}

usec_t role_dhcp_deadline(const struct dhcp_net *net)
{
	usec_t links = dhcp_links_deadline(&net->links);

	return MIN_OF(links, dhcp4_deadline(net->engine));
}

void role_dhcp_after(struct dhcp_net *net, usec_t now)
{
	if (!net->counters_moved) {
		net->counters_moved = true;
		if (net->role->counters_at == USEC_INFINITY)
			net->role->counters_at = now + COUNTERS_EVERY;
		role_dhcp_wake_at(net->role, net->role->counters_at);
	}
	role_dhcp_wake_at(net->role, role_dhcp_deadline(net));
}
