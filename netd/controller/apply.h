/* SPDX-License-Identifier: GPL-2.0-or-later */
/* apply.h — a whole definition, put in place whatever there was: net-apply and net-revert.
 *
 * A network of that name that isn't defined is defined. One that is gets this definition instead of
 * its own, on disk and, when it runs, in the running network without a break; what the definition
 * doesn't say about identity (uuid, MAC, bridge name) stays. Nothing is written when nothing
 * differs. What a running network can't take is kept for its next start. */
#ifndef NETD_APPLY_H
#define NETD_APPLY_H

#include "netd/controller/controller.h"

/* `json` is the reply of RPC_NETD_APPLY (rpc/protocol.h); NULL after a failure. Never called before
 * the function below has returned, except for a dry run. */
typedef void apply_done_fn(void *data, const char *json, const struct err *e);

/* `def` is taken over. `source` is the folder to remember it by, or NULL. `flags`: RPC_APPLY_*. */
void apply_definition(struct controller *c, struct network *def, const char *source, uint32_t flags,
		      apply_done_fn *done, void *data);

/* JSON: the names of the networks that were applied from `source`. NULL when out of memory. */
char *apply_list(const struct controller *c, const char *source) mustcheck;

#endif
