/* SPDX-License-Identifier: GPL-2.0-or-later */
/* messages-dhcp.h — bodies of the MSG_DHCP4_* messages between the controller and the dhcp worker.
 *
 * Order for a network: CONFIG, RESTORE (any number), SOCKETS. CONFIG may come again at any time. A
 * decoder reads the whole body: octets left over are an error like any other (-EPROTO). Both sides
 * treat the other as hostile; the controller checks a binding against the definition as well.
 *
 * Time: the engine counts on CLOCK_BOOTTIME; a record carries its end as wall-clock seconds too,
 * converted by the worker when it is sent. The store keeps the wall clock (a boot time means
 * nothing after a reboot); going back, only lease_sec counts (dhcp4_restore()). */
#ifndef NETD_MESSAGES_DHCP_H
#define NETD_MESSAGES_DHCP_H

#include "base/cursor.h"
#include "dhcp/dhcp4.h"

#define MSG_DHCP_RECORDS_MAX 64  /* bindings or verdicts in one message */
#define MSG_DHCP_RECORD_MAX  448 /* octets of one encoded record */
#define MSG_DHCP_BATCH_MAX   (4 + MSG_DHCP_RECORDS_MAX * MSG_DHCP_RECORD_MAX)
#define MSG_DHCP_WALL_MAX                                                                          \
	(INT64_C(1) << 40) /* seconds from 1970, either way, of an end that isn't "never" */
#define MSG_DHCP4_ROUTE_MAX   (12 + DHCP4_PAYLOAD_MAX)
#define MSG_DHCP_COUNTERS_MAX (40 + 8 * DHCP4_COUNTER_N)

/* MSG_DHCP4_CONFIG: of the network's own link, with as many `links` behind relays as messages of
 * the same type follow for these. A link is told from another by its subnet, and is gone when it
 * isn't among those that follow. Encoding needs at most msg_dhcp4_config_size() octets. A decoded
 * config owns its arrays: dhcp4_config_done(). Decoding returns 0, -EPROTO or -ENOMEM; *ret is
 * untouched on failure. */
size_t msg_dhcp4_config_size(const struct dhcp4_config *c);
void msg_put_dhcp4_config(struct wr *w, uint32_t net_id, const struct dhcp4_config *c);
int msg_get_dhcp4_config(const void *body, size_t n, uint32_t *ret_net_id, struct dhcp4_config *ret)
    mustcheck;

/* MSG_DHCP4_ROUTE: the payload of a UDP datagram for a relay (port 67), or for a client behind one
 * (68). What is decoded points into the body. */
struct msg_dhcp4_route {
	uint32_t net_id, to_ip;
	uint16_t to_port;
	const uint8_t *payload;
	size_t n;
};
void msg_put_dhcp4_route(struct wr *w, const struct msg_dhcp4_route *m);
int msg_get_dhcp4_route(const void *body, size_t n, struct msg_dhcp4_route *ret) mustcheck;

/* MSG_DHCP4_HOSTS: of the `of` hosts that the last config (with the changes since) has, `n_before`
 * from `first` on are replaced by `hosts`. Encoding needs at most msg_dhcp4_hosts_size() octets. A
 * decoded array is the caller's; 0, -EPROTO or -ENOMEM. */
#define MSG_DHCP_HOSTS_MAX 256
struct msg_dhcp4_hosts {
	uint32_t net_id, of, first, n_before;
	struct dhcp4_host *hosts;
	size_t n_hosts;
};
size_t msg_dhcp4_hosts_size(const struct msg_dhcp4_hosts *m);
void msg_put_dhcp4_hosts(struct wr *w, const struct msg_dhcp4_hosts *m);
int msg_get_dhcp4_hosts(const void *body, size_t n, struct msg_dhcp4_hosts *ret) mustcheck;

/* MSG_DHCP4_SOCKETS, MSG_DHCP4_REMOVE: the net_id alone. SOCKETS comes with two descriptors: a UDP
 * socket bound to the bridge and port 67 (IP_PKTINFO on), and a packet socket bound to the bridge
 * with protocol 0. */
void msg_put_net_id(struct wr *w, uint32_t net_id);
int msg_get_net_id(const void *body, size_t n, uint32_t *ret) mustcheck;

/* MSG_DHCP_PORT_GONE: a port as bindings have it, which is never 0. */
void msg_put_dhcp_port(struct wr *w, uint32_t net_id, uint32_t port);
int msg_get_dhcp_port(const void *body, size_t n, uint32_t *ret_net_id, uint32_t *ret_port)
    mustcheck;

/* MSG_DHCP_NAMES: 1 to MSG_DHCP_NAMES_MAX guests of both families; a name is clean, "" takes one
 * back. The number of rows or -EPROTO. */
#define MSG_DHCP_NAMES_MAX   64
#define MSG_DHCP_NAMES_BYTES (8 + MSG_DHCP_NAMES_MAX * 84)
struct msg_dhcp_name {
	struct mac mac;
	char name[DHCP4_NAME_MAX];
};
void msg_put_dhcp_names(struct wr *w, uint32_t net_id, const struct msg_dhcp_name *rows, size_t n);
int msg_get_dhcp_names(const void *body, size_t n, uint32_t *ret_net_id,
		       struct msg_dhcp_name ret[static MSG_DHCP_NAMES_MAX]) mustcheck;

/* MSG_DHCP4_FREE */
void msg_put_dhcp4_free(struct wr *w, uint32_t net_id, uint32_t ip);
int msg_get_dhcp4_free(const void *body, size_t n, uint32_t *ret_net_id, uint32_t *ret_ip)
    mustcheck;

/* MSG_DHCP4_BINDING (worker to controller) and MSG_DHCP4_RESTORE (the other way; token 0,
 * DHCP4_GRANT, or DHCP4_DECLINE for an address out of service until expires_wall): 1 to
 * MSG_DHCP_RECORDS_MAX records, of any networks, in the order in which they happened. */
struct msg_dhcp4_record {
	uint32_t net_id;
	uint64_t token; /* 0: no MSG_DHCP4_COMMITTED wanted */
	enum dhcp4_change change;
	struct dhcp4_binding binding;
	int64_t expires_wall; /* seconds since 1970, INT64_MAX for never */
};
void msg_put_dhcp4_records(struct wr *w, const struct msg_dhcp4_record *records, size_t count);
/* `ret` has MSG_DHCP_RECORDS_MAX places. The number of records or -EPROTO. */
int msg_get_dhcp4_records(const void *body, size_t n, struct msg_dhcp4_record *ret) mustcheck;

/* MSG_DHCP4_COMMITTED: 1 to MSG_DHCP_RECORDS_MAX verdicts. */
struct msg_dhcp4_verdict {
	uint32_t net_id;
	uint64_t token;
	enum dhcp4_verdict verdict;
};
void msg_put_dhcp4_verdicts(struct wr *w, const struct msg_dhcp4_verdict *verdicts, size_t count);
int msg_get_dhcp4_verdicts(const void *body, size_t n, struct msg_dhcp4_verdict *ret) mustcheck;

/* MSG_DHCP4_COUNTERS: sent every few seconds while they move. */
void msg_put_dhcp4_counters(struct wr *w, uint32_t net_id, const struct dhcp4_usage *u);
int msg_get_dhcp4_counters(const void *body, size_t n, uint32_t *ret_net_id,
			   struct dhcp4_usage *ret) mustcheck;

/* ---- for decoders of both families ---- */

/* An array of `max` elements at most, each of `wire_size` octets on the wire at least: what
 * announces more than the body can hold costs no memory. Allocates `*ret_array`. 0, -EPROTO or
 * -ENOMEM. */
int msg_get_array(struct rd *r, uint32_t max, size_t wire_size, size_t size, void *ret_array,
		  size_t *ret_n) mustcheck;
/* One label as the engines clean it. What a guest called itself goes on into files and name
 * service, so nobody takes the sender's word for it. */
bool msg_is_clean_name(const char *name);
/* An end in seconds since 1970, or INT64_MAX: such that no sum or difference of two overflows. */
bool msg_is_time(int64_t wall);

#endif
