/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xml-crowd.h — show a large tree piece by piece (xml-crowd.c). */
#ifndef NETWORK_XML_CROWD_H
#define NETWORK_XML_CROWD_H

#include "base/util.h"

#include <libxml/tree.h>

struct crowd;
struct crowds {
	struct crowd *crowd;
	size_t n, cap;
};

/* Take out of the tree at `node` what is too many beside each other. -ENOMEM or 0. The tree isn't
 * whole again afterwards: it can only be looked at and freed, and crowds_done() must come first. */
int crowds_hide(struct crowds *all, xmlNode *node) mustcheck;

/* Show the next piece of each crowd instead. 1, or 0 when all have been shown; -ENOMEM. */
int crowds_next(struct crowds *all) mustcheck;

void crowds_done(struct crowds *all);

#endif
