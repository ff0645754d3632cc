/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A packet's way through others' chains. */
#include "firewall/foreign.h"
#include "tests/unit/test.h"

#include <string.h>
#include <sys/socket.h>

static void chain(struct foreign *f, const char *name, enum foreign_hook hook, bool policy_drop)
{
	struct foreign_chain c = { .family = AF_INET, .hook = hook, .policy_drop = policy_drop };

	copy_text(c.table, sizeof(c.table), "filter");
	copy_text(c.name, sizeof(c.name), name);
	assert_non_null(foreign_add_chain(f, &c));
}

static void rule(struct foreign *f, const char *to, struct foreign_rule r)
{
	assert_int_equal(foreign_add_rule(f, AF_INET, "filter", to, &r), 0);
}

static const struct foreign_packet out = { .family = AF_INET, .in = "virbr1" },
				   back = { .family = AF_INET, .out = "virbr1", .reply = true },
				   six = { .family = AF_INET6, .in = "virbr1" };

static bool drops(const struct foreign *f, const struct foreign_packet *p)
{
	return foreign_drops(f, &f->chains[0], p);
}

static void policy_and_interfaces(void **state)
{
	struct foreign f = { 0 };

	chain(&f, "FORWARD", FOREIGN_FORWARD, true);
	assert_true(drops(&f, &out) && drops(&f, &back));
	assert_false(drops(&f, &six));
	rule(&f, "FORWARD",
	     (struct foreign_rule){ .in = { "docker0" }, .verdict = FOREIGN_ACCEPT });
	rule(&f, "FORWARD",
	     (struct foreign_rule){
		 .in = { "virbr1" }, .unknown = true, .verdict = FOREIGN_ACCEPT });
	assert_true(drops(&f, &out));
	rule(&f, "FORWARD", (struct foreign_rule){ .in = { "virbr*" }, .verdict = FOREIGN_ACCEPT });
	assert_false(drops(&f, &out));
	assert_true(drops(&f, &back));
	rule(&f, "FORWARD", (struct foreign_rule){ .replies = true, .verdict = FOREIGN_ACCEPT });
	assert_false(drops(&f, &back));
	foreign_done(&f);
}

static void inverted(void **state)
{
	struct foreign f = { 0 };

	chain(&f, "FORWARD", FOREIGN_FORWARD, false);
	rule(&f, "FORWARD",
	     (struct foreign_rule){ .in = { "virbr1", true }, .verdict = FOREIGN_DROP });
	assert_false(drops(&f, &out));
	assert_true(drops(&f, &back));
	/* A set that isn't known: only an accept counts. */
	rule(&f, "FORWARD", (struct foreign_rule){ .maybe = true, .verdict = FOREIGN_DROP });
	assert_false(drops(&f, &out));
	foreign_done(&f);
}

static void chains(void **state)
{
	struct foreign f = { 0 };

	chain(&f, "FORWARD", FOREIGN_FORWARD, true);
	chain(&f, "USER", FOREIGN_REGULAR, false);
	chain(&f, "LOOP", FOREIGN_REGULAR, false);
	rule(&f, "FORWARD", (struct foreign_rule){ .verdict = FOREIGN_JUMP, .target = "USER" });
	rule(&f, "FORWARD", (struct foreign_rule){ .verdict = FOREIGN_JUMP, .target = "absent" });
	rule(&f, "LOOP", (struct foreign_rule){ .verdict = FOREIGN_JUMP, .target = "LOOP" });
	rule(&f, "FORWARD", (struct foreign_rule){ .verdict = FOREIGN_JUMP, .target = "LOOP" });
	rule(&f, "USER", (struct foreign_rule){ .in = { "x" }, .verdict = FOREIGN_RETURN });
	assert_true(drops(&f, &out));
	rule(&f, "USER", (struct foreign_rule){ .in = { "virbr1" }, .verdict = FOREIGN_ACCEPT });
	assert_false(drops(&f, &out));
	assert_true(drops(&f, &back));
	assert_int_equal(
	    foreign_add_rule(&f, AF_INET, "filter", "absent", &(struct foreign_rule){ 0 }), 0);
	foreign_done(&f);
}

static void ports(void **state)
{
	struct foreign f = { 0 };
	struct foreign_packet dns = out;

	dns.proto = 17;
	dns.port = 53;
	chain(&f, "INPUT", FOREIGN_INPUT, true);
	rule(&f, "INPUT",
	     (struct foreign_rule){
		 .proto = 6, .port_first = 53, .port_last = 53, .verdict = FOREIGN_ACCEPT });
	rule(&f, "INPUT",
	     (struct foreign_rule){
		 .proto = 17, .port_first = 54, .port_last = 99, .verdict = FOREIGN_ACCEPT });
	assert_true(drops(&f, &dns));
	rule(&f, "INPUT",
	     (struct foreign_rule){
		 .proto = 17, .port_first = 50, .port_last = 53, .verdict = FOREIGN_ACCEPT });
	assert_false(drops(&f, &dns));
	foreign_done(&f);
}

static void bounded(void **state)
{
	struct foreign f = { 0 };

	chain(&f, "FORWARD", FOREIGN_FORWARD, true);
	for (unsigned i = 0; i < FOREIGN_RULES_MAX + 1; i++)
		rule(&f, "FORWARD", (struct foreign_rule){ .unknown = true });
	assert_int_equal(f.n_rules, FOREIGN_RULES_MAX);
	assert_true(f.too_many);
	assert_false(drops(&f, &out)); /* nothing is told */
	foreign_done(&f);
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
