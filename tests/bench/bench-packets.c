/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bench-packets INTERFACE DESTINATION-MAC SOURCE DESTINATION COUNT same|new: COUNT frames of 60
 * octets, UDP, all of one flow or each of a flow of its own; prints the CPU time of one in
 * nanoseconds.
 *
 * A veth hands a frame over in the sender's context, and so do bridge and forwarding: the time of
 * this thread is that of the whole way. It runs on one CPU. */
#include "base/addr.h"
#include "base/cursor.h"
#include "bench.h"

#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>

#define FRAME  60
#define AT_IP  14
#define AT_UDP 34
#define PORT   40000

static uint8_t frame[FRAME];

static uint16_t checksum(const uint8_t *p, size_t n)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < n; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void build(const struct mac *to, const char *source, const char *destination)
{
	struct wr w = wr_over(frame, sizeof(frame));
	static const uint8_t from[6] = { 0x52, 0x54, 0, 0, 0, 1 };
	struct ip a, b;

	if (ip_parse(source, &a) < 0 || ip_parse(destination, &b) < 0)
		die("not an address");
	wr_bytes(&w, to->b, sizeof(to->b));
	wr_bytes(&w, from, sizeof(from));
	wr_u16(&w, ETHERTYPE_IP);
	wr_u16(&w, 0x4500);
	wr_u16(&w, FRAME - AT_IP);
	wr_u32(&w, 0x00004000);
	wr_u16(&w, 64 << 8 | IPPROTO_UDP);
	wr_u16(&w, 0);
	wr_u32(&w, a.v4);
	wr_u32(&w, b.v4);
	wr_u16(&w, PORT);
	wr_u16(&w, 9);
	wr_u16(&w, FRAME - AT_UDP);
	wr_u16(&w, 0); /* no checksum: the ports change */
	uint16_t sum = checksum(frame + AT_IP, AT_UDP - AT_IP);
	frame[AT_IP + 10] = (uint8_t)(sum >> 8);
	frame[AT_IP + 11] = (uint8_t)sum;
}

static int open_interface(const char *name)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	struct sockaddr_ll at = { .sll_family = AF_PACKET,
				  .sll_ifindex = (int)if_nametoindex(name) };

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		die_errno(name);
	return fd;
}

static double cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Flow `i`: 20,000 source ports for each destination port. */
static void set_flow(unsigned i)
{
	unsigned from = 30000 + i % 20000, to = 9 + i / 20000;

	frame[AT_UDP] = (uint8_t)(from >> 8);
	frame[AT_UDP + 1] = (uint8_t)from;
	frame[AT_UDP + 2] = (uint8_t)(to >> 8);
	frame[AT_UDP + 3] = (uint8_t)to;
}

int main(int argc, char **argv)
{
	struct mac mac;
	cpu_set_t one;

	if (argc != 7 || mac_parse(argv[2], &mac) < 0)
		die("usage: bench-packets INTERFACE MAC SOURCE DESTINATION COUNT same|new");
	CPU_ZERO(&one);
	CPU_SET(1, &one);
	(void)!sched_setaffinity(0, sizeof(one), &one);
	build(&mac, argv[3], argv[4]);
	int fd = open_interface(argv[1]);
	bool fresh = strcmp(argv[6], "new") == 0;
	unsigned n = (unsigned)strtoul(argv[5], NULL, 10);
	double start = 0;
	for (unsigned i = 0, warm = fresh ? 0 : 100; i < n + warm; i++) {
		if (i == warm)
			start = cpu_ns();
		if (fresh)
			set_flow(i);
		if (send(fd, frame, sizeof(frame), 0) < 0)
			die_errno("send");
	}
	sample("packet", (cpu_ns() - start) / n);
	close(fd);
	return 0;
}
