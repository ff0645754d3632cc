/* SPDX-License-Identifier: GPL-2.0-or-later */
/* port.h — a port: one guest's interface on a network, as libvirt's <networkport> describes it.
 *
 * A VM manager creates it with who it is for and what it wishes; network_port_inherit() adds what
 * the network and the portgroup say. The *plug* is what the guest is to be connected to. */
#ifndef NETWORK_PORT_H
#define NETWORK_PORT_H

#include "network/xml.h"

enum plug_type {
	PLUG_NONE,
	PLUG_NETWORK, /* a bridge that netd made */
	PLUG_BRIDGE,  /* somebody else's bridge */
	PLUG_DIRECT,  /* macvtap on a device */
	PLUG_HOSTDEV_PCI,
};

struct plug {
	enum plug_type type;
	char *bridge;               /* PLUG_NETWORK, PLUG_BRIDGE */
	unsigned mac_table_manager; /* MAC_TABLE_*, as in struct network */
	char *dev;                  /* PLUG_DIRECT */
	enum forward_mode mode;     /* PLUG_DIRECT: bridge, private, vepa, passthrough */
	enum tristate managed;      /* PLUG_HOSTDEV_PCI, with driver and pci */
	char *driver_name, *driver_model;
	struct pci_address pci;
};

/* The interface on the host that belongs to a port, where netd has made it (netctl port-add): it
 * comes and goes with the port. In the XML <netd:device>, which only netd's own files may have. */
enum port_device {
	PORT_DEVICE_NONE,
	PORT_DEVICE_TAP,
	PORT_DEVICE_VETH, /* the other end is in a guest's network namespace */
};

struct network_port {
	struct uuid uuid;
	bool has_uuid;
	char *owner_name; /* the domain's */
	struct uuid owner_uuid;
	bool has_owner_uuid;
	char *group; /* portgroup, or NULL */
	struct mac mac;
	bool has_mac;
	struct virtualport virtualport;
	struct bandwidth bandwidth; /* inbound may have a floor */
	uint32_t class_id;          /* of the floor's traffic class; 0: none */
	struct vlan vlan;
	enum tristate isolated, trust_guest_rx_filters;
	struct plug plug;
	enum port_device device;
	char *device_name; /* as it was when the port was written; NULL: it has none yet */
};

void network_port_free(struct network_port *p); /* NULL is fine */

/* Parse <networkport>. Missing uuid, owner or mac: ERR_INTERNAL, as libvirt. *ret is the caller's.
 */
int network_port_parse(const char *xml, size_t n, unsigned flags, struct network_port **ret,
		       struct network_warnings *warnings, struct err *e) mustcheck;

/* As libvirt prints it. NULL when out of memory. */
char *network_port_format(const struct network_port *p) mustcheck;

/* The portgroup of that name, the default one for NULL; NULL: there is none. */
const struct portgroup *network_portgroup(const struct network *n, const char *name);

/* Fill in what the network and its portgroup (the named or the default one) give a port that
 * doesn't say otherwise: virtualport, bandwidth, VLAN, isolation, trust. Not the plug. */
int network_port_inherit(struct network_port *p, const struct network *n, struct err *e) mustcheck;

/* Whether the port's <virtualport>, after network_port_inherit(), is one that interfaces on this
 * network can have, and whole; its UUID at the switch is chosen where it has none.
 * ERR_CONFIG_UNSUPPORTED; ERR_XML for what is missing. */
int network_port_settle_virtualport(struct network_port *p, const struct network *n, struct err *e)
    mustcheck;

/* Whether there is a bandwidth of the network's for the port's floor. ERR_OPERATION_UNSUPPORTED. */
int network_port_check_floor(const struct network_port *p, const struct network *n, struct err *e)
    mustcheck;

#endif
