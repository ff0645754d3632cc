/* SPDX-License-Identifier: GPL-2.0-or-later */
/* door-access.c — may this client do this to that network: what a procedure needs (door-needs.h) is
 * asked of rules or of polkit (policy.h).
 *
 * Rules are looked at before anything of the arguments is read but the network's name. Polkit takes
 * its time: the call is held with a copy of its arguments, and nothing else of that client is read
 * until the answer comes, so that calls keep their order. */
#include "netd/door/door-internal.h"
#include "netd/door/door-needs.h"

#include "base/log.h"

#include <stdio.h>

#define QUESTIONS_MAX 4096 /* with one call; networks beyond are not listed */

/* ---- the network that is meant ---- */

struct object {
	char name[RPC_NAME_MAX + 1]; /* "": none */
	struct uuid uuid, port;
	bool has_uuid, has_port;
};

static void take_name(struct rd *args, struct object *o)
{
	struct xdr_str s = xdr_get_string(args, RPC_STRING_MAX);

	if (args->bad || s.n > RPC_NAME_MAX)
		return;
	memcpy(o->name, s.p, s.n);
	o->name[s.n] = '\0';
}

/* What can't be read, and what there isn't, is the procedure's own to complain about: then o->name
 * stays empty. */
static void find_object(const struct door_call *call, enum meant meant, struct rd args,
			struct object *o)
{
	const struct door_backend *b = backend_of(call);
	struct door_network n;
	struct rpc_net net;

	if (meant == MEANS_NAME) {
		take_name(&args, o);
	} else if (meant == MEANS_UUID) {
		o->uuid = xdr_get_uuid(&args);
	} else {
		rpc_get_net(&args, &net);
		o->uuid = net.uuid;
		o->has_port = meant == MEANS_PORT;
		if (o->has_port)
			o->port = xdr_get_uuid(&args);
	}
	if (args.bad || !b->find(b->data, *o->name ? o->name : NULL, &o->uuid, &n))
		return;
	copy_text(o->name, sizeof(o->name), n.name);
	o->uuid = n.uuid;
	o->has_uuid = true;
}

/* ---- holding a call ---- */

struct question {
	struct door_wait *wait;
	struct polkit_question *asked; /* NULL: answered */
	enum polkit_answer answer;
	enum door_perm perm; /* PERM_COUNT: to come in at all */
	struct uuid network; /* of a list */
	bool filters;        /* No only leaves the network out */
};

struct door_wait {
	struct door_call *call;
	door_wait_fn *done;
	void *data;
	char why[256]; /* polkit is broken */
	size_t left;
	size_t n;
	struct question question[];
};

static struct door_wait *wait_new(struct door_call *call, size_t n, door_wait_fn *done, void *data)
{
	struct door_wait *w = calloc(1, sizeof(*w) + n * sizeof(w->question[0]));

	if (!w)
		return NULL;
	*w = (struct door_wait){ .call = call, .done = done, .data = data, .left = 1 };
	call->wait = w;
	call->conn->held = true;
	return w;
}

/* All answers are there. */
static void wait_over(struct door_wait *w)
{
	struct door_call *call = w->call;
	struct door_conn *c = call->conn;

	call->wait = NULL;
	c->held = false;
	/* What somebody needed to type a password isn't counted against the client. */
	c->accepted_at = c->heard_at = clock_boottime();
	conn_pump(c);
	w->done(call, w, w->data);
	free(w);
}

static void one_less(struct door_wait *w)
{
	if (--w->left == 0)
		wait_over(w);
}

static void answered(void *data, enum polkit_answer answer, const char *why)
{
	struct question *q = data;

	q->asked = NULL;
	q->answer = answer;
	if (answer == POLKIT_BROKEN)
		copy_text(q->wait->why, sizeof(q->wait->why), why);
	one_less(q->wait);
}

static void ask(struct door_wait *w, enum door_perm perm, const char *action,
		const char *const *details, bool interactive)
{
	const struct door_conn *c = w->call->conn;
	const struct door_subject *who = perm == PERM_COUNT ? &c->subject : conn_subject(c);
	struct polkit_subject subject = { who->pid, who->start_time, who->uid };
	struct question *q = &w->question[w->n++];

	q->wait = w;
	q->perm = perm;
	q->answer = POLKIT_BROKEN;
	/* A number that another process may have now must not be asked about. */
	if (subject.start_time)
		q->asked = polkit_ask(c->door->polkit, &subject, action, details, interactive,
				      answered, q);
	if (q->asked)
		w->left++;
	else
		copy_text(w->why, sizeof(w->why),
			  subject.start_time ? "polkit cannot be reached"
					     : "the process that asks has ended");
}

void door_wait_cancel(struct door_call *call)
{
	struct door_wait *w = call->wait;

	if (!w)
		return;
	call->wait = NULL;
	for (size_t i = 0; i < w->n; i++)
		polkit_withdraw(w->question[i].asked);
	w->done(call, NULL, w->data);
	free(w);
}

enum polkit_answer door_wait_answer(const struct door_wait *w, const char **ret_why)
{
	*ret_why = w->why;
	return w->question[0].answer;
}

bool door_ask_polkit(struct door_call *call, const char *action, door_wait_fn *done)
{
	struct door_wait *w = wait_new(call, 1, done, NULL);

	if (!w)
		return false;
	ask(w, PERM_COUNT, action, NULL, true);
	one_less(w);
	return true;
}

/* ---- permissions by polkit ---- */

static void ask_perm(struct door_wait *w, enum door_perm perm, const struct object *o)
{
	char action[64] = "org.libvirt.api.", network[UUID_TEXT_MAX], port[UUID_TEXT_MAX];
	const char *details[9] = { "connect_driver", "network" };
	size_t n = 2;

	snprintf(action + strlen(action), sizeof(action) - strlen(action), "%s",
		 door_perm_name(perm));
	if (*o->name) {
		details[n++] = "network_name";
		details[n++] = o->name;
	}
	if (o->has_uuid) {
		details[n++] = "network_uuid";
		details[n++] = uuid_format(&o->uuid, network);
	}
	if (o->has_port) {
		details[n++] = "port_uuid";
		details[n++] = uuid_format(&o->port, port);
	}
	ask(w, perm, action, details, false);
}

static bool ask_of_each(void *ctx, const struct door_network *n)
{
	struct door_wait *w = ctx;
	struct object o = { .uuid = n->uuid, .has_uuid = true };

	if (w->n >= QUESTIONS_MAX)
		return false;
	copy_text(o.name, sizeof(o.name), n->name);
	w->question[w->n].filters = true;
	w->question[w->n].network = n->uuid;
	ask_perm(w, PERM_NETWORK_GETATTR, &o);
	return true;
}

static bool count_each(void *ctx, const struct door_network *n)
{
	size_t *count = ctx;

	return ++*count < QUESTIONS_MAX;
}

/* Ask for all that is needed. False: no memory. */
static bool ask_needs(struct door_call *call, const struct need *need, const struct object *o,
		      door_wait_fn *done, void *data)
{
	const struct door_backend *b = backend_of(call);
	size_t networks = 0;

	if (need->meant == MEANS_ALL)
		b->each(b->data, count_each, &networks);
	struct door_wait *w = wait_new(call, PERMS_MAX + networks, done, data);
	if (!w)
		return false;
	for (size_t i = 0; i < PERMS_MAX && need->perms[i] != PERM_COUNT; i++)
		ask_perm(w, need->perms[i], o);
	if (need->meant == MEANS_ALL)
		b->each(b->data, ask_of_each, w);
	one_less(w);
	return true;
}

/* ---- verdicts ---- */

static void deny(struct door_call *call, enum door_perm perm, const char *network, const char *why)
{
	static struct log_limit limit = { .burst = 10, .per_sec = 10 };
	unsigned dropped;

	if (log_allowed(&limit, &dropped))
		log_warning("%s is denied %s: %s%s%s", door_call_who(call), call->proc->name,
			    door_perm_name(perm), *network ? " of network " : "", network);
	door_failf(call, ERR_ACCESS_DENIED, "'%s' denied access: org.libvirt.api.%s%s%s%s%s%s",
		   call->conn->door->policy.access == ACCESS_POLKIT ? "polkit" : "netd",
		   door_perm_name(perm), *network ? " of network '" : "", network,
		   *network ? "'" : "", *why ? ": " : "", why);
}

/* Whether all that was required was granted; else the call has been failed. */
static bool granted(struct door_call *call, const struct door_wait *w, const char *network)
{
	for (size_t i = 0; i < w->n; i++) {
		const struct question *q = &w->question[i];
		if (q->filters || q->answer == POLKIT_YES)
			continue;
		deny(call, q->perm, network, q->answer == POLKIT_BROKEN ? w->why : "");
		return false;
	}
	return true;
}

/* Which networks a list may show. */
static bool note_visible(struct door_call *call, const struct door_wait *w)
{
	call->visible = calloc(w->n ? w->n : 1, sizeof(*call->visible));
	for (size_t i = 0; call->visible && i < w->n; i++)
		if (w->question[i].filters && w->question[i].answer == POLKIT_YES)
			call->visible[call->n_visible++] = w->question[i].network;
	return call->visible;
}

static void run_held(struct door_call *call, struct door_wait *w, void *data)
{
	struct rd args = rd_over(call->args, call->n_args);

	if (!w)
		return;
	if (!granted(call, w, ""))
		return;
	if (!note_visible(call, w))
		door_failf(call, ERR_NO_MEMORY, "%s", "");
	else
		call->proc->run(call, &args);
}

static bool keep_args(struct door_call *call, const struct rd *args)
{
	call->n_args = rd_left(args);
	call->args = malloc(call->n_args ? call->n_args : 1);
	if (call->args)
		memcpy(call->args, args->p, call->n_args);
	return call->args;
}

static bool access_is_free(const struct door_call *call, const struct need *need)
{
	const struct door_conn *c = call->conn;

	return c->door->policy.access == ACCESS_ALL || conn_subject(c)->uid == 0 ||
	       need->perms[0] == PERM_COUNT;
}

/* By rules: NULL network for one that isn't known yet. */
static bool rules_permit(struct door_call *call, const struct need *need, const char *network)
{
	const struct door_conn *c = call->conn;

	for (size_t i = 0; i < PERMS_MAX && need->perms[i] != PERM_COUNT; i++) {
		if (door_rules_allow(&c->door->policy, conn_subject(c), need->perms[i], network))
			continue;
		deny(call, need->perms[i], network ? network : "", "");
		return false;
	}
	return true;
}

/* A rule for some networks only is none for what is of all of them. */
#define ALL_NETWORKS ""

void door_access(struct door_call *call, struct rd *args)
{
	const struct need *need = door_need_of(call);
	struct object o = { 0 };

	if (access_is_free(call, need))
		return call->proc->run(call, args);
	if (need->meant == MEANS_NET || need->meant == MEANS_PORT || need->meant == MEANS_NAME ||
	    need->meant == MEANS_UUID)
		find_object(call, need->meant, *args, &o);
	if (call->conn->door->policy.access == ACCESS_RULES) {
		bool any = need->meant == MEANS_DOCUMENT || need->meant == MEANS_ALL;
		bool connect = need->perms[0] <= PERM_CONNECT_SEARCH_NETWORKS;
		if (rules_permit(call, need,
				 any || connect ? NULL
				 : *o.name      ? o.name
						: ALL_NETWORKS))
			call->proc->run(call, args);
		return;
	}
	if (need->meant == MEANS_DOCUMENT)
		return call->proc->run(call, args);
	if (!keep_args(call, args) || !ask_needs(call, need, &o, run_held, NULL))
		door_failf(call, ERR_NO_MEMORY, "%s", "");
}

/* ---- once the document is known ---- */

struct permit {
	door_permit_fn *fn;
	void *data;
	char network[RPC_NAME_MAX + 1];
};

static void permitted(struct door_call *call, struct door_wait *w, void *data)
{
	struct permit *p = data;
	bool yes = w && granted(call, w, p->network);

	p->fn(p->data, call, yes);
	free(p);
}

void door_call_permit(struct door_call *call, const char *name, const struct uuid *uuid,
		      door_permit_fn *fn, void *data)
{
	const struct need *need = door_need_of(call);
	struct object o = { .has_uuid = uuid };
	struct permit *p;

	if (access_is_free(call, need))
		return fn(data, call, true);
	if (call->conn->door->policy.access == ACCESS_RULES)
		return fn(data, call, rules_permit(call, need, name));
	copy_text(o.name, sizeof(o.name), name);
	if (uuid)
		o.uuid = *uuid;
	p = calloc(1, sizeof(*p));
	if (p) {
		*p = (struct permit){ .fn = fn, .data = data };
		copy_text(p->network, sizeof(p->network), name);
	}
	if (p && ask_needs(call, need, &o, permitted, p))
		return;
	free(p);
	door_failf(call, ERR_NO_MEMORY, "%s", "");
	fn(data, call, false);
}

/* ---- lists and events ---- */

bool door_sees(const struct door_conn *c, const char *network)
{
	return c->door->policy.access != ACCESS_RULES || conn_subject(c)->uid == 0 ||
	       door_rules_allow(&c->door->policy, conn_subject(c), PERM_NETWORK_GETATTR, network);
}

struct filter {
	const struct door_call *call;
	bool (*visit)(void *ctx, const struct door_network *n);
	void *ctx;
};

static bool visit_seen(void *data, const struct door_network *n)
{
	struct filter *f = data;
	bool seen = !f->call->visible && door_sees(f->call->conn, n->name);

	for (size_t i = 0; i < f->call->n_visible && !seen; i++)
		seen = uuid_equal(&f->call->visible[i], &n->uuid);
	return !seen || f->visit(f->ctx, n);
}

void door_each(const struct door_call *call, bool (*visit)(void *ctx, const struct door_network *n),
	       void *ctx)
{
	const struct door_backend *b = backend_of(call);
	struct filter f = { call, visit, ctx };

	b->each(b->data, visit_seen, &f);
}
