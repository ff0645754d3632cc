/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/foreign.h"

#include <errno.h>
#include <string.h>

#define DEPTH_MAX 16

struct fw_foreign_chain *fw_foreign_add_chain(struct fw_foreign *f,
					      const struct fw_foreign_chain *like)
{
	if (f->n >= FW_FOREIGN_CHAINS_MAX || GROW(f->chains, f->cap, f->n + 1) < 0) {
		f->too_many = true;
		return NULL;
	}
	f->chains[f->n] = *like;
	return &f->chains[f->n++];
}

static struct fw_foreign_chain *find(const struct fw_foreign *f, int family, const char *table,
				     const char *name)
{
	for (size_t i = 0; i < f->n; i++) {
		struct fw_foreign_chain *c = &f->chains[i];
		if (c->family == family && strcmp(c->table, table) == 0 &&
		    strcmp(c->name, name) == 0)
			return c;
	}
	return NULL;
}

int fw_foreign_add_rule(struct fw_foreign *f, int family, const char *table, const char *chain,
			const struct fw_foreign_rule *rule)
{
	struct fw_foreign_chain *c = find(f, family, table, chain);

	if (!c)
		return 0;
	if (f->n_rules >= FW_FOREIGN_RULES_MAX) {
		f->too_many = true;
		return 0;
	}
	if (GROW(c->rules, c->cap_rules, c->n_rules + 1) < 0)
		return -ENOMEM;
	c->rules[c->n_rules++] = *rule;
	f->n_rules++;
	return 0;
}

void fw_foreign_done(struct fw_foreign *f)
{
	for (size_t i = 0; i < f->n; i++)
		free(f->chains[i].rules);
	free(f->chains);
	*f = (struct fw_foreign){ 0 };
}

const struct fw_foreign_chain *fw_foreign_place(const struct fw_foreign *f,
						const struct fw_foreign_chain *base)
{
	const struct fw_foreign_chain *user = find(f, base->family, base->table, "DOCKER-USER");

	return user && base->hook == FW_FOREIGN_FORWARD ? user : base;
}

/* ---- a packet's way ---- */

static bool interface_matches(const struct fw_foreign_interface *i, const char *name)
{
	size_t n = strlen(i->name);
	bool same;

	if (!n)
		return true;
	if (i->name[n - 1] == '*')
		same = name && strncmp(name, i->name, n - 1) == 0;
	else
		same = name && strcmp(name, i->name) == 0;
	return same != i->inverted;
}

static bool matches(const struct fw_foreign_rule *r, const struct fw_foreign_packet *p)
{
	return !r->unknown && (!r->maybe || r->verdict != FW_FOREIGN_DROP) &&
	       (!r->replies || p->reply) && (!r->family || r->family == p->family) &&
	       (!r->proto || r->proto == p->proto) &&
	       (!r->port_last || (p->port >= r->port_first && p->port <= r->port_last)) &&
	       interface_matches(&r->in, p->in) && interface_matches(&r->out, p->out);
}

static enum fw_foreign_verdict walk(const struct fw_foreign *f, const struct fw_foreign_chain *c,
				    const struct fw_foreign_packet *p, unsigned depth)
{
	for (size_t i = 0; i < c->n_rules; i++) {
		const struct fw_foreign_rule *r = &c->rules[i];
		if (!matches(r, p) || r->verdict == FW_FOREIGN_CONTINUE)
			continue;
		if (r->verdict == FW_FOREIGN_ACCEPT || r->verdict == FW_FOREIGN_DROP)
			return r->verdict;
		if (r->verdict == FW_FOREIGN_RETURN)
			return FW_FOREIGN_CONTINUE;
		const struct fw_foreign_chain *to = find(f, c->family, c->table, r->target);
		enum fw_foreign_verdict v =
		    to && depth < DEPTH_MAX ? walk(f, to, p, depth + 1) : FW_FOREIGN_CONTINUE;
		if (v != FW_FOREIGN_CONTINUE || r->verdict == FW_FOREIGN_GOTO)
			return v;
	}
	return FW_FOREIGN_CONTINUE;
}

bool fw_foreign_drops(const struct fw_foreign *f, const struct fw_foreign_chain *base,
		      const struct fw_foreign_packet *p)
{
	enum fw_foreign_verdict v;

	if (f->too_many || (base->family && base->family != p->family))
		return false;
	v = walk(f, base, p, 0);
	return v == FW_FOREIGN_DROP || (v == FW_FOREIGN_CONTINUE && base->policy_drop);
}
