/* SPDX-License-Identifier: GPL-2.0-or-later */
/* zones.h — the zones of firewalld that our bridges are in. firewalld rejects what comes from an
 * interface that no zone speaks for, DHCP and DNS included, and an accept of ours can't undo that.
 *
 * A bridge is in the zone of <bridge zone='…'>, which firewalld must have; else, where firewalld
 * runs, in libvirt's: "libvirt-routed" in mode route, "libvirt" otherwise, "netd" where libvirt's
 * aren't installed; none in mode open. It is put there before it is made, and again whenever
 * firewalld has started or was reloaded. Talks to the system bus, and never waits for it. */
#ifndef NETD_ZONES_H
#define NETD_ZONES_H

#include "netd/controller/controller.h"

struct zones;

/* A bus that isn't there is looked for again later. NULL with a reason. */
struct zones *zones_new(struct controller *c, struct err *e) mustcheck;
void zones_free(struct zones *z);

/* e->code is 0 when the bridge is in its zone, or needs none. */
typedef void zones_done_fn(void *data, const struct err *e);

/* Put the bridge of `n` into the zone that n->live wants; `done` comes later, from the loop.
 * ERR_INTERNAL: that zone can't be had. One call at a time for each network. */
void zones_join(struct zones *z, struct net *n, zones_done_fn *done, void *data);
/* The network has stopped: take its bridge `bridge` out of all zones. Nobody waits. */
void zones_leave(struct zones *z, const struct net *n, const char *bridge);
/* Whether a zone can be asked for at all now; ERR_INTERNAL, in libvirt's words. */
int zones_check(struct zones *z, const struct network *def, struct err *e) mustcheck;

#endif
