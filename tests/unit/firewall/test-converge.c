/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Properties over random networks and random damage, against a table that refuses what the kernel's
 * refuses: one plan is enough, a second is empty, a fault at any step leaves everything as it was
 * and is made up for by one more plan, and what is remembered of the table is what is there. */
#include "firewall/fake.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ROUNDS   300
#define NETWORKS 6

static struct err e;
static uint64_t seed;

/* Repeatable: the numbers depend on the seed alone. */
static unsigned pick(unsigned n)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(seed >> 33) % n;
}

/* What one network may be now. */
struct subject {
	struct network n;
	struct network_ip ip[3];
	char name[32], bridge[16], dev[16];
	bool runs;
};

struct world {
	struct fw_fake *f;
	struct fw_options o;
	struct subject nets[NETWORKS];
};

static void random_network(struct subject *s, unsigned i)
{
	static const enum forward_mode modes[] = { FORWARD_NONE, FORWARD_NAT, FORWARD_NAT,
						   FORWARD_ROUTE, FORWARD_OPEN };
	static const unsigned prefixes[] = { 24, 24, 16, 26 };
	struct ip v6;

	*s = (struct subject){ .runs = pick(4) != 0 };
	snprintf(s->name, sizeof(s->name), pick(8) ? "net%u" : "net %u", i);
	snprintf(s->bridge, sizeof(s->bridge), "virbr%u", pick(6) ? i : i + NETWORKS);
	s->n = (struct network){ .name = s->name, .bridge = s->bridge, .has_uuid = true };
	s->n.uuid.b[0] = (uint8_t)(i + 1);
	s->n.ips = s->ip;
	s->n.forward.mode = modes[pick(ARRAY_LEN(modes))];
	s->n.forward.nat.ipv6 = pick(2) ? TRI_YES : TRI_ABSENT;
	if (pick(4) == 0 && snprintf(s->dev, sizeof(s->dev), "up%u", i) > 0)
		s->n.forward.dev = s->dev;
	/* Each network has a /14 of its own. */
	if (pick(8))
		s->ip[s->n.n_ips++] =
		    (struct network_ip){ .address = ip_from_v4((10u << 24) + (i << 18) + 1),
					 .prefix = prefixes[pick(ARRAY_LEN(prefixes))] };
	if (pick(3) == 0)
		s->ip[s->n.n_ips++] =
		    (struct network_ip){ .address =
					     ip_from_v4((10u << 24) + (i << 18) + (1u << 17) + 1),
					 .prefix = prefixes[pick(ARRAY_LEN(prefixes))] };
	assert_int_equal(ip_parse("2001:db8::1", &v6), 0);
	v6.v6[5] = (uint8_t)i;
	if (pick(2))
		s->ip[s->n.n_ips++] =
		    (struct network_ip){ .address = v6, .prefix = pick(3) ? 64 : 56 };
}

static void random_options(struct fw_options *o)
{
	*o = (struct fw_options){ .owner = pick(2),
				  .host_chains = pick(2),
				  .open_isolated = pick(2) };
}

static void open_world(struct world *w)
{
	*w = (struct world){ .f = fw_fake_new() };
	assert_non_null(w->f);
	random_options(&w->o);
	for (unsigned i = 0; i < NETWORKS; i++)
		random_network(&w->nets[i], i);
}

static void close_world(struct world *w)
{
	fw_fake_free(w->f);
}

static void want_all(const struct world *w, struct fw_rows *rows)
{
	for (unsigned i = 0; i < NETWORKS; i++) {
		if (!w->nets[i].runs)
			continue;
		if (!rows->base)
			assert_int_equal(fw_want_base(&w->o, rows), 0);
		if (fw_want_network(&w->nets[i].n, &w->o, rows, &e) < 0)
			fail_msg("%s", e.msg);
	}
}

static struct fw_plan *plan_all(const struct world *w)
{
	struct fw_state *had = NULL;
	struct fw_rows rows = { 0 };
	struct fw_plan *p = NULL;

	want_all(w, &rows);
	assert_int_equal(fw_fake_have(w->f, &w->o, &had, &e), 0);
	assert_int_equal(fw_plan_all(had, &rows, &p, &e), 0);
	fw_state_free(had);
	fw_rows_done(&rows);
	return p;
}

static void assert_settled(const struct world *w)
{
	struct fw_plan *p = plan_all(w);

	if (p->n) {
		struct text t = { 0 };
		fw_plan_text(p, &t);
		print_message("%s\n", t.s);
		fail_msg("one plan was not enough");
	}
	fw_plan_free(p);
}

static int run(struct world *w, size_t *ret_steps)
{
	struct fw_plan *p = plan_all(w);
	int rc = fw_fake_apply(w->f, p, &e);

	*ret_steps = p->n;
	fw_plan_free(p);
	return rc;
}

/* What administrators, other programs and accidents do. */
static void damage(struct world *w)
{
	for (unsigned times = pick(4); times > 0; times--) {
		switch (pick(10)) {
		case 0:
			fw_fake_flush_ruleset(w->f);
			break;
		case 1:
			fw_fake_flush_chain(w->f, pick(100));
			break;
		case 2:
			fw_fake_remove_element(w->f, pick(100));
			break;
		case 3:
			fw_fake_turn_element(w->f, pick(100));
			break;
		case 4:
			assert_int_equal(fw_fake_add_rule(w->f, pick(100), SIZE_MAX), 0);
			break;
		case 5: /* a chain of his that he jumps to from one of ours, and the other way */
			assert_int_equal(fw_fake_add_chain(w->f, "his"), 0);
			assert_int_equal(fw_fake_add_rule(w->f, pick(100), pick(100)), 0);
			break;
		case 6:
			assert_int_equal(fw_fake_add_map(w->f, pick(2) ? "his" : "host_in"), 0);
			break;
		case 7:
			if (pick(4) == 0)
				fw_fake_bend_chain(w->f, pick(100));
			break;
		case 8:
			if (pick(2))
				fw_fake_set_fit(w->f, pick(2) ? FW_FIT_ADOPT : FW_FIT_WRONG);
			break;
		case 9:
			assert_int_equal(fw_fake_add_chain(w->f, "in_net0"), 0);
			break;
		}
	}
}

static void change(struct world *w)
{
	if (pick(4) == 0)
		random_options(&w->o);
	for (unsigned i = 0; i < NETWORKS; i++)
		if (pick(3) == 0)
			random_network(&w->nets[i], i);
}

static void one_plan_is_enough(void **state)
{
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct world w;
		size_t n;

		seed = round;
		open_world(&w);
		for (unsigned turn = 0; turn < 8; turn++) {
			if (run(&w, &n) < 0)
				fail_msg("round %u, turn %u: %s", round, turn, e.msg);
			assert_settled(&w);
			damage(&w);
			change(&w);
		}
		close_world(&w);
	}
}

/* From the same start, fail at step `at`; false when the plan has fewer steps. */
static bool fail_at(unsigned round, size_t at)
{
	static const int errors[] = { ENOMEM, EPERM, EEXIST };
	struct world w;
	size_t n, again;

	seed = round;
	open_world(&w);
	for (unsigned turn = pick(3); turn > 0; turn--) {
		assert_int_equal(run(&w, &n), 0);
		damage(&w);
		change(&w);
	}
	int errnum = errors[pick(ARRAY_LEN(errors))];
	fw_fake_fail_step(w.f, at, errnum);
	int rc = run(&w, &n);
	assert_int_equal(rc, at < n ? -errnum : 0);
	if (rc < 0) {
		/* Nothing of it was done: the same plan is due, and now it goes through. */
		if (run(&w, &again) < 0)
			fail_msg("round %u, step %zu: %s", round, at, e.msg);
		assert_int_equal(again, n);
	}
	assert_settled(&w);
	close_world(&w);
	return rc < 0;
}

static void faults_are_made_up_for(void **state)
{
	for (unsigned round = 0; round < 60; round++)
		for (size_t at = 0; fail_at(round, at); at++)
			;
}

/* One network after the other from what is remembered, without a dump. */
static void memory_is_right(void **state)
{
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct world w;
		struct fw_state *had = NULL;

		seed = round;
		open_world(&w);
		for (unsigned i = 0; i < NETWORKS; i++)
			w.nets[i].runs = false;
		assert_int_equal(fw_fake_have(w.f, &w.o, &had, &e), 0);
		for (unsigned turn = 0; turn < 20; turn++) {
			unsigned i = pick(NETWORKS);
			struct fw_rows rows = { 0 };
			struct fw_plan *p = NULL;
			char name[32];
			copy_text(name, sizeof(name), w.nets[i].name);
			random_network(&w.nets[i], i);
			/* A running network keeps its name. */
			copy_text(w.nets[i].name, sizeof(w.nets[i].name), name);
			if (w.nets[i].runs)
				assert_int_equal(fw_want_network(&w.nets[i].n, &w.o, &rows, &e), 0);
			if (fw_plan_network(had, name, &w.nets[i].n.uuid, &rows, &w.o, &p, &e) <
				0 ||
			    fw_fake_apply(w.f, p, &e) < 0)
				fail_msg("round %u, turn %u: %s", round, turn, e.msg);
			assert_int_equal(fw_state_commit(had, p), 0);
			fw_plan_free(p);
			fw_rows_done(&rows);
		}
		/* The table itself stays when its last network goes. */
		bool any = false;
		for (unsigned i = 0; i < NETWORKS; i++)
			any |= w.nets[i].runs;
		if (any)
			assert_settled(&w);
		fw_state_free(had);
		close_world(&w);
	}
}

/* Somebody changes the ruleset between the look and the transaction. */
static void outdated_plans_are_refused(void **state)
{
	struct world w;

	seed = 5;
	open_world(&w);
	w.nets[0].runs = true;
	struct fw_plan *p = plan_all(&w);
	fw_fake_flush_ruleset(w.f);
	assert_int_equal(fw_fake_apply(w.f, p, &e), -ERESTART);
	fw_plan_free(p);
	close_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_plan_is_enough),
		cmocka_unit_test(faults_are_made_up_for),
		cmocka_unit_test(memory_is_right),
		cmocka_unit_test(outdated_plans_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
