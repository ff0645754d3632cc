/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A file by TFTP with windows, and a server that is nothing but the socket.
 *
 *   bench-tftp fetch A.B.C.D NAME WINDOW   MiB/s; the content is thrown away, its size is checked
 *                                          against the one that the server says
 *   bench-tftp serve SIZE                  answer every request with SIZE octets out of memory, one
 *                                          client at a time: the floor
 *
 * Blocks of 1468 octets (RFC 2348), WINDOW of them between acknowledgements (RFC 7440); where the
 * server doesn't agree to windows, one. */
#include "base/cursor.h"
#include "bench.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

#define BLOCK      1468
#define WINDOW_MAX 64
#define PACKET     (4 + BLOCK)
#define PATIENCE   1000 /* ms */

#define SILENCES_MAX 5

enum { RRQ = 1, DATA = 3, ACK = 4, ERROR = 5, OACK = 6 };

static int udp_socket(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), room = 4 << 20;

	if (fd < 0)
		die_errno("socket");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	return fd;
}

static bool wait_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, PATIENCE) > 0;
}

static void send_short(int fd, const struct sockaddr_in *to, uint16_t op, uint16_t number)
{
	uint8_t bytes[4];
	struct wr w = wr_over(bytes, sizeof(bytes));

	wr_u16(&w, op);
	wr_u16(&w, number);
	if (sendto(fd, bytes, sizeof(bytes), 0, (const struct sockaddr *)to, sizeof(*to)) < 0)
		die_errno("send");
}

/* ---- the client ---- */

static void add_word(struct wr *w, const char *word)
{
	wr_bytes(w, word, strlen(word) + 1);
}

static void send_request(int fd, const struct sockaddr_in *server, const char *name,
			 const char *window)
{
	uint8_t bytes[512];
	struct wr w = wr_over(bytes, sizeof(bytes));
	static const char *const words[] = { "octet", "blksize", "1468", "tsize", "0" };

	wr_u16(&w, RRQ);
	add_word(&w, name);
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		add_word(&w, words[i]);
	add_word(&w, "windowsize");
	add_word(&w, window);
	if (sendto(fd, bytes, wr_len(&w), 0, (const struct sockaddr *)server, sizeof(*server)) < 0)
		die_errno("send");
}

/* The value of an option in an OACK; `otherwise` without it. */
static uint64_t agreed(struct rd r, const char *option, uint64_t otherwise)
{
	while (rd_left(&r)) {
		const char *name = (const char *)r.p;
		rd_skip(&r, strnlen(name, rd_left(&r)) + 1);
		const char *value = (const char *)r.p;
		size_t n = rd_left(&r) ? strnlen(value, rd_left(&r)) : 0;
		rd_skip(&r, n + 1);
		if (!r.bad && strcmp(name, option) == 0)
			return strtoull(value, NULL, 10);
	}
	return otherwise;
}

/* Blocks in the order they come; the server is told of every full window and of every gap. */
static uint64_t fetch_blocks(int fd, const struct sockaddr_in *from, unsigned window)
{
	static uint8_t packet[PACKET + 1];
	uint64_t got = 0;
	uint16_t last = 0;
	unsigned in_window = 0, silences = 0;

	for (;;) {
		if (!wait_readable(fd)) {
			if (++silences == SILENCES_MAX)
				die("no answer after %llu octets", (unsigned long long)got);
			send_short(fd, from, ACK, last);
			in_window = 0;
			continue;
		}
		ssize_t n = recv(fd, packet, sizeof(packet), 0);
		struct rd r = rd_over(packet, n > 0 ? (size_t)n : 0);
		if (rd_u16(&r) != DATA)
			die("no data: %.*s", (int)(n > 4 ? n - 4 : 0), (char *)packet + 4);
		bool next = rd_u16(&r) == (uint16_t)(last + 1);
		bool end = next && rd_left(&r) < BLOCK;
		last += next;
		got += next ? rd_left(&r) : 0;
		in_window++;
		if (end || in_window == window) {
			send_short(fd, from, ACK, last);
			in_window = 0;
		}
		if (end)
			return got;
	}
}

static void fetch(const char *address, const char *name, const char *window)
{
	struct sockaddr_in server = { .sin_family = AF_INET,
				      .sin_port = htons(69),
				      .sin_addr.s_addr = inet_addr(address) };
	struct sockaddr_in from = server;
	socklen_t len = sizeof(from);
	uint8_t packet[PACKET];
	int fd = udp_socket();
	double t = now_us();

	send_request(fd, &server, name, window);
	if (!wait_readable(fd))
		die("no answer");
	ssize_t n = recvfrom(fd, packet, sizeof(packet), 0, (struct sockaddr *)&from, &len);
	struct rd r = rd_over(packet, n > 0 ? (size_t)n : 0);
	if (rd_u16(&r) != OACK)
		die("the options are not agreed to");
	uint64_t size = agreed(r, "tsize", 0);
	send_short(fd, &from, ACK, 0);
	uint64_t got = fetch_blocks(fd, &from, (unsigned)agreed(r, "windowsize", 1));
	if (got != size)
		die("%llu octets of %llu", (unsigned long long)got, (unsigned long long)size);
	sample("tftp", (double)got / (now_us() - t) * 1e6 / (1 << 20));
}

/* ---- the floor ---- */

static void send_window(int fd, const struct sockaddr_in *to, uint64_t first, unsigned window,
			uint64_t size)
{
	static uint8_t packet[WINDOW_MAX][PACKET];
	struct iovec iov[WINDOW_MAX];
	struct mmsghdr msg[WINDOW_MAX] = { 0 };
	unsigned n = 0;

	for (; n < window && (first + n - 1) * BLOCK <= size; n++) {
		struct wr w = wr_over(packet[n], 4);
		wr_u16(&w, DATA);
		wr_u16(&w, (uint16_t)(first + n));
		iov[n] = (struct iovec){ packet[n], 4 + MIN_OF(size - (first + n - 1) * BLOCK,
							       (uint64_t)BLOCK) };
		msg[n].msg_hdr = (struct msghdr){ .msg_name = (void *)to,
						  .msg_namelen = sizeof(*to),
						  .msg_iov = &iov[n],
						  .msg_iovlen = 1 };
	}
	if (n && sendmmsg(fd, msg, n, 0) < 0)
		die_errno("send");
}

static void serve_one(const struct sockaddr_in *to, unsigned window, uint64_t size)
{
	uint64_t next = 1, end = size / BLOCK + 2;
	char options[128];
	uint8_t packet[PACKET];
	int fd = udp_socket();
	int n = snprintf(options, sizeof(options), "%c%cblksize%c1468%ctsize%c%llu%cwindowsize%c%u",
			 0, OACK, 0, 0, 0, (unsigned long long)size, 0, 0, window);

	if (sendto(fd, options, (size_t)n + 1, 0, (const struct sockaddr *)to, sizeof(*to)) < 0)
		die_errno("send");
	while (next < end && wait_readable(fd)) {
		ssize_t got = recv(fd, packet, sizeof(packet), 0);
		struct rd r = rd_over(packet, got > 0 ? (size_t)got : 0);
		if (rd_u16(&r) != ACK)
			break;
		/* How far beyond what was acknowledged before, modulo 65536. */
		next += (uint16_t)(rd_u16(&r) + 1 - (uint16_t)next);
		send_window(fd, to, next, window, size);
	}
	close_fd(&fd);
}

static void serve(uint64_t size)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(69) };
	int fd = udp_socket();

	if (bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0)
		die_errno("port 69");
	for (;;) {
		struct sockaddr_in from;
		socklen_t len = sizeof(from);
		uint8_t packet[PACKET];
		ssize_t n = recvfrom(fd, packet, sizeof(packet), 0, (struct sockaddr *)&from, &len);
		struct rd r = rd_over(packet, n > 0 ? (size_t)n : 0);
		rd_skip(&r, 2);
		/* Name and mode look like one more option; then come the options. */
		uint64_t window = agreed(r, "windowsize", 1);
		if (window >= 1)
			serve_one(&from, (unsigned)MIN_OF(window, (uint64_t)WINDOW_MAX), size);
	}
}

int main(int argc, char **argv)
{
	if (argc == 5 && !strcmp(argv[1], "fetch"))
		fetch(argv[2], argv[3], argv[4]);
	else if (argc == 3 && !strcmp(argv[1], "serve"))
		serve(strtoull(argv[2], NULL, 10));
	else
		die("usage: see the head of bench-tftp.c");
	return 0;
}
