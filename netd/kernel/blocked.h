/* SPDX-License-Identifier: GPL-2.0-or-later */
/* blocked.h — whether other people's firewall rules drop what guests of running networks send, get
 * or ask the host for: Docker's FORWARD policy, ufw, firewalld. Looked at when a network starts and
 * soon after anybody changes rules; raised as conditions rules-blocked and service-blocked, whose
 * object is the chain: "ip filter FORWARD". Others' chains are changed only where the administrator
 * wants it (foreign_accept = yes): then accepts for the bridge are kept in them. */
#ifndef NETD_BLOCKED_H
#define NETD_BLOCKED_H

#include "netd/controller/controller.h"

struct blocked;
struct blocked *blocked_new(struct controller *c, struct err *e) mustcheck;
void blocked_free(struct blocked *b); /* NULL is fine */
/* Look soon; many calls make one look. */
void blocked_look_soon(struct blocked *b);

#endif
