/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bridge/bridge.h"

#include "base/diff.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

#define IPV6_MTU_MIN 1280 /* RFC 8200 §5; below it the kernel has no IPv6 on a link */

bool link_name_valid(const char *name)
{
	size_t n = strlen(name);

	if (!n || n >= LINK_NAME_MAX || !strcmp(name, ".") || !strcmp(name, ".."))
		return false;
	for (const char *p = name; *p; p++)
		if (*p == '/' || *p == ':' || *p == '%' || (unsigned char)*p <= ' ' || *p == 0x7f)
			return false;
	return true;
}

static struct mac mac_of_uuid(const struct uuid *u)
{
	uint64_t h = diff_hash(DIFF_HASH_START, u->b, sizeof(u->b));

	return (struct mac){ { 0x52, 0x54, 0, (uint8_t)(h >> 16), (uint8_t)(h >> 8), (uint8_t)h } };
}

/* Modified EUI-64, RFC 4291 appendix A: the address that the kernel would choose as well. */
static struct ip link_local_of_mac(const struct mac *m)
{
	return (struct ip){ .family = AF_INET6,
			    .v6 = { 0xfe, 0x80, 0, 0, 0, 0, 0, 0, m->b[0] ^ 2, m->b[1], m->b[2],
				    0xff, 0xfe, m->b[3], m->b[4], m->b[5] } };
}

/* libvirt takes no stp='…' in mode bridge. Of the uplink's network nothing is known; a spanning
 * tree that is there must not find one more. */
static bool stp_wanted(const struct network *n)
{
	return n->stp && network_owns_bridge(n);
}

/* br_stp_start() in Linux clamps the delay of a bridge with STP to what IEEE 802.1D §8.10.2 allows.
 */
static uint32_t delay_in_force(const struct network *n)
{
	uint32_t sec = n->has_delay ? n->delay_sec : 0;

	if (stp_wanted(n))
		sec = MIN_OF(MAX_OF(sec, 2U), 30U);
	return sec > UINT32_MAX / 100 ? UINT32_MAX : sec * 100;
}

/* For ports that have a VLAN; with macTableManager='libvirt' as libvirt does, so that the kernel
 * knows from whom a device has to receive. */
static bool vlans_wanted(const struct network *n)
{
	bool any = n->vlan.n_tags || n->mac_table_manager == MAC_TABLE_LIBVIRT;

	for (size_t i = 0; i < n->n_portgroups && !any; i++)
		any = n->portgroups[i].vlan.n_tags;
	return any;
}

static void want_link(const struct network *n, struct bridge_want *w)
{
	w->link = (struct link_row){
		.mac = n->has_mac ? n->mac : mac_of_uuid(&n->uuid),
		.mtu = n->mtu ? n->mtu : BRIDGE_MTU_DEFAULT,
		.stp = stp_wanted(n),
		.forward_delay_cs = delay_in_force(n),
		.hello_cs = stp_wanted(n) ? BRIDGE_HELLO_CS : 0,
		.vlan_filtering = vlans_wanted(n),
	};
	copy_text(w->link.name, sizeof(w->link.name), n->bridge);
	link_alias_bridge(&n->uuid, w->link.alias);
}

static void want_addr(struct bridge_want *w, const struct ip *address, unsigned prefix)
{
	struct addr_row *a = &w->addrs[w->n_addrs];

	for (size_t i = 0; i < w->n_addrs; i++)
		if (ip_equal(&w->addrs[i].address, address) &&
		    (w->addrs[i].prefix == prefix || address->family == AF_INET6))
			return; /* written twice; IPv6 has an address once on a link, whatever its
				   prefix */
	*a = (struct addr_row){ .address = *address, .prefix = prefix, .proto = BRIDGE_RTPROTO };
	if (address->family == AF_INET6)
		a->nodad = true;
	else if (prefix < 31) /* RFC 3021: a /31 has no broadcast address */
		a->broadcast = address->v4 | ~ip4_mask(prefix);
	w->n_addrs++;
}

/* One <ip> per address, and one link-local address if any is IPv6. */
static int want_addrs(const struct network *n, struct bridge_want *w, bool *ret_ipv6)
{
	bool ipv6 = false;

	w->addrs = calloc(n->n_ips + 1, sizeof(*w->addrs));
	if (!w->addrs)
		return -ENOMEM;
	for (size_t i = 0; i < n->n_ips; i++) {
		if (!ip_is_set(&n->ips[i].address))
			continue;
		ipv6 |= n->ips[i].address.family == AF_INET6;
		want_addr(w, &n->ips[i].address, n->ips[i].prefix);
	}
	if (ipv6) {
		struct ip local = link_local_of_mac(&w->link.mac);
		want_addr(w, &local, 64);
	}
	*ret_ipv6 = ipv6;
	return 0;
}

static int want_routes(const struct network *n, struct bridge_want *w)
{
	w->routes = calloc(n->n_routes + 1, sizeof(*w->routes));
	if (!w->routes)
		return -ENOMEM;
	for (size_t i = 0; i < n->n_routes; i++) {
		const struct network_route *r = &n->routes[i];
		w->routes[w->n_routes++] = (struct route_row){
			.destination = ip_network(&r->address, r->prefix),
			.prefix = r->prefix,
			.gateway = r->gateway,
			/* What libvirt uses; for IPv6 the kernel's own default would be 1024. */
			.metric = r->has_metric ? r->metric : 1,
			.proto = BRIDGE_RTPROTO,
		};
	}
	return 0;
}

static int want_sysctls(struct bridge_want *w, bool ipv6)
{
	static const enum sysctl_key keys[] = { SYSCTL_ACCEPT_RA, SYSCTL_AUTOCONF,
						SYSCTL_DISABLE_IPV6, SYSCTL_ADDR_GEN_MODE };

	w->sysctls = calloc(ARRAY_LEN(keys), sizeof(*w->sysctls));
	if (!w->sysctls)
		return -ENOMEM;
	if (w->link.mtu < IPV6_MTU_MIN)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		struct sysctl_row *s = &w->sysctls[w->n_sysctls];
		if (keys[i] == SYSCTL_ADDR_GEN_MODE && !ipv6)
			continue;
		*s = (struct sysctl_row){ .key = keys[i] };
		copy_text(s->dev, sizeof(s->dev), w->name);
		s->value = keys[i] == SYSCTL_DISABLE_IPV6    ? !ipv6
			   : keys[i] == SYSCTL_ADDR_GEN_MODE ? 1 /* none: the row does it */
							     : 0;
		w->n_sysctls++;
	}
	return 0;
}

static void want_uplink(const struct network *n, struct uplink_row *ret)
{
	if (network_owns_bridge(n))
		return;
	copy_text(ret->dev, sizeof(ret->dev), n->options.uplink.dev);
	ret->vlan = n->options.uplink.vlan;
}

static void want_forwarding(const struct network *n, struct bridge_want *w)
{
	enum forward_mode mode = n->forward.mode;

	if (mode != FORWARD_NAT && mode != FORWARD_ROUTE && mode != FORWARD_OPEN)
		return;
	for (size_t i = 0; i < n->n_ips; i++) {
		w->forward_ipv4 |= n->ips[i].address.family == AF_INET;
		w->forward_ipv6 |= n->ips[i].address.family == AF_INET6;
	}
}

int bridge_wanted(const struct network *n, struct bridge_want *ret, struct err *e)
{
	struct bridge_want w = { .uuid = n->uuid, .running = true };
	bool ipv6 = false;

	if (!network_makes_bridge(n))
		return err_set(e, ERR_INTERNAL, "network '%s' has no bridge of its own", n->name);
	if (!n->bridge || !link_name_valid(n->bridge))
		return err_sys(
		    e, EINVAL,
		    "error creating bridge interface %s: the name of an interface has 1 to 15 "
		    "octets and no blank, '/', ':' or '%%'",
		    n->bridge ? n->bridge : "");
	copy_text(w.name, sizeof(w.name), n->bridge);
	want_link(n, &w);
	want_uplink(n, &w.uplink.row);
	if (want_addrs(n, &w, &ipv6) < 0 || want_routes(n, &w) < 0 || want_sysctls(&w, ipv6) < 0) {
		bridge_want_done(&w);
		return err_set(e, ERR_NO_MEMORY, "out of memory");
	}
	want_forwarding(n, &w);
	*ret = w;
	return 0;
}

void bridge_wanted_nothing(const struct uuid *uuid, const char *name, struct bridge_want *ret)
{
	*ret = (struct bridge_want){ .uuid = *uuid };
	copy_text(ret->name, sizeof(ret->name), name);
}

void bridge_want_done(struct bridge_want *w)
{
	free(w->addrs);
	free(w->routes);
	free(w->sysctls);
	free(w->ports);
	free(w->uplink.lost);
	*w = (struct bridge_want){ 0 };
}
