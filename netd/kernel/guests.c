/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/kernel/guests.h"

#include "bridge/port.h"
#include "netd/kernel/attached.h"
#include "netd/kernel/reconcile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

enum port_action { PORT_VETH, PORT_TAP, PORT_DELETE, PORT_DETACH };

struct port_job {
	struct job job;
	enum port_action action;
	struct door_call *call;
	struct kernel_socket *kernel;
	struct port_spec spec;
	struct tap_spec tap;
	char name[LINK_NAME_MAX], guest_name[LINK_NAME_MAX], bridge[LINK_NAME_MAX];
	uint32_t ifindex;
	int netns_fd;
	struct bridge_port port;
	struct err err;
};

static void port_run(struct job *j)
{
	struct port_job *p = container_of(j, struct port_job, job);
	int r = 0;

	switch (p->action) {
	case PORT_VETH:
		r = bridge_port_veth(p->kernel, &p->spec, p->guest_name, p->netns_fd, &p->port,
				     &p->err);
		break;
	case PORT_TAP:
		r = bridge_port_tap(p->kernel, &p->spec, &p->tap, &p->port, NULL, &p->err);
		break;
	case PORT_DELETE:
		r = bridge_port_delete(p->kernel, p->ifindex, p->name, &p->err);
		break;
	case PORT_DETACH:
		r = bridge_port_detach(p->kernel, p->ifindex, p->name, &p->err);
		break;
	}
	if (r == 0)
		err_clear(&p->err);
}

static void port_done(struct job *j)
{
	struct port_job *p = container_of(j, struct port_job, job);

	if (p->err.code)
		door_fail(p->call, &p->err);
	else if (p->action == PORT_VETH)
		door_reply_attached(p->call, p->port.name, &p->spec.mac, p->bridge);
	else if (p->action == PORT_TAP)
		door_reply_text(p->call, p->port.name);
	else
		door_reply_void(p->call);
	close_fd(&p->netns_fd);
	free(p);
}

/* A job for a running network that owns its bridge; NULL: the call has been failed. */
static struct port_job *port_job_new(struct controller *c, const struct net *n,
				     struct door_call *call, enum port_action action)
{
	if (n->state != NET_ACTIVE) {
		door_failf(call, ERR_OPERATION_INVALID,
			   "network '%s' is not active; start it first", n->name);
		return NULL;
	}
	if (!network_owns_bridge(n->live)) {
		door_failf(call, ERR_OPERATION_UNSUPPORTED,
			   "network '%s' has no bridge of netd's to attach to", n->name);
		return NULL;
	}
	struct port_job *p = calloc(1, sizeof(*p));
	if (!p) {
		door_failf(call, ERR_NO_MEMORY, "%s", "");
		return NULL;
	}
	p->job = (struct job){ .run = port_run, .done = port_done };
	p->action = action;
	p->call = call;
	p->kernel = reconcile_kernel_socket(c->reconcile);
	p->netns_fd = -1;
	p->spec = (struct port_spec){ .network = n->uuid,
				      .bridge = (uint32_t)n->ifindex,
				      .mtu = n->live->mtu,
				      .isolated = n->live->port_isolated == TRI_YES };
	copy_text(p->bridge, sizeof(p->bridge), n->live->bridge);
	return p;
}

/* False: the call has been failed and the job is gone. */
static bool take_name(struct port_job *p, char dst[static LINK_NAME_MAX], const char *name)
{
	if (link_name_valid(name))
		return copy_text(dst, LINK_NAME_MAX, name);
	door_failf(p->call, ERR_INVALID_ARG,
		   "'%.64s' is no interface name: 1 to 15 characters without '/', ':' or blanks",
		   name);
	free(p);
	return false;
}

void guests_attach(struct controller *c, struct net *n, struct door_call *call,
		   const char *interface, const struct mac *mac, int netns_fd)
{
	struct port_job *p = port_job_new(c, n, call, PORT_VETH);

	if (!p || !take_name(p, p->guest_name, interface))
		return;
	p->spec.mac = mac ? *mac : mac_random();
	p->netns_fd = fcntl(netns_fd, F_DUPFD_CLOEXEC, 0);
	if (p->netns_fd < 0) {
		door_failf(call, ERR_SYSTEM, "cannot keep the guest's namespace: %s",
			   strerror(errno));
		free(p);
		return;
	}
	jobs_push(c->kernel, &p->job);
}

void guests_create_tap(struct controller *c, struct net *n, struct door_call *call,
		       const char *name, uint32_t uid, uint32_t gid, uint32_t flags)
{
	struct port_job *p = port_job_new(c, n, call, PORT_TAP);

	if (!p || (name && !take_name(p, p->name, name)))
		return;
	p->spec.name = name ? p->name : NULL;
	p->spec.mac = mac_random();
	p->tap = (struct tap_spec){ .vnet_hdr = flags & RPC_TAP_VNET_HDR,
				    .multi_queue = flags & RPC_TAP_MULTI_QUEUE,
				    .has_owner = uid != UINT32_MAX,
				    .has_group = gid != UINT32_MAX,
				    .owner = uid,
				    .group = gid };
	jobs_push(c->kernel, &p->job);
}

void guests_remove_port(struct controller *c, struct net *n, struct door_call *call,
			const char *interface)
{
	const struct mirror_link *l = mirror_by_name(c->mirror, interface);

	if (!l || l->master != (uint32_t)n->ifindex || !n->ifindex) {
		door_failf(call, ERR_INVALID_ARG, "'%.64s' is no port of network '%s'", interface,
			   n->name);
		return;
	}
	/* Links that somebody else made are only taken out. */
	bool made_by_us = strncmp(l->row.alias, LINK_MARK_PORT, strlen(LINK_MARK_PORT)) == 0;
	struct port_job *p = port_job_new(c, n, call, made_by_us ? PORT_DELETE : PORT_DETACH);
	if (!p)
		return;
	attached_forget(c->attached, l->ifindex);
	p->ifindex = l->ifindex;
	copy_text(p->name, sizeof(p->name), interface);
	jobs_push(c->kernel, &p->job);
}
