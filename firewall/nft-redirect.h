/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nft-redirect.h — the table `inet netd_dns`: where somebody else holds port 53 of the whole host,
 * what guests send to that port of their gateway goes to the port at which their name server is.
 *
 * It is written as a whole, in one transaction, by a socket of its own, and isn't there while
 * nothing is redirected. Nothing else in the ruleset is touched. One thread at a time. */
#ifndef FIREWALL_NFT_REDIRECT_H
#define FIREWALL_NFT_REDIRECT_H

#include "base/addr.h"
#include "base/err.h"

#define FW_REDIRECT_TABLE "netd_dns" /* of family inet */

struct fw_redirect_row {
	uint32_t ifindex; /* of the bridge */
	struct ip address;
	uint16_t from, to; /* ports, of TCP and UDP */
};

struct fw_redirect; /* the writer */

int fw_redirect_open(struct fw_redirect **ret, struct err *e) mustcheck;
void fw_redirect_free(struct fw_redirect *f); /* NULL is fine; the table stays */

/* Make the table say this; n 0: there is no table. 0 or -errno, nothing has changed then. */
int fw_redirect_write(struct fw_redirect *f, const struct fw_redirect_row *rows, size_t n,
		      struct err *e) mustcheck;

#endif
