/* SPDX-License-Identifier: GPL-2.0-or-later */
/* port.h — the links that guests hang on: veth pairs, taps, and links that somebody else made.
 *
 * Ports that netd makes bear the alias `netd:port:<uuid of the network>` and have a host-side MAC
 * that begins with fe:, so that none is ever lower than the bridge's. Blocking; runs in the thread
 * that owns the kernel_socket. The ports of a bridge are listed by mirror_next_port(). */
#ifndef BRIDGE_PORT_H
#define BRIDGE_PORT_H

#include "bridge/apply.h"
#include "network/network.h"

struct bridge_port {
	uint32_t ifindex;
	char name[LINK_NAME_MAX];
};

/* What every port has. */
struct port_spec {
	struct uuid network;
	uint32_t bridge;  /* ifindex; no longer that network's: ERR_OPERATION_INVALID */
	const char *name; /* of the host's end; NULL: the next free vnetN */
	struct mac mac;   /* of the guest's end; the host's end has the same with first octet fe.
			     Zero: random */
	uint32_t mtu;     /* octets; 0: 1500 */
	bool isolated;    /* no frames between isolated ports of a bridge */
	bool foreign;     /* the bridge is somebody else's: it bears no mark of the network */
};

/* A veth pair; the other end, `guest_name`, is put into the network namespace `netns_fd` (up is the
 * guest's affair). One message. Names that exist: ERR_SYSTEM "…: File exists". */
int bridge_port_veth(struct kernel_socket *ks, const struct port_spec *spec, const char *guest_name,
		     int netns_fd, struct bridge_port *ret, struct err *e) mustcheck;

/* A macvtap on the device `lower`, with the guest's MAC address. spec->bridge and ->mtu don't
 * count: it has the MTU of the device. */
struct macvtap_spec {
	uint32_t lower;
	char lower_name[LINK_NAME_MAX]; /* for messages */
	enum forward_mode mode;         /* bridge, private, vepa, passthrough */
};
int bridge_port_macvtap(struct kernel_socket *ks, const struct port_spec *spec,
			const struct macvtap_spec *macvtap, struct bridge_port *ret, struct err *e)
    mustcheck;

struct tap_spec {
	bool vnet_hdr, multi_queue;
	bool has_owner, has_group;
	uid_t owner;
	gid_t group;
};
/* A persistent tap. *ret_fd (may be NULL) is the first queue, owned by the caller; without it the
 * tap waits for whoever opens it by name. */
int bridge_port_tap(struct kernel_socket *ks, const struct port_spec *spec,
		    const struct tap_spec *tap, struct bridge_port *ret, int *ret_fd, struct err *e)
    mustcheck;

/* What a port on a bridge is given beside that: its VLANs (the bridge must filter them), and with
 * macTableManager='libvirt' its MAC address, instead of learning who is there. */
struct port_settings {
	struct vlan vlan;     /* n_tags 0: none are set */
	struct mac fixed_mac; /* zero: the bridge learns */
};
static inline bool port_settings_are_empty(const struct port_settings *s)
{
	return !s->vlan.n_tags && mac_is_zero(&s->fixed_mac);
}
/* The settings are lost with the bridge: set them whenever the port joins one. */
int bridge_port_settle(struct kernel_socket *ks, const struct bridge_port *port,
		       const struct port_settings *s, struct err *e) mustcheck;

/* Make a link that exists a port of the bridge, set it up and set its isolation. Its MAC, MTU and
 * alias stay as they are. `name` is for messages only. */
int bridge_port_attach(struct kernel_socket *ks, uint32_t bridge, uint32_t ifindex,
		       const char *name, bool isolated, struct err *e) mustcheck;
/* Take it out of whatever bridge it is in. 0 also when it is gone or in none. */
int bridge_port_detach(struct kernel_socket *ks, uint32_t ifindex, const char *name, struct err *e)
    mustcheck;
/* Remove a port that netd made (its alias is read first; -EPERM, ERR_OPERATION_DENIED otherwise). 0
 * also when it is gone. */
int bridge_port_delete(struct kernel_socket *ks, uint32_t ifindex, const char *name, struct err *e)
    mustcheck;

#endif
