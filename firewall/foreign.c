/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/foreign.h"

#include <errno.h>
#include <string.h>

#define DEPTH_MAX 16

struct foreign_chain *foreign_add_chain(struct foreign *f, const struct foreign_chain *like)
{
	if (f->n >= FOREIGN_CHAINS_MAX || GROW(f->chains, f->cap, f->n + 1) < 0) {
		f->too_many = true;
		return NULL;
	}
	f->chains[f->n] = *like;
	return &f->chains[f->n++];
}

static struct foreign_chain *find(const struct foreign *f, int family, const char *table,
				  const char *name)
{
	for (size_t i = 0; i < f->n; i++) {
		struct foreign_chain *c = &f->chains[i];
		if (c->family == family && strcmp(c->table, table) == 0 &&
		    strcmp(c->name, name) == 0)
			return c;
	}
	return NULL;
}

int foreign_add_rule(struct foreign *f, int family, const char *table, const char *chain,
		     const struct foreign_rule *rule)
{
	struct foreign_chain *c = find(f, family, table, chain);

	if (!c)
		return 0;
	if (f->n_rules >= FOREIGN_RULES_MAX) {
		f->too_many = true;
		return 0;
	}
	if (GROW(c->rules, c->cap_rules, c->n_rules + 1) < 0)
		return -ENOMEM;
	c->rules[c->n_rules++] = *rule;
	f->n_rules++;
	return 0;
}

void foreign_done(struct foreign *f)
{
	for (size_t i = 0; i < f->n; i++)
		free(f->chains[i].rules);
	free(f->chains);
	*f = (struct foreign){ 0 };
}

const struct foreign_chain *foreign_place(const struct foreign *f, const struct foreign_chain *base)
{
	const struct foreign_chain *user = find(f, base->family, base->table, "DOCKER-USER");

	return user && base->hook == FOREIGN_FORWARD ? user : base;
}

/* ---- a packet's way ---- */

static bool interface_matches(const struct foreign_interface *i, const char *name)
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

static bool matches(const struct foreign_rule *r, const struct foreign_packet *p)
{
	return !r->unknown && (!r->maybe || r->verdict != FOREIGN_DROP) &&
	       (!r->replies || p->reply) && (!r->family || r->family == p->family) &&
	       (!r->proto || r->proto == p->proto) &&
	       (!r->port_last || (p->port >= r->port_first && p->port <= r->port_last)) &&
	       interface_matches(&r->in, p->in) && interface_matches(&r->out, p->out);
}

static enum foreign_verdict walk(const struct foreign *f, const struct foreign_chain *c,
				 const struct foreign_packet *p, unsigned depth)
{
	for (size_t i = 0; i < c->n_rules; i++) {
		const struct foreign_rule *r = &c->rules[i];
		if (!matches(r, p) || r->verdict == FOREIGN_CONTINUE)
			continue;
		if (r->verdict == FOREIGN_ACCEPT || r->verdict == FOREIGN_DROP)
			return r->verdict;
		if (r->verdict == FOREIGN_RETURN)
			return FOREIGN_CONTINUE;
		const struct foreign_chain *to = find(f, c->family, c->table, r->target);
		enum foreign_verdict v =
		    to && depth < DEPTH_MAX ? walk(f, to, p, depth + 1) : FOREIGN_CONTINUE;
		if (v != FOREIGN_CONTINUE || r->verdict == FOREIGN_GOTO)
			return v;
	}
	return FOREIGN_CONTINUE;
}

bool foreign_drops(const struct foreign *f, const struct foreign_chain *base,
		   const struct foreign_packet *p)
{
	enum foreign_verdict v;

	if (f->too_many || (base->family && base->family != p->family))
		return false;
	v = walk(f, base, p, 0);
	return v == FOREIGN_DROP || (v == FOREIGN_CONTINUE && base->policy_drop);
}
