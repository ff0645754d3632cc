/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hooks.h — an administrator's scripts at the turns of a network's life, as libvirt calls them.
 *
 *   ETC/hooks/network, then ETC/hooks/network.d/… in alphabetical order: executable files that
 * belong to root and that nobody else can write called as: SCRIPT NETWORK OPERATION SUB-OPERATION -
 *   standard input: <hookData> with the definition, and for a port <networkport>
 *
 * With the setting libvirt_hooks = yes those in /etc/libvirt/hooks before them.
 *
 * No shell is involved, the environment is PATH, HOME and LC_ALL, the working folder is /. A script
 * that doesn't end within HOOK_LIMIT_SEC is killed with everything in its process group. It must
 * not call back into netd about the same network: that call would wait for the script, and the
 * script for it. Without scripts nothing is run and nothing waits. */
#ifndef NETD_HOOKS_H
#define NETD_HOOKS_H

#include "netd/controller/controller.h"
#include "network/port.h"

#define HOOK_LIMIT_SEC 30

enum hook {
	HOOK_START,        /* "start begin": before anything is made; a failure aborts the start */
	HOOK_STARTED,      /* "started begin": a failure stops the network again */
	HOOK_STOPPED,      /* "stopped end": a failure is only logged */
	HOOK_UPDATED,      /* "updated begin": the change stays, the call fails */
	HOOK_PORT_CREATED, /* "port-created begin": a failure takes the port away again */
	HOOK_PORT_DELETED, /* "port-deleted begin": a failure is only logged */
};

/* e->code is 0 when every script ended with status 0, else ERR_HOOK_FAILED with the script's own
 * words. Called before hooks_run() returns when there is no script. */
typedef void hook_done_fn(void *data, const struct err *e);

/* `def` is read before this returns. Calls about one network follow each other. */
void hooks_run(struct controller *c, const struct network *def, enum hook hook, hook_done_fn *done,
	       void *data);

/* For a port, whose description follows the definition, in two steps: what is to be said, and,
 * when the port may be gone already, saying it. *ret NULL: there is no script. */
struct hook_call;
int hooks_prepare_port(struct controller *c, const struct network *def,
		       const struct network_port *port, enum hook hook, struct hook_call **ret,
		       struct err *e) mustcheck;
/* It is not to be said after all; NULL is fine. */
void hooks_drop(struct hook_call *call);
/* The call is taken over; NULL: `done` is called at once. */
void hooks_go(struct hook_call *call, hook_done_fn *done, void *data);

#endif
