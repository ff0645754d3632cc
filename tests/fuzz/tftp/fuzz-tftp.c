/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A sequence of datagrams and waits. Each record of the input: one octet that says what, one how
 * many octets of it follow. What goes out must be a TFTP packet that fits the MTU, and all files
 * are closed in the end. */
#include "base/cursor.h"
#include "tftp/tftp.h"

#include <errno.h>

#define MTU 1500

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t packet[TFTP_MTU_MAX];
static size_t room;
static unsigned open_files;

static int open_file(void *data, const char *path, uint64_t *ret_size)
{
	if (path[0] == '/' || strlen(path) > BOOT_PATH_MAX || strstr(path, "/../") ||
	    strncmp(path, "../", 3) == 0 || strcmp(path, "..") == 0)
		abort();
	if (path[0] == 'x')
		return -ENOENT;
	*ret_size = (uint64_t)path[0] * 64 % 3000;
	open_files++;
	return (int)*ret_size;
}

static ssize_t read_file(void *data, int file, uint64_t offset, uint8_t *to, size_t n)
{
	size_t size = (size_t)file, got = offset < size ? MIN_OF(n, size - (size_t)offset) : 0;

	memset(to, offset & 1 ? '\r' : '\n', got);
	return (ssize_t)got;
}

static void close_file(void *data, int file)
{
	open_files--;
}

static uint8_t *make_room(void *data, size_t n)
{
	if (n > MTU - 28)
		abort();
	room = n;
	return packet;
}

static void send_packet(void *data, const struct tftp_peer *to, size_t n)
{
	if (n > room || n < 4 || packet[0] != 0 || packet[1] < 3 || packet[1] == 4 ||
	    packet[1] > 6 || to->port == 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct tftp_io io = { NULL,       open_file, read_file,
					   close_file, make_room, send_packet };
	struct tftp *s = tftp_new(MTU, 2, &io);
	struct rd r = rd_over(data, size);
	usec_t now = 1;

	while (s && rd_left(&r)) {
		uint8_t what = rd_u8(&r);
		size_t n = MIN_OF((size_t)rd_u8(&r) * (what & 0x40 ? 8 : 1), rd_left(&r));
		uint8_t *exact = malloc(n ? n : 1);
		rd_copy(&r, exact, n);
		struct tftp_peer from = { .ip = what >> 4 & 3,
					  .port = 1000 + (what >> 2 & 3),
					  .socket = what >> 7 };
		if ((what & 3) == 0)
			tftp_request(s, from.ip, from.port, exact, n, now);
		else if ((what & 3) == 1)
			tftp_input(s, &from, exact, n, now);
		else
			now += n * 200 * USEC_PER_MSEC;
		if (tftp_deadline(s) <= now)
			tftp_tick(s, now);
		if (tftp_active(s) > TFTP_ACTIVE_MAX)
			abort();
		free(exact);
	}
	tftp_free(s);
	if (open_files)
		abort();
	return 0;
}
