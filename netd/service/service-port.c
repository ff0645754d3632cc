/* SPDX-License-Identifier: GPL-2.0-or-later */
/* service-port.c — the port of a network's name server. It is 53, unless that can't be had: a
 * resolver of the host that listens on all addresses keeps others from port 53 of any (UDP, unless
 * both sides allow it; TCP in any case), whatever devices they are bound to. Then all sockets of
 * the network move to another port, and netd/kernel/redirect.h has guests' questions follow. The
 * host's own can't be redirected so: who asks from there is told the port (host-names.h). */
#include "base/log.h"
#include "netd/controller/conditions.h"
#include "netd/service/holder.h"
#include "netd/service/services-internal.h"
#include "netd/service/sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#define DNS_END        FILES_FIRST
#define OTHER_FIRST    15353
#define OTHER_LAST     (OTHER_FIRST + 15)
#define SERVES_DNS(sv) ((sv) && (sv)->wanted[WORKER_DNS])

static uint16_t first_choice(const struct services *s)
{
	return s->c->config.dns_redirect ? OTHER_FIRST : DNS_PORT;
}

static uint16_t port_of(int fd)
{
	struct sockaddr_storage ss = { 0 };
	socklen_t n = sizeof(ss);

	if (getsockname(fd, (struct sockaddr *)&ss, &n) < 0)
		return 0;
	return ntohs(ss.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&ss)->sin6_port
					      : ((struct sockaddr_in *)&ss)->sin_port);
}

/* What an earlier controller has left with the keeper; false: nothing. */
static bool take_held(struct services *s, const struct net *n)
{
	struct net_service *sv = n->service;
	bool any = false;

	for (unsigned i = DNS_FIRST; i < DNS_END; i++) {
		if (!service_socket_is_wanted(sv, i))
			continue;
		sv->fd[i] = service_socket_take(s, n, i);
		if (sv->fd[i] >= 0 && !any)
			sv->dns_port = port_of(sv->fd[i]);
		any |= sv->fd[i] >= 0;
	}
	return any;
}

/* -EADDRINUSE: the port is another's. With `fixed` what a service can do without is a warning. */
static int open_missing(const struct net *n, bool fixed, struct err *e)
{
	struct net_service *sv = n->service;

	for (unsigned i = DNS_FIRST; i < DNS_END; i++) {
		struct err why = { 0 };
		if (sv->fd[i] >= 0 || !service_socket_is_wanted(sv, i))
			continue;
		sv->fd[i] = service_socket_open(n, i, &why);
		if (sv->fd[i] >= 0)
			continue;
		if (service_socket_is_optional(i) && (fixed || why.code != EADDRINUSE)) {
			log_warning("network '%s': %s", n->name, why.msg);
			continue;
		}
		*e = why;
		return -why.code;
	}
	return 0;
}

static void close_all(struct net_service *sv)
{
	for (unsigned i = DNS_FIRST; i < DNS_END; i++) {
		if (sv->fd[i] >= 0)
			(void)!shutdown(sv->fd[i], SHUT_RDWR);
		close_fd(&sv->fd[i]);
	}
}

int service_dns_open(struct services *s, const struct net *n, struct err *e)
{
	struct net_service *sv = n->service;

	sv->dns_port = first_choice(s);
	if (take_held(s, n))
		return open_missing(n, true, e);
	int r = open_missing(n, false, e);
	for (uint16_t port = OTHER_FIRST; r == -EADDRINUSE && port <= OTHER_LAST; port++) {
		close_all(sv);
		sv->dns_port = port;
		r = open_missing(n, false, e);
	}
	if (r == 0)
		err_clear(e);
	return r;
}

size_t services_redirects(const struct net *n, struct fw_redirect_row ret[static 2])
{
	const struct net_service *sv = n->service;
	struct fw_redirect_row row = { .from = DNS_PORT };
	size_t count = 0;

	if (!SERVES_DNS(sv) || sv->dns_port == DNS_PORT)
		return 0;
	row.ifindex = (uint32_t)sv->ifindex;
	row.to = sv->dns_port;
	row.address = sv->address;
	ret[count++] = row;
	row.address = sv->address6;
	if (ip_is_set(&sv->address6))
		ret[count++] = row;
	return count;
}

void service_dns_tell(struct services *s, const struct net *n)
{
	const struct net_service *sv = n->service;
	char who[HOLDER_TEXT_MAX], address[IP_TEXT_MAX];

	if (!SERVES_DNS(sv) || sv->dns_port == DNS_PORT || s->c->config.dns_redirect) {
		conditions_clear(s->c->conditions, n, CONDITION_DNS_REDIRECTED, NULL);
		return;
	}
	const char *holder = holder_text(false, DNS_PORT, who);
	if (holder != who)
		holder = holder_text(true, DNS_PORT, who);
	conditions_raise(s->c->conditions, n, CONDITION_DNS_REDIRECTED, "53",
			 "%s has port 53: guests' questions are redirected to port %u of %s",
			 holder, sv->dns_port, ip_format(&sv->address, address));
}

/* As the host's own socket would find it: one on all addresses is in everybody's way. */
static bool is_free(const struct ip *address)
{
	struct err e = { 0 };
	auto_close int udp = socket_dns("lo", address, DNS_PORT, false, &e);
	auto_close int tcp = udp < 0 ? -1 : socket_dns("lo", address, DNS_PORT, true, &e);

	return tcp >= 0;
}

static bool should_move(const struct services *s, const struct net_service *sv)
{
	bool own = sv->dns_port == DNS_PORT;

	if (s->c->config.dns_redirect)
		return own;
	return !own && is_free(&sv->address) &&
	       (!ip_is_set(&sv->address6) || is_free(&sv->address6));
}

void services_reload(struct services *s)
{
	struct net *n;

	service_zones_reload(s->zones);
	registry_foreach(n, &s->c->registry)
	{
		struct err e = { 0 };
		if (!SERVES_DNS(n->service) || n->state != NET_ACTIVE ||
		    !should_move(s, n->service))
			continue;
		services_stop_quietly(s, n);
		if (services_start(s, n, &e) < 0)
			conditions_raise(s->c->conditions, n, CONDITION_SERVICE_DOWN, "all", "%s",
					 e.msg);
	}
}
