/* SPDX-License-Identifier: GPL-2.0-or-later */
/* role-dhcp-control.c — the networks that the dhcp worker serves, as the controller says them
 * (role-dhcp-parts.h). */
#include "netd/worker/role-dhcp-parts.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#define NETWORKS_MAX 16384

/* ---- networks ---- */

struct dhcp_net *role_dhcp_find(const struct role *role, uint32_t id)
{
	struct table_node *n = table_find(&role->networks, &id, sizeof(id));

	return n ? container_of(n, struct dhcp_net, by_id) : NULL;
}

struct dhcp4 *role_dhcp_engine4(const struct role *role, uint32_t net_id)
{
	struct dhcp_net *net = role_dhcp_find(role, net_id);

	return net ? net->engine : NULL;
}

static bool taken_in_v4(const struct dhcp_net *net, const struct mac *mac, const char *name)
{
	return dhcp4_name_taken(net->engine, mac, name) ||
	       dhcp_links_name_taken(&net->links, mac, name);
}

bool role_dhcp_name_taken(const struct role *role, uint32_t net_id, const struct mac *mac,
			  const char *name)
{
	const struct dhcp_net *net = role_dhcp_find(role, net_id);

	return net && taken_in_v4(net, mac, name);
}

/* By another machine, on any link. */
static bool taken_elsewhere(void *data, const struct mac *mac, const char *name)
{
	const struct dhcp_net *net = data;

	if (taken_in_v4(net, mac, name) ||
	    role_dhcp6_name_taken(net->role->six, net->id, mac, name))
		return true;
	/* Who has had the name before the other one's VM manager spoke of it keeps it. */
	return strcmp(dhcp4_name_of(net->engine, mac), name) != 0 &&
	       role_dhcp_is_others_name(net->role, net->id, mac, name);
}

/* ---- what VM managers call their guests ---- */

const char *role_dhcp_guest_name(const struct role *role, uint32_t net_id, const struct mac *mac)
{
	return dhcp_guests_name(&role->guests, net_id, mac);
}

bool role_dhcp_is_others_name(const struct role *role, uint32_t net_id, const struct mac *mac,
			      const char *name)
{
	return dhcp_guests_is_others(&role->guests, net_id, mac, name);
}

void role_dhcp_forget_guests(struct role *role, uint32_t net_id)
{
	dhcp_guests_forget(&role->guests, net_id);
}

static const char *known_name(void *data, const struct mac *mac)
{
	const struct dhcp_net *net = data;

	return role_dhcp_guest_name(net->role, net->id, mac);
}

static bool on_names(struct role *role, const struct channel_message *m)
{
	struct msg_dhcp_name rows[MSG_DHCP_NAMES_MAX];
	uint32_t id;
	int n = m->n_fds ? -EPROTO : msg_get_dhcp_names(m->body, m->n, &id, rows);

	for (int i = 0; i < n; i++)
		if (dhcp_guests_set(&role->guests, id, &rows[i].mac, rows[i].name) < 0)
			log_warning("network %u: no room for another guest's name", id);
	return n > 0;
}

static void close_sockets(struct dhcp_net *net)
{
	if (net->udp >= 0)
		worker_unwatch(net->role->w, net->udp);
	close_fd(&net->udp);
	close_fd(&net->packet);
}

static void network_free(struct dhcp_net *net)
{
	close_sockets(net);
	dhcp4_config_done(&net->config);
	dhcp4_free(net->engine);
	dhcp_links_done(&net->links);
	free(net);
}

static struct dhcp_net *network_new(struct role *role, uint32_t id)
{
	if (role->networks.count >= NETWORKS_MAX)
		return NULL;
	struct dhcp_net *net = calloc(1, sizeof(*net));
	if (!net)
		return NULL;
	*net = (struct dhcp_net){ .role = role,
				  .id = id,
				  .udp = -1,
				  .packet = -1,
				  .pool_empty = { .burst = 1, .per_sec = 60 },
				  .crowded = { .burst = 1, .per_sec = 60 } };
	net->engine = dhcp4_new();
	if (!net->engine ||
	    table_add(&role->networks, &net->by_id, &net->id, sizeof(net->id)) < 0) {
		network_free(net);
		return NULL;
	}
	dhcp4_set_name_check(net->engine, taken_elsewhere, net);
	dhcp4_set_known_names(net->engine, known_name, net);
	return net;
}

/* ---- what the controller says: false when it isn't one of ours ---- */

/* Use net->config; false without memory. */
static bool configure(struct dhcp_net *net, usec_t now)
{
	struct err e = { 0 };
	int r = dhcp4_configure(net->engine, &net->config, now, &e);

	if (r == 0) {
		net->server = net->config.server;
		net->bridge_mac = net->config.bridge_mac;
		role_dhcp_after(net, now);
	} else {
		log_err("network %u: %s", net->id, e.msg);
	}
	return r != -ENOMEM;
}

/* Its clients aren't served any more, and another link may have its addresses now. */
static void end_links(struct dhcp_net *net, usec_t now)
{
	struct dhcp4_action actions[DHCP4_ACTIONS_MAX];
	struct dhcp_link *link;
	size_t n;

	while ((link = dhcp_links_gone(&net->links))) {
		while ((n = dhcp4_release_all(link->engine, now, actions, ARRAY_LEN(actions))))
			role_dhcp_perform(net, link, actions, n, now);
		dhcp_links_drop(&net->links, link);
	}
	role_dhcp_flush(net->role);
}

static bool configure_link(struct dhcp_net *net, const struct dhcp4_config *c, usec_t now)
{
	struct dhcp_link *link = dhcp_links_take(&net->links, c);
	struct err e = { 0 };

	if (!link)
		return false;
	dhcp4_set_name_check(link->engine, taken_elsewhere, net);
	int r = dhcp4_configure(link->engine, c, now, &e);
	if (r < 0)
		log_err("network %u: %s", net->id, e.msg);
	end_links(net, now);
	role_dhcp_after(net, now);
	return r != -ENOMEM;
}

static bool on_config(struct role *role, const struct channel_message *m, usec_t now)
{
	struct dhcp4_config c;
	uint32_t id;

	if (m->n_fds || msg_get_dhcp4_config(m->body, m->n, &id, &c) < 0)
		return false;
	struct dhcp_net *net = role_dhcp_find(role, id);
	if (c.relay) {
		bool ok = net && configure_link(net, &c, now);
		dhcp4_config_done(&c);
		return ok;
	}
	if (!net)
		net = network_new(role, id);
	if (!net) {
		dhcp4_config_done(&c);
		return false;
	}
	dhcp4_config_done(&net->config);
	net->config = c;
	dhcp_links_begin(&net->links, c.links);
	end_links(net, now);
	return configure(net, now);
}

/* Put `m->hosts` in the place of those that they replace. */
static int splice_hosts(struct dhcp4_config *c, const struct msg_dhcp4_hosts *m)
{
	size_t n = c->n_hosts - m->n_before + m->n_hosts, behind = m->first + m->n_before;
	struct dhcp4_host *hosts = calloc(n ? n : 1, sizeof(*hosts));

	if (!hosts)
		return -ENOMEM;
	memcpy(hosts, c->hosts, m->first * sizeof(*hosts));
	memcpy(hosts + m->first, m->hosts, m->n_hosts * sizeof(*hosts));
	memcpy(hosts + m->first + m->n_hosts, c->hosts + behind,
	       (c->n_hosts - behind) * sizeof(*hosts));
	free(c->hosts);
	c->hosts = hosts;
	c->n_hosts = n;
	return 0;
}

static bool on_hosts(struct role *role, const struct channel_message *m, usec_t now)
{
	struct msg_dhcp4_hosts change;

	if (m->n_fds || msg_get_dhcp4_hosts(m->body, m->n, &change) < 0)
		return false;
	struct dhcp_net *net = role_dhcp_find(role, change.net_id);
	bool ok =
	    net && change.of == net->config.n_hosts && splice_hosts(&net->config, &change) == 0;
	free(change.hosts);
	return ok && configure(net, now);
}

static bool on_sockets(struct role *role, struct channel_message *m)
{
	uint32_t id;

	if (m->n_fds != 2 || msg_get_net_id(m->body, m->n, &id) < 0)
		return false;
	struct dhcp_net *net = role_dhcp_find(role, id);
	if (!net)
		return false;
	close_sockets(net);
	net->udp = take_fd(&m->fds[0]);
	net->packet = take_fd(&m->fds[1]);
	m->n_fds = 0;
	net->socket_errors = 0;
	return worker_watch(role->w, net->udp, EPOLLIN, role_dhcp_readable, net) == 0;
}

/* Both sides must agree on who has what: a binding that the engine can't take is given up (after a
 * change of the network's subnet, for instance). */
static void give_up(struct dhcp_net *net, const struct dhcp4_binding *b, int failed, usec_t now)
{
	const struct dhcp4_action a = { .kind = DHCP4_BINDING,
					.change = DHCP4_RELEASE,
					.binding = b };
	char ip[IP_TEXT_MAX];

	if (failed == -EEXIST) /* told twice */
		return;
	log_debug("network %u: the stored binding of %s is given up: %s", net->id,
		  ip4_format(b->ip, ip), strerror(-failed));
	role_dhcp_perform(net, NULL, &a, 1, now);
}

static bool on_restore(struct role *role, const struct channel_message *m, usec_t now)
{
	int n = m->n_fds ? -EPROTO : msg_get_dhcp4_records(m->body, m->n, role->restored);

	for (int i = 0; i < n; i++) {
		const struct dhcp4_binding *b = &role->restored[i].binding;
		struct dhcp_net *net = role_dhcp_find(role, role->restored[i].net_id);
		if (!net)
			return false;
		const struct dhcp_link *link = dhcp_links_at(&net->links, b->ip);
		struct dhcp4 *engine = link ? link->engine : net->engine;
		if (role->restored[i].change == DHCP4_DECLINE) {
			dhcp4_restore_declined(
			    engine, b,
			    role_dhcp_seconds_left(role->restored[i].expires_wall, b->lease_sec),
			    now);
			role_dhcp_after(net, now);
			continue;
		}
		int r = dhcp4_restore(engine, b, now);
		if (r == -ENOMEM)
			return false;
		if (r < 0)
			give_up(net, b, r, now);
		role_dhcp_after(net, now);
	}
	role_dhcp_flush(role);
	return n > 0;
}

static bool on_committed(struct role *role, const struct channel_message *m, usec_t now)
{
	struct msg_dhcp4_verdict verdicts[MSG_DHCP_RECORDS_MAX];
	struct dhcp4_action action;
	int n = m->n_fds ? -EPROTO : msg_get_dhcp4_verdicts(m->body, m->n, verdicts);

	for (int i = 0; i < n; i++) {
		struct dhcp_net *net = role_dhcp_find(role, verdicts[i].net_id);
		if (!net) /* removed since */
			continue;
		uint64_t token = verdicts[i].token;
		struct dhcp_link *link;
		if (!dhcp_links_token(&net->links, &token, &link))
			continue;
		size_t done = dhcp4_committed(link ? link->engine : net->engine, token,
					      verdicts[i].verdict, now, &action, 1);
		role_dhcp_perform(net, link, &action, done, now);
		role_dhcp_after(net, now);
	}
	role_dhcp_flush(role);
	return n > 0;
}

static bool on_remove(struct role *role, const struct channel_message *m)
{
	uint32_t id;

	if (m->n_fds || msg_get_net_id(m->body, m->n, &id) < 0)
		return false;
	struct dhcp_net *net = role_dhcp_find(role, id);
	if (net) {
		table_remove(&role->networks, &net->by_id);
		network_free(net);
	}
	role_dhcp_forget_guests(role, id);
	return true;
}

static bool on_free(struct role *role, const struct channel_message *m, usec_t now)
{
	struct dhcp4_action action;
	uint32_t id, ip;

	if (m->n_fds || msg_get_dhcp4_free(m->body, m->n, &id, &ip) < 0)
		return false;
	struct dhcp_net *net = role_dhcp_find(role, id);
	if (net) {
		const struct dhcp_link *link = dhcp_links_at(&net->links, ip);
		struct dhcp4 *engine = link ? link->engine : net->engine;
		role_dhcp_perform(net, link, &action, dhcp4_release(engine, ip, now, &action, 1),
				  now);
		role_dhcp_flush(role);
		role_dhcp_after(net, now);
	}
	return true;
}

static bool on_port_gone(struct role *role, const struct channel_message *m, usec_t now)
{
	uint32_t id, port;

	if (m->n_fds || msg_get_dhcp_port(m->body, m->n, &id, &port) < 0)
		return false;
	struct dhcp_net *net = role_dhcp_find(role, id);
	if (net) {
		dhcp4_port_gone(net->engine, port, now);
		role_dhcp_after(net, now);
	}
	role_dhcp6_port_gone(role->six, id, port, now);
	return true;
}

bool role_dhcp_obey(struct role *role, struct channel_message *m, usec_t now)
{
	switch (m->type) {
	case MSG_DHCP4_CONFIG:
		return on_config(role, m, now);
	case MSG_DHCP4_HOSTS:
		return on_hosts(role, m, now);
	case MSG_DHCP4_SOCKETS:
		return on_sockets(role, m);
	case MSG_DHCP4_RESTORE:
		return on_restore(role, m, now);
	case MSG_DHCP4_COMMITTED:
		return on_committed(role, m, now);
	case MSG_DHCP4_REMOVE:
		return on_remove(role, m);
	case MSG_DHCP4_FREE:
		return on_free(role, m, now);
	case MSG_DHCP_NAMES:
		return on_names(role, m);
	case MSG_DHCP_PORT_GONE:
		return on_port_gone(role, m, now);
	default:
		return role_dhcp6_message(role->six, m, now);
	}
}
