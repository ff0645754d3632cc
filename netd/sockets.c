/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <string.h>
#include <sys/socket.h>

#define RECEIVE_BUFFER (512 * 1024) /* octets: a storm of a thousand guests fits while a worker is restarted */
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

int socket_dns(const char *device, const struct ip *address, bool tcp, struct err *e)
{
	char text[IP_TEXT_MAX];
	struct sockaddr_storage ss = { 0 };
	socklen_t n = socket_address(&ss, address, 53);
	int type = (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK;
	const char *kind = tcp ? "TCP" : "UDP";

	ip_format(address, text);
	auto_close int fd = socket(address->family, type, 0);
	if (fd < 0 || bind_to_device(fd, device) < 0)
		return err_sys(e, errno, "cannot open a DNS socket on %s", device);
	(void)!set_flag(fd, SOL_SOCKET, SO_REUSEADDR);
	(void)!set_flag(fd, IPPROTO_IP, IP_FREEBIND); /* for both families: an address still in DAD can be bound */
	if (!tcp && want_packet_info(fd, address->family) < 0)
		return err_sys(e, errno, "cannot prepare the DNS socket on %s", device);
	if (bind(fd, (struct sockaddr *)&ss, n) < 0)
		return err_sys(e, errno, "cannot bind %s port 53 of %s on %s; another name server may hold it", kind,
		               text, device);
	if (tcp && listen(fd, TCP_BACKLOG) < 0)
		return err_sys(e, errno, "cannot listen on TCP port 53 of %s", text);
	return take_fd(&fd);
}
