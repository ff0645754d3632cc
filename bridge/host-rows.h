/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host-rows.h — what the host has on one of its links: addresses, and routes of every table that
 * leave by it, each as the kernel tells it, with lifetimes, labels, metrics and all.
 *
 * They can be put on another link and taken from the first, which is how the host's own addresses
 * move to the bridge of an uplink and back; and be written to a file, to be put back after somebody
 * has removed the bridge. Left out is what the kernel makes and removes by itself: link-local
 * addresses of IPv6 and the routes that belong to addresses. Blocking. */
#ifndef BRIDGE_HOST_ROWS_H
#define BRIDGE_HOST_ROWS_H

#include "base/clock.h"
#include "bridge/apply.h"

#define HOST_ROWS_MAX 4096 /* of one link; a router with a full table moves it itself */

struct host_rows {
	uint8_t *bytes; /* netlink messages one after another: RTM_NEWADDR, RTM_NEWROUTE */
	size_t len, cap;
	size_t n;         /* how many */
	uint32_t ifindex; /* of the link they were read from */
	usec_t since;     /* CLOCK_BOOTTIME at reading: lifetimes count from there */
};
void host_rows_done(struct host_rows *h);

/* -E2BIG when there are more than HOST_ROWS_MAX. `ret` needs host_rows_done() after success. */
int host_rows_read(struct kernel_socket *ks, uint32_t ifindex, struct host_rows *ret, struct err *e)
    mustcheck;

struct host_place {
	uint32_t ifindex;
	char name[16];
};
/* Add all to the link `to`; what is there already is as good, what has expired is left out. What
 * cannot be added: with `lenient` a warning, else the first such row in `e`. */
int host_rows_put(struct kernel_socket *ks, const struct host_rows *h, const struct host_place *to,
		  bool lenient, struct err *e) mustcheck;
/* Delete all from the link that they were read from; what has gone already is as good. */
int host_rows_drop(struct kernel_socket *ks, const struct host_rows *h, struct err *e) mustcheck;

/* One line of hexadecimal digits for each row. NULL without memory. */
char *host_rows_text(const struct host_rows *h) mustcheck;
/* From such lines, read at `since` from `ifindex`. Lines that are none are passed over. Only
 * -ENOMEM fails. */
int host_rows_parse(const char *text, uint32_t ifindex, usec_t since, struct host_rows *ret)
    mustcheck;

#endif
