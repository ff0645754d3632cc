/* SPDX-License-Identifier: GPL-2.0-or-later */
/* messages-files.h — bodies of the messages between the controller and a files worker, of which
 * each serves one network. Decoders take a whole body: what is short, out of range or followed by
 * more octets is -EPROTO. */
#ifndef NETD_MESSAGES_FILES_H
#define NETD_MESSAGES_FILES_H

#include "base/cursor.h"
#include "tftp/tftp.h"

#define FILES_DATA_SOCKETS 4 /* from whose ports TFTP data is sent */
#define FILES_MESSAGE_MAX  256

/* The order of the descriptors of MSG_FILES_SERVE. Without HTTP the last two are left out, without
 * IPv6 the last one. */
enum files_fd {
	FILES_FD_ROOT, /* O_PATH: what is beneath it is served */
	FILES_FD_REQUESTS,
	FILES_FD_DATA,
	FILES_FD_HTTP = FILES_FD_DATA + FILES_DATA_SOCKETS,
	FILES_FD_HTTP6,
	FILES_FD_COUNT
};

/* MSG_FILES_SERVE */
struct message_files_serve {
	uint32_t net_id;
	uint32_t mtu; /* of the bridge */
};
void message_files_serve_encode(struct wr *w, const struct message_files_serve *m);
int message_files_serve_decode(const uint8_t *body, size_t n, struct message_files_serve *ret)
    mustcheck;

/* MSG_FILES_COUNTERS: sent every 10 s when one has moved */
struct message_files_counters {
	uint32_t net_id;
	uint64_t tftp[TFTP_COUNTER_COUNT];
	uint64_t http; /* requests */
};
void message_files_counters_encode(struct wr *w, const struct message_files_counters *m);
int message_files_counters_decode(const uint8_t *body, size_t n, struct message_files_counters *ret)
    mustcheck;

#endif
