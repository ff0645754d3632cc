/* SPDX-License-Identifier: GPL-2.0-or-later */
/* holder.h — who has a port that can't be bound, as far as the kernel tells everybody. */
#ifndef NETD_HOLDER_H
#define NETD_HOLDER_H

#include "base/util.h"

#define HOLDER_TEXT_MAX 96

/* A socket of this network namespace with that local port on all addresses: "a socket of user 104
 * (inode 3245) on 0.0.0.0"; "somebody" without one. For people; reads /proc. */
const char *holder_text(bool tcp, uint16_t port, char buf[static HOLDER_TEXT_MAX]);

/* Pure: one line of /proc/net/udp and the like. False: not such a socket. */
bool holder_parse(const char *line, uint16_t port, unsigned *ret_uid, unsigned long *ret_inode);

#endif
