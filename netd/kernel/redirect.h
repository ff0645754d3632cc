/* SPDX-License-Identifier: GPL-2.0-or-later */
/* redirect.h — keeps the table of firewall/nft-redirect.h as the networks' name services are: for
 * those that aren't at port 53. Without any there is no table, and no netfilter socket is opened.
 */
#ifndef NETD_REDIRECT_H
#define NETD_REDIRECT_H

#include "netd/controller/controller.h"

struct redirect;

struct redirect *redirect_new(struct controller *c, struct err *e) mustcheck;
void redirect_free(struct redirect *r);

/* In these `r` may be NULL: then nothing happens. */

/* A name service has come, gone or moved: look in the next turn of the loop. */
void redirect_changed(struct redirect *r);
/* Somebody has touched the ruleset: write, whatever is thought to be there. */
void redirect_repair(struct redirect *r);

#endif
