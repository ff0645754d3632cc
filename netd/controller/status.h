/* SPDX-License-Identifier: GPL-2.0-or-later */
/* status.h — the daemon about itself: one JSON object, {"version", "root", "networks": [...],
 * "processes": [...]}. Memory is resident size in kB as the kernel tells it. */
#ifndef NETD_STATUS_H
#define NETD_STATUS_H

#include "netd/controller/controller.h"

/* A new string; NULL when out of memory. */
char *status_json(struct controller *c) mustcheck;

#endif
