/* SPDX-License-Identifier: GPL-2.0-or-later */
/* messages-rules.h — struct dhcp_rules inside of MSG_DHCP4_CONFIG and MSG_DHCP6_CONFIG. */
#ifndef NETD_MESSAGES_RULES_H
#define NETD_MESSAGES_RULES_H

#include "base/cursor.h"
#include "dhcp/dhcp-rules.h"

/* Octets that encoding needs at most. */
size_t msg_rules_size(const struct dhcp_rules *r);
void msg_put_rules(struct wr *w, const struct dhcp_rules *r);
/* Sound ones (dhcp_rules_are_sound()), or r->bad. 0, -EPROTO or -ENOMEM; the caller frees what was
 * decoded in any case, with dhcp_rules_done(). */
int msg_get_rules(struct rd *r, struct dhcp_rules *ret) mustcheck;

#endif
