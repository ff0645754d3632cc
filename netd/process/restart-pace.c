/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/process/restart-pace.h"

#include "base/util.h"

usec_t restart_wait(struct restart_pace *p, usec_t now)
{
	usec_t passed = p->last ? now - p->last : RESTART_CREDIT;

	p->spent -= MIN_OF(p->spent, passed);
	p->last = now;
	p->spent +=
	    RESTART_COST; /* a start after a wait costs as much: the rate holds over any time */
	if (p->spent <= RESTART_CREDIT) {
		p->in_debt = 0;
		return 0;
	}
	usec_t wait = RESTART_FIRST << MIN_OF(p->in_debt, 10u);
	p->in_debt++;
	return MIN_OF(wait, RESTART_MOST);
}
