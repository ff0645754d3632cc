/* SPDX-License-Identifier: GPL-2.0-or-later */
/* history.h — the last definitions of each network, to look at and to go back to.
 *
 *   LIB/history/NAME.d/N.xml     as it was defined, the newest has the highest number; numbers are
 * not used again LIB/undefined/NAME.d/        the same of a network that was undefined, until it is
 * defined again
 *
 * A comfort, not a duty: it is written without fsync, and where it can't be written a definition is
 * saved all the same. Definitions that equal the one before are not kept twice. */
#ifndef NETD_HISTORY_H
#define NETD_HISTORY_H

#include "netd/controller/controller.h"

#define HISTORY_MAX 20 /* definitions of one network */
#define HISTORY_UNDEFINED_MAX                                                                      \
	64 /* undefined networks; the one that went first is forgotten first */

/* ---- in the file thread ---- */

/* Keep `xml`, a definition of the network. */
void history_add(const struct paths *p, const char *name, const char *xml);
/* The network is undefined. */
void history_retire(const struct paths *p, const char *name);

/* ---- from the loop ---- */

/* Exactly one call, from the loop, never before the function has returned. */
typedef void history_done_fn(void *data, const char *text, const struct err *e);

/* A JSON object: network, definitions: [{number, time (seconds since 1970), octets}], oldest first.
 * ERR_NO_NETWORK when nothing is known of that name. */
void history_list(struct controller *c, const char *name, history_done_fn *done, void *data);
/* The XML of one. */
void history_get(struct controller *c, const char *name, uint32_t number, history_done_fn *done,
		 void *data);

#endif
