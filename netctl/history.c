// SPDX-License-Identifier: GPL-2.0-or-later
/* history.c — net-history and net-revert: the definitions that a network had. */
#include "netctl/apply.h"
#include "netctl/columns.h"
#include "netctl/connect.h"
#include "netctl/diff.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* A network's past, which may outlive it. */
struct past {
	char name[RPC_NAME_MAX + 1];
	bool defined;         /* the last one is its definition now */
	json_t *reply, *list; /* of RPC_NETD_HISTORY; the list belongs to the reply */
	size_t n;             /* at least 1 */
};

static int past_read(struct ctl *ctl, const struct args *a, enum access access, struct past *ret)
{
	const char *name = args_text(a, "network");
	auto_free char *text = NULL;
	struct err unknown = { 0 };
	struct rpc_net net;

	*ret = (struct past){ 0 };
	if (ctl_connect(ctl, access) < 0)
		return -1;
	copy_text(ret->name, sizeof(ret->name), name);
	if (client_lookup(ctl->client, name, &net, &unknown) == 0) {
		copy_text(ret->name, sizeof(ret->name), net.name);
		if (client_is_persistent(ctl->client, &net, &ret->defined, &ctl->err) < 0)
			return -1;
	}
	if (client_history(ctl->client, ret->name, &text, &ctl->err) < 0) {
		fail(ctl, "Failed to get the history of network '%s'", name);
		return -1;
	}
	ret->reply = json_loads(text, 0, NULL);
	ret->list = json_object_get(ret->reply, "definitions");
	ret->n = json_array_size(ret->list);
	if (ret->n)
		return 0;
	json_decref(ret->reply);
	fail(ctl, "Network %s has no history", ret->name);
	return -1;
}

static uint32_t number_at(const struct past *p, size_t i)
{
	return (uint32_t)json_integer_value(json_object_get(json_array_get(p->list, i), "number"));
}

static char *xml_of(struct ctl *ctl, const struct past *p, uint32_t number)
{
	char *xml;

	return client_history_get(ctl->client, p->name, number, &xml, &ctl->err) < 0 ? NULL : xml;
}

/* ---- net-history ---- */

/* How many lines went and came. */
static void count_changes(const char *old, const char *new, unsigned *ret_minus, unsigned *ret_plus)
{
	struct text diff = { 0 };

	*ret_minus = *ret_plus = 0;
	diff_unified(&diff, "", old, "", new);
	for (const char *line = diff.s ? strstr(diff.s, "@@") : NULL; line;
	     line = strchr(line, '\n')) {
		line += *line == '\n';
		*ret_minus += *line == '-';
		*ret_plus += *line == '+';
	}
	text_done(&diff);
}

/* Add to each entry whether it is current, and how it differs from the one before. */
static int complete_list(struct ctl *ctl, struct past *p)
{
	auto_free char *before = NULL;

	for (size_t i = 0; i < p->n; i++) {
		json_t *o = json_array_get(p->list, i);
		char *xml = xml_of(ctl, p, number_at(p, i));
		unsigned minus, plus;

		if (!xml)
			return -1;
		json_object_set_new(o, "current", json_boolean(p->defined && i + 1 == p->n));
		if (before) {
			count_changes(before, xml, &minus, &plus);
			json_object_set_new(o, "lines-removed", json_integer(minus));
			json_object_set_new(o, "lines-added", json_integer(plus));
		}
		free(before);
		before = xml;
	}
	return 0;
}

static const char *time_text(json_int_t seconds, char buf[static 32])
{
	time_t t = (time_t)seconds;
	struct tm tm;

	return localtime_r(&t, &tm) && strftime(buf, 32, "%Y-%m-%d %H:%M:%S", &tm) ? buf : NULL;
}

static int print_table(const struct ctl *ctl, const struct past *p)
{
	static const char *const titles[] = { "Number", "Defined", "Change", "Current", NULL };
	struct columns *c = columns_new(titles);
	int r = -1;

	for (size_t i = 0; c && i < p->n; i++) {
		json_t *o = json_array_get(p->list, i),
		       *minus = json_object_get(o, "lines-removed");
		char number[16], at[32], change[32] = "";

		snprintf(number, sizeof(number), "%u", number_at(p, i));
		if (minus)
			snprintf(change, sizeof(change),
				 "-%" JSON_INTEGER_FORMAT " +%" JSON_INTEGER_FORMAT,
				 json_integer_value(minus),
				 json_integer_value(json_object_get(o, "lines-added")));
		columns_add(c, (const char *[]){
				   number,
				   time_text(json_integer_value(json_object_get(o, "time")), at),
				   minus ? change : NULL,
				   json_is_true(json_object_get(o, "current")) ? "yes" : "no" });
	}
	if (c)
		r = columns_print(c, !ctl->quiet);
	columns_free(c);
	return r < 0 ? fail(ctl, "Out of memory") : 0;
}

static int list_past(struct ctl *ctl, struct past *p)
{
	if (complete_list(ctl, p) < 0)
		return 1;
	if (ctl->json)
		return say_json(ctl, json_incref(p->reply));
	return print_table(ctl, p);
}

/* One earlier definition, or what has changed since. */
static int show_one(struct ctl *ctl, const struct past *p, uint32_t number, bool diff)
{
	uint32_t last = number_at(p, p->n - 1);
	auto_free char *old = xml_of(ctl, p, number),
		       *new = diff &&old ? xml_of(ctl, p, last) : NULL, *text = NULL;
	struct text out = { 0 };
	char old_name[32], new_name[32];

	if (!old || (diff && !new))
		return 1;
	if (diff) {
		snprintf(old_name, sizeof(old_name), "definition %u", number);
		snprintf(new_name, sizeof(new_name), "definition %u", last);
		diff_unified(&out, old_name, old, new_name, new);
	} else {
		text_add(&out, old);
	}
	text = text_take(&out);
	if (!text)
		return fail(ctl, "Out of memory");
	if (ctl->json)
		return say_json(ctl, json_pack("{s:s, s:i, s:s}", "network", p->name, "number",
					       (int)number, diff ? "diff" : "xml", text));
	fputs(text, stdout);
	return 0;
}

static int run_history(struct ctl *ctl, const struct args *a)
{
	bool diff = args_has(a, "diff");
	uint32_t number = 0;
	struct past p;
	int r;

	if (!args_exclusive(ctl, a, "xml", "diff") ||
	    args_number(a, "xml", 1, UINT32_MAX - 1, &number) < 0 ||
	    args_number(a, "diff", 1, UINT32_MAX - 1, &number) < 0 ||
	    past_read(ctl, a, ACCESS_READ, &p) < 0)
		return 1;
	r = number ? show_one(ctl, &p, number, diff) : list_past(ctl, &p);
	json_decref(p.reply);
	return r;
}

/* ---- net-revert ---- */

/* The one that was asked for, else the one before the present one; an undefined network's last one.
 */
static int choose(const struct ctl *ctl, const struct args *a, const struct past *p, uint32_t *ret)
{
	if (args_has(a, "number"))
		return args_number(a, "number", 1, UINT32_MAX - 1, ret);
	if (p->n < 1u + p->defined) {
		fail(ctl, "Network %s has had no other definition", p->name);
		return -1;
	}
	*ret = number_at(p, p->n - 1 - p->defined);
	return 0;
}

static int revert(struct ctl *ctl, const struct args *a, const struct past *p)
{
	bool dry_run = args_has(a, "dry-run");
	uint32_t number, flags = RPC_APPLY_KEEP_UUID | (dry_run ? RPC_APPLY_DRY_RUN : 0) |
				 (args_has(a, "live") ? 0 : RPC_APPLY_CONFIG);
	char how[32];
	json_t *reply;

	if (choose(ctl, a, p, &number) < 0)
		return 1;
	auto_free char *xml = xml_of(ctl, p, number);
	reply = xml ? apply_call(ctl, xml, NULL, flags) : NULL;
	if (!reply)
		return fail(ctl, "Failed to revert network %s", p->name);
	const char *done = json_string_value(json_object_get(reply, "definition"));
	bool is_new = done && strcmp(done, "defined") == 0;
	snprintf(how, sizeof(how), "%s definition %u", is_new ? "from" : "to", number);
	if (ctl->json) {
		json_object_set_new(reply, "number", json_integer(number));
		return say_json(ctl, reply);
	}
	apply_say(ctl, reply, how, dry_run);
	json_decref(reply);
	return 0;
}

static int run_revert(struct ctl *ctl, const struct args *a)
{
	struct past p;
	int r;

	if (past_read(ctl, a, ACCESS_WRITE, &p) < 0)
		return 1;
	r = revert(ctl, a, &p);
	json_decref(p.reply);
	return r;
}

static const struct opt
    history_opts[] = { { "network", OPT_WORD,
			 "network name or uuid; the name of an undefined one" },
		       { "xml", OPT_NUMBER, "print the definition of this number" },
		       { "diff", OPT_NUMBER, "print what has changed since this number" },
		       { NULL } },
    revert_opts[] = { { "network", OPT_WORD, "network name or uuid; the name of an undefined one" },
		      { "number", OPT_MAYBE, "the definition's number (default: the one before)" },
		      { "live", OPT_FLAG, "change the running network too" },
		      { "dry-run", OPT_FLAG, "print what would change, and change nothing" },
		      { NULL } };

// clang-format off
const struct verb history_verbs[] = {
	{ "net-history", "the definitions that a network had",
	  "List the last definitions of a network, also of one that was undefined.", history_opts, run_history },
	{ "net-revert", "go back to an earlier definition",
	  "Define a network again as it was. Done twice it is undone.", revert_opts, run_revert },
	{ NULL },
};
// clang-format on
