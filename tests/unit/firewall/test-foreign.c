/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A packet's way through others' chains. */
#include "firewall/foreign.h"
#include "tests/unit/test.h"

#include <string.h>
#include <sys/socket.h>

static void chain(struct fw_foreign *f, const char *name, enum fw_foreign_hook hook,
		  bool policy_drop)
{
	struct fw_foreign_chain c = { .family = AF_INET, .hook = hook, .policy_drop = policy_drop };

	copy_text(c.table, sizeof(c.table), "filter");
	copy_text(c.name, sizeof(c.name), name);
	assert_non_null(fw_foreign_add_chain(f, &c));
}

static void rule(struct fw_foreign *f, const char *to, struct fw_foreign_rule r)
{
	assert_int_equal(fw_foreign_add_rule(f, AF_INET, "filter", to, &r), 0);
}

static const struct fw_foreign_packet out = { .family = AF_INET, .in = "virbr1" },
				      back = { .family = AF_INET, .out = "virbr1", .reply = true },
				      six = { .family = AF_INET6, .in = "virbr1" };

static bool drops(const struct fw_foreign *f, const struct fw_foreign_packet *p)
{
	return fw_foreign_drops(f, &f->chains[0], p);
}

static void policy_and_interfaces(void **state)
{
	struct fw_foreign f = { 0 };

	chain(&f, "FORWARD", FW_FOREIGN_FORWARD, true);
	assert_true(drops(&f, &out) && drops(&f, &back));
	assert_false(drops(&f, &six));
	rule(&f, "FORWARD",
	     (struct fw_foreign_rule){ .in = { "docker0" }, .verdict = FW_FOREIGN_ACCEPT });
	rule(&f, "FORWARD",
	     (struct fw_foreign_rule){
		 .in = { "virbr1" }, .unknown = true, .verdict = FW_FOREIGN_ACCEPT });
	assert_true(drops(&f, &out));
	rule(&f, "FORWARD",
	     (struct fw_foreign_rule){ .in = { "virbr*" }, .verdict = FW_FOREIGN_ACCEPT });
	assert_false(drops(&f, &out));
	assert_true(drops(&f, &back));
	rule(&f, "FORWARD",
	     (struct fw_foreign_rule){ .replies = true, .verdict = FW_FOREIGN_ACCEPT });
	assert_false(drops(&f, &back));
	fw_foreign_done(&f);
}

static void inverted(void **state)
{
	struct fw_foreign f = { 0 };

	chain(&f, "FORWARD", FW_FOREIGN_FORWARD, false);
	rule(&f, "FORWARD",
	     (struct fw_foreign_rule){ .in = { "virbr1", true }, .verdict = FW_FOREIGN_DROP });
	assert_false(drops(&f, &out));
	assert_true(drops(&f, &back));
	/* A set that isn't known: only an accept counts. */
	rule(&f, "FORWARD", (struct fw_foreign_rule){ .maybe = true, .verdict = FW_FOREIGN_DROP });
	assert_false(drops(&f, &out));
	fw_foreign_done(&f);
}

static void chains(void **state)
{
	struct fw_foreign f = { 0 };

	chain(&f, "FORWARD", FW_FOREIGN_FORWARD, true);
	chain(&f, "USER", FW_FOREIGN_REGULAR, false);
	chain(&f, "LOOP", FW_FOREIGN_REGULAR, false);
	rule(&f, "FORWARD",
	     (struct fw_foreign_rule){ .verdict = FW_FOREIGN_JUMP, .target = "USER" });
	rule(&f, "FORWARD",
	     (struct fw_foreign_rule){ .verdict = FW_FOREIGN_JUMP, .target = "absent" });
	rule(&f, "LOOP", (struct fw_foreign_rule){ .verdict = FW_FOREIGN_JUMP, .target = "LOOP" });
	rule(&f, "FORWARD",
	     (struct fw_foreign_rule){ .verdict = FW_FOREIGN_JUMP, .target = "LOOP" });
	rule(&f, "USER", (struct fw_foreign_rule){ .in = { "x" }, .verdict = FW_FOREIGN_RETURN });
	assert_true(drops(&f, &out));
	rule(&f, "USER",
	     (struct fw_foreign_rule){ .in = { "virbr1" }, .verdict = FW_FOREIGN_ACCEPT });
	assert_false(drops(&f, &out));
	assert_true(drops(&f, &back));
	assert_int_equal(
	    fw_foreign_add_rule(&f, AF_INET, "filter", "absent", &(struct fw_foreign_rule){ 0 }),
	    0);
	fw_foreign_done(&f);
}

static void ports(void **state)
{
	struct fw_foreign f = { 0 };
	struct fw_foreign_packet dns = out;

	dns.proto = 17;
	dns.port = 53;
	chain(&f, "INPUT", FW_FOREIGN_INPUT, true);
	rule(&f, "INPUT",
	     (struct fw_foreign_rule){
		 .proto = 6, .port_first = 53, .port_last = 53, .verdict = FW_FOREIGN_ACCEPT });
	rule(&f, "INPUT",
	     (struct fw_foreign_rule){
		 .proto = 17, .port_first = 54, .port_last = 99, .verdict = FW_FOREIGN_ACCEPT });
	assert_true(drops(&f, &dns));
	rule(&f, "INPUT",
	     (struct fw_foreign_rule){
		 .proto = 17, .port_first = 50, .port_last = 53, .verdict = FW_FOREIGN_ACCEPT });
	assert_false(drops(&f, &dns));
	fw_foreign_done(&f);
}

static void bounded(void **state)
{
	struct fw_foreign f = { 0 };

	chain(&f, "FORWARD", FW_FOREIGN_FORWARD, true);
	for (unsigned i = 0; i < FW_FOREIGN_RULES_MAX + 1; i++)
		rule(&f, "FORWARD", (struct fw_foreign_rule){ .unknown = true });
	assert_int_equal(f.n_rules, FW_FOREIGN_RULES_MAX);
	assert_true(f.too_many);
	assert_false(drops(&f, &out)); /* nothing is told */
	fw_foreign_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(policy_and_interfaces),
		cmocka_unit_test(inverted),
		cmocka_unit_test(chains),
		cmocka_unit_test(ports),
		cmocka_unit_test(bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
