/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dnsmasq.h — what <dnsmasq:options> mean to netd, which runs no dnsmasq.
 *
 * Lines that say something netd has words for are obeyed as if these words stood there; the others
 * are kept and warned of. A line that dnsmasq itself wouldn't understand keeps a network from being
 * started, as it does under libvirt. */
#ifndef NETWORK_DNSMASQ_H
#define NETWORK_DNSMASQ_H

#include "network/network.h"

/* The line whose option dnsmasq doesn't have, or NULL: with it a network can't be started. */
const struct dnsmasq_option *dnsmasq_unknown_option(const struct network *n);

/* The name of an option that dnsmasq 2.91 and its predecessors have (dnsmasq-words.c). */
bool dnsmasq_has_option(const char *name, size_t len);
/* An option that changes nothing here: netd works so already, or has nothing that it could change.
 */
bool dnsmasq_is_needless(const char *name, size_t len);

#endif
