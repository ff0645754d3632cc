/* SPDX-License-Identifier: GPL-2.0-or-later */
/* devices.h — the links that netd makes for guests, by the kernel thread: taps, and veth pairs into
 * network namespaces.
 *
 * `done` is called from the loop, once; e->code is 0 on success. What could not be finished has
 * been removed again. */
#ifndef NETD_DEVICES_H
#define NETD_DEVICES_H

#include "bridge/port.h"
#include "netd/controller/controller.h"

struct device_spec {
	bool veth;                /* else a tap */
	char name[LINK_NAME_MAX]; /* of the host's end; "": the next free vnetN */
	struct mac mac;           /* the guest's */
	bool isolated;
	char guest_name[LINK_NAME_MAX]; /* veth: of the other end, in the namespace netns_fd */
	int netns_fd;                   /* taken over in any case; -1: none */
	struct port_settings settings;  /* on a bridge; copied */
	struct tap_spec tap;
	struct macvtap_spec macvtap; /* lower_name given: that is made; `lower` is found here */
};

/* The link that was made; the mirror has heard of it. */
typedef void device_made_fn(void *data, const struct bridge_port *made, const struct err *e);
typedef void device_done_fn(void *data, const struct err *e);

/* Whether links can be made for the network now: it runs, on a
 * bridge of netd's or of the host's, or on devices by macvtap.
 * ERR_OPERATION_INVALID, ERR_OPERATION_UNSUPPORTED. */
int devices_check(const struct controller *c, const struct net *n, struct err *e) mustcheck;
/* The network's taps are macvtaps on devices of the host; a namespace can't be their other end. */
bool devices_are_macvtaps(const struct network *def);

/* `n` passes devices_check(). */
void devices_make(struct controller *c, const struct net *n, const struct device_spec *spec,
		  device_made_fn *done, void *data);

/* Remove a link that netd made. It is not attached again. Also when it has gone: success. */
void devices_remove(struct controller *c, uint32_t ifindex, const char *name, device_done_fn *done,
		    void *data);

/* Take a link, whoever made it, out of its bridge; it is not attached again. */
void devices_detach(struct controller *c, uint32_t ifindex, const char *name, device_done_fn *done,
		    void *data);

/* The link has joined a bridge, another or again: give it its settings. Copied; failures are
 * logged. */
void devices_settle(struct controller *c, uint32_t ifindex, const char *name,
		    const struct port_settings *settings);

#endif
