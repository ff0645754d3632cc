/* SPDX-License-Identifier: GPL-2.0-or-later */
/* door-needs.h — which permissions each procedure needs, and on what: libvirt's own for its
 * procedures, what comes closest for ours. */
#ifndef NETD_DOOR_NEEDS_H
#define NETD_DOOR_NEEDS_H

#include "netd/door/door-internal.h"

enum meant { /* how the arguments tell which network is meant */
	     MEANS_NONE,
	     MEANS_NET,  /* they begin with a reference */
	     MEANS_PORT, /* … and then comes a port's uuid */
	     MEANS_NAME, /* they begin with a name */
	     MEANS_UUID,
	     MEANS_ALL,      /* a list: of each one */
	     MEANS_DOCUMENT, /* known once it has been parsed: door_call_permit() */
};

#define PERMS_MAX 3
struct need {
	uint32_t program;
	int32_t procedure;
	enum meant meant;
	enum door_perm perms[PERMS_MAX]; /* PERM_COUNT: no more */
};

const struct need *door_need_of(const struct door_call *call);

#endif
