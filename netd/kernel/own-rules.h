/* SPDX-License-Identifier: GPL-2.0-or-later */
/* own-rules.h — the administrator's own firewall rules of each network (firewall/own.h), which are
 * /etc/netd/rules/NAME. They belong to the name: they are there before the network is defined, and
 * stay when it is undefined.
 *
 * Only from the loop thread. */
#ifndef NETD_OWN_RULES_H
#define NETD_OWN_RULES_H

#include "netd/controller/controller.h"
#include "netd/door/door.h"

struct own_rules;
struct fw_own;

/* Reads the folder. NULL without memory. */
struct own_rules *own_rules_new(struct controller *c, struct err *e) mustcheck;
void own_rules_free(struct own_rules *o);

/* Read the folder again. A file with a mistake raises a condition; the rules that were known under
 * its name stay. */
void own_rules_load(struct own_rules *o);

/* Those of a network; NULL: none. Valid until the next call of another function here. */
const struct fw_own *own_rules_of(const struct own_rules *o, const char *network);

/* Replies the text of the network's rules, empty when there are none. */
void own_rules_get(struct own_rules *o, const struct net *n, struct door_call *call);
/* Check, keep durably, and bring the running network in line; the reply comes when the kernel has
 * the rules. An empty text removes them. `text` is copied. */
void own_rules_set(struct own_rules *o, const struct net *n, const char *text,
		   struct door_call *call);

#endif
