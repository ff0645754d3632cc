/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/restart-pace.h"

#include "base/util.h"

usec_t restart_wait(struct restart_pace *p, usec_t now)
{
	usec_t passed = p->last ? now - p->last : RESTART_CREDIT;

	p->spent -= MIN_OF(p->spent, passed);
	p->last = now;
	if (p->spent + RESTART_COST <= RESTART_CREDIT) {
		p->spent += RESTART_COST;
		p->in_debt = 0;
		return 0;
	}
	return MIN_OF(RESTART_FIRST << MIN_OF(p->in_debt++, 10u), RESTART_MOST);
}
