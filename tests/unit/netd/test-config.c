/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon's settings: what is taken, and what each mistake is told as. */
#include "netd/controller/config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void test_taken(void **state)
{
	struct netd_config c = { .table_owner = true };
	struct err e = { 0 };

	assert_int_equal(config_parse("", "f", &c, &e), 0);
	assert_false(c.table_owner || c.libvirt_isolated || c.host_rules);
	assert_false(c.refuse_unstored || c.libvirt_lease_files);
	assert_int_equal(config_parse("# table_owner = maybe\n\n \t table_owner=yes \r\n"
				      "isolated =  libvirt\nhost_rules = yes",
				      "f", &c, &e),
			 0);
	assert_true(c.table_owner && c.libvirt_isolated && c.host_rules);
	assert_int_equal(config_parse("isolated=libvirt\nisolated=strict\n", "f", &c, &e), 0);
	assert_false(c.libvirt_isolated || c.table_owner);
	assert_int_equal(config_load("/nowhere/netd.conf", &c, &e), 0);
	assert_int_equal(e.code, 0);
}

static void test_doors(void **state)
{
	const struct door_subject nobody = { .uid = 65534, .gid = 65534 };
	gid_t groups[] = { 7, 4242 };
	const struct door_subject member = { .uid = 1, .gid = 1, .groups = groups, .n_groups = 2 };
	struct netd_config c;
	struct err e = { 0 };

	assert_int_equal(config_parse("", "f", &c, &e), 0);
	assert_int_equal(c.door.clients_max, 512);
	assert_int_equal(c.perms_rw, 0);
	assert_int_equal(config_parse("auth_unix_rw = polkit\nmax_clients = 64\n"
				      "keepalive_interval = 0\nunix_sock_rw_perms = 0600\n"
				      "access = rules\n"
				      "allow = group:4242 network.start,network.s* lab-*\n"
				      "allow = user:65534 connect.*\n"
				      "allow = *  network-port.read",
				      "f", &c, &e),
			 0);
	assert_true(c.door.polkit_rw && !c.door.polkit_ro);
	assert_int_equal(c.door.clients_max, 64);
	assert_int_equal(c.door.keepalive_sec, 0);
	assert_int_equal(c.perms_rw, 0600);
	assert_true(door_rules_allow(&c.door, &member, PERM_NETWORK_START, "lab-1"));
	assert_true(door_rules_allow(&c.door, &member, PERM_NETWORK_STOP, NULL));
	assert_false(door_rules_allow(&c.door, &member, PERM_NETWORK_START, "lab"));
	assert_false(door_rules_allow(&c.door, &member, PERM_NETWORK_WRITE, "lab-1"));
	assert_false(door_rules_allow(&c.door, &nobody, PERM_NETWORK_START, "lab-1"));
	assert_true(door_rules_allow(&c.door, &nobody, PERM_CONNECT_READ, ""));
	assert_false(door_rules_allow(&c.door, &member, PERM_CONNECT_READ, NULL));
	assert_true(door_rules_allow(&c.door, &member, PERM_PORT_READ, "x"));
}

static void test_refused(void **state)
{
	static const struct {
		const char *text, *says;
	} vectors[] = {
		{ "table_owner = maybe", "f line 1: table_owner is 'yes' or 'no', not 'maybe'" },
		{ "\n#\nisolated = yes", "f line 3: isolated is 'libvirt' or 'strict', not 'yes'" },
		{ "tableowner = yes",
		  "f line 1: 'tableowner' is no setting; there are: table_owner" },
		{ "table_owner yes", "f line 1: expected 'setting = value'" },
		{ "table_owner =", "not ''" },
		{ "= yes", "'' is no setting" },
		{ "table_owner = yes = no", "not 'yes = no'" },
		{ "table_owner = yes # always", "not 'yes # always'" },
		{ "max_clients = 5", "f line 1: max_clients is a number from 64 to 5000" },
		{ "max_clients = x", "is a number from" },
		{ "max_clients = 99999999999999999999", "is a number from" },
		{ "unix_sock_rw_perms = 0888", "f line 1: a file mode such as 0660" },
		{ "unix_sock_rw_perms = 7777", "a file mode" },
		{ "access = none", "f line 1: access is 'all', 'rules' or 'polkit'" },
		{ "allow = * *", "f: 'allow' needs 'access = rules'" },
		{ "access=rules\nallow = *",
		  "f line 2: allow: a rule is WHO PERMISSIONS [NETWORKS]" },
		{ "access=rules\nallow = * * * *", "a rule is WHO" },
		{ "access=rules\nallow = me *", "f line 2: allow: 'me' is not user:NAME" },
		{ "access=rules\nallow = user:no-such-user *", "there is no user 'no-such-user'" },
		{ "access=rules\nallow = group:no-such-group *", "there is no group" },
		{ "access=rules\nallow = * network.fly", "'network.fly' is no permission" },
		{ "\x1b[2J = yes", "'\\x1b[2J' is no setting" },
	};

	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		struct netd_config c = { .host_rules = true };
		struct err e = { 0 };
		assert_int_equal(config_parse(vectors[i].text, "f", &c, &e), -EINVAL);
		if (!strstr(e.msg, vectors[i].says))
			fail_msg("%s: %s", vectors[i].text, e.msg);
		assert_true(c.host_rules);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_taken),
		cmocka_unit_test(test_doors),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
