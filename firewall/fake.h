/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fake.h — a table of plain values in the place of the kernel's, for tests without root.
 *
 * It refuses what nf_tables refuses: what exists already (EEXIST), what isn't there (ENOENT), what
 * others refer to (EBUSY), intervals that overlap, a plan for another generation (ERESTART); and
 * like there a plan that fails at any step has done nothing. */
#ifndef FIREWALL_FAKE_H
#define FIREWALL_FAKE_H

#include "firewall/firewall.h"

struct fw_fake;

struct fw_fake *fw_fake_new(void) mustcheck; /* no table; NULL without memory */
void fw_fake_free(struct fw_fake *f);

/* As firewall/nft.h has them. */
int fw_fake_have(const struct fw_fake *f, const struct fw_options *o, struct fw_state **ret,
		 struct err *e) mustcheck;
int fw_fake_apply(struct fw_fake *f, const struct fw_plan *p, struct err *e) mustcheck;

/* The `countdown`-th step from now (0: the next) fails with `errnum`, once. */
void fw_fake_fail_step(struct fw_fake *f, size_t countdown, int errnum);

/* --- what strangers do; nothing happens where it can't --- */

void fw_fake_flush_ruleset(struct fw_fake *f);
/* The `i`-th chain, map or element, counted round. */
void fw_fake_flush_chain(struct fw_fake *f, size_t i);
void fw_fake_remove_element(struct fw_fake *f, size_t i);
/* The element's verdict is another now: accept. */
void fw_fake_turn_element(struct fw_fake *f, size_t i);
/* A rule of his at the end of chain `i`, that jumps to chain `to` unless that is SIZE_MAX. */
int fw_fake_add_rule(struct fw_fake *f, size_t i, size_t to) mustcheck;
int fw_fake_add_chain(struct fw_fake *f, const char *name) mustcheck;
int fw_fake_add_map(struct fw_fake *f, const char *name) mustcheck;
/* A chain of the same name with another nature: on another hook, or none. */
void fw_fake_bend_chain(struct fw_fake *f, size_t i);
void fw_fake_set_fit(struct fw_fake *f, enum fw_fit fit);

#endif
