/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

/* Octets, which the kernel doubles and of which a DISCOVER takes 1300: a storm of a thousand guests fits, also while a
 * worker is restarted. */
#define RECEIVE_BUFFER (1024 * 1024)
#define DATA_BUFFER    (4 * 1024 * 1024) /* octets: forty windows */
#define TCP_BACKLOG    128

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
	*in = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(a->v4) };
	return sizeof(*in);
}

int socket_dhcp4(const char *device, struct err *e)
{
	auto_close int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(67) };

	if (fd < 0 || bind_to_device(fd, device) < 0)
		return err_sys(e, errno, "cannot open a DHCP socket on %s", device);
	(void)!set_flag(fd, SOL_SOCKET, SO_REUSEADDR); /* another server may hold 67 on its own device */
	(void)!set_flag(fd, SOL_SOCKET, SO_BROADCAST);
	/* Without the privilege it is at most net.core.rmem_max, by default 208 kB. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &(int){ RECEIVE_BUFFER }, sizeof(int)) < 0)
		(void)!setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &(int){ RECEIVE_BUFFER }, sizeof(int));
	if (set_flag(fd, IPPROTO_IP, IP_PKTINFO) < 0)
		return err_sys(e, errno, "cannot prepare the DHCP socket on %s", device);
	if (bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0)
		return err_sys(e, errno, "cannot bind UDP port 67 on %s; another DHCP server may hold it", device);
	return take_fd(&fd);
}

int socket_frames(int ifindex, const char *device, struct err *e)
{
	auto_close int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_protocol = 0, .sll_ifindex = ifindex };

	if (fd < 0 || bind(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		return err_sys(e, errno, "cannot open a packet socket on %s", device);
	return take_fd(&fd);
}

/* DNS answers must leave from the address that was asked; the worker learns it from the packet info. */
static int want_packet_info(int fd, int family)
{
	return family == AF_INET6 ? set_flag(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO)
	                          : set_flag(fd, IPPROTO_IP, IP_PKTINFO);
}

/* A socket of the device, bound to a port of the address; 0: any. `service`: "DNS". */
static int open_bound(const char *device, const struct ip *address, int type, uint16_t port, const char *service,
                      struct err *e)
{
	char text[IP_TEXT_MAX];
	struct sockaddr_storage ss = { 0 };
	socklen_t n = socket_address(&ss, address, port);

	auto_close int fd = socket(address->family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind_to_device(fd, device) < 0)
		return err_sys(e, errno, "cannot open a %s socket on %s", service, device);
	(void)!set_flag(fd, SOL_SOCKET, SO_REUSEADDR);
	(void)!set_flag(fd, IPPROTO_IP, IP_FREEBIND); /* for both families: an address still in DAD can be bound */
	if (bind(fd, (struct sockaddr *)&ss, n) < 0)
		return err_sys(e, errno, "cannot bind %s port %u of %s on %s; another %s server may hold it",
		               type == SOCK_STREAM ? "TCP" : "UDP", port, ip_format(address, text), device, service);
	return take_fd(&fd);
}

static int listen_on(int fd, const struct ip *address, struct err *e)
{
	char text[IP_TEXT_MAX];

	return listen(fd, TCP_BACKLOG) < 0 ? err_sys(e, errno, "cannot listen on TCP at %s", ip_format(address, text)) : 0;
}

int socket_dns(const char *device, const struct ip *address, bool tcp, struct err *e)
{
	auto_close int fd = open_bound(device, address, tcp ? SOCK_STREAM : SOCK_DGRAM, 53, "DNS", e);

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
		(void)!setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &(int){ DATA_BUFFER }, sizeof(int));
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
