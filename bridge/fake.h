/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fake.h — a kernel of plain values, for tests of planning and of the controller without root.
 *
 * It refuses what Linux refuses (names that exist, routes without a way to their gateway, sysctls
 * of links that aren't there) and forgets what Linux forgets (routes and IPv6 addresses of a link
 * set down, secondary addresses of a primary). mirror_open_fake() and kernel_socket_open_fake()
 * give the two ends that the rest of netd knows. */
#ifndef BRIDGE_FAKE_H
#define BRIDGE_FAKE_H

#include "bridge/apply.h"

struct fake_kernel;

struct fake_kernel *fake_kernel_new(void); /* NULL without memory */
void fake_kernel_free(struct fake_kernel *k);

/* The mirror's fd is an eventfd; mirror_read() takes the fake's state over. `k` outlives both. */
int mirror_open_fake(struct mirror **ret, struct fake_kernel *k, struct err *e) mustcheck;
int kernel_socket_open_fake(struct kernel_socket **ret, struct fake_kernel *k, struct err *e)
    mustcheck;

/* The world changes behind netd's back. Returns the ifindex, 0 when out of memory or the name
 * exists. */
uint32_t fake_add_link(struct fake_kernel *k, const struct link_row *row, enum link_kind kind,
		       bool up);
void fake_delete_link(struct fake_kernel *k, uint32_t ifindex);
int fake_add_addr(struct fake_kernel *k, uint32_t ifindex, const struct addr_row *a) mustcheck;
int fake_delete_addr(struct fake_kernel *k, uint32_t ifindex, const struct addr_row *a) mustcheck;
int fake_add_route(struct fake_kernel *k, uint32_t ifindex, const struct route_row *r) mustcheck;
int fake_set_sysctl(struct fake_kernel *k, const struct sysctl_row *s) mustcheck;
int fake_set_master(struct fake_kernel *k, uint32_t ifindex, uint32_t master) mustcheck;
int fake_set_port_state(struct fake_kernel *k, uint32_t ifindex, enum port_state state) mustcheck;
int fake_set_up(struct fake_kernel *k, uint32_t ifindex, bool up) mustcheck;

/* The `countdown`-th step from now (0: the next) fails with `errnum`, once. */
void fake_fail_step(struct fake_kernel *k, size_t countdown, int errnum);
/* How many steps have been applied. */
size_t fake_steps(const struct fake_kernel *k);

#endif
