// SPDX-License-Identifier: GPL-2.0-or-later
/* apply.c — net-apply: networks as a file or a folder of files says, however often it is said. */
#include "netctl/apply.h"
#include "netctl/connect.h"
#include "netctl/diff.h"
#include "netctl/document.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* ---- one definition ---- */

static const char *member(const json_t *o, const char *name)
{
	const char *s = json_string_value(json_object_get(o, name));

	return s ? s : "";
}

static bool is(const json_t *o, const char *name, const char *value)
{
	return strcmp(member(o, name), value) == 0;
}

static int add_diff(json_t *o)
{
	struct text diff = { 0 };
	const char *name = member(o, "network");
	auto_free char *old_name = NULL, *new_name = NULL, *text = NULL;

	if (!json_object_get(o, "after"))
		return 0;
	if (asprintf(&old_name, "%s (now)", name) < 0 || asprintf(&new_name, "%s (then)", name) < 0)
		return -1;
	diff_unified(&diff, old_name, member(o, "before"), new_name, member(o, "after"));
	text = text_take(&diff);
	json_object_del(o, "before");
	json_object_del(o, "after");
	return text ? json_object_set_new(o, "diff", json_string(text)) : -1;
}

json_t *apply_call(struct ctl *ctl, const char *xml, const char *source, uint32_t flags)
{
	auto_free char *text = NULL;
	json_error_t why;
	json_t *o;

	if (client_apply(ctl->client, xml, source, flags, &text, &ctl->err) < 0)
		return NULL;
	o = json_loads(text, 0, &why);
	if (json_is_object(o) && add_diff(o) == 0)
		return o;
	err_set(
	    &ctl->err, ERR_RPC,
	    "netd's answer is not what was expected: netctl and netd are of different versions");
	json_decref(o);
	return NULL;
}

void apply_say(const struct ctl *ctl, const json_t *o, const char *how, bool dry_run)
{
	const char *name = member(o, "network"), *would = dry_run ? "would be " : "";
	bool unchanged = is(o, "definition", "unchanged"), live = is(o, "running", "changed"),
	     started = is(o, "running", "started");

	if (ctl->json)
		return;
	if (unchanged && !live)
		say(ctl, "Network %s %s%s\n", name, would, started ? "started" : "unchanged");
	else
		say(ctl, "Network %s %s%s %s%s\n", name, would,
		    unchanged ? "changed" : member(o, "definition"), how,
		    started     ? " and started"
		    : !live     ? ""
		    : unchanged ? " (live state only)"
				: " (live state too)");
	if (is(o, "running", "pending"))
		say(ctl, "It goes on running as before: %s\n", member(o, "pending"));
	fputs(member(o, "diff"), stdout);
	if (*member(o, "plan"))
		printf("Steps:\n%s", member(o, "plan"));
}

/* ---- files ---- */

struct run {
	struct ctl *ctl;
	const struct args *args;
	uint32_t flags;
	const char
	    *source; /* the folder that the networks are remembered by; NULL: standard input */
	json_t *networks, *removed;
	int status;
};

static bool dry(const struct run *r)
{
	return r->flags & RPC_APPLY_DRY_RUN;
}

static void apply_failed(struct run *r, const char *path)
{
	struct ctl *ctl = r->ctl;

	fail(ctl, "Failed to apply %s", path);
	if (ctl->err.msg[0])
		fail(ctl, "%s", ctl->err.msg);
	json_array_append_new(r->networks,
			      json_pack("{s:s, s:s}", "file", path, "error", ctl->err.msg));
	err_clear(&ctl->err);
	r->status = 1;
}

static bool was_applied(const struct run *r, const char *name)
{
	size_t i;
	json_t *o;

	json_array_foreach(r->networks, i, o)
	{
		if (is(o, "network", name))
			return true;
	}
	return false;
}

static void apply_file(struct run *r, const char *path)
{
	auto_free char *xml = document_read(r->ctl, path), *how = NULL;
	json_t *o = xml ? apply_call(r->ctl, xml, r->source, r->flags) : NULL;

	if (!o) {
		apply_failed(r, path);
		return;
	}
	if (asprintf(&how, "from %s", path) >= 0)
		apply_say(r->ctl, o, how, dry(r));
	if (was_applied(r, member(o, "network")))
		r->status = fail(
		    r->ctl,
		    "network '%s' has more than one file here, the last is %s: keep one of them",
		    member(o, "network"), path);
	json_object_set_new(o, "file", json_string(path));
	json_array_append_new(r->networks, o);
}

static int is_xml(const struct dirent *entry)
{
	size_t n = strlen(entry->d_name);

	return entry->d_name[0] != '.' && n > 4 && strcmp(entry->d_name + n - 4, ".xml") == 0;
}

static int apply_folder(struct run *r, const char *folder)
{
	struct dirent **entries;
	int n = scandir(folder, &entries, is_xml, alphasort);

	if (n < 0)
		return fail(r->ctl, "cannot read the folder %s: %s", folder, strerror(errno));
	for (int i = 0; i < n; i++) {
		auto_free char *path = NULL;
		if (asprintf(&path, "%s/%s", folder, entries[i]->d_name) >= 0)
			apply_file(r, path);
		free(entries[i]);
	}
	free(entries);
	return 0;
}

/* ---- prune ---- */

static int remove_network(struct ctl *ctl, const char *name)
{
	struct rpc_net net;
	bool active;

	if (client_lookup_name(ctl->client, name, &net, &ctl->err) < 0 ||
	    client_is_active(ctl->client, &net, &active, &ctl->err) < 0 ||
	    (active && client_destroy(ctl->client, &net, &ctl->err) < 0))
		return -1;
	/* One that somebody undefined while it ran is gone by now. */
	if (client_undefine(ctl->client, &net, &ctl->err) == 0 ||
	    (active && ctl->err.class == ERR_NO_NETWORK)) {
		err_clear(&ctl->err);
		return 0;
	}
	return -1;
}

static void prune_one(struct run *r, const char *name)
{
	if (was_applied(r, name))
		return;
	if (!dry(r) && remove_network(r->ctl, name) < 0) {
		fail(r->ctl, "Failed to remove network %s", name);
		fail(r->ctl, "%s", r->ctl->err.msg);
		err_clear(&r->ctl->err);
		r->status = 1;
		return;
	}
	say(r->ctl, "Network %s %sremoved\n", name, dry(r) ? "would be " : "");
	json_array_append_new(r->removed, json_string(name));
}

static int prune(struct run *r)
{
	auto_free char *text = NULL;
	json_t *o, *name;
	size_t i;

	if (r->status)
		return fail(r->ctl, "nothing is removed, because not everything could be applied");
	if (client_applied(r->ctl->client, r->source, &text, &r->ctl->err) < 0)
		return 1;
	o = json_loads(text, 0, NULL);
	json_array_foreach(json_object_get(o, "networks"), i, name)
	{
		prune_one(r, json_string_value(name));
	}
	json_decref(o);
	return r->status;
}

/* ---- the verb ---- */

static uint32_t apply_flags(const struct args *a)
{
	return (args_has(a, "dry-run") ? RPC_APPLY_DRY_RUN : 0) |
	       (args_has(a, "start") ? RPC_APPLY_START : 0) |
	       (args_has(a, "autostart") ? RPC_APPLY_AUTOSTART : 0) |
	       (args_has(a, "validate") ? RPC_APPLY_VALIDATE : 0);
}

/* The folder, or the one that the file lies in, whatever way leads there; NULL: standard input. */
static int find_source(const struct ctl *ctl, const char *path, bool folder, char **ret)
{
	auto_free char *copy = strdup(path);
	char *slash = copy ? strrchr(copy, '/') : NULL;

	*ret = NULL;
	if (strcmp(path, "-") == 0)
		return 0;
	if (slash && !folder)
		slash[slash == copy] = '\0';
	*ret = realpath(folder ? path : slash ? copy : ".", NULL);
	return *ret ? 0 : fail(ctl, "Failed to open file '%s': %s", path, strerror(errno));
}

static int run_files(struct run *r, const char *path, bool folder)
{
	if (folder && apply_folder(r, path))
		return 1;
	if (!folder)
		apply_file(r, path);
	return args_has(r->args, "prune") ? prune(r) : r->status;
}

static int run_apply(struct ctl *ctl, const struct args *a)
{
	const char *path = args_text(a, "file");
	struct stat st;
	bool folder = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
	auto_free char *source = NULL;
	int status;

	if (args_has(a, "prune") && !folder)
		return fail(ctl, "--prune needs a folder: networks that were applied from it and "
				 "have no file there any "
				 "more are removed");
	if (find_source(ctl, path, folder, &source) || ctl_connect(ctl, ACCESS_WRITE) < 0)
		return 1;
	struct run r = { .ctl = ctl,
			 .args = a,
			 .flags = apply_flags(a),
			 .source = source,
			 .networks = json_array(),
			 .removed = json_array() };
	status = run_files(&r, path, folder);
	if (ctl->json)
		status |= say_json(ctl, json_pack("{s:b, s:O, s:O}", "dry-run", dry(&r), "networks",
						  r.networks, "removed", r.removed));
	json_decref(r.networks);
	json_decref(r.removed);
	return status;
}

static const struct opt apply_opts[] = {
	{ "file", OPT_WORD,
	  "file with a network's XML, or folder with such files (*.xml); - for standard input" },
	{ "dry-run", OPT_FLAG, "print what would change, and change nothing" },
	{ "prune", OPT_FLAG,
	  "remove networks that were made from this folder and have no file there any more" },
	{ "start", OPT_FLAG, "start networks that don't run" },
	{ "autostart", OPT_FLAG, "mark them as autostarted" },
	{ "validate", OPT_FLAG, "validate the XML against the schema" },
	{ NULL }
};

// clang-format off
const struct verb apply_verbs[] = {
	{ "net-apply", "make networks what a file or folder says",
	  "Define what isn't defined, change what differs, leave alone what doesn't. A running network is changed while it\n"
	  "    runs. What the file doesn't say about uuid, MAC and bridge name stays.",
	  apply_opts, run_apply },
	{ NULL },
};
// clang-format on
