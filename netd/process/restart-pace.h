/* SPDX-License-Identifier: GPL-2.0-or-later */
/* restart-pace.h — how soon a process that died is started again: at once, as long as it doesn't
 * die all the time.
 *
 * Each restart costs RESTART_COST of a credit that time fills again, so that somebody who kills a
 * process every second finds it back at once for ever, while one that can't live is started at most
 * twice a second. Pure. */
#ifndef NETD_RESTART_PACE_H
#define NETD_RESTART_PACE_H

#include "base/clock.h"

#define RESTART_COST   (500 * USEC_PER_MSEC)
#define RESTART_CREDIT (20 * RESTART_COST) /* so many restarts in a row come at once */
#define RESTART_FIRST                                                                              \
	(100 * USEC_PER_MSEC) /* the first wait without credit; each further one is twice as long  \
			       */
#define RESTART_MOST (5 * USEC_PER_SEC)

struct restart_pace {     /* zero: full credit */
	usec_t spent;     /* of the credit */
	usec_t last;      /* death */
	unsigned in_debt; /* restarts in a row that had to wait */
};

/* The process died at `now`: wait so long before the next start. */
usec_t restart_wait(struct restart_pace *p, usec_t now);

#endif
