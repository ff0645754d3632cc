/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Plans against a kernel that is only a struct fw_state: what is applied is what is wanted, and
 * then nothing is left to do, from wherever one starts. */
#include "firewall/firewall.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct fw_options plain, with_host = { .host_chains = true };

struct subject {
	struct network n;
	struct network_ip ip;
	char name[32], bridge[16];
};

/* Network i has bridge virbr<i> and subnet 10.0.<i>.0/24. */
static void make_network(struct subject *s, unsigned i, enum forward_mode mode)
{
	*s =
	    (struct subject){ .ip = { .address = ip_from_v4(0x0a000001 + i * 256), .prefix = 24 } };
	snprintf(s->name, sizeof(s->name), "net%u", i);
	snprintf(s->bridge, sizeof(s->bridge), "virbr%u", i);
	s->n = (struct network){
		.name = s->name, .bridge = s->bridge, .has_uuid = true, .ips = &s->ip, .n_ips = 1
	};
	s->n.uuid.b[0] = (uint8_t)i;
	s->n.forward.mode = mode;
}

static void want_network(struct fw_rows *rows, unsigned i, enum forward_mode mode,
			 const struct fw_options *o)
{
	struct subject s;
	struct err e = { 0 };

	make_network(&s, i, mode);
	assert_int_equal(fw_want_network(&s.n, o, rows, &e), 0);
}

/* The networks of `set`, a bit each, in modes that depend on `shift`. */
static void want_set(struct fw_rows *rows, unsigned set, unsigned shift, const struct fw_options *o)
{
	static const enum forward_mode modes[] = { FORWARD_NONE, FORWARD_NAT, FORWARD_ROUTE,
						   FORWARD_OPEN };

	assert_int_equal(fw_want_base(o, rows), 0);
	for (unsigned i = 0; i < 6; i++)
		if (set & 1u << i)
			want_network(rows, i, modes[(i + shift) % 4], o);
}

static size_t bring_to(struct fw_state *had, const struct fw_rows *want)
{
	struct fw_plan *p = NULL;
	struct err e = { 0 };

	assert_int_equal(fw_plan_all(had, want, &p, &e), 0);
	size_t n = p->n;
	assert_int_equal(fw_state_commit(had, p), 0);
	fw_plan_free(p);
	return n;
}

static char *plan_text(const struct fw_plan *p)
{
	struct text t = { 0 };

	text_add(&t, "");
	fw_plan_text(p, &t);
	return text_take(&t);
}

static void test_any_to_any(void **state)
{
	for (unsigned from = 0; from < 64; from += 3)
		for (unsigned to = 0; to < 64; to += 5) {
			struct fw_state *had = fw_state_new();
			struct fw_rows a = { 0 }, b = { 0 };
			want_set(&a, from, 0, from & 4 ? &with_host : &plain);
			want_set(&b, to, to & 1, to & 2 ? &with_host : &plain);
			assert_true(bring_to(had, &a) > 0);
			assert_int_equal(bring_to(had, &a), 0);
			bring_to(had, &b);
			assert_int_equal(bring_to(had, &b), 0);
			fw_rows_done(&a);
			fw_rows_done(&b);
			fw_state_free(had);
		}
}

static void test_everything_goes(void **state)
{
	struct fw_state *had = fw_state_new();
	struct fw_rows a = { 0 }, none = { 0 };

	want_set(&a, 7, 0, &plain);
	bring_to(had, &a);
	assert_true(fw_state_has_table(had));
	assert_int_equal(bring_to(had, &none), 1);
	assert_false(fw_state_has_table(had));
	assert_int_equal(bring_to(had, &none), 0);
	fw_rows_done(&a);
	fw_state_free(had);
}

/* Start, change, stop one network from memory; `had` is brought to it. */
static int change(struct fw_state *had, unsigned i, const enum forward_mode *mode,
		  size_t *ret_steps, struct err *e)
{
	struct fw_rows rows = { 0 };
	struct fw_plan *p = NULL;
	struct subject s;

	make_network(&s, i, FORWARD_NONE);
	if (mode)
		want_network(&rows, i, *mode, &plain);
	int rc = fw_plan_network(had, s.name, &s.n.uuid, &rows, &plain, &p, e);
	if (rc == 0) {
		*ret_steps = p->n;
		assert_int_equal(fw_state_commit(had, p), 0);
	}
	fw_plan_free(p);
	fw_rows_done(&rows);
	return rc;
}

static void test_one_by_one(void **state)
{
	static const enum forward_mode nat = FORWARD_NAT, route = FORWARD_ROUTE,
				       none = FORWARD_NONE;
	struct fw_state *had = fw_state_new();
	struct fw_rows want = { 0 };
	struct err e = { 0 };
	size_t steps;

	assert_int_equal(change(had, 1, NULL, &steps, &e), 0);
	assert_int_equal(steps, 0); /* nothing to remove: no table is made for it */
	assert_int_equal(change(had, 1, &nat, &steps, &e), 0);
	assert_true(fw_state_has_table(had));
	assert_int_equal(change(had, 1, &nat, &steps, &e), 0);
	assert_int_equal(steps, 0);
	assert_int_equal(change(had, 2, &route, &steps, &e), 0);
	assert_int_equal(change(had, 3, &none, &steps, &e), 0);
	assert_int_equal(change(had, 1, &route, &steps, &e), 0); /* a live change */
	assert_int_equal(change(had, 3, NULL, &steps, &e), 0);
	assert_int_equal(steps, 5); /* three elements, two chains */
	assert_int_equal(fw_want_base(&plain, &want), 0);
	want_network(&want, 1, FORWARD_ROUTE, &plain);
	want_network(&want, 2, FORWARD_ROUTE, &plain);
	assert_int_equal(bring_to(had, &want), 0);
	fw_rows_done(&want);
	fw_state_free(had);
}

/* Several networks' plans, each made as if those before it were done, are one transaction. */
static void test_together(void **state)
{
	struct fw_state *memory = fw_state_new(), *kernel = fw_state_new();
	struct fw_plan *all = calloc(1, sizeof(*all)), *p = NULL;
	struct fw_rows want = { 0 };
	struct err e = { 0 };

	assert_int_equal(fw_want_base(&plain, &want), 0);
	for (unsigned i = 1; i < 4; i++) {
		struct fw_rows rows = { 0 };
		struct subject s;
		make_network(&s, i, FORWARD_NAT);
		want_network(&rows, i, FORWARD_NAT, &plain);
		want_network(&want, i, FORWARD_NAT, &plain);
		assert_int_equal(fw_plan_network(memory, s.name, &s.n.uuid, &rows, &plain, &p, &e),
				 0);
		assert_int_equal(fw_state_commit(memory, p), 0);
		size_t n = all->n, more = p->n;
		assert_int_equal(fw_plan_append(all, p), 0);
		assert_int_equal(all->n, n + more);
		fw_plan_free(p);
		fw_rows_done(&rows);
	}
	assert_int_equal(fw_state_commit(kernel, all), 0);
	assert_int_equal(bring_to(kernel, &want), 0);
	fw_plan_free(all);
	fw_rows_done(&want);
	fw_state_free(memory);
	fw_state_free(kernel);
}

static void test_order(void **state)
{
	struct fw_state *had = fw_state_new();
	struct fw_rows want = { 0 };
	struct fw_plan *p = NULL;
	struct err e = { 0 };

	want_set(&want, 2, 0, &plain); /* one NAT network */
	bring_to(had, &want);
	/* As a stranger left it: a chain of his own that ours jumps to, and one element missing. */
	assert_int_equal(fw_state_chain(had, "his", FW_REGULAR, true), 0);
	fw_state_rule(had, "his", 0);
	fw_state_rule(had, "in_net1", 0);
	assert_int_equal(fw_plan_all(had, &want, &p, &e), 0);
	auto_free char *text = plan_text(p);
	static const char *const lines[] = { "flush chain inet netd his\n",
					     "flush chain inet netd in_net1\n",
					     "delete chain inet netd his\n",
					     "add rule inet netd in_net1 " };
	const char *at[ARRAY_LEN(lines)];
	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		assert_non_null(at[i] = strstr(text, lines[i]));
	assert_true(at[0] < at[2] && at[1] < at[2] && at[2] < at[3]);
	assert_null(strstr(text, "out_net1")); /* what is right stays */
	fw_plan_free(p);
	fw_rows_done(&want);
	fw_state_free(had);
}

static void test_misshapen(void **state)
{
	for (unsigned kind = 0; kind < 4; kind++) {
		struct fw_state *had = fw_state_new();
		struct fw_rows want = { 0 };
		struct fw_plan *p = NULL;
		struct err e = { 0 };
		want_set(&want, 3, 0, &plain);
		bring_to(had, &want);
		assert_int_equal(kind == 0   ? fw_state_table(had, FW_FIT_WRONG, 7)
				 : kind == 1 ? fw_state_map(had, "nat4", false)
				 : kind == 2 ? fw_state_chain(had, "forward", FW_REGULAR, false)
					     : fw_state_chain(had, "in_net0", FW_FORWARD, true),
				 0);
		assert_int_equal(fw_plan_all(had, &want, &p, &e), 0);
		assert_true(p->n > 10);
		assert_int_equal(p->steps[0].op, FW_DELETE_TABLE);
		assert_int_equal(p->steps[1].op, FW_ADD_TABLE);
		assert_int_equal(fw_state_commit(had, p), 0);
		fw_plan_free(p);
		assert_int_equal(bring_to(had, &want), 0);
		fw_rows_done(&want);
		fw_state_free(had);
	}
}

static void test_conflicts(void **state)
{
	static const enum forward_mode nat = FORWARD_NAT;
	struct fw_state *had = fw_state_new();
	struct fw_rows rows = { 0 };
	struct fw_plan *p = NULL;
	struct err e = { 0 };
	struct subject s;
	size_t steps;

	assert_int_equal(change(had, 1, &nat, &steps, &e), 0);
	make_network(&s, 2, FORWARD_NAT);
	s.ip.address = ip_from_v4(0x0a000081); /* 10.0.0.0/16 holds 10.0.1.0/24 */
	s.ip.prefix = 16;
	assert_int_equal(fw_want_network(&s.n, &plain, &rows, &e), 0);
	assert_true(fw_plan_network(had, s.name, &s.n.uuid, &rows, &plain, &p, &e) < 0);
	assert_non_null(strstr(e.msg, "overlaps that of network 'net1'"));
	fw_rows_done(&rows);
	err_clear(&e);
	make_network(&s, 2, FORWARD_ROUTE);
	copy_text(s.bridge, sizeof(s.bridge), "virbr1");
	assert_int_equal(fw_want_network(&s.n, &plain, &rows, &e), 0);
	assert_true(fw_plan_network(had, s.name, &s.n.uuid, &rows, &plain, &p, &e) < 0);
	assert_non_null(strstr(e.msg, "bridge 'virbr1' has the rules of network 'net1'"));
	fw_rows_done(&rows);
	/* Among the rows of many, the one that can't stand leaves no trace. */
	want_network(&rows, 1, FORWARD_NAT, &plain);
	size_t chains = rows.n_chains, elements = rows.n_elements;
	assert_true(fw_want_network(&s.n, &plain, &rows, &e) < 0);
	assert_int_equal(rows.n_chains, chains);
	assert_int_equal(rows.n_elements, elements);
	fw_rows_done(&rows);
	s.n.bridge = NULL;
	assert_int_equal(fw_want_network(&s.n, &plain, &rows, &e), -EINVAL);
	fw_rows_done(&rows);
	fw_state_free(had);
}

/* Names of every kind give chain names that nft takes, and never the same for two. */
static void test_names(void **state)
{
	static const struct {
		const char *name, *stem; /* stem NULL: some other */
	} names[] = {
		{ "default", "default" },
		{ "lab-1.x_Y", "lab-1.x_Y" },
		{ "1234567890123456789012345678901234567890",
		  "1234567890123456789012345678901234567890" },
		{ "12345678901234567890123456789012345678901", NULL },
		{ "a b", NULL },
		{ "a_b", "a_b" },
		{ "a;b", NULL },
		{ "x.01234567", NULL },
		{ "x.0123456", "x.0123456" },
		{ "\xc3\xbc", NULL },
	};
	char stem[ARRAY_LEN(names)][FW_CHAIN_MAX];

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct uuid u = { { (uint8_t)i } };
		fw_chain_stem(names[i].name, &u, stem[i]);
		assert_true(strlen(stem[i]) + sizeof("hout_") <= FW_CHAIN_MAX);
		if (names[i].stem)
			assert_string_equal(stem[i], names[i].stem);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(stem[i], stem[j]);
		for (const char *c = stem[i]; *c; c++)
			assert_true(strchr("_-.", *c) || (*c >= '0' && *c <= '9') ||
				    (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z'));
	}
}

/* Names that only a stranger gives: longer than any of ours, alike in their first hundred
 * characters. */
static void test_long_foreign_names(void **state)
{
	struct fw_state *had = fw_state_new();
	struct fw_rows want = { 0 };
	struct fw_plan *p = NULL;
	struct err e = { 0 };
	char name[2][251];

	for (size_t i = 0; i < 2; i++) {
		memset(name[i], 'x', 250);
		name[i][249] = (char)('a' + i);
		name[i][250] = '\0';
	}
	want_set(&want, 0, 0, &plain);
	bring_to(had, &want);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(fw_state_chain(had, name[i], FW_REGULAR, true), 0);
	assert_int_equal(fw_plan_all(had, &want, &p, &e), 0);
	assert_int_equal(p->n, 2);
	assert_string_not_equal(p->steps[0].name, p->steps[1].name);
	assert_int_equal(strlen(p->steps[0].name), 250);
	fw_plan_free(p);
	fw_rows_done(&want);
	fw_state_free(had);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_to_any),
		cmocka_unit_test(test_everything_goes),
		cmocka_unit_test(test_one_by_one),
		cmocka_unit_test(test_together),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_misshapen),
		cmocka_unit_test(test_conflicts),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_long_foreign_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
