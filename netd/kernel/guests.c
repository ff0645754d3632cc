/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/kernel/guests.h"

#include "netd/kernel/devices.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

struct guest_attach {
	struct door_call *call;
	struct mac mac;
	char bridge[LINK_NAME_MAX];
};

static void attached(void *data, const struct bridge_port *made, const struct err *e)
{
	struct guest_attach *a = data;

	if (e->code)
		door_fail(a->call, e);
	else
		door_reply_attached(a->call, made->name, &a->mac, a->bridge);
	free(a);
}

void guests_attach(struct controller *c, struct net *n, struct door_call *call,
		   const char *interface, const struct mac *mac, int netns_fd)
{
	struct device_spec spec = { .veth = true, .netns_fd = -1 };
	struct guest_attach *a;
	struct err e = { 0 };

	if (devices_check(c, n, &e) < 0) {
		door_fail(call, &e);
		return;
	}
	if (devices_are_macvtaps(n->live)) {
		door_failf(call, ERR_OPERATION_UNSUPPORTED,
			   "network '%s' connects guests by macvtap: it has taps, and nothing to "
			   "put into a namespace",
			   n->name);
		return;
	}
	if (!link_name_valid(interface)) {
		door_failf(call, ERR_INVALID_ARG,
			   "'%.64s' is no interface name: 1 to 15 characters without '/', ':' or "
			   "blanks",
			   interface);
		return;
	}
	copy_text(spec.guest_name, sizeof(spec.guest_name), interface);
	spec.mac = mac ? *mac : mac_random();
	spec.isolated = n->live->port_isolated == TRI_YES;
	spec.netns_fd = fcntl(netns_fd, F_DUPFD_CLOEXEC, 0);
	a = spec.netns_fd < 0 ? NULL : calloc(1, sizeof(*a));
	if (!a) {
		door_failf(call, ERR_SYSTEM, "cannot keep the guest's namespace: %s",
			   strerror(errno));
		close_fd(&spec.netns_fd);
		return;
	}
	*a = (struct guest_attach){ .call = call, .mac = spec.mac };
	copy_text(a->bridge, sizeof(a->bridge), n->live->bridge);
	devices_make(c, n, &spec, attached, a);
}
