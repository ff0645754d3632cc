/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DHCPv4 clients by the thousand on one interface, and a server that is nothing but the sockets.
 *
 *   bench-dhcp storm DEVICE SEED N       N new clients at once: DISCOVER to ACK
 *   bench-dhcp unicast DEVICE SEED N     N new clients, 20 at a time, without the broadcast flag
 *   bench-dhcp single DEVICE SEED N      N new clients, one after the other
 *   bench-dhcp renew DEVICE SEED N M     N new clients, then M renewals, 64 on their way
 *   bench-dhcp serve DEVICE A.B.C.D      answer whatever comes on a /16 with an address made from
 *                                        the client's MAC: the floor
 *   bench-dhcp sync FILE N               write and fdatasync a page N times: what a commit costs
 *
 * Clients send and receive whole frames with MACs of their own, set the broadcast flag (but for
 * unicast), answer ARP and never send anything twice: what is lost is reported. SEED (0 to 255)
 * keeps the MACs of one run apart from those of another. */
#include "base/cursor.h"
#include "bench.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/socket.h>

#define CLIENTS_MAX 20000
#define FRAME_MAX   1514
#define BATCH       64
#define PATIENCE_US 4e6 /* without any answer for so long, the rest is lost */
#define WINDOW      64  /* renewals on their way */
#define CROWD       20

enum { DISCOVER = 1, OFFER = 2, REQUEST = 3, ACK = 5, NAK = 6 };

struct client {
	uint32_t address, server; /* network order */
	uint8_t server_mac[6];
	double sent, bound;
};

static struct client *clients;
static uint8_t seed;
static bool by_unicast;
static int fd = -1;

/* ---- frames ---- */

struct frame {
	struct ether_header eth;
	struct iphdr ip;
	struct udphdr udp;
	uint8_t dhcp[300];
} __attribute__((packed));

static struct frame out[BATCH];
static struct mmsghdr out_msg[BATCH];
static struct iovec out_iov[BATCH];
static unsigned n_out;

static void mac_of(unsigned i, uint8_t mac[static 6])
{
	const uint8_t m[6] = { 0x02, 0xbe, seed, 0, (uint8_t)(i >> 8), (uint8_t)i };

	memcpy(mac, m, 6);
}

static void flush(void)
{
	for (unsigned done = 0; done < n_out;) {
		int n = sendmmsg(fd, out_msg + done, n_out - done, 0);
		if (n < 0 && errno != EINTR && errno != ENOBUFS && errno != EAGAIN)
			die_errno("send");
		done += n > 0 ? (unsigned)n : 0;
	}
	n_out = 0;
}

static void open_clients(const char *device)
{
	struct sockaddr_ll ll = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(ETH_P_ALL),
				  .sll_ifindex = (int)if_nametoindex(device) };
	struct packet_mreq promiscuous = { .mr_ifindex = ll.sll_ifindex,
					   .mr_type = PACKET_MR_PROMISC };
	int room = 64 << 20, on = 1;

	clients = calloc(CLIENTS_MAX, sizeof(*clients));
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fd < 0)
		die_errno("packet socket");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on));
	setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promiscuous, sizeof(promiscuous));
	if (bind(fd, (struct sockaddr *)&ll, sizeof(ll)) < 0)
		die_errno(device);
	for (unsigned i = 0; i < BATCH; i++) {
		out_iov[i] = (struct iovec){ &out[i], sizeof(out[i]) };
		out_msg[i].msg_hdr = (struct msghdr){ .msg_iov = &out_iov[i], .msg_iovlen = 1 };
	}
}

static uint16_t ip_sum(const void *ip)
{
	const uint8_t *p = ip;
	uint32_t sum = 0;

	for (size_t i = 0; i < sizeof(struct iphdr); i += 2)
		sum += (uint32_t)(p[i] << 8 | p[i + 1]);
	sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t) ~((sum & 0xffff) + (sum >> 16)));
}

static void put_options(struct wr *w, uint8_t type, const struct client *c, bool renewing)
{
	wr_u32(w, 0x63825363);
	wr_u8(w, 53);
	wr_u8(w, 1);
	wr_u8(w, type);
	if (type == REQUEST && !renewing) {
		wr_u8(w, 50);
		wr_u8(w, 4);
		wr_bytes(w, &c->address, 4);
		wr_u8(w, 54);
		wr_u8(w, 4);
		wr_bytes(w, &c->server, 4);
	}
	static const uint8_t asked[] = { 55, 5, 1, 3, 6, 15, 51, 255 };
	wr_bytes(w, asked, sizeof(asked));
}

static void put_dhcp(uint8_t *to, size_t cap, unsigned i, uint8_t type, bool renewing)
{
	static const uint8_t zero[192];
	struct client *c = &clients[i];
	struct wr w = wr_over(to, cap);
	uint8_t mac[6];

	mac_of(i, mac);
	memset(to, 0, cap);
	wr_u8(&w, 1);
	wr_u8(&w, ARPHRD_ETHER);
	wr_u8(&w, 6);
	wr_u8(&w, 0);
	wr_u32(&w, i); /* transaction id */
	wr_u16(&w, 0);
	wr_u16(&w, renewing || by_unicast ? 0 : 0x8000);
	wr_u32(&w, renewing ? ntohl(c->address) : 0);
	wr_bytes(&w, zero, 12);
	wr_bytes(&w, mac, 6);
	wr_bytes(&w, zero, 10);
	wr_bytes(&w, zero, 192);
	put_options(&w, type, c, renewing);
}

static void send_as(unsigned i, uint8_t type, bool renewing)
{
	struct frame *f = &out[n_out++];
	const struct client *c = &clients[i];

	memset(f->eth.ether_dhost, 0xff, 6);
	if (renewing)
		memcpy(f->eth.ether_dhost, c->server_mac, 6);
	mac_of(i, f->eth.ether_shost);
	f->eth.ether_type = htons(ETHERTYPE_IP);
	f->ip = (struct iphdr){ .version = 4,
				.ihl = 5,
				.ttl = 64,
				.protocol = IPPROTO_UDP,
				.tot_len = htons(sizeof(*f) - sizeof(f->eth)),
				.saddr = renewing ? c->address : 0,
				.daddr = renewing ? c->server : 0xffffffff };
	f->ip.check = ip_sum((const uint8_t *)f + sizeof(f->eth));
	f->udp = (struct udphdr){ .source = htons(68),
				  .dest = htons(67),
				  .len = htons(sizeof(f->udp) + sizeof(f->dhcp)) };
	put_dhcp(f->dhcp, sizeof(f->dhcp), i, type, renewing);
	if (n_out == BATCH)
		flush();
}

/* A server that answers by way of the kernel's stack asks for the client's MAC. */
static void answer_arp(const uint8_t *frame, size_t n)
{
	struct rd r = rd_over(frame, n);
	uint8_t reply[42];
	struct wr w = wr_over(reply, sizeof(reply));
	uint32_t target;
	uint8_t mac[6];

	rd_skip(&r, 20);
	uint16_t op = rd_u16(&r);
	const uint8_t *asker = rd_bytes(&r, 10);
	rd_skip(&r, 6);
	target = htonl(rd_u32(&r));
	unsigned i = 0;
	while (i < CLIENTS_MAX && clients[i].address != target)
		i++;
	if (r.bad || op != ARPOP_REQUEST || i == CLIENTS_MAX || !target)
		return;
	mac_of(i, mac);
	wr_bytes(&w, asker, 6);
	wr_bytes(&w, mac, 6);
	wr_u16(&w, ETHERTYPE_ARP);
	wr_u16(&w, ARPHRD_ETHER);
	wr_u16(&w, ETHERTYPE_IP);
	wr_u8(&w, 6);
	wr_u8(&w, 4);
	wr_u16(&w, ARPOP_REPLY);
	wr_bytes(&w, mac, 6);
	wr_bytes(&w, &target, 4);
	wr_bytes(&w, asker, 10);
	if (send(fd, reply, sizeof(reply), 0) < 0)
		die_errno("arp");
}

/* The type of a DHCP answer and whose it is; 0: something else. */
static uint8_t take(const uint8_t *frame, size_t n, unsigned *ret_i)
{
	struct rd r = rd_over(frame, n);
	uint8_t type = 0;
	uint32_t server = 0;

	rd_skip(&r, 6);
	const uint8_t *from = rd_bytes(&r, 6);
	uint16_t kind = rd_u16(&r);
	if (!r.bad && kind == ETHERTYPE_ARP)
		answer_arp(frame, n);
	rd_skip(&r, 9);
	if (kind != ETHERTYPE_IP || rd_u8(&r) != IPPROTO_UDP)
		return 0;
	rd_skip(&r, 12);
	if (rd_u16(&r) != 68)
		return 0;
	rd_skip(&r, 4 + 4);
	*ret_i = rd_u32(&r);
	rd_skip(&r, 8);
	uint32_t yours = htonl(rd_u32(&r));
	rd_skip(&r, 8 + 16 + 192 + 4);
	for (uint8_t code; !r.bad && (code = rd_u8(&r)) != 255;) {
		struct rd v = code ? rd_sub(&r, rd_u8(&r)) : (struct rd){ 0 };
		if (code == 53)
			type = rd_u8(&v);
		else if (code == 54)
			server = htonl(rd_u32(&v));
	}
	if (r.bad || *ret_i >= CLIENTS_MAX)
		return 0;
	struct client *c = &clients[*ret_i];
	if (type != NAK)
		c->address = yours;
	c->server = server;
	memcpy(c->server_mac, from, 6);
	return type;
}

static double last_answer;

/* Read what is there, waiting for something; false when no answer came for long (others keep a link
 * busy with ARP). */
static bool receive(void (*got)(unsigned i, uint8_t type))
{
	static uint8_t in[BATCH][FRAME_MAX];
	static struct iovec iov[BATCH];
	static struct mmsghdr msg[BATCH];
	struct pollfd p = { .fd = fd, .events = POLLIN };
	unsigned i;

	if (poll(&p, 1, (int)(PATIENCE_US / 1000)) <= 0 || now_us() > last_answer + PATIENCE_US)
		return false;
	for (unsigned k = 0; k < BATCH; k++) {
		iov[k] = (struct iovec){ in[k], FRAME_MAX };
		msg[k].msg_hdr = (struct msghdr){ .msg_iov = &iov[k], .msg_iovlen = 1 };
	}
	int n = recvmmsg(fd, msg, BATCH, MSG_DONTWAIT, NULL);
	for (int k = 0; k < n; k++) {
		uint8_t type = take(in[k], msg[k].msg_len, &i);
		if (type) {
			last_answer = now_us();
			got(i, type);
		}
	}
	flush();
	return true;
}

/* ---- what is measured ---- */

static unsigned n_bound, n_refused;

static void advance(unsigned i, uint8_t type)
{
	struct client *c = &clients[i];

	if (c->bound > 0)
		return;
	if (type == OFFER) {
		send_as(i, REQUEST, false);
	} else if (type == ACK) {
		c->bound = now_us();
		n_bound++;
	} else if (type == NAK) {
		n_refused++;
	}
}

static void discover(unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++) {
		clients[i].sent = now_us();
		send_as(i, DISCOVER, false);
	}
	flush();
	last_answer = now_us();
	while (n_bound + n_refused < to && receive(advance))
		;
}

static void storm(const char *name, unsigned n)
{
	char text[32];
	double t = now_us(), last = t;

	discover(0, n);
	for (unsigned i = 0; i < n; i++)
		last = MAX_OF(last, clients[i].bound);
	snprintf(text, sizeof(text), "%s%u.rate", name, n);
	sample(text, n_bound / (last - t) * 1e6);
	snprintf(text, sizeof(text), "%s%u.took", name, n);
	sample(text, last - t);
	snprintf(text, sizeof(text), "%s%u.lost", name, n);
	sample(text, n - n_bound);
}

/* As far as all of a crowd are answered. */
static void unicast(unsigned n)
{
	char text[32];
	double t = now_us();

	by_unicast = true;
	for (unsigned i = 0; i < n && n_bound == i; i += CROWD)
		discover(i, MIN_OF(i + CROWD, n));
	snprintf(text, sizeof(text), "unicast%u.rate", n);
	sample(text, n_bound / (now_us() - t) * 1e6);
	snprintf(text, sizeof(text), "unicast%u.lost", n);
	sample(text, n - n_bound);
}

static void single(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		n_bound = i;
		n_refused = 0;
		discover(i, i + 1);
		if (!(clients[i].bound > 0))
			die("client %u got no address", i);
		sample("single", clients[i].bound - clients[i].sent);
	}
}

static unsigned renewed, refused, renewals, n_clients, next_client;

static void renew_next(void)
{
	if (renewals) {
		renewals--;
		send_as(next_client++ % n_clients, REQUEST, true);
	}
}

static void renewed_one(unsigned i, uint8_t type)
{
	renewed += type == ACK;
	refused += type == NAK;
	renew_next();
}

static void renew(unsigned n, unsigned m)
{
	/* Few at a time, so that all get an address from every server. */
	for (unsigned i = 0; i < n; i += CROWD)
		discover(i, MIN_OF(i + CROWD, n));
	if (n_bound < n)
		die("%u of %u clients got an address", n_bound, n);
	n_clients = n;
	renewals = m;
	double t = now_us();
	for (unsigned i = 0; i < WINDOW; i++)
		renew_next();
	flush();
	last_answer = now_us();
	while (renewed + refused < m && receive(renewed_one))
		;
	sample("renew.rate", renewed / (now_us() - t) * 1e6);
	sample("renew.lost", m - renewed);
}

/* ---- the floor ---- */

static size_t answer(uint8_t *m, size_t n, uint32_t server)
{
	static const uint8_t lease[] = { 51, 4, 0, 0, 14, 16, 1, 4, 255, 255, 0, 0, 255 };
	uint32_t yours = (server & htonl(0xffff0000)) | htonl((uint32_t)(m[32] << 8 | m[33]) + 2);
	/* The type is the first option of our clients' messages; real ones have it near. */
	const uint8_t *type = memmem(m + 240, n - 240, (const uint8_t[]){ 53, 1 }, 2);
	uint8_t answer_type = type && type[2] == DISCOVER ? OFFER : ACK;
	struct wr w = wr_over(m + 240, 60);

	m[0] = 2;
	m[10] = 0x80;
	memcpy(m + 16, &yours, 4);
	wr_u8(&w, 53);
	wr_u8(&w, 1);
	wr_u8(&w, answer_type);
	wr_u8(&w, 54);
	wr_u8(&w, 4);
	wr_bytes(&w, &server, 4);
	wr_bytes(&w, lease, sizeof(lease));
	return 300;
}

static void serve(const char *device, const char *address)
{
	static uint8_t buf[BATCH][FRAME_MAX];
	static struct iovec iov[BATCH];
	static struct mmsghdr msg[BATCH];
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(67) };
	struct sockaddr_in all = { .sin_family = AF_INET,
				   .sin_port = htons(68),
				   .sin_addr.s_addr = 0xffffffff };
	int on = 1, room = 4 << 20;
	uint32_t server = inet_addr(address);

	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, strlen(device));
	setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	if (bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0)
		die_errno("port 67");
	for (;;) {
		for (unsigned i = 0; i < BATCH; i++) {
			iov[i] = (struct iovec){ buf[i], FRAME_MAX };
			msg[i].msg_hdr = (struct msghdr){ .msg_iov = &iov[i], .msg_iovlen = 1 };
		}
		int n = recvmmsg(fd, msg, BATCH, MSG_WAITFORONE, NULL);
		for (int i = 0; i < n; i++) {
			iov[i].iov_len = answer(buf[i], MAX_OF(msg[i].msg_len, 244U), server);
			msg[i].msg_hdr.msg_name = &all;
			msg[i].msg_hdr.msg_namelen = sizeof(all);
		}
		if (n > 0 && sendmmsg(fd, msg, (unsigned)n, 0) < 0)
			die_errno("send");
	}
}

static void sync_file(const char *path, unsigned n)
{
	static uint8_t page[4096];
	auto_close int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	for (unsigned i = 0; i < n; i++) {
		double t = now_us();
		if (write(file, page, sizeof(page)) < 0 || fdatasync(file) < 0)
			die_errno(path);
		sample("fdatasync", now_us() - t);
	}
	(void)unlink(path);
}

static unsigned number(const char *text, unsigned max)
{
	uint32_t n;

	if (parse_u32(text, 0, max, &n) < 0)
		die("'%s' is not a number up to %u", text, max);
	return n;
}

int main(int argc, char **argv)
{
	const char *what = argc > 3 ? argv[1] : "";

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!strcmp(what, "serve"))
		serve(argv[2], argv[3]);
	if (!strcmp(what, "sync")) {
		sync_file(argv[2], number(argv[3], 10000));
		return 0;
	}
	if (argc < 5)
		die("usage: see the head of bench-dhcp.c");
	open_clients(argv[2]);
	seed = (uint8_t)number(argv[3], 255);
	unsigned n = number(argv[4], CLIENTS_MAX);
	if (!strcmp(what, "storm"))
		storm("storm", n);
	else if (!strcmp(what, "unicast"))
		unicast(n);
	else if (!strcmp(what, "single"))
		single(n);
	else if (!strcmp(what, "renew") && argc > 5)
		renew(n, number(argv[5], 10000000));
	else
		die("usage: see the head of bench-dhcp.c");
	return 0;
}
