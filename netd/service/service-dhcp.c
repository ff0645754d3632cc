/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/service/service-dhcp.h"

#include "bridge/bridge.h"
#include "dhcp/ip6-frame.h"
#include "netd/messages/messages-dhcp6.h"
#include "netd/messages/messages.h"
#include "netd/service/service-relay.h"
#include "netd/service/service-rules.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#define SLAAC_VALID     86400 /* s, renewed by every advertisement */
#define SLAAC_PREFERRED 14400
#define DUID_UUID       4 /* RFC 6355 */
#define HOP_LIMIT_ND    255

/* ---- what a definition asks for ---- */

bool service_wants_dhcp4(const struct network *def)
{
	return network_dhcp_ip(def, AF_INET) != NULL;
}

static const struct network_ip *first_ip6(const struct network *def)
{
	for (size_t i = 0; i < def->n_ips; i++)
		if (def->ips[i].address.family == AF_INET6)
			return &def->ips[i];
	return NULL;
}

bool service_wants_ip6(const struct network *def)
{
	return first_ip6(def) != NULL;
}

/* Where DHCPv6 is served, be it without addresses. */
static const struct network_ip *dhcp6_ip(const struct network *def)
{
	const struct network_ip *ip = network_dhcp_ip(def, AF_INET6);

	return ip ? ip : network_stateless_ip(def);
}

bool service_wants_dhcp6(const struct network *def)
{
	return dhcp6_ip(def) != NULL;
}

bool service_wants_dns(const struct network *def)
{
	return def->n_ips > 0 && def->dns.enable != TRI_NO;
}

static bool is_link_local(const struct ip *ip)
{
	return ip->family == AF_INET6 && ip->v6[0] == 0xfe && (ip->v6[1] & 0xc0) == 0x80;
}

struct ip service_address6(const struct network *def)
{
	const struct network_ip *ip = network_dhcp_ip(def, AF_INET6);

	for (size_t i = 0; !ip && i < def->n_ips; i++)
		if (def->ips[i].address.family == AF_INET6 && !is_link_local(&def->ips[i].address))
			ip = &def->ips[i];
	return ip ? ip->address : (struct ip){ 0 };
}

struct ip service_dns6(const struct network *def)
{
	return service_wants_dns(def) ? service_address6(def) : (struct ip){ 0 };
}

/* Strings of a definition are valid by its own rules; what doesn't fit a DHCP field is left out. */
static void put_name(char *dst, size_t cap, const char *src)
{
	if (src && !copy_text(dst, cap, src))
		dst[0] = '\0';
}

static void reserve(struct dhcp4_name *reserved, size_t *n, const char *name)
{
	if (*n < DHCP4_RESERVED_MAX)
		put_name(reserved[(*n)++].s, DHCP4_NAME_MAX, name);
}

static size_t count_names(const struct network_dns *dns)
{
	size_t n = 0;

	for (size_t i = 0; i < dns->n_hosts; i++)
		n += dns->hosts[i].n_names;
	return n;
}

static void reserve_hosts(struct dhcp4_name *reserved, size_t *n, const struct network_dns *dns)
{
	for (size_t i = 0; i < dns->n_hosts; i++)
		for (size_t k = 0; k < dns->hosts[i].n_names; k++)
			reserve(reserved, n, dns->hosts[i].names[k]);
}

/* Other names of machines; those with a dot are another domain's. */
static void reserve_aliases(struct dhcp4_name *reserved, size_t *n, const struct netd_dns *dns)
{
	for (size_t i = 0; i < dns->n_records; i++) {
		const struct netd_dns_record *one = &dns->records[i];
		if (one->kind == NETD_DNS_ALIAS && one->name && !strchr(one->name, '.'))
			reserve(reserved, n, one->name);
	}
}

/* Names that no guest can take by asking for them. */
static int add_reserved(const struct network *def, struct dhcp4_name **ret, size_t *ret_n)
{
	const struct netd_dns *dns = &def->options.dns, *dnsmasq = &def->dnsmasq.names;

	*ret = calloc(2 + count_names(&def->dns) + count_names(&def->dnsmasq.dns) + dns->n_records +
			  dnsmasq->n_records,
		      sizeof(**ret));
	if (!*ret)
		return -ENOMEM;
	reserve(*ret, ret_n, "_gateway");
	reserve(*ret, ret_n, "host");
	reserve_aliases(*ret, ret_n, dns);
	reserve_aliases(*ret, ret_n, dnsmasq);
	reserve_hosts(*ret, ret_n, &def->dns);
	reserve_hosts(*ret, ret_n, &def->dnsmasq.dns);
	return 0;
}

/* ---- DHCPv4 ---- */

static int add_ranges4(struct dhcp4_config *dc, const struct network_ip *ip)
{
	dc->ranges = calloc(ip->n_ranges ? ip->n_ranges : 1, sizeof(*dc->ranges));
	if (!dc->ranges)
		return -ENOMEM;
	for (size_t i = 0; i < ip->n_ranges && dc->n_ranges < DHCP4_RANGES_MAX; i++) {
		const struct dhcp_range *r = &ip->ranges[i];
		dc->ranges[dc->n_ranges++] =
		    (struct dhcp4_range){ .start = r->start.v4,
					  .end = r->end.v4,
					  .lease_sec = lease_time_seconds(&r->lease, 0) };
	}
	return 0;
}

static struct dhcp4_host host4(const struct dhcp_host *h)
{
	struct dhcp4_host to = { .has_mac = h->has_mac,
				 .mac = h->mac,
				 .ip = h->ip.v4,
				 .lease_sec = lease_time_seconds(&h->lease, 0) };

	put_name(to.name, sizeof(to.name), h->name);
	return to;
}

static int add_hosts4(struct dhcp4_config *dc, const struct network_ip *ip)
{
	dc->hosts = calloc(ip->n_hosts ? ip->n_hosts : 1, sizeof(*dc->hosts));
	if (!dc->hosts)
		return -ENOMEM;
	for (size_t i = 0; i < ip->n_hosts && dc->n_hosts < DHCP4_HOSTS_MAX; i++)
		dc->hosts[dc->n_hosts++] = host4(&ip->hosts[i]);
	return 0;
}

static enum dhcp4_identity identity_of(const struct netd_dhcp *d)
{
	switch (d->identity) {
	case IDENTITY_MAC:
		break;
	case IDENTITY_CLIENT_ID:
		return DHCP4_BY_CLIENT_ID;
	case IDENTITY_BOTH:
		return DHCP4_BY_BOTH;
	}
	return DHCP4_BY_MAC;
}

static int dhcp4_config_from_network(const struct network *def, struct dhcp4_config *dc)
{
	const struct network_ip *ip = network_dhcp_ip(def, AF_INET);

	*dc = (struct dhcp4_config){ .server = ip->address.v4,
				     .prefix = ip->prefix,
				     .bridge_mac = def->mac,
				     .mtu = def->mtu,
				     .links = (uint32_t)def->options.dhcp.n_relayed,
				     .default_lease_sec = service_default_lease(def, AF_INET),
				     .identity = identity_of(&def->options.dhcp),
				     .http = def->options.http && ip->tftp_root,
				     .rapid_commit = def->options.dhcp.rapid_commit == TRI_YES ||
						     def->dnsmasq.dhcp.rapid_commit == TRI_YES,
				     .authoritative = true };
	dc->router = def->forward.mode == FORWARD_NONE ? 0 : ip->address.v4;
	dc->dns = service_wants_dns(def) ? ip->address.v4 : 0;
	dc->next_server = ip_is_set(&ip->bootp_server) ? ip->bootp_server.v4 : 0;
	put_name(dc->domain, sizeof(dc->domain), def->domain);
	put_name(dc->boot_file, sizeof(dc->boot_file), ip->bootp_file);
	int r;
	if ((r = add_ranges4(dc, ip)) < 0 || (r = add_hosts4(dc, ip)) < 0 ||
	    (r = add_reserved(def, &dc->reserved, &dc->n_reserved)) < 0 ||
	    (r = service_rules(def, AF_INET, &dc->rules)) < 0)
		dhcp4_config_done(dc);
	return r;
}

/* `link` is NULL for the network's own. */
static int post_link4(struct worker_proc *p, const struct net *n, const struct netd_relayed *link)
{
	struct dhcp4_config dc;
	int r = dhcp4_config_from_network(n->live, &dc);

	if (r == 0 && link) {
		r = service_relay_config(&dc, link);
		if (r < 0)
			dhcp4_config_done(&dc);
	}
	if (r < 0)
		return r;
	size_t cap = msg_dhcp4_config_size(&dc);
	auto_free uint8_t *body = malloc(cap);
	if (body) {
		struct wr w = wr_over(body, cap);
		msg_put_dhcp4_config(&w, n->id, &dc);
		worker_post(p, MSG_DHCP4_CONFIG, body, wr_len(&w), NULL, 0);
	}
	dhcp4_config_done(&dc);
	return body ? 0 : -ENOMEM;
}

static int post_config4(struct worker_proc *p, const struct net *n)
{
	const struct netd_dhcp *d = &n->live->options.dhcp;
	int r = post_link4(p, n, NULL);

	for (size_t i = 0; i < d->n_relayed && r == 0; i++)
		r = post_link4(p, n, &d->relayed[i]);
	return r;
}

static void post_hosts4(struct worker_proc *p, const struct msg_dhcp4_hosts *m)
{
	static uint8_t body[20 + MSG_DHCP_HOSTS_MAX * 128]; /* the loop is one thread */
	struct wr w = wr_over(body, sizeof(body));

	msg_put_dhcp4_hosts(&w, m);
	worker_post(p, MSG_DHCP4_HOSTS, body, wr_len(&w), NULL, 0);
}

bool service_dhcp4_tell_hosts(struct worker_proc *p, const struct net *n,
			      const struct network *before)
{
	static struct dhcp4_host hosts[MSG_DHCP_HOSTS_MAX];
	const struct network_ip *old = network_dhcp_ip(before, AF_INET),
				*now = network_dhcp_ip(n->live, AF_INET);
	/* The first <ip> with any is served: it may be another one now. */
	if (!old || !now || old - before->ips != now - n->live->ips ||
	    MAX_OF(old->n_hosts, now->n_hosts) > DHCP4_HOSTS_MAX)
		return false;
	struct hosts_change c = network_hosts_change(old, now);
	if (!c.n_before && !c.n_now)
		return true;
	if (c.n_now > MSG_DHCP_HOSTS_MAX)
		return false;
	for (size_t i = 0; i < c.n_now; i++)
		hosts[i] = host4(&now->hosts[c.first + i]);
	post_hosts4(p, &(struct msg_dhcp4_hosts){ .net_id = n->id,
						  .of = (uint32_t)old->n_hosts,
						  .first = (uint32_t)c.first,
						  .n_before = (uint32_t)c.n_before,
						  .hosts = hosts,
						  .n_hosts = c.n_now });
	return true;
}

struct restore4 {
	struct worker_proc *p;
	uint32_t net_id;
	struct msg_dhcp4_record record[MSG_DHCP_RECORDS_MAX];
	size_t n;
};

static void flush4(struct restore4 *r)
{
	static uint8_t body[MSG_DHCP_BATCH_MAX];
	struct wr w = wr_over(body, sizeof(body));

	if (!r->n)
		return;
	msg_put_dhcp4_records(&w, r->record, r->n);
	worker_post(r->p, MSG_DHCP4_RESTORE, body, wr_len(&w), NULL, 0);
	r->n = 0;
}

static void restore4(void *data, const struct lease *lease)
{
	struct restore4 *r = data;
	const struct lease_binding *b = &lease->b;

	if (b->ip.family != AF_INET)
		return;
	struct msg_dhcp4_record *to = &r->record[r->n++];
	*to = (struct msg_dhcp4_record){ .net_id = r->net_id,
					 .change = lease->declined ? DHCP4_DECLINE : DHCP4_GRANT,
					 .expires_wall = leases_wall(lease->expires),
					 .binding = { .ip = b->ip.v4,
						      .mac = b->mac,
						      .lease_sec = b->lease_sec,
						      .port = b->port,
						      .client_id_len = b->n_client_id,
						      .expires = USEC_INFINITY } };
	memcpy(to->binding.client_id, b->client_id, b->n_client_id);
	copy_text(to->binding.name, sizeof(to->binding.name), b->name);
	if (r->n == MSG_DHCP_RECORDS_MAX)
		flush4(r);
}

static void post_sockets(struct worker_proc *p, const struct net *n, uint32_t type, const int *fds,
			 size_t count)
{
	uint8_t body[8];
	struct wr w = wr_over(body, sizeof(body));

	msg_put_net_id(&w, n->id);
	worker_post(p, type, body, wr_len(&w), fds, count);
}

int service_dhcp4_tell(struct worker_proc *p, const struct net *n, const struct leases *l,
		       bool anew, const int fds[static 2])
{
	static struct restore4 r; /* large; the loop is one thread */
	int result = post_config4(p, n);

	if (result < 0 || !anew)
		return result;
	r = (struct restore4){ .p = p, .net_id = n->id };
	leases_visit(l, n, restore4, &r);
	flush4(&r);
	post_sockets(p, n, MSG_DHCP4_SOCKETS, fds, 2);
	return 0;
}

/* ---- router advertisements ---- */

static void add_prefix(struct ra_config *c, const struct network_ip *ip, bool managed)
{
	if (ip->address.family != AF_INET6 || is_link_local(&ip->address) ||
	    c->n_prefixes == RA_PREFIXES_MAX)
		return;
	c->prefix[c->n_prefixes++] =
	    (struct ra_prefix){ .prefix = ip_network(&ip->address, ip->prefix),
				.length = ip->prefix,
				.autonomous = !managed && ip->prefix == 64,
				.valid = SLAAC_VALID,
				.preferred = SLAAC_PREFERRED };
}

/* The network's own name service; its IPv6 addresses are all the bridge's. */
static void ra_config_from_network(const struct network *def, struct ra_config *c)
{
	const struct network_ip *dhcp = network_dhcp_ip(def, AF_INET6);

	*c = (struct ra_config){ .mac = def->mac,
				 .link_local = ip6_link_local(&def->mac),
				 .managed = dhcp != NULL,
				 .other = network_stateless_ip(def) != NULL,
				 .mtu = def->mtu ? def->mtu : BRIDGE_MTU_DEFAULT };
	c->router_lifetime = def->forward.mode == FORWARD_NONE ? 0 : RA_ROUTER_LIFETIME;
	c->dns = service_dns6(def);
	put_name(c->domain, sizeof(c->domain), def->domain);
	for (size_t i = 0; i < def->n_ips; i++)
		add_prefix(c, &def->ips[i], &def->ips[i] == dhcp);
}

static void post_ra_config(struct worker_proc *p, const struct net *n)
{
	struct ra_config c;
	uint8_t body[MSG_RA_CONFIG_MAX];
	struct wr w = wr_over(body, sizeof(body));

	ra_config_from_network(n->live, &c);
	msg_put_ra_config(&w, n->id, &c);
	worker_post(p, MSG_RA_CONFIG, body, wr_len(&w), NULL, 0);
}

void service_ip6_end(const struct network *def, int fd)
{
	static const struct ip all_nodes = { .family = AF_INET6, .v6 = { 0xff, 0x02, [15] = 1 } };
	struct ra_config c;
	uint8_t message[RA_MESSAGE_MAX], frame[IP6_FRAME_OVERHEAD + RA_MESSAGE_MAX];

	ra_config_from_network(def, &c);
	const struct ip6_packet p = {
		.from = c.mac,
		.to = ip6_multicast_mac(&all_nodes),
		.src = c.link_local,
		.dst = all_nodes,
		.hop_limit = HOP_LIMIT_ND,
		.protocol = IP6_PROTO_ICMPV6,
		.payload = message,
		.n = ra_final(&c, message),
	};
	/* One could be lost for a guest whose queue is just full. At once, not seconds apart
	 * (§6.2.6), for the bridge goes now. */
	size_t n = ip6_frame_make(frame, sizeof(frame), &p);
	for (unsigned i = 0; n && i < RA_FINAL; i++)
		(void)!send(fd, frame, n, MSG_DONTWAIT);
}

/* ---- DHCPv6 ---- */

/* The digits of <host id='…'>, checked when the definition was read. */
static uint8_t parse_duid(const char *text, uint8_t buf[static DHCP6_DUID_MAX])
{
	size_t n = 0;

	while (text && *text && n < DHCP6_DUID_MAX) {
		char *end;
		unsigned long octet = strtoul(text, &end, 16);
		if (end == text || octet > UINT8_MAX)
			return 0;
		buf[n++] = (uint8_t)octet;
		text = *end == ':' ? end + 1 : end;
	}
	return text && *text ? 0 : (uint8_t)n;
}

static int add_ranges6(struct dhcp6_config *dc, const struct network_ip *ip)
{
	dc->ranges = calloc(ip->n_ranges ? ip->n_ranges : 1, sizeof(*dc->ranges));
	if (!dc->ranges)
		return -ENOMEM;
	for (size_t i = 0; i < ip->n_ranges && dc->n_ranges < DHCP6_RANGES_MAX; i++) {
		const struct dhcp_range *r = &ip->ranges[i];
		dc->ranges[dc->n_ranges++] =
		    (struct dhcp6_range){ .start = r->start,
					  .end = r->end,
					  .lease_sec = lease_time_seconds(&r->lease, 0) };
	}
	return 0;
}

static int add_hosts6(struct dhcp6_config *dc, const struct network_ip *ip)
{
	dc->hosts = calloc(ip->n_hosts ? ip->n_hosts : 1, sizeof(*dc->hosts));
	if (!dc->hosts)
		return -ENOMEM;
	for (size_t i = 0; i < ip->n_hosts && dc->n_hosts < DHCP6_HOSTS_MAX; i++) {
		const struct dhcp_host *h = &ip->hosts[i];
		struct dhcp6_host *to = &dc->hosts[dc->n_hosts++];
		if (h->ip.family != AF_INET6)
			continue; /* only in definitions of old */
		*to = (struct dhcp6_host){ .ip = h->ip,
					   .lease_sec = lease_time_seconds(&h->lease, 0) };
		to->duid_len = parse_duid(h->id, to->duid);
		put_name(to->name, sizeof(to->name), h->name);
	}
	return 0;
}

/* The server's identifier is made of the network's UUID: it never changes, and needs no file. */
static int dhcp6_config_from_network(const struct network *def, struct dhcp6_config *dc)
{
	const struct network_ip *ip = dhcp6_ip(def);

	*dc = (struct dhcp6_config){ .server = ip->address,
				     .prefix = ip->prefix,
				     .bridge_mac = def->mac,
				     .dns = service_dns6(def),
				     .default_lease_sec = service_default_lease(def, AF_INET6),
				     .duid = { 0, DUID_UUID } };
	memcpy(dc->duid + 2, def->uuid.b, sizeof(def->uuid.b));
	dc->duid_len = 2 + sizeof(def->uuid.b);
	put_name(dc->domain, sizeof(dc->domain), def->domain);
	int r;
	if ((r = add_ranges6(dc, ip)) < 0 || (r = add_hosts6(dc, ip)) < 0 ||
	    (r = add_reserved(def, &dc->reserved, &dc->n_reserved)) < 0 ||
	    (r = service_rules(def, AF_INET6, &dc->rules)) < 0)
		dhcp6_config_done(dc);
	return r;
}

static int post_config6(struct worker_proc *p, const struct net *n)
{
	struct dhcp6_config dc;
	int r = dhcp6_config_from_network(n->live, &dc);

	if (r < 0)
		return r;
	size_t cap = msg_dhcp6_config_size(&dc);
	auto_free uint8_t *body = malloc(cap);
	if (body) {
		struct wr w = wr_over(body, cap);
		msg_put_dhcp6_config(&w, n->id, &dc);
		worker_post(p, MSG_DHCP6_CONFIG, body, wr_len(&w), NULL, 0);
	}
	dhcp6_config_done(&dc);
	return body ? 0 : -ENOMEM;
}

struct restore6 {
	struct worker_proc *p;
	uint32_t net_id;
	struct msg_dhcp6_record record[MSG_DHCP_RECORDS_MAX];
	size_t n;
};

static void flush6(struct restore6 *r)
{
	static uint8_t body[MSG_DHCP6_BATCH_MAX];
	struct wr w = wr_over(body, sizeof(body));

	if (!r->n)
		return;
	msg_put_dhcp6_records(&w, r->record, r->n);
	worker_post(r->p, MSG_DHCP6_RESTORE, body, wr_len(&w), NULL, 0);
	r->n = 0;
}

static void restore6(void *data, const struct lease *lease)
{
	struct restore6 *r = data;
	const struct lease_binding *b = &lease->b;

	if (b->ip.family != AF_INET6 || b->n_client_id < DHCP6_DUID_MIN ||
	    b->n_client_id > DHCP6_DUID_MAX)
		return;
	struct msg_dhcp6_record *to = &r->record[r->n++];
	*to = (struct msg_dhcp6_record){ .net_id = r->net_id,
					 .change = lease->declined ? DHCP4_DECLINE : DHCP4_GRANT,
					 .expires_wall = leases_wall(lease->expires),
					 .binding = { .ip = b->ip,
						      .mac = b->mac,
						      .iaid = b->iaid,
						      .lease_sec = b->lease_sec,
						      .port = b->port,
						      .duid_len = b->n_client_id,
						      .expires = USEC_INFINITY } };
	memcpy(to->binding.duid, b->client_id, b->n_client_id);
	copy_text(to->binding.name, sizeof(to->binding.name), b->name);
	if (r->n == MSG_DHCP_RECORDS_MAX)
		flush6(r);
}

int service_ip6_tell(struct worker_proc *p, const struct net *n, const struct leases *l, bool anew,
		     int fd)
{
	static struct restore6 r; /* large; the loop is one thread */
	bool dhcp = service_wants_dhcp6(n->live);
	int result = 0;

	post_ra_config(p, n);
	if (dhcp)
		result = post_config6(p, n);
	if (result < 0 || !anew)
		return result;
	r = (struct restore6){ .p = p, .net_id = n->id };
	if (dhcp)
		leases_visit(l, n, restore6, &r);
	flush6(&r);
	post_sockets(p, n, MSG_IP6_SOCKETS, &fd, 1);
	return 0;
}

void service_dhcp_port_gone(struct worker_proc *p, const struct net *n, uint32_t port)
{
	uint8_t body[16];
	struct wr w = wr_over(body, sizeof(body));

	msg_put_dhcp_port(&w, n->id, port);
	worker_post(p, MSG_DHCP_PORT_GONE, body, wr_len(&w), NULL, 0);
}

void service_dhcp_free(struct worker_proc *p, const struct net *n, const struct ip *ip)
{
	uint8_t body[32];
	struct wr w = wr_over(body, sizeof(body));

	if (ip->family == AF_INET6)
		msg_put_dhcp6_free(&w, n->id, ip);
	else
		msg_put_dhcp4_free(&w, n->id, ip->v4);
	worker_post(p, ip->family == AF_INET6 ? MSG_DHCP6_FREE : MSG_DHCP4_FREE, body, wr_len(&w),
		    NULL, 0);
}

/* ---- what the worker reports ---- */

static int reports4(const struct channel_message *m, struct service_report *ret)
{
	static struct msg_dhcp4_record record[MSG_DHCP_RECORDS_MAX];
	int count = msg_get_dhcp4_records(m->body, m->n, record);

	for (int i = 0; i < count; i++) {
		const struct dhcp4_binding *b = &record[i].binding;
		struct lease_report *to = &ret[i].r;
		ret[i].net_id = record[i].net_id;
		*to = (struct lease_report){ .change = record[i].change,
					     .token = record[i].token,
					     .expires = b->expires,
					     .b = { .ip = ip_from_v4(b->ip),
						    .mac = b->mac,
						    .n_client_id = b->client_id_len,
						    .lease_sec = b->lease_sec,
						    .port = b->port } };
		memcpy(to->b.client_id, b->client_id, b->client_id_len);
		copy_text(to->b.name, sizeof(to->b.name), b->name);
	}
	return count;
}

static int reports6(const struct channel_message *m, struct service_report *ret)
{
	static struct msg_dhcp6_record record[MSG_DHCP_RECORDS_MAX];
	int count = msg_get_dhcp6_records(m->body, m->n, record);

	for (int i = 0; i < count; i++) {
		const struct dhcp6_binding *b = &record[i].binding;
		struct lease_report *to = &ret[i].r;
		ret[i].net_id = record[i].net_id;
		*to = (struct lease_report){ .change = record[i].change,
					     .token = record[i].token,
					     .expires = b->expires,
					     .b = { .ip = b->ip,
						    .mac = b->mac,
						    .iaid = b->iaid,
						    .n_client_id = b->duid_len,
						    .lease_sec = b->lease_sec,
						    .port = b->port } };
		memcpy(to->b.client_id, b->duid, b->duid_len);
		copy_text(to->b.name, sizeof(to->b.name), b->name);
	}
	return count;
}

int service_dhcp_reports(const struct channel_message *m,
			 struct service_report ret[static MSG_DHCP_RECORDS_MAX])
{
	return m->type == MSG_DHCP6_BINDING ? reports6(m, ret) : reports4(m, ret);
}
