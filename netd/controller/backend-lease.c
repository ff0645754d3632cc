/* SPDX-License-Identifier: GPL-2.0-or-later */
/* backend-lease.c — the door's calls about leases: who has which address, who had it, and what an
 * administrator does about it. */
#include "base/clock.h"
#include "netd/controller/backend-internal.h"
#include "netd/controller/lifecycle.h"
#include "netd/lease/leases.h"
#include "rpc/protocol.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

static void reply_json(struct door_call *call, json_t *json)
{
	auto_free char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

	if (text)
		door_reply_text(call, text);
	else
		door_failf(call, ERR_NO_MEMORY, "%s", "");
	json_decref(json);
}

/* 1970 and "never" are no times. */
static json_t *json_time(int64_t wall)
{
	return wall <= 0 || wall == INT64_MAX ? json_null() : json_integer(wall);
}

static void colon_hex(char *buf, const uint8_t *p, size_t n)
{
	*buf = '\0';
	for (size_t i = 0; i < n; i++)
		buf += snprintf(buf, 4, "%s%02x", i ? ":" : "", p[i]);
}

static const char *protocol_name(int family)
{
	return family == AF_INET6 ? "ipv6" : "ipv4";
}

/* ---- net-dhcp-leases: libvirt's own procedure ---- */

struct lease_text {
	char mac[MAC_TEXT_MAX], ip[IP_TEXT_MAX], client_id[3 * LEASE_CLIENT_ID_MAX + 1], iaid[12];
};
struct lease_list {
	const struct net *net;
	const struct mac *only;
	struct rpc_lease *lease;
	struct lease_text **text;
	size_t n, cap, cap_text;
	bool failed;
};

static void add_lease(void *data, const struct lease *l)
{
	struct lease_list *list = data;
	const struct lease_binding *b = &l->b;
	const struct network *def = net_definition(list->net);
	bool six = b->ip.family == AF_INET6;

	if (l->declined || (list->only && !mac_equal(list->only, &b->mac)))
		return;
	if (l->expires < clock_boottime())
		return;
	struct lease_text *t = calloc(1, sizeof(*t));
	if (!t || list->n >= RPC_LEASES_MAX || GROW(list->lease, list->cap, list->n + 1) < 0 ||
	    GROW(list->text, list->cap_text, list->n + 1) < 0) {
		free(t);
		list->failed = true;
		return;
	}
	colon_hex(t->client_id, b->client_id, b->n_client_id);
	snprintf(t->iaid, sizeof(t->iaid), "%u", b->iaid);
	list->text[list->n] = t;
	list->lease[list->n++] = (struct rpc_lease){
		.interface = def && def->bridge ? def->bridge : "",
		.expiry_sec = l->expires == USEC_INFINITY ? 0 : leases_wall(l->expires),
		.type = six ? RPC_LEASE_IPV6 : RPC_LEASE_IPV4,
		.mac = mac_format(&b->mac, t->mac),
		.iaid = six ? t->iaid : NULL,
		.ip = ip_format(&b->ip, t->ip),
		.prefix = def ? network_dhcp_prefix(def, &b->ip) : 0,
		.hostname = b->name[0] ? b->name : NULL,
		.client_id = b->n_client_id ? t->client_id : NULL,
	};
}

void backend_leases(void *data, struct door_call *call, const struct rpc_net *ref,
		    const struct mac *mac)
{
	struct controller *c = data;
	struct net *n = backend_net(c, call, ref);

	if (!n)
		return;
	struct lease_list list = { .net = n, .only = mac };
	leases_visit(c->leases, n, add_lease, &list);
	if (list.failed)
		door_failf(call, ERR_INTERNAL,
			   "the leases of network '%s' are too many for one answer", n->name);
	else
		door_reply_leases(call, list.lease, list.n);
	for (size_t i = 0; i < list.n; i++)
		free(list.text[i]);
	free(list.text);
	free(list.lease);
}

/* ---- lease-list ---- */

static bool is_in(const struct dhcp_range *r, const struct ip *ip)
{
	return ip_compare(&r->start, ip) <= 0 && ip_compare(ip, &r->end) <= 0;
}

static bool is_in_pool(const struct network_ip *ip, const struct ip *address)
{
	for (size_t i = 0; i < ip->n_ranges; i++)
		if (is_in(&ip->ranges[i], address))
			return true;
	return false;
}

static bool is_static(const struct network_ip *ip, const struct ip *address)
{
	for (size_t i = 0; i < ip->n_hosts; i++)
		if (ip_equal(&ip->hosts[i].ip, address))
			return true;
	return false;
}

static uint64_t low_half(const struct ip *ip)
{
	struct rd r = rd_over(ip->v6 + 8, 8);

	return ip->family == AF_INET6 ? rd_u64(&r) : ip->v4;
}

/* What guests without a <host> of their own share. A range of DHCPv6 has one upper half. */
static uint64_t pool_size(const struct network_ip *ip)
{
	uint64_t size = 0;

	for (size_t i = 0; i < ip->n_ranges; i++)
		size += low_half(&ip->ranges[i].end) - low_half(&ip->ranges[i].start) + 1;
	for (size_t i = 0; i < ip->n_hosts; i++)
		size -= ip_is_set(&ip->hosts[i].ip) && is_in_pool(ip, &ip->hosts[i].ip);
	return size - is_in_pool(ip, &ip->address);
}

struct lease_rows {
	const struct lease **row;
	size_t n, cap;
	bool failed;
};

static void collect(void *data, const struct lease *l)
{
	struct lease_rows *rows = data;

	if (l->expires < clock_boottime())
		return;
	if (rows->n >= RPC_LEASES_MAX || GROW(rows->row, rows->cap, rows->n + 1) < 0)
		rows->failed = true;
	else
		rows->row[rows->n++] = l;
}

/* A guest is a MAC: its addresses stand together, whatever their family. */
static int by_guest(const void *a, const void *b)
{
	const struct lease *x = *(const struct lease *const *)a,
			   *y = *(const struct lease *const *)b;
	int order = memcmp(&x->b.mac, &y->b.mac, sizeof(x->b.mac));

	return order ? order : ip_compare(&x->b.ip, &y->b.ip);
}

static json_t *pool_json(const struct network_ip *ip, const struct lease_rows *rows)
{
	uint64_t size = pool_size(ip), bound = 0, declined = 0;

	for (size_t i = 0; i < rows->n; i++) {
		const struct lease *l = rows->row[i];
		if (!is_in_pool(ip, &l->b.ip) || is_static(ip, &l->b.ip))
			continue;
		declined += l->declined;
		bound += !l->declined;
	}
	return json_pack("{s:s, s:I, s:I, s:I, s:I}", "protocol", protocol_name(ip->address.family),
			 "size", (json_int_t)size, "bound", (json_int_t)bound, "declined",
			 (json_int_t)declined, "free",
			 (json_int_t)(size - MIN_OF(size, bound + declined)));
}

static json_t *pools_json(const struct network *def, const struct lease_rows *rows)
{
	static const int families[] = { AF_INET, AF_INET6 };
	json_t *list = json_array();

	for (size_t i = 0; i < ARRAY_LEN(families); i++) {
		const struct network_ip *ip = def ? network_dhcp_ip(def, families[i]) : NULL;
		if (ip && ip->n_ranges)
			json_array_append_new(list, pool_json(ip, rows));
	}
	return list;
}

static json_t *lease_json(const struct controller *c, const struct network *def,
			  const struct lease *l)
{
	const struct lease_binding *b = &l->b;
	const struct network_ip *ip = def ? network_dhcp_ip(def, b->ip.family) : NULL;
	char address[IP_TEXT_MAX], mac[MAC_TEXT_MAX], client_id[3 * LEASE_CLIENT_ID_MAX + 1];

	colon_hex(client_id, b->client_id, b->n_client_id);
	json_t *o = json_pack(
	    "{s:s, s:s, s:i, s:s, s:s?, s:s?, s:s, s:b, s:o, s:o}", "protocol",
	    protocol_name(b->ip.family), "ip-address", ip_format(&b->ip, address), "prefix",
	    def ? (int)network_dhcp_prefix(def, &b->ip) : 0, "mac-address",
	    mac_format(&b->mac, mac), "hostname", b->name[0] ? b->name : NULL, "client-id",
	    b->n_client_id ? client_id : NULL, "state", l->declined ? "declined" : "bound",
	    "static", ip && is_static(ip, &b->ip), "since", json_time(l->since_wall), "expiry-time",
	    json_time(leases_wall(l->expires)));
	const struct mirror_link *port = b->port ? mirror_by_ifindex(c->mirror, b->port) : NULL;
	if (o)
		json_object_set_new(o, "port", port ? json_string(port->row.name) : json_null());
	if (o && b->ip.family == AF_INET6)
		json_object_set_new(o, "iaid", json_integer(b->iaid));
	return o;
}

void backend_lease_list(void *data, struct door_call *call, const struct rpc_net *ref)
{
	struct controller *c = data;
	struct net *n = backend_net(c, call, ref);
	struct lease_rows rows = { 0 };

	if (!n)
		return;
	const struct network *def = net_definition(n);
	leases_visit(c->leases, n, collect, &rows);
	if (rows.n)
		qsort(rows.row, rows.n, sizeof(*rows.row), by_guest);
	json_t *list = json_array();
	for (size_t i = 0; i < rows.n; i++)
		json_array_append_new(list, lease_json(c, def, rows.row[i]));
	if (rows.failed) {
		door_failf(call, ERR_INTERNAL,
			   "the leases of network '%s' are too many for one answer", n->name);
		json_decref(list);
	} else {
		reply_json(call, json_pack("{s:s, s:s?, s:o, s:o}", "network", n->name, "bridge",
					   def ? def->bridge : NULL, "pools",
					   pools_json(def, &rows), "leases", list));
	}
	free(rows.row);
}

/* ---- lease-release, lease-pin ---- */

/* The lease that is meant, or NULL: the call has been failed then. */
static const struct lease *find(struct controller *c, const struct net *n, struct door_call *call,
				const struct ip *ip)
{
	const struct lease *l = leases_find(c->leases, n, ip);
	char text[IP_TEXT_MAX];

	if (!l)
		door_failf(call, ERR_OPERATION_INVALID, "nobody has a lease of %s in network '%s'",
			   ip_format(ip, text), n->name);
	return l;
}

void backend_lease_release(void *data, struct door_call *call, const struct rpc_net *ref,
			   const struct ip *ip)
{
	struct controller *c = data;
	struct net *n = backend_net(c, call, ref);

	if (!n || !find(c, n, call, ip))
		return;
	(void)leases_release(c->leases, n, ip);
	door_reply_void(call);
}

/* As a person would write it: an IPv4 guest is its MAC, an IPv6 one its DUID. The name goes with it
 * unless the definition gives it to the guest already, in the other family. */
static char *host_xml(const struct lease_binding *b)
{
	char ip[IP_TEXT_MAX], mac[MAC_TEXT_MAX], duid[3 * LEASE_CLIENT_ID_MAX + 1];
	struct text t = { 0 };

	colon_hex(duid, b->client_id, b->n_client_id);
	if (b->ip.family == AF_INET6)
		text_addf(&t, "<host id='%s'", duid);
	else
		text_addf(&t, "<host mac='%s'", mac_format(&b->mac, mac));
	if (b->name[0]) {
		text_add(&t, " name='");
		text_add_xml(&t, b->name);
		text_add(&t, "'");
	}
	text_addf(&t, " ip='%s'/>", ip_format(&b->ip, ip));
	return text_take(&t);
}

/* Which <ip> has this family's <dhcp>: what net-update calls the parent index. */
static int32_t parent_index(const struct network *def, int family)
{
	const struct network_ip *ip = network_dhcp_ip(def, family);

	return ip ? (int32_t)(ip - def->ips) : -1;
}

void backend_lease_pin(void *data, struct door_call *call, const struct rpc_net *ref,
		       const struct ip *ip)
{
	struct controller *c = data;
	struct net *n = backend_net(c, call, ref);
	const struct lease *l = n ? find(c, n, call, ip) : NULL;
	const struct network *def = n ? net_definition(n) : NULL;
	char text[IP_TEXT_MAX];

	if (!l || !def)
		return;
	if (l->declined)
		return door_failf(call, ERR_OPERATION_INVALID,
				  "%s was declined by a guest and is nobody's lease",
				  ip_format(ip, text));
	auto_free char *xml = host_xml(&l->b);
	if (!xml)
		return door_failf(call, ERR_NO_MEMORY, "%s", "");
	unsigned flags = (n->live ? RPC_AFFECT_LIVE : 0) | (n->config ? RPC_AFFECT_CONFIG : 0);
	backend_change_section(c, n, call, RPC_UPDATE_ADD_LAST, RPC_SECTION_IP_DHCP_HOST,
			       parent_index(def, ip->family), xml, flags);
}

/* ---- lease-history: read by the thread that may wait for the disk ---- */

struct history_job {
	struct job job;
	struct lease_store *store;
	struct door_call *call;
	char *name;
	struct uuid uuid;
	bool has_ip, has_mac;
	struct ip ip;
	struct mac mac;
	uint32_t max;
	json_t *list;
	struct err err;
};

static void add_past(void *data, const struct lease_record *r, uint64_t from, uint64_t until)
{
	struct history_job *h = data;
	char ip[IP_TEXT_MAX], mac[MAC_TEXT_MAX], client_id[3 * LEASE_CLIENT_ID_MAX + 1];

	if (json_array_size(h->list) >= h->max || (h->has_mac && !mac_equal(&h->mac, &r->mac)))
		return;
	colon_hex(client_id, r->client_id, r->n_client_id);
	json_array_append_new(
	    h->list, json_pack("{s:s, s:s, s:s, s:s?, s:s?, s:o, s:o}", "protocol",
			       protocol_name(r->address.family), "ip-address",
			       ip_format(&r->address, ip), "mac-address", mac_format(&r->mac, mac),
			       "hostname", r->hostname[0] ? r->hostname : NULL, "client-id",
			       r->n_client_id ? client_id : NULL, "from", json_time((int64_t)from),
			       "until", json_time((int64_t)until)));
}

static void history_run(struct job *j)
{
	struct history_job *h = container_of(j, struct history_job, job);
	size_t max = h->has_mac ? SIZE_MAX : h->max;

	(void)!lease_store_history(h->store, &h->uuid, h->has_ip ? &h->ip : NULL, max, add_past, h,
				   &h->err);
}

static void history_done(struct job *j)
{
	struct history_job *h = container_of(j, struct history_job, job);

	if (h->err.code)
		door_fail(h->call, &h->err);
	else
		reply_json(h->call,
			   json_pack("{s:s, s:O}", "network", h->name, "history", h->list));
	json_decref(h->list);
	free(h->name);
	free(h);
}

void backend_lease_history(void *data, struct door_call *call, const struct rpc_net *ref,
			   const struct ip *ip, const struct mac *mac, uint32_t max)
{
	struct controller *c = data;
	struct net *n = backend_net(c, call, ref);
	struct history_job *h = n ? calloc(1, sizeof(*h)) : NULL;

	if (!n)
		return;
	if (!h || !(h->name = strdup(n->name)) || !(h->list = json_array())) {
		if (h)
			free(h->name);
		free(h);
		return door_failf(call, ERR_NO_MEMORY, "%s", "");
	}
	h->job = (struct job){ .run = history_run, .done = history_done };
	h->store = leases_disk(c->leases);
	h->call = call;
	h->uuid = n->uuid;
	h->max = max;
	if (ip) {
		h->has_ip = true;
		h->ip = *ip;
	}
	if (mac) {
		h->has_mac = true;
		h->mac = *mac;
	}
	jobs_push(c->files, &h->job);
}
