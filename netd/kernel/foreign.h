/* SPDX-License-Identifier: GPL-2.0-or-later */
/* foreign.h — networks in mode bridge on a bridge of somebody else's: the bridge is left alone, but
 * the ports that netd made hang on it, again after somebody took one out, and after the bridge was
 * removed and made anew. */
#ifndef NETD_FOREIGN_H
#define NETD_FOREIGN_H

#include "netd/controller/controller.h"

struct foreign;

struct foreign *foreign_new(struct controller *c, struct err *e) mustcheck;
void foreign_free(struct foreign *f);

/* Whatever the mirror tells. */
void foreign_heard(struct foreign *f, const struct mirror_change *change);

/* The bridge that ports of the running network hang on, whosever it is, or NULL: there is none, or
 * not now. */
const struct mirror_link *foreign_bridge(const struct controller *c, const struct net *n);

#endif
