/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fdb.h — which station is behind which port of a bridge, as the bridge has learned it. */
#ifndef BRIDGE_FDB_H
#define BRIDGE_FDB_H

#include "base/addr.h"
#include "bridge/apply.h"

typedef void bridge_station_fn(void *data, uint32_t port, const struct mac *mac);
/* Call `fn` for each entry of bridge `ifindex`. Blocking. 0 or -errno. */
int bridge_stations(struct kernel_socket *ks, uint32_t ifindex, bridge_station_fn *fn, void *data)
    mustcheck;

#endif
