/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nft-guard.h — the table `bridge netd_dhcp`: what is judged of guests' frames at the very port of
 * the bridge by which they come in, for the services that hand out addresses.
 *
 * From the ports in the map `port` datagrams to DHCP servers are marked with the port's number, so
 * that the worker knows whose they are; what is more in a second than any storm of honest guests is
 * dropped, so that a flood leaves the worker time for others. From those in the set `guard4` nobody
 * may answer as a DHCPv4 server, from those in `guard6` nobody as a DHCPv6 server or a router: what
 * tries is dropped, and remembered with its MAC in the sets `rogue_…`.
 *
 * It is written as a whole, by a socket of its own, and again when it is not there any more.
 * Nothing else in the ruleset is touched. One thread at a time. */
#ifndef FIREWALL_NFT_GUARD_H
#define FIREWALL_NFT_GUARD_H

#include "base/addr.h"
#include "base/err.h"

#define FW_GUARD_TABLE      "netd_dhcp" /* of family bridge */
#define FW_GUARD_RATE       100000      /* datagrams to DHCP servers by one port in a second */
#define FW_GUARD_BURST      100000
#define FW_GUARD_PORTS_MAX  65536
#define FW_GUARD_ROGUES_MAX 256   /* remembered of each kind, */
#define FW_GUARD_ROGUE_MSEC 60000 /* for so long after the last frame */

enum fw_rogue { FW_ROGUE_DHCP4, FW_ROGUE_DHCP6, FW_ROGUE_ROUTER, FW_ROGUES };

struct fw_guard_port {
	uint32_t ifindex;
	bool guard4, guard6;
};

struct fw_guard; /* the writer */

int fw_guard_open(struct fw_guard **ret, struct err *e) mustcheck;
void fw_guard_free(struct fw_guard *g); /* NULL is fine; the table stays */

/* Make the table say this; n 0: there is no table. `anew`: whatever is thought to be there, write
 * all of it. */
int fw_guard_sync(struct fw_guard *g, const struct fw_guard_port *ports, size_t n, bool anew,
		  struct err *e) mustcheck;

/* Who has tried to be a server within the last minute. Returns their number, or -errno (-ENOENT:
 * the table has gone). */
typedef void fw_guard_rogue_fn(void *data, enum fw_rogue kind, uint32_t ifindex,
			       const struct mac *mac, uint64_t packets);
ssize_t fw_guard_rogues(struct fw_guard *g, fw_guard_rogue_fn *rogue, void *data, struct err *e)
    mustcheck;

#endif
