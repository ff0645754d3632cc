/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tftp.h — a read-only TFTP server for one network: RFC 1350 with options (RFC 2347), blksize (RFC
 * 2348), timeout and tsize (RFC 2349) and windowsize (RFC 7440).
 *
 * An engine: datagrams and the time come in; datagrams, and questions for the content of files, go
 * out through the callbacks of struct tftp_io. It opens no file, holds no socket and allocates
 * nothing after tftp_new().
 *
 *   request   what comes to port 69: a read request, or nothing that is answered kindly
 *   socket    one of a few from whose port data is sent, by number. Together with the client's
 * address and port it names a transfer, so a client that always uses the same port gets another one
 * of ours each time block     512 octets or what was agreed, numbered from 1; on the wire modulo
 * 65536, so 0 follows 65535 window    so many blocks are sent before an acknowledgement is due
 *   heard     the client has acknowledged something. Until then it may be a forged address: one
 * packet, three times repeated, is all that it gets
 *
 * A block is sent again by the timer only, never because an acknowledgement came twice: that would
 * go on doubling to the end of the file ("sorcerer's apprentice", RFC 1123 4.2.3.1). An
 * acknowledgement from inside a window says that the rest of it was lost: the next window begins
 * there. */
#ifndef TFTP_TFTP_H
#define TFTP_TFTP_H

#include "base/clock.h"
#include "tftp/path.h"

#define TFTP_PORT            69
#define TFTP_SOCKETS_MAX     8
#define TFTP_MTU_MIN         576
#define TFTP_MTU_MAX         65496
#define TFTP_ACTIVE_MAX      256 /* transfers; what waits for the last acknowledgement isn't counted */
#define TFTP_PER_CLIENT_MAX  8
#define TFTP_WINDOW_MAX      64 /* blocks; who asks for more gets these */
#define TFTP_BLOCK_DEFAULT   512
#define TFTP_BLOCK_MIN       8                   /* RFC 2348 */
#define TFTP_BLOCK_MAX       65464               /* RFC 2348; in fact what fits the MTU */
#define TFTP_PACKET_OVERHEAD 32                  /* IPv4, UDP, TFTP */
#define TFTP_QUIET_MAX       (60 * USEC_PER_SEC) /* no transfer outlives such a silence */

/* What became of a datagram, and other events worth counting. REFUSED are answered by an ERROR,
 * DROP by nothing. */
enum tftp_counter {
	TFTP_N_STARTED,  /* a request was granted */
	TFTP_N_FINISHED, /* the last block was acknowledged */
	TFTP_N_TIMED_OUT,
	TFTP_N_ENDED_BY_CLIENT, /* by an ERROR; firmware does so when it only wanted to know the
				   size */
	TFTP_N_REPLACED,        /* the client asked for something else from the same port */
	TFTP_N_FILE_CHANGED,    /* … its size, during the transfer, or it couldn't be read */
	TFTP_N_BLOCKS,          /* sent, repeated ones as well */
	TFTP_N_REPEATS,         /* packets or windows sent again by the timer */
	TFTP_N_ACKS,            /* that moved a transfer on */
	TFTP_N_REFUSED_WRITE,
	TFTP_N_REFUSED_NAME, /* unterminated, too long */
	TFTP_N_REFUSED_MODE, /* unknown, missing */
	TFTP_N_REFUSED_ABSENT,
	TFTP_N_REFUSED_ACCESS, /* "..", no regular file, not readable by everybody */
	TFTP_N_REFUSED_FILE,   /* the system's fault */
	TFTP_N_REFUSED_CLIENT_BUSY,
	TFTP_N_REFUSED_BUSY,
	TFTP_N_REFUSED_TID, /* to a data socket, of no transfer */
	TFTP_N_DROP_SHORT,
	TFTP_N_DROP_OPCODE,
	TFTP_N_DROP_NO_REQUEST, /* to port 69, of a kind that belongs into a transfer; an ERROR
				   above all */
	TFTP_N_DROP_SOURCE,     /* port 0 */
	TFTP_N_DROP_REPEATED,   /* a request that is being answered */
	TFTP_N_DROP_ACK_OLD,
	TFTP_N_DROP_ACK_FUTURE,
	TFTP_N_DROP_LATE, /* for a transfer that has ended a moment ago */
	TFTP_COUNTER_COUNT
};
const char *tftp_counter_name(enum tftp_counter c);

struct tftp_peer {
	uint32_t ip; /* of the client, host order */
	uint16_t port;
	uint8_t socket; /* ours, 0 .. n_sockets - 1 */
	uint8_t zero;   /* the struct is a key of 8 octets */
};

#define TFTP_SIZE_UNKNOWN UINT64_MAX

/* How the engine asks for things. None of them may call the engine. */
struct tftp_io {
	void *data;
	/* Open what boot_path() made. Returns a handle, 0 or greater, with the file's size, or
	 * -errno: -ENOENT (and its like) and -EACCES are told apart for the client, all else is the
	 * system's fault. */
	int (*open)(void *data, const char *path, uint64_t *ret_size);
	/* Read n octets from that offset; fewer only where the file ends. The number read or
	 * -errno. */
	ssize_t (*read)(void *data, int file, uint64_t offset, uint8_t *to, size_t n);
	void (*close)(void *data, int file);
	/* Room for a packet of n octets, at most TFTP_MTU_MAX, good until it is sent or room is
	 * asked for again. */
	uint8_t *(*room)(void *data, size_t n);
	/* Send the first n octets of the room last given. */
	void (*send)(void *data, const struct tftp_peer *to, size_t n);
};

struct tftp; /* opaque; heap */

/* mtu: of the bridge, TFTP_MTU_MIN .. TFTP_MTU_MAX (what is outside is taken for the nearer end);
 * n_sockets: 1 .. TFTP_SOCKETS_MAX. NULL when out of memory. */
struct tftp *tftp_new(unsigned mtu, unsigned n_sockets, const struct tftp_io *io) mustcheck;
void tftp_free(struct tftp *s); /* closes the files of all transfers; NULL is fine */

/* A datagram for port 69. `now` must not go backwards, in none of these. */
enum tftp_counter tftp_request(struct tftp *s, uint32_t ip, uint16_t port, const uint8_t *bytes,
			       size_t n, usec_t now);
/* A datagram for the data socket from->socket. */
enum tftp_counter tftp_input(struct tftp *s, const struct tftp_peer *from, const uint8_t *bytes,
			     size_t n, usec_t now);
/* When tftp_tick() may have work, never later than that; USEC_INFINITY: nothing is going on. */
usec_t tftp_deadline(const struct tftp *s);
void tftp_tick(struct tftp *s, usec_t now);

unsigned tftp_active(const struct tftp *s); /* transfers that are counted */
const uint64_t *tftp_counters(const struct tftp *s);

/* ---- a request by itself ---- */

struct tftp_request {
	char path[BOOT_PATH_MAX + 1];
	bool netascii;
	bool has_blksize, has_timeout, has_tsize, has_windowsize;
	uint16_t blksize, windowsize; /* as asked for, valid */
	uint8_t timeout;              /* s */
};
/* TFTP_N_STARTED when it can be granted as far as one can tell without looking for the file; else
 * why not. Options that are unknown, invalid or given before are left out. */
enum tftp_counter tftp_request_parse(const uint8_t *bytes, size_t n, struct tftp_request *ret);

#endif
