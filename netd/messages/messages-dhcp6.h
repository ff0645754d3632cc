/* SPDX-License-Identifier: GPL-2.0-or-later */
/* messages-dhcp6.h — bodies of the MSG_RA_*, MSG_DHCP6_* and MSG_IP6_* messages between the
 * controller and the dhcp worker. What messages-dhcp.h says of order, time and trust holds here
 * too.
 *
 * Order for a network: RA_CONFIG, DHCP6_CONFIG if addresses are handed out, DHCP6_RESTORE (any
 * number), IP6_SOCKETS. Both CONFIGs may come again at any time. Verdicts are those of DHCPv4. */
#ifndef NETD_MESSAGES_DHCP6_H
#define NETD_MESSAGES_DHCP6_H

#include "dhcp/dhcp6.h"
#include "dhcp/ra.h"
#include "netd/messages/messages-dhcp.h"

#define MSG_DHCP6_RECORD_MAX 384 /* octets of one encoded record */
#define MSG_DHCP6_BATCH_MAX  (4 + MSG_DHCP_RECORDS_MAX * MSG_DHCP6_RECORD_MAX)
#define MSG_RA_CONFIG_MAX    1024
#define MSG_IP6_COUNTERS_MAX (32 + 8 * (DHCP6_COUNTER_N + RA_COUNTER_N))

/* MSG_RA_CONFIG */
void msg_put_ra_config(struct wr *w, uint32_t net_id, const struct ra_config *c);
int msg_get_ra_config(const void *body, size_t n, uint32_t *ret_net_id, struct ra_config *ret)
    mustcheck;

/* MSG_DHCP6_CONFIG. Encoding needs at most msg_dhcp6_config_size() octets. A decoded config owns
 * its arrays: dhcp6_config_done(). 0, -EPROTO or -ENOMEM; *ret is untouched on failure. */
size_t msg_dhcp6_config_size(const struct dhcp6_config *c);
void msg_put_dhcp6_config(struct wr *w, uint32_t net_id, const struct dhcp6_config *c);
int msg_get_dhcp6_config(const void *body, size_t n, uint32_t *ret_net_id, struct dhcp6_config *ret)
    mustcheck;

/* MSG_IP6_SOCKETS, MSG_IP6_REMOVE: msg_put_net_id(). SOCKETS comes with one descriptor: the packet
 * socket of socket_ip6_frames(). */

/* MSG_DHCP6_FREE */
void msg_put_dhcp6_free(struct wr *w, uint32_t net_id, const struct ip *ip);
int msg_get_dhcp6_free(const void *body, size_t n, uint32_t *ret_net_id, struct ip *ret) mustcheck;

/* MSG_DHCP6_BINDING and MSG_DHCP6_RESTORE: 1 to MSG_DHCP_RECORDS_MAX records. */
struct msg_dhcp6_record {
	uint32_t net_id;
	uint64_t token; /* 0: no MSG_DHCP6_COMMITTED wanted */
	enum dhcp4_change change;
	struct dhcp6_binding binding;
	int64_t expires_wall; /* seconds since 1970, INT64_MAX for never */
};
void msg_put_dhcp6_records(struct wr *w, const struct msg_dhcp6_record *records, size_t count);
/* `ret` has MSG_DHCP_RECORDS_MAX places. The number of records or -EPROTO. */
int msg_get_dhcp6_records(const void *body, size_t n, struct msg_dhcp6_record *ret) mustcheck;

/* MSG_IP6_COUNTERS; `dhcp` is all zero without DHCPv6. */
void msg_put_ip6_counters(struct wr *w, uint32_t net_id, const struct dhcp6_usage *dhcp,
			  const uint64_t ra[static RA_COUNTER_N]);
int msg_get_ip6_counters(const void *body, size_t n, uint32_t *ret_net_id, struct dhcp6_usage *dhcp,
			 uint64_t ra[static RA_COUNTER_N]) mustcheck;

#endif
