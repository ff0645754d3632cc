/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake-backend.h"

#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- the networks ---- */

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct fake_network *)a)->name,
		      ((const struct fake_network *)b)->name);
}

static char *make_xml(const struct fake_network *n)
{
	char uuid[UUID_TEXT_MAX];
	struct text t = { 0 };

	text_addf(&t,
		  "<network>\n  <name>%s</name>\n  <uuid>%s</uuid>\n  <bridge name='%s' stp='on' "
		  "delay='0'/>\n"
		  "</network>\n",
		  n->name, uuid_format(&n->uuid, uuid), n->bridge);
	return text_take(&t);
}

struct fake_network *fake_add(struct fake *f, const char *name, const char *bridge, bool active)
{
	struct fake_network n = { .active = active, .persistent = true };

	if (f->n == FAKE_NETWORKS_MAX || GROW(f->net, f->cap, f->n + 1) < 0)
		return NULL;
	copy_text(n.name, sizeof(n.name), name);
	copy_text(n.bridge, sizeof(n.bridge), bridge);
	memset(n.uuid.b, 0x11, sizeof(n.uuid.b));
	memcpy(n.uuid.b, name, MIN_OF(strlen(name), sizeof(n.uuid.b)));
	n.xml = make_xml(&n);
	f->net[f->n++] = n;
	qsort(f->net, f->n, sizeof(*f->net), compare);
	for (size_t i = 0; i < f->n; i++)
		if (strcmp(f->net[i].name, n.name) == 0)
			return &f->net[i];
	return NULL;
}

void fake_add_usual(struct fake *f)
{
	fake_add(f, "default", "virbr0", true)->autostart = true;
	fake_add(f, "lab", "virbr7", false);
}

static struct fake_network *by_uuid(struct fake *f, const struct uuid *uuid)
{
	for (size_t i = 0; i < f->n; i++)
		if (uuid_equal(&f->net[i].uuid, uuid))
			return &f->net[i];
	return NULL;
}

static struct fake_network *by_name(struct fake *f, const char *name)
{
	for (size_t i = 0; i < f->n; i++)
		if (strcmp(f->net[i].name, name) == 0)
			return &f->net[i];
	return NULL;
}

static void forget(struct fake *f, struct fake_network *n)
{
	free(n->xml);
	*n = f->net[--f->n];
	qsort(f->net, f->n, sizeof(*f->net), compare);
}

/* The network of a call; otherwise the call has been failed. */
static struct fake_network *get(struct fake *f, struct door_call *call, const struct rpc_net *net)
{
	struct fake_network *n = by_uuid(f, &net->uuid);

	f->handed_on++;
	if (!n)
		door_fail_no_network(call, net);
	return n;
}

static void event(struct fake *f, const struct fake_network *n, enum rpc_lifecycle what)
{
	if (f->door)
		door_emit_lifecycle(f->door, n->name, &n->uuid, what);
	if (f->door && (what == RPC_LIFECYCLE_STARTED || what == RPC_LIFECYCLE_STOPPED))
		door_emit_condition(f->door, &(struct door_condition){
						 .network = n->name,
						 .uuid = n->uuid,
						 .raised = what == RPC_LIFECYCLE_STARTED,
						 .kind = "port-mtu",
						 .object = "vnet0",
						 .text = "it is small",
						 .to_do = "make it larger",
						 .since_sec = 1234567890123,
					     });
}

/* ---- facts ---- */

static struct door_network fact(const struct fake_network *n)
{
	return (struct door_network){ .name = n->name,
				      .uuid = n->uuid,
				      .active = n->active,
				      .persistent = n->persistent,
				      .autostart = n->autostart,
				      .bridge = n->bridge[0] ? n->bridge : NULL,
				      .title = n->title[0] ? n->title : NULL };
}

static void each(void *data, bool (*visit)(void *ctx, const struct door_network *n), void *ctx)
{
	struct fake *f = data;

	for (size_t i = 0; i < f->n; i++) {
		struct door_network n = fact(&f->net[i]);
		if (!visit(ctx, &n))
			return;
	}
}

static bool find(void *data, const char *name, const struct uuid *uuid, struct door_network *ret)
{
	struct fake_network *n = name ? by_name(data, name) : by_uuid(data, uuid);

	if (n)
		*ret = fact(n);
	return n;
}

/* ---- definitions and life cycle ---- */

/* All the parser that these tests need. */
static bool name_of(const char *xml, char *buf, size_t cap)
{
	const char *start = strstr(xml, "<name>"), *end = start ? strstr(start, "</name>") : NULL;

	if (!end || (size_t)(end - start - 6) >= cap)
		return false;
	memcpy(buf, start + 6, (size_t)(end - start - 6));
	buf[end - start - 6] = '\0';
	return true;
}

static struct fake_network *define(struct fake *f, struct door_call *call, const char *xml)
{
	char name[64] = "";

	f->handed_on++;
	snprintf(f->last_xml_head, sizeof(f->last_xml_head), "%s", xml);
	if (!name_of(xml, name, sizeof(name))) {
		door_failf(call, ERR_XML_DETAIL, "line 1: <network> has no <name>");
		return NULL;
	}
	struct fake_network *n = by_name(f, name);
	if (!n)
		n = fake_add(f, name, "virbr9", false);
	if (!n)
		door_failf(call, ERR_NO_MEMORY, "for a network");
	return n;
}

static void define_xml(void *data, struct door_call *call, const char *xml, size_t len,
		       bool validate)
{
	struct fake_network *n = define(data, call, xml);

	if (!n)
		return;
	event(data, n, RPC_LIFECYCLE_DEFINED);
	door_reply_net(call, n->name, &n->uuid);
}

static void create_xml(void *data, struct door_call *call, const char *xml, size_t len,
		       bool validate)
{
	struct fake_network *n = define(data, call, xml);

	if (!n)
		return;
	n->persistent = false;
	n->active = true;
	event(data, n, RPC_LIFECYCLE_STARTED);
	door_reply_net(call, n->name, &n->uuid);
}

struct later {
	struct fake *fake;
	struct door_call *call;
	sd_event_source *source;
};

static int answer_later(sd_event_source *s, uint64_t usec, void *data)
{
	struct later *l = data;

	door_reply_void(l->call);
	sd_event_source_disable_unref(l->source);
	free(l);
	return 0;
}

static void start(void *data, struct door_call *call, const struct rpc_net *net)
{
	struct fake *f = data;
	struct fake_network *n = get(f, call, net);
	struct later *l;

	if (!n)
		return;
	if (n->active)
		return door_failf(call, ERR_OPERATION_INVALID, "network is already active");
	n->active = true;
	event(f, n, RPC_LIFECYCLE_STARTED);
	if (f->hold_starts) {
		f->held = call;
	} else if (!f->loop || !(l = calloc(1, sizeof(*l)))) {
		door_reply_void(call);
	} else {
		*l = (struct later){ .fake = f, .call = call };
		if (sd_event_add_time_relative(f->loop, &l->source, CLOCK_BOOTTIME,
					       f->start_delay_usec, 0, answer_later, l) < 0)
			abort();
	}
}

void fake_release(struct fake *f)
{
	if (f->held)
		door_reply_void(f->held);
	f->held = NULL;
}

static void destroy(void *data, struct door_call *call, const struct rpc_net *net)
{
	struct fake_network *n = get(data, call, net);

	if (!n)
		return;
	if (!n->active)
		return door_failf(call, ERR_OPERATION_INVALID, "network '%s' is not active",
				  n->name);
	n->active = false;
	event(data, n, RPC_LIFECYCLE_STOPPED);
	if (!n->persistent)
		forget(data, n);
	door_reply_void(call);
}

static void undefine(void *data, struct door_call *call, const struct rpc_net *net)
{
	struct fake_network *n = get(data, call, net);

	if (!n)
		return;
	n->persistent = false;
	event(data, n, RPC_LIFECYCLE_UNDEFINED);
	if (!n->active)
		forget(data, n);
	door_reply_void(call);
}

static void set_autostart(void *data, struct door_call *call, const struct rpc_net *net, bool on)
{
	struct fake_network *n = get(data, call, net);

	if (!n)
		return;
	n->autostart = on;
	door_reply_void(call);
}

/* ---- the rest ---- */

static void get_xml(void *data, struct door_call *call, const struct rpc_net *net, bool inactive)
{
	struct fake_network *n = get(data, call, net);

	if (n)
		door_reply_text(call, n->xml);
}

static void leases(void *data, struct door_call *call, const struct rpc_net *net,
		   const struct mac *mac)
{
	static const struct rpc_lease two[] = {
		{ "virbr0", 1800000000, RPC_LEASE_IPV4, "52:54:00:00:00:01", NULL, "192.168.122.10",
		  24, "guest1", "ff:00:00:00:01" },
		{ "virbr0", 0, RPC_LEASE_IPV6, "52:54:00:00:00:02", "7", "fd00::10", 64, NULL,
		  "00:01:00:01:02" },
	};
	struct fake_network *n = get(data, call, net);
	struct mac first;

	if (!n)
		return;
	if (mac && (mac_parse(two[0].mac, &first) < 0 || !mac_equal(mac, &first)))
		return door_reply_leases(call, NULL, 0);
	door_reply_leases(call, two, mac ? 1 : 2);
}

static void update(void *data, struct door_call *call, const struct rpc_net *net, uint32_t command,
		   uint32_t section, int32_t parent_index, const char *xml, uint32_t flags)
{
	if (!get(data, call, net))
		return;
	if (command == RPC_UPDATE_ADD_LAST && section == RPC_SECTION_IP_DHCP_HOST &&
	    parent_index == -1)
		return door_reply_void(call);
	door_failf(call, ERR_OPERATION_UNSUPPORTED, "can't update section %u of network '%s'",
		   section, net->name);
}

static void get_metadata(void *data, struct door_call *call, const struct rpc_net *net,
			 enum rpc_metadata_type type, const char *uri, uint32_t flags)
{
	struct fake_network *n = get(data, call, net);

	if (!n)
		return;
	if (type == RPC_METADATA_TITLE && n->title[0])
		return door_reply_text(call, n->title);
	door_failf(call, ERR_NO_NETWORK_METADATA, "Requested metadata element is not present");
}

static void set_metadata(void *data, struct door_call *call, const struct rpc_net *net,
			 enum rpc_metadata_type type, const char *text, const char *key,
			 const char *uri, uint32_t flags)
{
	struct fake_network *n = get(data, call, net);

	if (!n)
		return;
	copy_text(n->title, sizeof(n->title), text ? text : "");
	door_reply_void(call);
}

static void port_list(void *data, struct door_call *call, const struct rpc_net *net)
{
	struct uuid two[2] = { { { 1 } }, { { 2 } } };

	if (get(data, call, net))
		door_reply_ports(call, net, two, 2);
}

static void port_lookup(void *data, struct door_call *call, const struct rpc_net *net,
			const struct uuid *uuid)
{
	struct rpc_port port = { *net, *uuid };

	if (!get(data, call, net))
		return;
	if (uuid->b[0] > 2)
		return door_failf(call, ERR_NO_NETWORK_PORT,
				  "Network port with UUID … does not exist");
	door_reply_port(call, &port);
}

static void port_create(void *data, struct door_call *call, const struct rpc_net *net,
			const char *xml, size_t len, uint32_t flags)
{
	struct rpc_port port = { *net, { { 1 } } };

	if (get(data, call, net))
		door_reply_port(call, &port);
}

static void port_get_xml(void *data, struct door_call *call, const struct rpc_port *port)
{
	if (get(data, call, &port->net))
		door_reply_text(call, "<networkport/>\n");
}

static void port_delete(void *data, struct door_call *call, const struct rpc_port *port)
{
	if (get(data, call, &port->net))
		door_reply_void(call);
}

static void port_get_params(void *data, struct door_call *call, const struct rpc_port *port)
{
	static const struct rpc_param one = {
		"inbound.average", RPC_PARAM_UINT, 1000, { NULL, 0 }
	};

	if (get(data, call, &port->net))
		door_reply_params(call, &one, 1);
}

static void port_set_params(void *data, struct door_call *call, const struct rpc_port *port,
			    const struct rpc_param *params, size_t n)
{
	if (get(data, call, &port->net))
		door_reply_void(call);
}

static void status(void *data, struct door_call *call)
{
	door_reply_text(call, "{\"version\": 1}\n");
}

static void plan(void *data, struct door_call *call, const struct rpc_net *net, uint32_t what)
{
	if (get(data, call, net))
		door_reply_text(call, "nothing to do\n");
}

static void rules(void *data, struct door_call *call, const struct rpc_net *net)
{
	if (get(data, call, net))
		door_reply_text(call, "no rules\n");
}

/* It has no past, but reads what it is asked. */
static void history(void *data, struct door_call *call, const char *name)
{
	door_reply_text(call, name);
}

static void history_get(void *data, struct door_call *call, const char *name, uint32_t number)
{
	char text[RPC_NAME_MAX + 16];

	snprintf(text, sizeof(text), "%s %u", name, number);
	door_reply_text(call, text);
}

static void apply(void *data, struct door_call *call, const char *xml, size_t n, const char *source,
		  uint32_t flags)
{
	struct fake *f = data;
	char text[64];

	f->handed_on++;
	snprintf(text, sizeof(text), "%zu %s %u", strlen(xml) == n ? n : 0, source ? "from" : "-",
		 flags);
	door_reply_text(call, text);
}

static void applied(void *data, struct door_call *call, const char *source)
{
	door_reply_text(call, source);
}

static void guest_attach(void *data, struct door_call *call, const struct rpc_net *net,
			 const char *interface, const struct mac *mac, int netns_fd)
{
	static const struct mac some = { { 0x52, 0x54, 0, 1, 2, 3 } };
	struct fake *f = data;

	if (!get(f, call, net))
		return;
	f->netns_fds += netns_fd >= 0;
	door_reply_attached(call, "vnet0", mac ? mac : &some, "virbr0");
}

static void port_add(void *data, struct door_call *call, const struct rpc_net *net,
		     const struct door_port_wish *w)
{
	struct fake *f = data;
	char text[300], mac[MAC_TEXT_MAX];

	if (!get(f, call, net))
		return;
	f->netns_fds += w->netns_fd >= 0;
	snprintf(text, sizeof(text), "%s %s %s %s %s %u %u %u %zu",
		 w->interface ? w->interface : "-", w->guest_interface ? w->guest_interface : "-",
		 w->mac ? mac_format(w->mac, mac) : "-", w->group ? w->group : "-",
		 w->owner ? w->owner : "-", w->uid, w->gid, w->flags, w->n_params);
	door_reply_text(call, text);
}

static void ports(void *data, struct door_call *call, const struct rpc_net *net)
{
	if (get(data, call, net))
		door_reply_text(call, "{}");
}

static void port_remove(void *data, struct door_call *call, const struct rpc_net *net,
			const char *which)
{
	if (get(data, call, net))
		door_reply_void(call);
}

void fake_init(struct fake *f, struct door_backend *b)
{
	*f = (struct fake){ 0 };
	*b = (struct door_backend){
		.data = f,
		.each = each,
		.find = find,
		.define_xml = define_xml,
		.create_xml = create_xml,
		.start = start,
		.destroy = destroy,
		.undefine = undefine,
		.set_autostart = set_autostart,
		.get_xml = get_xml,
		.leases = leases,
		.update = update,
		.set_metadata = set_metadata,
		.get_metadata = get_metadata,
		.port_list = port_list,
		.port_lookup = port_lookup,
		.port_create = port_create,
		.port_get_xml = port_get_xml,
		.port_delete = port_delete,
		.port_get_params = port_get_params,
		.port_set_params = port_set_params,
		.status = status,
		.plan = plan,
		.rules = rules,
		.history = history,
		.history_get = history_get,
		.apply = apply,
		.applied = applied,
		.guest_attach = guest_attach,
		.port_add = port_add,
		.ports = ports,
		.port_remove = port_remove,
	};
}

void fake_done(struct fake *f)
{
	for (size_t i = 0; i < f->n; i++)
		free(f->net[i].xml);
	free(f->net);
}
