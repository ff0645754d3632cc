/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/kernel/rules.h"

#include "firewall/nft.h"
#include "firewall/view.h"
#include "netd/kernel/reconcile.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

struct rules_job {
	struct job job;
	struct door_call *call;
	struct fw_kernel *kernel;
	struct fw_rows rows;
	struct fw_counter *counters; /* of all rules, chain after chain */
	bool *right;                 /* by chain: the kernel has so many rules in it as wanted */
	char *name, *bridge;
	struct err err;
};

static void job_free(struct rules_job *j)
{
	fw_rows_done(&j->rows);
	free(j->counters);
	free(j->right);
	free(j->name);
	free(j->bridge);
	free(j);
}

static void read_counters(struct job *job)
{
	struct rules_job *j = container_of(job, struct rules_job, job);
	struct fw_counter *to = j->counters;

	for (size_t i = 0; i < j->rows.n_chains; i++) {
		const struct fw_chain *c = &j->rows.chains[i];
		ssize_t n = fw_counters(j->kernel, c->name, to, c->n_rules, &j->err);
		if (n < 0 && n != -ENOENT)
			return;
		j->right[i] = n == (ssize_t)c->n_rules;
		to += c->n_rules;
	}
	err_clear(&j->err);
}

static const char *family_name(int family)
{
	return family == AF_INET ? "ipv4" : family == AF_INET6 ? "ipv6" : "any";
}

static const char *or_null(const char *s)
{
	return *s ? s : NULL;
}

static json_t *rule_json(const struct fw_view_row *row, const struct fw_chain *c,
			 const struct fw_rule *r, const struct fw_counter *counter)
{
	struct text text = { 0 };

	fw_rule_text(r, &text);
	auto_free char *nft = text_take(&text);
	return json_pack(
	    "{s:s, s:s, s:s, s:s, s:s, s:s?, s:s?, s:s?, s:s?, s:s, s:o, s:o, s:s, s:s, s:s?}",
	    "chain", row->chain, "table", row->table, "family", family_name(row->family), "target",
	    row->target, "protocol", row->protocol, "in", or_null(row->in), "out",
	    or_null(row->out), "source", or_null(row->source), "destination",
	    or_null(row->destination), "options", row->options, "packets",
	    counter ? json_integer((json_int_t)counter->packets) : json_null(), "bytes",
	    counter ? json_integer((json_int_t)counter->octets) : json_null(), "comment", r->why,
	    "nft-chain", c->name, "nft", nft);
}

static json_t *rules_json(const struct rules_job *j)
{
	const struct fw_counter *counter = j->counters;
	json_t *list = json_array();

	for (size_t i = 0; i < j->rows.n_chains; i++) {
		const struct fw_chain *c = &j->rows.chains[i];
		struct fw_view_row row;
		for (size_t k = 0; k < c->n_rules; k++, counter++)
			if (fw_view(c, k, j->bridge, &row))
				json_array_append_new(
				    list,
				    rule_json(&row, c, &c->rules[k], j->right[i] ? counter : NULL));
	}
	return list;
}

static void reply(struct job *job)
{
	struct rules_job *j = container_of(job, struct rules_job, job);
	json_t *all = NULL;

	if (!j->err.code)
		all = json_pack("{s:s, s:s?, s:o}", "network", j->name, "bridge", j->bridge,
				"rules", rules_json(j));
	auto_free char *text = all ? json_dumps(all, JSON_COMPACT) : NULL;
	if (text)
		door_reply_text(j->call, text);
	else if (j->err.code)
		door_fail(j->call, &j->err);
	else
		door_failf(j->call, ERR_NO_MEMORY, "%s", "");
	json_decref(all);
	job_free(j);
}

/* NULL: *e says why. */
static struct rules_job *job_new(struct controller *c, const struct net *n, struct door_call *call,
				 struct err *e)
{
	struct rules_job *j = calloc(1, sizeof(*j));
	size_t n_rules = 0;

	if (!j) {
		err_sys(e, ENOMEM, "rules of network '%s'", n->name);
		return NULL;
	}
	j->job = (struct job){ .run = read_counters, .done = reply };
	j->call = call;
	j->kernel = reconcile_rules_kernel(c->reconcile);
	j->name = strdup(n->name);
	j->bridge = n->live->bridge ? strdup(n->live->bridge) : NULL;
	struct fw_options o = reconcile_rules_options(c->reconcile, n->name);
	if (fw_want_network(n->live, &o, &j->rows, e) == 0) {
		for (size_t i = 0; i < j->rows.n_chains; i++)
			n_rules += j->rows.chains[i].n_rules;
		j->counters = calloc(n_rules + 1, sizeof(*j->counters));
		j->right = calloc(j->rows.n_chains + 1, sizeof(*j->right));
		if (j->name && j->counters && j->right)
			return j;
		err_sys(e, ENOMEM, "rules of network '%s'", n->name);
	}
	job_free(j);
	return NULL;
}

void rules_reply(struct controller *c, struct net *n, struct door_call *call)
{
	struct err e = { 0 };

	if (!net_runs(n))
		return door_failf(call, ERR_OPERATION_INVALID, "network '%s' is not active",
				  n->name);
	struct rules_job *j = job_new(c, n, call, &e);
	if (j)
		jobs_push(c->kernel, &j->job);
	else
		door_fail(call, &e);
}
