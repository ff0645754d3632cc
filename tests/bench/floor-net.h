/* SPDX-License-Identifier: GPL-2.0-or-later */
/* floor-net.h — what the kernel alone costs for one network: the same bridge, sysctls, address,
 * rules and sockets that netd makes, in as few messages as the kernel allows, by straight-line code
 * that knows neither bridge/ nor firewall/. One process, one thread, nothing remembered.
 *
 * Works in the network namespace that the process is in when floor_open() is called. Every failure
 * ends the process with a message: a floor that is missing something would be a lie. */
#ifndef BENCH_FLOOR_NET_H
#define BENCH_FLOOR_NET_H

#include <stdint.h>

/* Opens the sockets that live long and makes the table with its base chains and maps. */
void floor_open(void);

/* Network `i` (0 to 4095) is bridge fbI with 10.128.0.1/24 moved up by i subnets. */
void floor_start(unsigned i);
/* As floor_start(), but bridge i was stopped before: it is renamed and changed, not made. */
void floor_restart(unsigned i);
/* Bridge down, renamed and marked, rules removed: the name is free. */
void floor_stop(unsigned i);
/* Then close its sockets. Apart, because the packet socket's end waits for RCU (10 ms), which netd
 * leaves to others than the one who waits for the reply. */
void floor_close(unsigned i);
/* RTM_DELLINK of a stopped bridge. */
void floor_remove(unsigned i);

/* Of the last floor_start() or floor_restart(), in microseconds. */
struct floor_steps {
	double rules, link, sysctls, address, sockets;
};
struct floor_steps floor_steps(void);

/* What one start's nft transaction asks for, for the reader of a table. */
#define FLOOR_RULES    9
#define FLOOR_ELEMENTS 3

#endif
