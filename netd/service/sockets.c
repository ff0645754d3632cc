/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/service/sockets.h"

#include "netd/service/holder.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/icmp6.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

/* Octets, which the kernel doubles and of which a DISCOVER takes 1300: a storm of a thousand guests
 * fits, also while a worker is restarted; and what a flood leaves room for. */
#define RECEIVE_BUFFER (4 * 1024 * 1024)
#define DATA_BUFFER    (4 * 1024 * 1024) /* octets: forty windows */
#define TCP_BACKLOG    128
#define DHCP6_PORT     547

#ifndef SO_RCVMARK /* Linux 5.19 */
#define SO_RCVMARK 75
#endif

static int set_flag(int fd, int level, int option)
{
	return setsockopt(fd, level, option, &(int){ 1 }, sizeof(int));
}

static int bind_to_device(int fd, const char *device)
{
	return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, (socklen_t)strlen(device) + 1);
}

static socklen_t socket_address(struct sockaddr_storage *ss, const struct ip *a, uint16_t port)
{
	if (a->family == AF_INET6) {
		struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ss;
		*in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(port) };
		memcpy(&in6->sin6_addr, a->v6, 16);
		return sizeof(*in6);
	}
	struct sockaddr_in *in = (struct sockaddr_in *)ss;
	*in = (struct sockaddr_in){ .sin_family = AF_INET,
				    .sin_port = htons(port),
				    .sin_addr.s_addr = htonl(a->v4) };
	return sizeof(*in);
}

/* Of a UDP port that is bound on all addresses. */
static int port_error(struct err *e, int error, uint16_t port, const char *device)
{
	char who[HOLDER_TEXT_MAX];

	if (error != EADDRINUSE)
		return err_sys(e, error, "cannot bind UDP port %u on %s", port, device);
	return err_sys(e, error,
		       "cannot bind UDP port %u on %s: %s has it and doesn't share it; find who by "
		       "'ss -lunp sport = :%u', and end it or bind it to its own interface",
		       port, device, holder_text(false, port, who), port);
}

/* Without the privilege it is at most net.core.rmem_max, by default 208 kB. */
static void set_receive_buffer(int fd)
{
	const int n = RECEIVE_BUFFER;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &n, sizeof(n)) < 0)
		(void)!setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &n, sizeof(n));
}

int socket_dhcp4(const char *device, struct err *e)
{
	auto_close int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(67) };

	if (fd < 0 || bind_to_device(fd, device) < 0)
		return err_sys(e, errno, "cannot open a DHCP socket on %s", device);
	(void)!set_flag(fd, SOL_SOCKET,
			SO_REUSEADDR); /* another server may hold 67 on its own device */
	(void)!set_flag(fd, SOL_SOCKET, SO_BROADCAST);
	set_receive_buffer(fd);
	(void)!set_flag(fd, SOL_SOCKET, SO_RCVMARK);
	if (set_flag(fd, IPPROTO_IP, IP_PKTINFO) < 0)
		return err_sys(e, errno, "cannot prepare the DHCP socket on %s", device);
	if (bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0)
		return port_error(e, errno, 67, device);
	return take_fd(&fd);
}

int socket_frames(int ifindex, const char *device, struct err *e)
{
	auto_close int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
				  .sll_protocol = 0,
				  .sll_ifindex = ifindex };

	if (fd < 0 || bind(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		return err_sys(e, errno, "cannot open a packet socket on %s", device);
	return take_fd(&fd);
}

static int set_filter(int fd, const struct sock_filter *code, size_t n)
{
	struct sock_fprog program = { .len = (unsigned short)n,
				      .filter = (struct sock_filter *)code };

	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0)
		return -1;
	return set_flag(fd, SOL_SOCKET, SO_LOCK_FILTER);
}

/* Offsets are from the Ethernet header. What the bridge passes up with a VLAN tag or for another
 * host is not for us. */
static const struct sock_filter ip6_filter[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)(SKF_AD_OFF + SKF_AD_PKTTYPE)),
	BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, PACKET_MULTICAST, 10, 0),
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)(SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 8),
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 20), /* next header */
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 2),
	BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 56), /* destination port */
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, DHCP6_PORT, 3, 4),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ICMPV6, 0, 3),
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 54), /* type */
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ND_ROUTER_SOLICIT, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	BPF_STMT(BPF_RET | BPF_K, 0),
};
static const struct sock_filter drop_all[] = { BPF_STMT(BPF_RET | BPF_K, 0) };

int socket_ip6_frames(int ifindex, const char *device, struct err *e)
{
	auto_close int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(ETHERTYPE_IPV6),
				  .sll_ifindex = ifindex };

	if (fd < 0 || set_filter(fd, ip6_filter, ARRAY_LEN(ip6_filter)) < 0 ||
	    set_flag(fd, SOL_PACKET, PACKET_AUXDATA) < 0)
		return err_sys(e, errno, "cannot open a socket for IPv6 guests on %s", device);
	(void)!set_flag(fd, SOL_SOCKET, SO_RCVMARK);
	set_receive_buffer(fd);
	if (bind(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		return err_sys(e, errno, "cannot bind a socket for IPv6 guests to %s", device);
	return take_fd(&fd);
}

static int join(int fd, int ifindex, const char *group)
{
	struct ipv6_mreq m = { .ipv6mr_interface = (unsigned)ifindex };

	if (inet_pton(AF_INET6, group, &m.ipv6mr_multiaddr) != 1)
		return -1;
	return setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &m, sizeof(m));
}

int socket_ip6_groups(int ifindex, const char *device, bool dhcp, struct err *e)
{
	auto_close int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htons(DHCP6_PORT) };

	if (fd < 0 || bind_to_device(fd, device) < 0 ||
	    set_filter(fd, drop_all, ARRAY_LEN(drop_all)) < 0 ||
	    set_flag(fd, IPPROTO_IPV6, IPV6_V6ONLY) < 0)
		return err_sys(e, errno, "cannot open an IPv6 socket on %s", device);
	if (join(fd, ifindex, "ff02::2") < 0 || (dhcp && join(fd, ifindex, "ff02::1:2") < 0))
		return err_sys(e, errno, "cannot join the group of IPv6 routers on %s", device);
	if (!dhcp)
		return take_fd(&fd);
	(void)!set_flag(fd, SOL_SOCKET,
			SO_REUSEADDR); /* another server may hold 547 on its own device */
	if (bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0)
		return port_error(e, errno, DHCP6_PORT, device);
	return take_fd(&fd);
}

/* DNS answers must leave from the address that was asked; the worker learns it from the packet
 * info. */
static int want_packet_info(int fd, int family)
{
	return family == AF_INET6 ? set_flag(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO)
				  : set_flag(fd, IPPROTO_IP, IP_PKTINFO);
}

/* A socket of the device, bound to a port of the address; 0: any. `service`: "DNS". */
static int open_bound(const char *device, const struct ip *address, int type, uint16_t port,
		      const char *service, struct err *e)
{
	char text[IP_TEXT_MAX];
	struct sockaddr_storage ss = { 0 };
	socklen_t n = socket_address(&ss, address, port);

	auto_close int fd = socket(address->family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind_to_device(fd, device) < 0)
		return err_sys(e, errno, "cannot open a %s socket on %s", service, device);
	(void)!set_flag(fd, SOL_SOCKET, SO_REUSEADDR);
	(void)!set_flag(fd, IPPROTO_IP,
			IP_FREEBIND); /* for both families: an address still in DAD can be bound */
	if (bind(fd, (struct sockaddr *)&ss, n) < 0)
		return err_sys(e, errno,
			       "cannot bind %s port %u of %s on %s; another %s server may hold it",
			       type == SOCK_STREAM ? "TCP" : "UDP", port, ip_format(address, text),
			       device, service);
	return take_fd(&fd);
}

static int listen_on(int fd, const struct ip *address, struct err *e)
{
	char text[IP_TEXT_MAX];

	return listen(fd, TCP_BACKLOG) < 0
		   ? err_sys(e, errno, "cannot listen on TCP at %s", ip_format(address, text))
		   : 0;
}

int socket_dns(const char *device, const struct ip *address, uint16_t port, bool tcp, struct err *e)
{
	auto_close int fd =
	    open_bound(device, address, tcp ? SOCK_STREAM : SOCK_DGRAM, port, "DNS", e);

	if (fd < 0)
		return fd;
	if (!tcp && want_packet_info(fd, address->family) < 0)
		return err_sys(e, errno, "cannot prepare the DNS socket on %s", device);
	if (tcp && listen_on(fd, address, e) < 0)
		return -e->code;
	return take_fd(&fd);
}

int socket_tftp(const char *device, const struct ip *address, uint16_t port, struct err *e)
{
	int fd = open_bound(device, address, SOCK_DGRAM, port, "TFTP", e);

	/* Many windows at once; and what comes while the worker is replaced. */
	if (fd >= 0 && !port)
		(void)!setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &(int){ DATA_BUFFER },
				  sizeof(int));
	return fd;
}

int socket_http(const char *device, const struct ip *address, struct err *e)
{
	auto_close int fd = open_bound(device, address, SOCK_STREAM, 80, "HTTP", e);

	if (fd < 0)
		return fd;
	(void)!set_flag(fd, IPPROTO_TCP, TCP_NODELAY); /* its connections inherit it */
	if (listen_on(fd, address, e) < 0)
		return -e->code;
	return take_fd(&fd);
}
