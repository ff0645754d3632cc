/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nft.h — the table `inet netd` in the kernel: read it, change it, hear when somebody else changes
 * it.
 *
 * The writer and the watch are two sockets in two objects that share nothing, so that one thread
 * can write while another listens. The write socket lives as long as the process: closing one after
 * deletes costs an RCU grace period (8 to 16 ms). Nothing outside our table is ever touched.
 *
 * An owned table (fw_options.owner) can be changed by the writer's socket alone, and `nft flush
 * ruleset` passes it over. Whoever holds a copy of that socket keeps it owned. When the last copy
 * is closed the table stays, nobody's, until another writer adopts it; kernels before 6.9 remove it
 * then (fw_lives_by_socket()). */
#ifndef FIREWALL_NFT_H
#define FIREWALL_NFT_H

#include "firewall/firewall.h"

struct fw_kernel; /* the writer; used by one thread at a time */

/* `fd`: a netlink socket that an earlier life has left (owned by the object from now on, closed on
 * failure), or -1 for a new one. */
int fw_kernel_open(int fd, struct fw_kernel **ret, struct err *e) mustcheck;
void fw_kernel_free(struct fw_kernel *k); /* closes; NULL is fine */
int fw_kernel_fd(const struct fw_kernel *k);
/* Whether the table would go with the last copy of the socket. */
bool fw_lives_by_socket(const struct fw_kernel *k, const struct fw_options *o);
uint32_t fw_kernel_port(const struct fw_kernel *k); /* netlink port id: who we are in events */

/* Dump our table. `o->owner` tells whether it should be an owned one. */
int fw_have(struct fw_kernel *k, const struct fw_options *o, struct fw_state **ret, struct err *e)
    mustcheck;

/* Run the plan as one transaction: all of it happens or none. An empty plan sends nothing.
 * -ERESTART: the ruleset has changed since the plan was made; dump and plan again. Other errors
 * name the object; after -ENOENT, -EEXIST or -EBUSY the state the plan was made from is out of date
 * as well. */
int fw_apply(struct fw_kernel *k, const struct fw_plan *p, struct err *e) mustcheck;

/* Dump, plan, apply until the table equals `want`; repeats when others change the ruleset
 * meanwhile. `ret_had` is what is there now, `ret_steps` how many steps it took (0: it was right).
 * Either may be NULL. */
int fw_sync(struct fw_kernel *k, const struct fw_rows *want, struct fw_state **ret_had,
	    size_t *ret_steps, struct err *e) mustcheck;

struct fw_counter {
	uint64_t packets, octets;
};
/* The counters of a chain's rules, in their order (that of struct fw_chain when the table is
 * right), zero for rules without one. At most `cap` are written to `out`. Returns their number, 0
 * for a chain that isn't there, or -errno. */
ssize_t fw_counters(struct fw_kernel *k, const char *chain, struct fw_counter *out, size_t cap,
		    struct err *e) mustcheck;

struct fw_watch; /* the listener */

enum fw_event {
	FW_EVENT_NONE,     /* nothing, or only other tables */
	FW_EVENT_OWN,      /* our writer has changed our table */
	FW_EVENT_FOREIGN,  /* somebody else has: fw_sync() */
	FW_EVENT_OVERFLOW, /* events were lost: fw_sync() */
};

int fw_watch_open(uint32_t own_port, struct fw_watch **ret, struct err *e) mustcheck;
void fw_watch_free(struct fw_watch *w);
int fw_watch_fd(const struct fw_watch *w); /* poll for reading */
/* Read all that has come and tell the gravest of it. Never blocks. */
enum fw_event fw_events(struct fw_watch *w);
/* Whether the events read until now told of other tables (or were lost); asked once, it is
 * forgotten. */
bool fw_watch_others(struct fw_watch *w);
/* Who changed our table last: "nft (pid 12)", "" when that isn't known. */
const char *fw_watch_who(const struct fw_watch *w);

#endif
