/* SPDX-License-Identifier: GPL-2.0-or-later */
/* connect.h — the way to the daemon, and the steps that most verbs begin with. */
#ifndef NETCTL_CONNECT_H
#define NETCTL_CONNECT_H

#include "netctl/verb.h"
#include "rpc/client.h"

enum access { ACCESS_READ, ACCESS_WRITE };

/* Open the daemon's socket; a reader who isn't permitted there gets the read-only one. Returns 0,
 * or -1 when the failure has been printed. */
int ctl_connect(struct ctl *ctl, enum access access) mustcheck;

/* Connect and look the network up that `args` names. Returns 0, or -1 when the failure has been
 * printed (the reason is left in ctl->err). */
int ctl_network(struct ctl *ctl, const struct args *args, enum access access, struct rpc_net *ret)
    mustcheck;

/* RPC_AFFECT_* by --live, --config and --current. -1 and a message when they exclude each other. */
int ctl_affect(const struct ctl *ctl, const struct args *args, uint32_t *ret) mustcheck;
#define OPTS_AFFECT(what)                                                                          \
	{ "live", OPT_FLAG, what " running state" },                                               \
	    { "config", OPT_FLAG, what " persistent configuration" },                              \
	{                                                                                          \
		"current", OPT_FLAG, what " current state configuration"                           \
	}

/* The option of every verb that takes a network. */
#define OPT_NETWORK                                                                                \
	{                                                                                          \
		"network", OPT_WORD, "network name or uuid"                                        \
	}

#endif
