/* SPDX-License-Identifier: GPL-2.0-or-later */
/* config.h — the daemon's own settings: /etc/netd/netd.conf, lines of `key = value`. Pure, but for
 * config_load(). netd.8 describes each key.
 *
 * Read when the controller starts and at a reload. A file that isn't there leaves all settings at
 * their defaults; one with a mistake is refused as a whole, so that nothing is half applied. */
#ifndef NETD_CONFIG_H
#define NETD_CONFIG_H

#include "netd/door/policy.h"

#define CONFIG_MAX 65536 /* octets of the file */

struct netd_config {
	bool table_owner;      /* table_owner = yes: nobody else can change the table of rules */
	bool libvirt_isolated; /* isolated = libvirt: isolated guests may send to routed networks */
	bool refuse_unstored;  /* lease_store_failure = refuse: no address that can't be stored */
	bool libvirt_lease_files; /* libvirt_lease_files = yes: what libnss-libvirt reads */
	bool dns_redirect;        /* dns_listen = redirect: port 53 is left to others */
	bool libvirt_hooks;       /* libvirt_hooks = yes: call the scripts of libvirt, too */
	bool foreign_accept;      /* foreign_accept = yes: accepts of ours in others' chains */
	bool host_rules; /* host_rules = yes: count what guests and host say to each other */
	unsigned perms_rw, perms_ro; /* of the sockets' files; 0: as the other settings want it */
	struct door_policy door;     /* auth_unix_rw, access, allow, max_clients … */
};

void config_defaults(struct netd_config *c);

/* `path` is for messages. 0, or -EINVAL with a message that names the line; *ret is untouched
 * then. */
int config_parse(const char *text, const char *path, struct netd_config *ret, struct err *e)
    mustcheck;

/* Read the file; *ret is untouched on failure. */
int config_load(const char *path, struct netd_config *ret, struct err *e) mustcheck;

#endif
