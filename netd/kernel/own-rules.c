/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/kernel/own-rules.h"

#include "base/file.h"
#include "base/log.h"
#include "firewall/own.h"
#include "netd/controller/conditions.h"
#include "netd/kernel/reconcile.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* One network's. */
struct entry {
	struct table_node by_name;
	char *name, *text;
	struct fw_own *own;
	bool seen; /* while the folder is read */
};

struct own_rules {
	struct controller *c;
	struct table by_name;
};

static void entry_free(struct entry *x)
{
	if (!x)
		return;
	fw_own_free(x->own);
	free(x->name);
	free(x->text);
	free(x);
}

static struct entry *entry_of(const struct own_rules *o, const char *name)
{
	struct table_node *n = table_find(&o->by_name, name, strlen(name));

	return n ? container_of(n, struct entry, by_name) : NULL;
}

static void forget(struct own_rules *o, const char *name)
{
	struct entry *x = entry_of(o, name);

	if (!x)
		return;
	table_remove(&o->by_name, &x->by_name);
	entry_free(x);
}

/* Take both over, whatever happens. */
static int remember(struct own_rules *o, const char *name, char *text, struct fw_own *own)
{
	struct entry *x = calloc(1, sizeof(*x));

	if (!x) {
		free(text);
		fw_own_free(own);
		return -ENOMEM;
	}
	*x = (struct entry){ .name = strdup(name), .text = text, .own = own, .seen = true };
	forget(o, name);
	if (x->name && table_add(&o->by_name, &x->by_name, x->name, strlen(x->name)) == 0)
		return 0;
	entry_free(x);
	return -ENOMEM;
}

static int path_of(const struct own_rules *o, const char *name, char buf[static PATH_MAX])
{
	int n = snprintf(buf, PATH_MAX, "%s/%s", o->c->paths.rules, name);

	return n < 0 || n >= PATH_MAX || strchr(name, '/') || *name == '.' ? -EINVAL : 0;
}

/* ---- the folder ---- */

static int load_file(struct own_rules *o, const char *name, struct err *e)
{
	struct fw_own *own = NULL;
	char path[PATH_MAX], *text;
	size_t n;
	int r = path_of(o, name, path);

	if (r == 0)
		r = file_read(path, FW_OWN_TEXT_MAX, &text, &n, e);
	if (r < 0)
		return r;
	r = fw_own_parse(text, &own, e);
	if (r < 0) {
		free(text);
		return err_in(e, "%s", path);
	}
	r = remember(o, name, text, own);
	return r < 0 ? err_sys(e, -r, "%s", path) : 0;
}

static void name_condition(const char *name, char object[static CONDITION_OBJECT_MAX])
{
	snprintf(object, CONDITION_OBJECT_MAX, "rules/%.50s", name);
}

static void load_one(struct own_rules *o, const char *name)
{
	char object[CONDITION_OBJECT_MAX];
	struct err e = { 0 };

	if (load_file(o, name, &e) == 0)
		return;
	struct entry *x = entry_of(o, name);
	if (x)
		x->seen = true;
	name_condition(name, object);
	conditions_raise(o->c->conditions, NULL, CONDITION_OWN_RULES, object,
			 "own rules are not in force: %s", e.msg);
}

static void drop_unseen(struct own_rules *o)
{
	for (struct table_node *next, *n = table_next(&o->by_name, NULL); n; n = next) {
		struct entry *x = container_of(n, struct entry, by_name);
		next = table_next(&o->by_name, n);
		if (!x->seen)
			forget(o, x->name);
	}
}

void own_rules_load(struct own_rules *o)
{
	DIR *d = opendir(o->c->paths.rules);

	if (!d && errno != ENOENT) {
		log_err("own rules: cannot read %s: %s", o->c->paths.rules, strerror(errno));
		return;
	}
	conditions_clear(o->c->conditions, NULL, CONDITION_OWN_RULES, NULL);
	table_foreach (n, &o->by_name)
		container_of(n, struct entry, by_name)->seen = false;
	for (struct dirent *file; d && (file = readdir(d));)
		/* What an editor leaves beside a file is no network's. */
		if (file->d_name[0] != '.' && !strchr(file->d_name, '~'))
			load_one(o, file->d_name);
	if (d)
		closedir(d);
	drop_unseen(o);
}

struct own_rules *own_rules_new(struct controller *c, struct err *e)
{
	struct own_rules *o = calloc(1, sizeof(*o));

	if (!o) {
		err_sys(e, ENOMEM, "own rules");
		return NULL;
	}
	o->c = c;
	table_init(&o->by_name);
	own_rules_load(o);
	return o;
}

void own_rules_free(struct own_rules *o)
{
	if (!o)
		return;
	for (struct table_node *next, *n = table_next(&o->by_name, NULL); n; n = next) {
		next = table_next(&o->by_name, n);
		forget(o, container_of(n, struct entry, by_name)->name);
	}
	table_done(&o->by_name);
	free(o);
}

const struct fw_own *own_rules_of(const struct own_rules *o, const char *network)
{
	const struct entry *x = o ? entry_of(o, network) : NULL;

	return x ? x->own : NULL;
}

/* ---- calls ---- */

void own_rules_get(struct own_rules *o, const struct net *n, struct door_call *call)
{
	const struct entry *x = entry_of(o, n->name);

	door_reply_text(call, x ? x->text : "");
}

/* A change on its way: to the disk, then to the kernel. */
struct setting {
	struct job job;
	struct own_rules *o;
	struct door_call *call;
	uint32_t net_id;
	char path[PATH_MAX];
	char *name, *text; /* text NULL: remove */
	struct fw_own *own;
	struct err err;
};

static void setting_free(struct setting *s)
{
	fw_own_free(s->own);
	free(s->name);
	free(s->text);
	free(s);
}

static void setting_end(struct setting *s, const struct err *e)
{
	if (e->code)
		door_fail(s->call, e);
	else
		door_reply_void(s->call);
	setting_free(s);
}

static void keep_file(struct job *job)
{
	struct setting *s = container_of(job, struct setting, job);

	if (!s->text)
		(void)!file_remove(s->path, &s->err);
	else if (file_make_dirs(s->o->c->paths.rules, 0700, &s->err) == 0)
		(void)!file_write_atomic(s->path, 0600, s->text, strlen(s->text), &s->err);
}

static void in_the_kernel(void *data, const struct err *e)
{
	setting_end(data, e);
}

static void file_kept(struct job *job)
{
	struct setting *s = container_of(job, struct setting, job);
	struct controller *c = s->o->c;
	char object[CONDITION_OBJECT_MAX];

	if (s->err.code)
		return setting_end(s, &s->err);
	name_condition(s->name, object);
	conditions_clear(c->conditions, NULL, CONDITION_OWN_RULES, object);
	if (!s->text)
		forget(s->o, s->name);
	else if (remember(s->o, s->name, take_ptr(s->text), take_ptr(s->own)) < 0)
		err_sys(&s->err, ENOMEM, "own rules of network '%s'", s->name);
	struct net *n = registry_find_id(&c->registry, s->net_id);
	if (s->err.code || !n || n->state != NET_ACTIVE)
		return setting_end(s, &s->err);
	reconcile_network(c->reconcile, n, in_the_kernel, s);
}

/* Own rules stand in chains of netd's; networks of other kinds have none. */
static int check_kind(const struct net *n, struct err *e)
{
	const struct network *def = net_definition(n);

	if (def && network_owns_bridge(def) && def->forward.mode != FORWARD_OPEN)
		return 0;
	return err_set(e, ERR_OPERATION_INVALID,
		       "network '%s' has no firewall rules of netd that own ones could stand "
		       "before; use a table of your own",
		       n->name);
}

static int setting_fill(struct setting *s, const struct net *n, const char *text, struct err *e)
{
	int r = path_of(s->o, n->name, s->path);

	if (r < 0)
		return err_set(e, ERR_INVALID_ARG, "'%s' cannot be the name of a file", n->name);
	s->name = strdup(n->name);
	s->text = *text ? strdup(text) : NULL;
	if (!s->name || (*text && !s->text))
		return err_sys(e, ENOMEM, "own rules of network '%s'", n->name);
	if (*text && (r = check_kind(n, e)) == 0 && (r = fw_own_parse(text, &s->own, e)) < 0)
		err_in(e, "own rules of network '%s'", n->name);
	return r;
}

void own_rules_set(struct own_rules *o, const struct net *n, const char *text,
		   struct door_call *call)
{
	struct setting *s = calloc(1, sizeof(*s));
	struct err e = { 0 };

	if (!s)
		return door_failf(call, ERR_NO_MEMORY, "own rules of network '%s'", n->name);
	*s = (struct setting){ .job = { .run = keep_file, .done = file_kept },
			       .o = o,
			       .call = call,
			       .net_id = n->id };
	if (setting_fill(s, n, text, &e) < 0)
		setting_end(s, &e);
	else
		jobs_push(o->c->files, &s->job);
}
