/* SPDX-License-Identifier: GPL-2.0-or-later */
/* conditions.h — what is wrong now, for people: a line with network, kind, object and since when,
 * and below it what it is and what to do. */
#ifndef NETCTL_CONDITIONS_H
#define NETCTL_CONDITIONS_H

#include <jansson.h>

/* `list`: the array of RPC_NETD_STATUS, or the like. "conditions: none" when it is empty. */
void conditions_print(const json_t *list);

#endif
