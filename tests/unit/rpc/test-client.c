/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The client against a real door, which runs in a process of its own over the fake backend. */
#include "fake-backend.h"
#include "rpc/client.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

static char dir[] = "/tmp/test-client-XXXXXX";
static char rw_path[64], ro_path[64];
static pid_t server;

static int serve(int ready)
{
	struct door_backend backend;
	struct fake fake;
	sd_event *loop;
	int rw, ro;

	fake_init(&fake, &backend);
	fake_add_usual(&fake);
	if (sd_event_new(&loop) < 0 || door_listen(rw_path, 0600, (gid_t)-1, &rw, NULL) < 0 ||
	    door_listen(ro_path, 0666, (gid_t)-1, &ro, NULL) < 0)
		return 1;
	fake.loop = loop;
	fake.start_delay_usec = 10 * USEC_PER_MSEC;
	fake.door = door_new(loop, &backend);
	if (door_add_listener(fake.door, rw, false, NULL) < 0 ||
	    door_add_listener(fake.door, ro, true, NULL) < 0)
		return 1;
	if (write(ready, "x", 1) != 1)
		return 1;
	return sd_event_loop(loop) < 0;
}

static int start_server(void **state)
{
	int p[2];
	char c;

	if (!mkdtemp(dir) || pipe2(p, O_CLOEXEC) < 0)
		return -1;
	snprintf(rw_path, sizeof(rw_path), "%s/sock", dir);
	snprintf(ro_path, sizeof(ro_path), "%s/sock-ro", dir);
	server = fork();
	if (server == 0)
		_exit(serve(p[1]));
	close(p[1]);
	int ok = read(p[0], &c, 1) == 1 ? 0 : -1;
	close(p[0]);
	return ok;
}

static int stop_server(void **state)
{
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	unlink(rw_path);
	unlink(ro_path);
	return rmdir(dir);
}

static struct rpc_client *connected(const char *path)
{
	struct rpc_client *c = NULL;
	struct err e = { 0 };

	if (client_open(path, false, &c, &e) < 0)
		fail_msg("%s", e.msg);
	return c;
}

static void test_list(void **state)
{
	struct rpc_client *c = connected(rw_path);
	auto_free struct rpc_row *rows = NULL;
	size_t n;

	assert_int_equal(client_list(c, 0, &rows, &n, NULL), 0);
	assert_int_equal(n, 2);
	assert_string_equal(rows[0].net.name, "default");
	assert_string_equal(rows[0].bridge, "virbr0");
	assert_true(rows[0].active && rows[0].autostart && rows[0].persistent);
	assert_string_equal(rows[1].net.name, "lab");
	assert_false(rows[1].active || rows[1].autostart);
	free(take_ptr(rows));
	assert_int_equal(client_list(c, RPC_LIST_ACTIVE, &rows, &n, NULL), 0);
	assert_int_equal(n, 1);
	client_free(c);
}

static void test_errors(void **state)
{
	struct rpc_client *c = connected(rw_path);
	struct rpc_net net;
	struct err e = { 0 };

	assert_int_equal(client_lookup(c, "nosuch", &net, &e), -ENOENT);
	assert_int_equal(e.class, ERR_NO_NETWORK);
	assert_string_equal(e.msg, "Network not found: no network with matching name 'nosuch'");
	/* Looks like a UUID, isn't one of a network, and is no name either. */
	assert_int_equal(client_lookup(c, "12345678-1234-1234-1234-123456789abc", &net, &e),
			 -ENOENT);
	assert_string_equal(e.msg, "Network not found: no network with matching name "
				   "'12345678-1234-1234-1234-123456789abc'");
	client_free(c);
	assert_int_equal(client_open("/tmp/nothing/here", false, &c, &e), -ENOENT);
	assert_int_equal(e.class, ERR_SYSTEM);
}

static void test_life_cycle(void **state)
{
	struct rpc_client *c = connected(rw_path);
	struct rpc_net net, same;
	auto_free char *bridge = NULL;
	bool yes = false;
	struct err e = { 0 };

	assert_int_equal(client_define_xml(c, "<network><name>new</name></network>", 0, &net, &e),
			 0);
	assert_string_equal(net.name, "new");
	assert_int_equal(client_lookup_uuid(c, &net.uuid, &same, &e), 0);
	assert_int_equal(client_start(c, &net, &e), 0);
	assert_int_equal(client_is_active(c, &net, &yes, &e), 0);
	assert_true(yes);
	assert_int_equal(client_start(c, &net, &e), -EINVAL);
	assert_string_equal(e.msg, "Requested operation is not valid: network is already active");
	assert_int_equal(client_set_autostart(c, &net, true, &e), 0);
	assert_int_equal(client_get_autostart(c, &net, &yes, &e), 0);
	assert_true(yes);
	assert_int_equal(client_get_bridge(c, &net, &bridge, &e), 0);
	assert_string_equal(bridge, "virbr9");
	assert_int_equal(client_undefine(c, &net, &e), 0);
	assert_int_equal(client_is_persistent(c, &net, &yes, &e), 0);
	assert_false(yes);
	assert_int_equal(client_destroy(c, &net, &e), 0);
	assert_int_equal(client_destroy(c, &net, &e), -ENOENT);
	client_free(c);
}

static void test_reads(void **state)
{
	struct rpc_client *c = connected(ro_path);
	struct rpc_leases leases;
	struct rpc_net net;
	struct uuid *ports = NULL;
	char *text = NULL;
	size_t n;
	struct err e = { 0 };

	assert_int_equal(client_lookup(c, "default", &net, &e), 0);
	assert_int_equal(client_get_xml(c, &net, RPC_XML_INACTIVE, &text, &e), 0);
	assert_non_null(strstr(text, "<name>default</name>"));
	free(take_ptr(text));
	assert_int_equal(client_get_leases(c, &net, NULL, &leases, &e), 0);
	assert_int_equal(leases.n, 2);
	assert_string_equal(leases.lease[0].hostname, "guest1");
	rpc_leases_done(&leases);
	assert_int_equal(client_port_list(c, &net, &ports, &n, &e), 0);
	assert_int_equal(n, 2);
	free(ports);
	assert_int_equal(client_status(c, &text, &e), 0);
	free(take_ptr(text));
	assert_int_equal(client_history(c, "lab", &text, &e), 0);
	assert_string_equal(text, "lab");
	free(text);
	assert_int_equal(client_history_get(c, "lab", 7, &text, &e), 0);
	assert_string_equal(text, "lab 7");
	free(text);
	assert_int_equal(client_applied(c, "/etc", &text, &e), 0);
	assert_string_equal(text, "/etc");
	free(text);
	assert_int_equal(client_rules(c, &net, &text, &e), 0);
	free(take_ptr(text));
	assert_int_equal(client_check(c, 0, &text, &e), -ENOTSUP); /* the fake has none */
	assert_int_equal(client_destroy(c, &net, &e), -EPERM);
	assert_string_equal(e.msg,
			    "operation forbidden: read only access prevents virNetworkDestroy");
	client_free(c);
}

static void test_apply(void **state)
{
	struct rpc_client *c = connected(rw_path);
	struct err e = { 0 };
	char *text = NULL;

	assert_int_equal(client_apply(c, "<network/>", "/etc", RPC_APPLY_START, &text, &e), 0);
	assert_string_equal(text, "10 from 2");
	free(text);
	assert_int_equal(client_apply(c, "<network/>", NULL, 0, &text, &e), 0);
	assert_string_equal(text, "10 - 0");
	free(text);
	client_free(c);
}

static void test_guests(void **state)
{
	struct rpc_client *c = connected(rw_path);
	auto_close int netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	struct rpc_attached got;
	struct rpc_net net;
	struct err e = { 0 };

	assert_int_equal(client_lookup(c, "default", &net, &e), 0);
	assert_int_equal(client_guest_attach(c, &net, "eth0", "52:54:00:aa:bb:cc", netns, &got, &e),
			 0);
	assert_string_equal(got.mac, "52:54:00:aa:bb:cc");
	assert_string_equal(got.host_interface, "vnet0");
	assert_int_equal(client_guest_attach(c, &net, "eth0", NULL, -1, &got, &e), -EPROTO);
	assert_int_equal(
	    client_guest_attach(c, &net, "a name that is far too long", NULL, netns, &got, &e),
	    -EINVAL);
	client_free(c);
}

static void test_port_add(void **state)
{
	struct rpc_client *c = connected(rw_path);
	auto_close int netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	const struct rpc_param limit = { "inbound.average", RPC_PARAM_UINT, 100, { 0 } };
	struct rpc_port_wish wish = { .uid = 7, .gid = UINT32_MAX, .flags = RPC_TAP_VNET_HDR };
	struct rpc_net net;
	char *text;
	struct err e = { 0 };

	assert_int_equal(client_lookup(c, "default", &net, &e), 0);
	assert_int_equal(client_port_add(c, &net, &wish, &text, &e), 0);
	assert_string_equal(text, "- - - - - 7 4294967295 1 0");
	free(text);
	wish = (struct rpc_port_wish){ .interface = "tap1",
				       .guest_interface = "eth0",
				       .netns_fd = netns,
				       .mac = "52:54:00:aa:bb:cc",
				       .group = "blue",
				       .owner = "vm",
				       .params = &limit,
				       .n_params = 1 };
	assert_int_equal(client_port_add(c, &net, &wish, &text, &e), 0);
	assert_string_equal(text, "tap1 eth0 52:54:00:aa:bb:cc blue vm 0 0 0 1");
	free(text);
	wish.netns_fd = -1;
	assert_int_equal(client_port_add(c, &net, &wish, &text, &e), -EINVAL);
	wish.netns_fd = netns;
	wish.mac = "52:54";
	assert_int_equal(client_port_add(c, &net, &wish, &text, &e), -EINVAL);
	wish.mac = NULL;
	wish.interface = "a name that is far too long";
	assert_int_equal(client_port_add(c, &net, &wish, &text, &e), -EINVAL);
	wish.interface = NULL;
	wish.flags = 8;
	assert_int_equal(client_port_add(c, &net, &wish, &text, &e), -EINVAL);
	assert_int_equal(client_ports(c, &net, &text, &e), 0);
	assert_string_equal(text, "{}");
	free(text);
	assert_int_equal(client_port_remove(c, &net, "vnet1", &e), 0);
	client_free(c);
}

static void test_condition_events(void **state)
{
	struct rpc_client *watcher = connected(ro_path), *c = connected(rw_path);
	struct rpc_event ev;
	struct rpc_net net;
	int32_t id = -1;
	struct err e = { 0 };

	assert_int_equal(client_lookup(c, "default", &net, &e), 0);
	assert_int_equal(client_event_register(watcher, RPC_EVENT_CONDITION, &net, &id, &e), 0);
	assert_int_equal(client_destroy(c, &net, &e), 0);
	assert_int_equal(client_start(c, &net, &e), 0);
	assert_int_equal(client_event_wait(watcher, 5000, &ev, &e), 1);
	assert_int_equal(ev.id, RPC_EVENT_CONDITION);
	assert_int_equal(ev.event, RPC_CONDITION_CLEARED);
	assert_int_equal(client_event_wait(watcher, 5000, &ev, &e), 1);
	assert_int_equal(ev.event, RPC_CONDITION_RAISED);
	assert_string_equal(ev.net.name, "default");
	assert_string_equal(ev.kind, "port-mtu");
	assert_string_equal(ev.object, "vnet0");
	assert_string_equal(ev.text, "it is small");
	assert_string_equal(ev.to_do, "make it larger");
	assert_true(ev.since_sec == 1234567890123);
	assert_int_equal(client_event_wait(watcher, 0, &ev, &e), 0);
	assert_int_equal(client_event_deregister(watcher, RPC_EVENT_CONDITION, id, &e), 0);
	client_free(watcher);
	client_free(c);
}

static void test_events(void **state)
{
	struct rpc_client *watcher = connected(ro_path), *c = connected(rw_path);
	struct rpc_event ev;
	struct rpc_net net;
	int32_t id = -1;
	struct err e = { 0 };

	assert_int_equal(client_lookup(c, "default", &net, &e), 0);
	assert_int_equal(client_event_register(watcher, RPC_EVENT_LIFECYCLE, &net, &id, &e), 0);
	assert_int_equal(client_event_register(watcher, RPC_EVENT_LIFECYCLE, &net, NULL, &e),
			 -EINVAL);
	assert_int_equal(client_event_wait(watcher, 0, &ev, &e), 0);
	assert_int_equal(client_destroy(c, &net, &e), 0);
	assert_int_equal(client_start(c, &net, &e), 0);
	/* A call between the events and the wait keeps them. */
	assert_int_equal(client_lookup(watcher, "default", &net, &e), 0);
	assert_int_equal(client_event_wait(watcher, 5000, &ev, &e), 1);
	assert_int_equal(ev.event, RPC_LIFECYCLE_STOPPED);
	assert_string_equal(ev.net.name, "default");
	assert_int_equal(client_event_wait(watcher, 5000, &ev, &e), 1);
	assert_int_equal(ev.event, RPC_LIFECYCLE_STARTED);
	assert_int_equal(client_event_deregister(watcher, RPC_EVENT_LIFECYCLE, id, &e), 0);
	assert_int_equal(client_event_deregister(watcher, RPC_EVENT_LIFECYCLE, id, &e), -EINVAL);
	client_free(watcher);
	client_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list),       cmocka_unit_test(test_errors),
		cmocka_unit_test(test_life_cycle), cmocka_unit_test(test_reads),
		cmocka_unit_test(test_apply),      cmocka_unit_test(test_events),
		cmocka_unit_test(test_guests),     cmocka_unit_test(test_condition_events),
		cmocka_unit_test(test_port_add),
	};
	return cmocka_run_group_tests(tests, start_server, stop_server);
}
