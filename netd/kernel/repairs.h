/* SPDX-License-Identifier: GPL-2.0-or-later */
/* repairs.h — how often others have undone netd's work, and who: somebody who does so again and
 * again is named (condition repair-loop) and repaired only twice a second, so that two programs
 * that disagree don't keep the host busy. The condition goes when it has been quiet for a minute.
 *
 * What is counted is a network, or as net_id 0 the whole table of rules. */
#ifndef NETD_REPAIRS_H
#define NETD_REPAIRS_H

#include "netd/controller/controller.h"

#define REPAIRS_MAX         30 /* within REPAIRS_WINDOW_USEC; one more is a loop */
#define REPAIRS_WINDOW_USEC (60 * USEC_PER_SEC)
#define REPAIRS_HOLD_USEC   (500 * USEC_PER_MSEC)

struct repairs;
/* `look` is called for what was held back. */
struct repairs *repairs_new(struct controller *c, void (*look)(void *data, uint32_t net_id),
			    void *data, struct err *e) mustcheck;
void repairs_free(struct repairs *rs); /* NULL is fine */

/* Who has changed it last: "ip (pid 12)", or "" when that isn't known. */
void repairs_note(struct repairs *rs, uint32_t net_id, const char *who);
/* The same by the sender of a rtnetlink message, which most programs send with their pid. */
void repairs_note_sender(struct repairs *rs, uint32_t net_id, uint32_t sender);
/* One more, of this network or (NULL) of the rules. */
void repairs_count(struct repairs *rs, const struct net *n);
/* False: not yet; `look` will be called. */
bool repairs_may(struct repairs *rs, uint32_t net_id);
/* The network has stopped. */
void repairs_forget(struct repairs *rs, uint32_t net_id);

#endif
