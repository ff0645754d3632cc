/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stations.h — finds the link of a port object whose link doesn't bear its MAC address: a
 * container's veth has another one on the host's side. The bridge knows behind which of its ports a
 * station is once that has sent something, so it is asked from time to time as long as such a port
 * waits. */
#ifndef NETD_STATIONS_H
#define NETD_STATIONS_H

#include "netd/controller/controller.h"

struct stations;
struct stations *stations_new(struct controller *c, struct err *e) mustcheck;
void stations_free(struct stations *s); /* NULL is fine */
/* A port with a bandwidth was made or changed, or a link has come to its network. */
void stations_look(struct stations *s);

#endif
