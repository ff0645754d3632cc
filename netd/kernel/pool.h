/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pool.h — whether this host has the devices that a definition names. */
#ifndef NETD_POOL_H
#define NETD_POOL_H

#include "base/err.h"
#include "bridge/mirror.h"
#include "network/network.h"

/* Asked when a network is to be started. What libvirt doesn't start without is refused, in its
 * class: a physical function with virtual ones, and PCI addresses of such. Devices and bridges that
 * may still appear are warned of in the log, by name. */
int pool_check(const struct mirror *m, const struct network *def, struct err *e) mustcheck;

#endif
