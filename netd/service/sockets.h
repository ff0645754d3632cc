/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sockets.h — the sockets of the guest services. Each is bound to one device by the kernel, so that
 * whoever holds it can neither hear nor reach another network; all are non-blocking and
 * close-on-exec. Needs NET_RAW and NET_BIND_SERVICE. Return a descriptor or -errno with *e filled.
 */
#ifndef NETD_SOCKETS_H
#define NETD_SOCKETS_H

#include "base/addr.h"
#include "base/err.h"

/* UDP port 67 of every address, for what arrives on `device`; IP_PKTINFO on, and SO_RCVMARK, by
 * which the port of the bridge is known (netd/kernel/guard.h). */
int socket_dhcp4(const char *device, struct err *e) mustcheck;

/* A packet socket bound to the interface that receives nothing (protocol 0): send() puts a whole
 * frame on the bridge. */
int socket_frames(int ifindex, const char *device, struct err *e) mustcheck;

/* A packet socket bound to the interface for both ways of IPv6: the kernel lets in only datagrams
 * to DHCPv6 servers (UDP port 547) and router solicitations, without extension headers;
 * PACKET_AUXDATA and SO_RCVMARK on. send() as above. */
int socket_ip6_frames(int ifindex, const char *device, struct err *e) mustcheck;

/* Never read: it has the bridge listen to all routers (ff02::2) and, with `dhcp`, to all DHCPv6
 * servers (ff02::1:2) and holds UDP port 547 of the device, so that no other server takes it
 * unnoticed. */
int socket_ip6_groups(int ifindex, const char *device, bool dhcp, struct err *e) mustcheck;

/* `port` of `address`, normally 53, for what arrives on `device`: UDP with IP_PKTINFO, or a
 * listening TCP socket. -EADDRINUSE: it is another's. */
int socket_dns(const char *device, const struct ip *address, uint16_t port, bool tcp, struct err *e)
    mustcheck;

/* UDP: port 69 of `address` for requests, any port (0) for data. */
int socket_tftp(const char *device, const struct ip *address, uint16_t port, struct err *e)
    mustcheck;
/* A listening TCP socket at `address` port 80. */
int socket_http(const char *device, const struct ip *address, struct err *e) mustcheck;

#endif
