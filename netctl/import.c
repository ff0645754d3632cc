// SPDX-License-Identifier: GPL-2.0-or-later
/* import.c — net-import and net-export: definitions in the files of libvirt's network driver,
 *
 *   FOLDER/NAME.xml            the definition, after a comment that says whose the file is
 *   FOLDER/autostart/NAME.xml  symbolic link to it: start with the daemon
 */
#include "netctl/apply.h"
#include "netctl/connect.h"
#include "netctl/document.h"

#include "base/file.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define LIBVIRT_FOLDER "/etc/libvirt/qemu/networks"

struct run {
	struct ctl *ctl;
	bool dry, force;
	const char *folder;
	json_t *networks;
	int status;
};

static int path_of(char buf[static PATH_MAX], const char *folder, const char *sub, const char *name)
{
	int n = snprintf(buf, PATH_MAX, "%s%s/%s.xml", folder, sub, name);

	return n < 0 || n >= PATH_MAX ? -1 : 0;
}

/* Say what became of one network; `problem` NULL: it is as it should be. */
static void tell(struct run *r, const char *name, const char *path, const char *result,
		 bool autostart, const char *problem)
{
	json_array_append_new(r->networks, json_pack("{s:s, s:s, s:s, s:b, s:s?}", "network", name,
						     "file", path, "result", result, "autostart",
						     autostart, "problem", problem));
	if (!problem)
		return;
	fail(r->ctl, "%s", problem);
	r->status = 1;
}

/* The reason that a call left behind, and no longer there. */
static char *take_reason(struct ctl *ctl, const char *what)
{
	char *text;

	if (asprintf(&text, "%s: %s", what, ctl->err.msg) < 0)
		text = NULL;
	err_clear(&ctl->err);
	return text;
}

/* ---- import ---- */

/* The link is there and leads to the file; as libvirt, one that leads elsewhere doesn't count. */
static bool is_autostarted(const struct run *r, const char *name, const char *path)
{
	char link[PATH_MAX], target[PATH_MAX];
	struct stat file, linked;
	ssize_t n;

	if (path_of(link, r->folder, "/autostart", name) < 0)
		return false;
	if (stat(path, &file) == 0 && stat(link, &linked) == 0)
		return file.st_ino == linked.st_ino && file.st_dev == linked.st_dev;
	/* A copy of the folder: its links lead to the original. */
	n = readlink(link, target, sizeof(target) - 1);
	if (n < 0)
		return false;
	target[n] = '\0';
	const char *last = strrchr(target, '/');
	return strcmp(last ? last + 1 : target, strrchr(path, '/') + 1) == 0;
}

static const char *member(const json_t *o, const char *name)
{
	const char *s = json_string_value(json_object_get(o, name));

	return s ? s : "";
}

/* Nothing is written before it is known that there is nothing to be lost. */
static void import_one(struct run *r, const char *name, const char *path, const char *xml)
{
	uint32_t flags = RPC_APPLY_STORED | RPC_APPLY_CONFIG;
	bool autostart = is_autostarted(r, name, path);
	auto_free char *problem = NULL;
	json_t *plan = apply_call(r->ctl, xml, NULL, flags | RPC_APPLY_DRY_RUN), *done = NULL;

	if (!plan) {
		problem = take_reason(r->ctl, path);
		tell(r, name, path, "refused", autostart, problem ? problem : path);
		return;
	}
	if (strcmp(member(plan, "network"), name) != 0) {
		if (asprintf(&problem,
			     "%s holds the network '%s': libvirt didn't load it, nor is "
			     "it imported; rename the file or the network",
			     path, member(plan, "network")) < 0)
			problem = NULL;
		tell(r, name, path, "skipped", autostart, problem ? problem : path);
	} else if (strcmp(member(plan, "definition"), "changed") == 0) {
		if (asprintf(&problem,
			     "network '%s' exists, and %s differs from it: left as it is "
			     "(net-apply --dry-run shows the difference, net-apply "
			     "changes it)",
			     name, path) < 0)
			problem = NULL;
		tell(r, name, path, "differs", autostart, problem ? problem : path);
	} else if (strcmp(member(plan, "definition"), "unchanged") == 0) {
		say(r->ctl, "Network %s exists already\n", name);
		tell(r, name, path, "unchanged", autostart, NULL);
	} else if (!r->dry && !(done = apply_call(r->ctl, xml, NULL,
						  flags | (autostart ? RPC_APPLY_AUTOSTART : 0)))) {
		problem = take_reason(r->ctl, path);
		tell(r, name, path, "refused", autostart, problem ? problem : path);
	} else {
		say(r->ctl, "Network %s %s from %s%s\n", name,
		    r->dry ? "would be defined" : "defined", path,
		    autostart ? ", autostarted" : "");
		tell(r, name, path, "defined", autostart, NULL);
	}
	json_decref(plan);
	json_decref(done);
}

static int is_xml(const struct dirent *entry)
{
	size_t n = strlen(entry->d_name);

	return entry->d_name[0] != '.' && n > 4 && strcmp(entry->d_name + n - 4, ".xml") == 0;
}

static void import_file(struct run *r, const char *file)
{
	char name[NAME_MAX + 1], path[PATH_MAX];

	snprintf(name, sizeof(name), "%.*s", (int)(strlen(file) - strlen(".xml")), file);
	if (path_of(path, r->folder, "", name) < 0)
		return;
	auto_free char *xml = document_read(r->ctl, path);
	if (xml)
		import_one(r, name, path, xml);
	else
		tell(r, name, path, "unreadable", false, path);
}

static int import_folder(struct run *r)
{
	struct dirent **entries;
	int n = scandir(r->folder, &entries, is_xml, alphasort);

	if (n < 0)
		return fail(r->ctl, "cannot read the folder %s: %s", r->folder, strerror(errno));
	for (int i = 0; i < n; i++) {
		import_file(r, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	if (!n)
		say(r->ctl, "There is no definition in %s\n", r->folder);
	return r->status;
}

static int finish(struct run *r, int status)
{
	if (r->ctl->json)
		status |= say_json(r->ctl, json_pack("{s:b, s:s, s:O}", "dry-run", r->dry, "folder",
						     r->folder, "networks", r->networks));
	json_decref(r->networks);
	return status;
}

static int run_import(struct ctl *ctl, const struct args *a)
{
	auto_free char *usual = NULL;
	const char *folder = args_text(a, "folder");

	if (!folder) {
		if (asprintf(&usual, "%s%s", ctl->root, LIBVIRT_FOLDER) < 0)
			usual = NULL;
		folder = usual ? usual : LIBVIRT_FOLDER;
	}
	if (ctl_connect(ctl, ACCESS_WRITE) < 0)
		return 1;
	struct run r = { .ctl = ctl,
			 .dry = args_has(a, "dry-run"),
			 .folder = folder,
			 .networks = json_array() };
	return finish(&r, import_folder(&r));
}

/* ---- export ---- */

/* What a shell would take for one plain word, and a comment can hold. */
static bool is_plain(const char *name)
{
	for (const char *s = name; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr("_.-", *s))
			return false;
	return name[0] != '-' && !strstr(name, "--");
}

/* The file as libvirt writes it. */
static char *export_text(const struct rpc_net *net, const char *xml)
{
	char uuid[UUID_TEXT_MAX], *text;

	uuid_format(&net->uuid, uuid);
	if (asprintf(
		&text,
		"<!--\n"
		"WARNING: THIS IS AN AUTO-GENERATED FILE. CHANGES TO IT ARE LIKELY TO BE\n"
		"OVERWRITTEN AND LOST. Changes to this xml configuration should be made using:\n"
		"  virsh net-edit %s\n"
		"or other application using the libvirt API.\n"
		"-->\n\n%s",
		is_plain(net->name) ? net->name : uuid, xml) < 0)
		return NULL;
	return text;
}

/* What has to be done at a path: "written", "unchanged"; NULL: something else is there. */
static const char *decide(const struct run *r, const char *path, const char *text)
{
	auto_free char *present = NULL;
	struct stat st;

	if (lstat(path, &st) < 0)
		return "written";
	if (file_read(path, RPC_CALL_MAX, &present, NULL, NULL) == 0 && strcmp(present, text) == 0)
		return "unchanged";
	return r->force ? "written" : NULL;
}

static int set_link(const struct run *r, const char *name, bool on, struct err *e)
{
	char link[PATH_MAX], target[PATH_MAX], present[PATH_MAX] = "";
	auto_free char *folder = realpath(r->folder, NULL);

	if (path_of(link, r->folder, "/autostart", name) < 0 || !folder ||
	    path_of(target, folder, "", name) < 0)
		return err_sys(e, ENAMETOOLONG, "the link for network '%s'", name);
	bool is_there = readlink(link, present, sizeof(present) - 1) >= 0;
	if (is_there && (on ? strcmp(present, target) == 0 : !r->force))
		return 0;
	if (is_there && unlink(link) < 0)
		return err_sys(e, errno, "cannot remove %s", link);
	if (on && symlink(target, link) < 0)
		return err_sys(e, errno, "cannot make the link %s", link);
	return 0;
}

static int export_file(const struct run *r, const struct rpc_row *row, const char *path,
		       const char *text, bool same, struct err *e)
{
	char autostart[PATH_MAX];
	int n = snprintf(autostart, sizeof(autostart), "%s/autostart", r->folder);

	if (n < 0 || n >= PATH_MAX)
		return err_sys(e, ENAMETOOLONG, "%s", r->folder);
	if (file_make_dirs(r->folder, 0700, e) < 0 || file_make_dirs(autostart, 0700, e) < 0 ||
	    (!same && file_write_atomic(path, 0600, text, strlen(text), e) < 0))
		return -1;
	return set_link(r, row->net.name, row->autostart, e);
}

static void export_one(struct run *r, const struct rpc_row *row)
{
	const char *name = row->net.name, *result;
	auto_free char *xml = NULL, *text = NULL, *problem = NULL;
	char path[PATH_MAX] = "";
	struct ctl *ctl = r->ctl;

	if (path_of(path, r->folder, "", name) < 0 ||
	    client_get_xml(ctl->client, &row->net, RPC_XML_INACTIVE, &xml, &ctl->err) < 0 ||
	    !(text = export_text(&row->net, xml))) {
		problem = take_reason(ctl, name);
		tell(r, name, path, "refused", row->autostart, problem ? problem : name);
		return;
	}
	result = decide(r, path, text);
	if (!result) {
		if (asprintf(&problem, "%s is there and differs: --force overwrites it", path) < 0)
			problem = NULL;
		tell(r, name, path, "differs", row->autostart, problem ? problem : path);
		return;
	}
	bool same = strcmp(result, "unchanged") == 0;
	if (!r->dry && export_file(r, row, path, text, same, &ctl->err) < 0) {
		problem = take_reason(ctl, path);
		tell(r, name, path, "refused", row->autostart, problem ? problem : path);
		return;
	}
	say(ctl, "Network %s %s%s %s%s\n", name, r->dry && !same ? "would be " : "",
	    same ? "unchanged in" : "written to", path, row->autostart ? ", autostarted" : "");
	tell(r, name, path, result, row->autostart, NULL);
}

static int export_all(struct run *r, const char *only)
{
	struct rpc_row *rows = NULL;
	size_t n = 0, found = 0;

	if (client_list(r->ctl->client, RPC_LIST_PERSISTENT, &rows, &n, &r->ctl->err) < 0)
		return 1;
	for (size_t i = 0; i < n; i++) {
		if (only && strcmp(only, rows[i].net.name) != 0)
			continue;
		found++;
		export_one(r, &rows[i]);
	}
	free(rows);
	if (only && !found)
		return fail(r->ctl, "there is no persistent network '%s'", only);
	return r->status;
}

static int run_export(struct ctl *ctl, const struct args *a)
{
	if (ctl_connect(ctl, ACCESS_READ) < 0)
		return 1;
	struct run r = { .ctl = ctl,
			 .dry = args_has(a, "dry-run"),
			 .force = args_has(a, "force"),
			 .folder = args_text(a, "folder"),
			 .networks = json_array() };
	return finish(&r, export_all(&r, args_text(a, "network")));
}

static const struct opt import_opts[] = {
	{ "folder", OPT_MAYBE, "folder with libvirt's files; " LIBVIRT_FOLDER " if not given" },
	{ "dry-run", OPT_FLAG, "say what would be done, and do nothing" },
	{ NULL }
};
static const struct opt export_opts[] = {
	{ "folder", OPT_WORD, "folder to write to, such as " LIBVIRT_FOLDER },
	{ "network", OPT_MAYBE, "only this one, by its name" },
	{ "force", OPT_FLAG, "overwrite files that differ" },
	{ "dry-run", OPT_FLAG, "say what would be done, and do nothing" },
	{ NULL }
};

// clang-format off
const struct verb import_verbs[] = {
	{ "net-import", "take over libvirt's networks",
	  "Define what libvirt has in its folder, with uuid, MAC, bridge name and autostart mark. Networks that exist stay as\n"
	  "    they are.",
	  import_opts, run_import },
	{ "net-export", "write networks in libvirt's files",
	  "Write each persistent network to NAME.xml in the folder as libvirt keeps it, with the links of those autostarted.",
	  export_opts, run_export },
	{ NULL },
};
// clang-format on
