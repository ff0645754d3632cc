// SPDX-License-Identifier: GPL-2.0-or-later
/* port.c — port-add and its kin: interfaces for guests that others start, without a VM manager. */
#include "netctl/columns.h"
#include "netctl/connect.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#define NOBODY_IN_PARTICULAR UINT32_MAX

/* ---- what the words mean ---- */

static int user_id(const struct ctl *ctl, const char *text, uint32_t *ret)
{
	const struct passwd *pw;

	if (parse_u32(text, 0, UINT32_MAX - 1, ret) == 0)
		return 0;
	pw = getpwnam(text);
	if (!pw)
		return fail(ctl, "there is no user '%s'", text);
	*ret = pw->pw_uid;
	return 0;
}

static int group_id(const struct ctl *ctl, const char *text, uint32_t *ret)
{
	const struct group *gr;

	if (parse_u32(text, 0, UINT32_MAX - 1, ret) == 0)
		return 0;
	gr = getgrnam(text);
	if (!gr)
		return fail(ctl, "there is no group '%s'", text);
	*ret = gr->gr_gid;
	return 0;
}

/* A namespace by the name that ip-netns(8) gave it, by a path, or by the number of a process in it.
 */
static int open_netns(const struct ctl *ctl, const char *text)
{
	char path[4096];
	uint32_t pid;
	int fd;

	if (strchr(text, '/'))
		snprintf(path, sizeof(path), "%s", text);
	else if (parse_u32(text, 1, INT32_MAX, &pid) == 0)
		snprintf(path, sizeof(path), "/proc/%u/ns/net", pid);
	else
		snprintf(path, sizeof(path), "/run/netns/%s", text);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fail(ctl, "cannot open network namespace '%s': %s: %s", text, path,
		     strerror(errno));
	return fd;
}

#define PARAMS_MAX 7
struct params {
	struct rpc_param param[PARAMS_MAX];
	size_t n;
};

static void add_param(struct params *p, const char *way, const char *what, uint32_t value)
{
	struct rpc_param *param = &p->param[p->n++];

	*param = (struct rpc_param){ .type = RPC_PARAM_UINT, .number = value };
	snprintf(param->field, sizeof(param->field), "%s.%s", way, what);
}

/* "average[,peak[,burst[,floor]]]", as virsh's domiftune has it. What isn't there is 0. */
static int bandwidth(const struct ctl *ctl, const struct args *a, const char *way, struct params *p)
{
	static const char *const whats[] = { "average", "peak", "burst", "floor" };
	size_t n_whats = strcmp(way, "inbound") == 0 ? 4 : 3;
	const char *text = args_text(a, way);

	for (size_t i = 0; text && i < n_whats; i++) {
		char number[16] = "";
		size_t n = text ? strcspn(text, ",") : 0;
		uint32_t value = 0;

		snprintf(number, sizeof(number), "%.*s", (int)MIN_OF(n, sizeof(number) - 1), text);
		if (n >= sizeof(number) || (n && parse_u32(number, 0, UINT32_MAX, &value) < 0))
			return fail(ctl, "--%s must be average,peak,burst%s: '%.*s' is no number",
				    way, n_whats == 4 ? ",floor" : "", (int)n, text);
		add_param(p, way, whats[i], value);
		text += n;
		if (*text == ',' && i + 1 < n_whats)
			text++;
		else if (*text)
			return fail(ctl, "--%s must be average,peak,burst%s", way,
				    n_whats == 4 ? ",floor" : "");
	}
	return 0;
}

/* ---- add ---- */

/* What the daemon told of the new port. */
static int say_added(struct ctl *ctl, const char *json)
{
	json_t *o = json_loads(json, 0, NULL);
	const char *interface = json_string_value(json_object_get(o, "interface"));

	if (!interface) {
		json_decref(o);
		return fail(ctl, "the daemon's answer could not be understood");
	}
	if (ctl->json)
		return say_json(ctl, o);
	printf("%s\n", interface);
	json_decref(o);
	return 0;
}

static int add(struct ctl *ctl, const struct args *a, struct rpc_port_wish *wish)
{
	const char *owner = args_text(a, "owner"), *group = args_text(a, "group");
	auto_free char *json = NULL;
	struct params params = { 0 };
	struct rpc_net net;

	if ((owner && user_id(ctl, owner, &wish->uid)) ||
	    (group && group_id(ctl, group, &wish->gid)) || bandwidth(ctl, a, "inbound", &params) ||
	    bandwidth(ctl, a, "outbound", &params))
		return 1;
	wish->flags |= args_has(a, "vnet-hdr") ? RPC_TAP_VNET_HDR : 0;
	wish->flags |= args_has(a, "multi-queue") ? RPC_TAP_MULTI_QUEUE : 0;
	wish->flags |= args_has(a, "isolated") ? RPC_PORT_ADD_ISOLATED : 0;
	wish->mac = args_text(a, "mac");
	wish->group = args_text(a, "portgroup");
	wish->owner = args_text(a, "for");
	wish->params = params.param;
	wish->n_params = params.n;
	if (ctl_network(ctl, a, ACCESS_WRITE, &net) < 0)
		return 1;
	if (client_port_add(ctl->client, &net, wish, &json, &ctl->err) < 0)
		return fail(ctl, "Failed to add a port to network %s", net.name);
	return say_added(ctl, json);
}

static int run_add(struct ctl *ctl, const struct args *a)
{
	static const char *const of_tap[] = { "tap", "owner", "group", "multi-queue", "vnet-hdr" };
	const char *netns = args_text(a, "netns"), *ifname = args_text(a, "ifname");
	auto_close int fd = -1;

	for (size_t i = 0; netns && i < ARRAY_LEN(of_tap); i++)
		if (!args_exclusive(ctl, a, "netns", of_tap[i]))
			return 1;
	if (ifname && !netns)
		return fail(ctl, "--ifname names the interface inside --netns, which is missing");
	if (netns && (fd = open_netns(ctl, netns)) < 0)
		return 1;
	struct rpc_port_wish wish = { .interface = args_text(a, "tap"),
				      .guest_interface = netns ? ifname ? ifname : "eth0" : NULL,
				      .netns_fd = fd,
				      .uid = getuid(),
				      .gid = NOBODY_IN_PARTICULAR };
	return add(ctl, a, &wish);
}

static int run_tap(struct ctl *ctl, const struct args *a)
{
	struct rpc_port_wish wish = { .interface = args_text(a, "name"),
				      .netns_fd = -1,
				      .uid = getuid(),
				      .gid = NOBODY_IN_PARTICULAR };

	return add(ctl, a, &wish);
}

static int run_remove(struct ctl *ctl, const struct args *a)
{
	const char *which = args_text(a, "port");
	struct rpc_net net;

	if (ctl_network(ctl, a, ACCESS_WRITE, &net) < 0)
		return 1;
	if (client_port_remove(ctl->client, &net, which, &ctl->err) < 0)
		return fail(ctl, "Failed to remove %s from network %s", which, net.name);
	say(ctl, "Port %s removed from network %s\n", which, net.name);
	return 0;
}

/* ---- list ---- */

static const char *text_of(json_t *row, const char *name)
{
	return json_string_value(json_object_get(row, name));
}

static int by_interface(const void *a, const void *b)
{
	const char *x = text_of(*(json_t *const *)a, "interface"),
		   *y = text_of(*(json_t *const *)b, "interface");

	return x && y ? strverscmp(x, y) : !x - !y;
}

static int ports_table(const struct ctl *ctl, json_t *list)
{
	static const char *const titles[] = { "Interface", "Type",  "MAC address", "Portgroup",
					      "Owner",     "State", "UUID",        NULL };
	struct columns *c = columns_new(titles);
	size_t n = json_array_size(list);
	auto_free json_t **row = calloc(n ? n : 1, sizeof(json_t *));
	int r = -1;

	for (size_t i = 0; row && i < n; i++)
		row[i] = json_array_get(list, i);
	if (row && n)
		qsort(row, n, sizeof(json_t *), by_interface);
	for (size_t i = 0; c && row && i < n; i++)
		columns_add(c,
			    (const char *[]){ text_of(row[i], "interface"), text_of(row[i], "type"),
					      text_of(row[i], "mac"), text_of(row[i], "portgroup"),
					      text_of(row[i], "owner"), text_of(row[i], "state"),
					      text_of(row[i], "uuid") });
	if (c && row)
		r = columns_print(c, !ctl->quiet);
	columns_free(c);
	return r < 0 ? fail(ctl, "Out of memory") : 0;
}

/* The daemon's list, a new reference; NULL when the failure has been printed. */
static json_t *fetch_ports(struct ctl *ctl, const struct rpc_net *net)
{
	auto_free char *text = NULL;
	json_t *o;

	if (client_ports(ctl->client, net, &text, &ctl->err) < 0) {
		fail(ctl, "Failed to list the ports of network %s", net->name);
		return NULL;
	}
	o = json_loads(text, 0, NULL);
	if (!o)
		fail(ctl, "the daemon's answer could not be understood");
	return o;
}

static int run_list(struct ctl *ctl, const struct args *a)
{
	struct rpc_net net;
	json_t *o;

	if (ctl_network(ctl, a, ACCESS_READ, &net) < 0 || !(o = fetch_ports(ctl, &net)))
		return 1;
	if (ctl->json)
		return say_json(ctl, o);
	int r = ports_table(ctl, json_object_get(o, "ports"));
	json_decref(o);
	return r;
}

/* ---- bandwidth ---- */

/* The port named by its uuid or interface. 0, or -1 when the failure has been printed. */
static int find_port(struct ctl *ctl, const struct rpc_net *net, const char *which,
		     struct rpc_port *ret)
{
	json_t *o = fetch_ports(ctl, net), *row;
	const char *uuid;
	size_t i;

	*ret = (struct rpc_port){ .net = *net };
	if (!o)
		return -1;
	json_array_foreach(json_object_get(o, "ports"), i, row)
	{
		const char *interface = text_of(row, "interface");

		uuid = text_of(row, "uuid");
		if (uuid &&
		    (strcmp(uuid, which) == 0 || (interface && strcmp(interface, which) == 0)) &&
		    uuid_parse(uuid, &ret->uuid) == 0) {
			json_decref(o);
			return 0;
		}
	}
	json_decref(o);
	fail(ctl, "network %s has no port '%s'; see 'netctl port-list %s'", net->name, which,
	     net->name);
	return -1;
}

static int show_params(struct ctl *ctl, const struct rpc_port *port)
{
	struct rpc_param param[RPC_PORT_PARAMS_MAX];
	json_t *o = json_object();
	size_t n = 0;

	if (client_port_get_params(ctl->client, port, param, &n, &ctl->err) < 0) {
		json_decref(o);
		return fail(ctl, "Failed to get the bandwidth of the port");
	}
	for (size_t i = 0; i < n; i++) {
		json_object_set_new(o, param[i].field, json_integer((json_int_t)param[i].number));
		if (!ctl->json)
			printf("%-15s: %llu\n", param[i].field,
			       (unsigned long long)param[i].number);
	}
	if (ctl->json)
		return say_json(ctl, o);
	json_decref(o);
	return 0;
}

static int run_tune(struct ctl *ctl, const struct args *a)
{
	struct params params = { 0 };
	struct rpc_net net;
	struct rpc_port port;
	bool set = args_has(a, "inbound") || args_has(a, "outbound");

	if (bandwidth(ctl, a, "inbound", &params) || bandwidth(ctl, a, "outbound", &params) ||
	    ctl_network(ctl, a, set ? ACCESS_WRITE : ACCESS_READ, &net) < 0 ||
	    find_port(ctl, &net, args_text(a, "port"), &port) < 0)
		return 1;
	if (!set)
		return show_params(ctl, &port);
	if (client_port_set_params(ctl->client, &port, params.param, params.n, &ctl->err) < 0)
		return fail(ctl, "Failed to set the bandwidth of the port");
	say(ctl, "Bandwidth of port %s changed\n", args_text(a, "port"));
	return 0;
}

/* ---- the verbs ---- */

#define OPTS_TAP                                                                                   \
	{ "owner", OPT_TEXT, "user that may open the tap (default: who calls)" },                  \
	    { "group", OPT_TEXT, "group that may open the tap" },                                  \
	    { "vnet-hdr", OPT_FLAG, "frames of the tap carry a virtio header" },                   \
	{                                                                                          \
		"multi-queue", OPT_FLAG,                                                           \
		    "the tap can be opened several times, once for each queue"                     \
	}
#define OPTS_BANDWIDTH                                                                             \
	{ "inbound", OPT_TEXT,                                                                     \
	  "what the guest may receive: average,peak,burst,floor in kilobytes" },                   \
	{                                                                                          \
		"outbound", OPT_TEXT, "what the guest may send: average,peak,burst"                \
	}
#define OPT_PORT                                                                                   \
	{                                                                                          \
		"port", OPT_WORD, "its interface or UUID"                                          \
	}

static const struct opt
    add_opts[] = { OPT_NETWORK,
		   { "tap", OPT_TEXT, "a tap of this name (default: the next free vnetN)" },
		   OPTS_TAP,
		   { "netns", OPT_TEXT,
		     "a veth pair into this network namespace: a name, a path or a process" },
		   { "ifname", OPT_TEXT, "the interface's name inside it (default: eth0)" },
		   { "mac", OPT_TEXT, "the guest's MAC address (default: a random one)" },
		   { "portgroup", OPT_TEXT, "the portgroup whose settings it gets" },
		   { "isolated", OPT_FLAG, "no frames between it and other isolated ports" },
		   OPTS_BANDWIDTH,
		   { "for", OPT_TEXT, "whose it is, as port-list shows it" },
		   { NULL } },
    tap_opts[] = { OPT_NETWORK,
		   { "name", OPT_TEXT, "the tap's name (default: the next free vnetN)" },
		   OPTS_TAP,
		   { NULL } },
    list_opts[] = { OPT_NETWORK, { NULL } }, remove_opts[] = { OPT_NETWORK, OPT_PORT, { NULL } },
    tune_opts[] = { OPT_NETWORK, OPT_PORT, OPTS_BANDWIDTH, { NULL } };

// clang-format off
const struct verb port_verbs[] = {
	{ "port-add", "make a port with its interface and print the interface's name",
	  "Make a tap that a virtual machine opens, or with --netns a veth pair into a container. It stays until\n"
	  "    port-remove, also while the network is stopped. QEMU uses a tap with\n"
	  "    -netdev tap,id=n0,ifname=TAP,script=no,downscript=no -device virtio-net-pci,netdev=n0", add_opts, run_add },
	{ "port-list", "list what hangs on a network",
	  "The network's ports with their interfaces, and interfaces that nobody has asked a port for.", list_opts, run_list },
	{ "port-remove", "remove a port from a network",
	  "An interface that netd made is removed from the host too; others are taken out of the bridge.", remove_opts, run_remove },
	{ "port-tap", "create a tap on a network and print its name",
	  "The same as port-add with --tap.", tap_opts, run_tap },
	{ "port-tune", "print or change the bandwidth of a port",
	  "Without --inbound or --outbound print it. A change takes effect at once; what isn't given of one is 0.", tune_opts, run_tune },
	{ NULL },
};
// clang-format on
