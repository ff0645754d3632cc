/* SPDX-License-Identifier: GPL-2.0-or-later */
/* backend-controller.h — the controller as the door's backend (netd/door/backend.h). */
#ifndef NETD_BACKEND_CONTROLLER_H
#define NETD_BACKEND_CONTROLLER_H

#include "netd/door/backend.h"

struct controller;

void backend_init(struct door_backend *b, struct controller *c);

#endif
