/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/controller/definitions.h"

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "netd/controller/history.h"
#include "network/options.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define SUFFIX ".xml"

static int path_of(char buf[static PATH_MAX], const char *dir, const char *sub, const char *name,
		   struct err *e)
{
	int n = snprintf(buf, PATH_MAX, "%s%s/%s" SUFFIX, dir, sub, name);

	if (n < 0 || n >= PATH_MAX || strlen(name) + strlen(SUFFIX ".new") > NAME_MAX)
		return err_sys(e, ENAMETOOLONG,
			       "the network name '%.40s…' is too long for a file name", name);
	return 0;
}

/* ---- writing ---- */

enum action { SAVE, REMOVE, AUTOSTART, NO_AUTOSTART, SOURCE };

#define APPLIED "/applied"

struct write_job {
	struct job job;
	const struct paths *paths;
	enum action action;
	char *name, *xml; /* xml: for SOURCE, the source */
	definitions_done_fn *done;
	void *data;
	struct err err;
};

static const char head[] =
    "<!-- This file belongs to netd. Change the network with: netctl net-define -->\n\n";

/* What is about to be replaced may be unknown to the history: a file from before there was any, or
 * copied here. */
static void keep_present(const struct paths *p, const char *name, const char *path)
{
	auto_free char *text = NULL;

	if (file_read(path, NETWORK_XML_MAX, &text, NULL, NULL) == 0 && *text)
		history_add(p, name,
			    strncmp(text, head, strlen(head)) == 0 ? text + strlen(head) : text);
}

static int save(const struct paths *p, const char *name, const char *xml, struct err *e)
{
	char path[PATH_MAX], copy[PATH_MAX];
	struct text t = { 0 };

	if (path_of(path, p->networks, "", name, e) < 0 ||
	    path_of(copy, p->lib, "/networks", name, e) < 0)
		return -ENAMETOOLONG;
	text_add(&t, head);
	text_add(&t, xml);
	size_t n = t.len;
	auto_free char *whole = text_take(&t);
	if (!whole)
		return err_sys(e, ENOMEM, "cannot save network '%s'", name);
	keep_present(p, name, path);
	int r = file_write_atomic(path, 0600, whole, n, e);
	if (r < 0)
		return r;
	history_add(p, name, xml);
	/* The copy is for the day when somebody tears the first, which is on the disk by now: it
	 * needs no fsync. */
	struct err ignored = { 0 };
	if (file_write_replace(copy, 0600, whole, n, &ignored) < 0)
		log_warning("no spare copy of network '%s': %s", name, ignored.msg);
	return 0;
}

static int set_autostart(const struct paths *p, const char *name, bool on, struct err *e)
{
	char link[PATH_MAX], target[PATH_MAX];

	if (path_of(link, p->autostart, "", name, e) < 0 ||
	    path_of(target, "../networks", "", name, e) < 0)
		return -ENAMETOOLONG;
	if (!on)
		return file_remove(link, e);
	if (symlink(target, link) < 0 && errno != EEXIST)
		return err_sys(e, errno, "cannot make the link %s", link);
	return 0;
}

static int set_source(const struct paths *p, const char *name, const char *source, struct err *e)
{
	char path[PATH_MAX], folder[PATH_MAX];
	int r = path_of(path, p->lib, APPLIED, name, e);

	if (r < 0 || !source)
		return r < 0 ? r : file_remove(path, e);
	snprintf(folder, sizeof(folder), "%s" APPLIED, p->lib);
	r = file_make_dirs(folder, 0700, e);
	return r < 0 ? r : file_write_atomic(path, 0600, source, strlen(source), e);
}

static int remove_all(const struct paths *p, const char *name, struct err *e)
{
	char path[PATH_MAX];
	int r = set_autostart(p, name, false, e);

	if (r == 0)
		r = set_source(p, name, NULL, e);
	if (r == 0)
		r = path_of(path, p->networks, "", name, e);
	if (r == 0) {
		keep_present(p, name, path);
		r = file_remove(path, e);
	}
	if (r == 0)
		r = path_of(path, p->lib, "/networks", name, e);
	if (r == 0)
		r = file_remove(path, e);
	if (r == 0)
		history_retire(p, name);
	return r;
}

static void write_run(struct job *j)
{
	struct write_job *w = container_of(j, struct write_job, job);
	int r = 0;

	switch (w->action) {
	case SAVE:
		r = save(w->paths, w->name, w->xml, &w->err);
		break;
	case REMOVE:
		r = remove_all(w->paths, w->name, &w->err);
		break;
	case AUTOSTART:
	case NO_AUTOSTART:
		r = set_autostart(w->paths, w->name, w->action == AUTOSTART, &w->err);
		break;
	case SOURCE:
		r = set_source(w->paths, w->name, w->xml, &w->err);
		break;
	}
	if (r == 0)
		err_clear(&w->err);
}

static void write_done(struct job *j)
{
	struct write_job *w = container_of(j, struct write_job, job);

	w->done(w->data, &w->err);
	free(w->name);
	free(w->xml);
	free(w);
}

static void push_write(struct controller *c, enum action action, const char *name, const char *xml,
		       definitions_done_fn *done, void *data)
{
	struct write_job *w = calloc(1, sizeof(*w));

	if (w) {
		*w = (struct write_job){ .job = { .run = write_run, .done = write_done },
					 .paths = &c->paths,
					 .action = action,
					 .done = done,
					 .data = data,
					 .name = strdup(name),
					 .xml = xml ? strdup(xml) : NULL };
		if (w->name && (w->xml || !xml)) {
			jobs_push(c->files, &w->job);
			return;
		}
		free(w->name);
		free(w->xml);
		free(w);
	}
	struct err e = { 0 };
	err_sys(&e, ENOMEM, "cannot change the files of network '%s'", name);
	done(data, &e);
}

void definitions_save(struct controller *c, const char *name, const char *xml,
		      definitions_done_fn *done, void *data)
{
	push_write(c, SAVE, name, xml, done, data);
}

void definitions_remove(struct controller *c, const char *name, definitions_done_fn *done,
			void *data)
{
	push_write(c, REMOVE, name, NULL, done, data);
}

void definitions_set_autostart(struct controller *c, const char *name, bool on,
			       definitions_done_fn *done, void *data)
{
	push_write(c, on ? AUTOSTART : NO_AUTOSTART, name, NULL, done, data);
}

void definitions_set_source(struct controller *c, const char *name, const char *source,
			    definitions_done_fn *done, void *data)
{
	push_write(c, SOURCE, name, source, done, data);
}

static int remove_run_file(const struct paths *p, const char *sub, const char *name, struct err *e)
{
	char path[PATH_MAX];
	int r = path_of(path, p->run, sub, name, e);

	if (r == 0 && unlink(path) < 0 && errno != ENOENT)
		r = err_sys(e, errno, "cannot remove %s", path);
	return r;
}

static int write_run_file(const struct paths *p, const char *sub, const char *name, const char *xml,
			  struct err *e)
{
	char path[PATH_MAX];
	int r = path_of(path, p->run, sub, name, e);

	return r < 0 ? r : file_write_replace(path, 0600, xml, strlen(xml), e);
}

int definitions_save_running(const struct paths *p, const char *name, const char *xml,
			     struct err *e)
{
	int r = remove_run_file(p, "/stopped", name, e);

	return r < 0 ? r : write_run_file(p, "/networks", name, xml, e);
}

int definitions_remove_running(const struct paths *p, const char *name, bool on_request,
			       struct err *e)
{
	int r = on_request ? write_run_file(p, "/stopped", name, "", e) : 0;

	return r < 0 ? r : remove_run_file(p, "/networks", name, e);
}

/* ---- loading ---- */

static int parse_file(const char *path, struct network **ret, struct err *e)
{
	auto_free char *xml = NULL;
	struct network_warnings warnings = { 0 };
	size_t n;
	int r = file_read(path, NETWORK_XML_MAX, &xml, &n, e);

	if (r < 0)
		return r;
	r = network_parse(xml, n, NETWORK_PARSE_STORED, ret, &warnings, e);
	for (size_t i = 0; i < warnings.n; i++)
		log_warning("%s: %s", path, warnings.line[i]);
	network_warnings_done(&warnings);
	return r < 0 ? err_in(e, "%s", path) : 0;
}

/* The parsed file, which must be of the network that its name says. */
static int load_one(const char *dir, const char *sub, const char *name, struct network **ret,
		    struct err *e)
{
	char path[PATH_MAX];
	struct network *def = NULL;
	int r = path_of(path, dir, sub, name, e);

	if (r == 0)
		r = parse_file(path, &def, e);
	if (r == 0 && strcmp(def->name, name) != 0) {
		r = err_set(e, ERR_INTERNAL,
			    "%s holds the network '%s'; rename the file or the network", path,
			    def->name);
		network_free(def);
	}
	if (r == 0)
		*ret = def;
	return r;
}

/* The file's network, or its last good copy and the reason why. A file without both: neither. */
static struct network *load_or_recover(struct controller *c, const char *name, char **ret_broken)
{
	struct network *def = NULL;
	struct err e = { 0 }, e_copy = { 0 };

	if (load_one(c->paths.networks, "", name, &def, &e) == 0)
		return def;
	bool recovered = load_one(c->paths.lib, "/networks", name, &def, &e_copy) == 0;
	log_err("%s; %s", e.msg,
		recovered ? "its last good copy is used" : "there is no copy of it");
	*ret_broken = strdup(e.msg);
	return recovered ? def : NULL;
}

/* A file that somebody copied from another network's: what only one of the two can have is its
 * model's, and is chosen anew and kept. True when something was. */
static bool part_from_model(struct controller *c, const char *name, struct network *def,
			    char **ret_broken)
{
	struct net *model = def ? registry_find_uuid(&c->registry, &def->uuid) : NULL;
	const struct network *other = model ? net_definition(model) : NULL;

	if (!model)
		return false;
	log_err("network '%s' has the uuid of network '%s', so it gets another one", name,
		model->name);
	if (!*ret_broken &&
	    asprintf(ret_broken, "its file had the uuid of network '%s'", model->name) < 0)
		*ret_broken = NULL;
	def->uuid = uuid_random();
	if (other && def->has_mac && other->has_mac && mac_equal(&def->mac, &other->mac))
		def->mac = mac_random();
	if (other && network_makes_bridge(def) && def->bridge && other->bridge &&
	    strcmp(def->bridge, other->bridge) == 0) {
		free(def->bridge);
		def->bridge = NULL;
	}
	return true;
}

/* Two definitions of one bridge: both are kept, for only one can run, and which is not for us to
 * say. */
static void note_same_bridge(struct controller *c, const char *name, const struct network *def,
			     char **ret_broken)
{
	const struct net *other = def && network_makes_bridge(def) && def->bridge
				      ? bridge_names_owner(&c->registry.bridges, NULL, def->bridge)
				      : NULL;

	if (!other)
		return;
	log_warning("network '%s' has the bridge name '%s' of network '%s': only one of them can "
		    "run; give one of them another name",
		    name, def->bridge, other->name);
	if (!*ret_broken && asprintf(ret_broken, "its bridge '%s' is that of network '%s', too",
				     def->bridge, other->name) < 0)
		*ret_broken = NULL;
}

static struct net *add_loaded(struct controller *c, const char *name, struct network *def,
			      char *broken)
{
	struct uuid u = def ? def->uuid : uuid_random();
	struct net *n = registry_add(&c->registry, name, &u);

	if (!n)
		return NULL;
	registry_set_config(&c->registry, n, def);
	n->broken = broken;
	return n;
}

static int load_config(struct controller *c, const char *name, struct err *e)
{
	char link[PATH_MAX];
	char *broken = NULL;
	struct network *def = load_or_recover(c, name, &broken);

	bool complete = def && def->has_uuid && (def->has_mac || !network_owns_bridge(def)) &&
			(def->bridge || !network_makes_bridge(def)) && !network_open_subnet(def);
	if (def)
		network_complete(def);
	if (part_from_model(c, name, def, &broken))
		complete = false;
	note_same_bridge(c, name, def, &broken);
	struct net *n = add_loaded(c, name, def, broken);
	if (!n) {
		network_free(def);
		free(broken);
		return err_sys(e, ENOMEM, "cannot load network '%s'", name);
	}
	n->unsaved = def && !complete;
	if (path_of(link, c->paths.autostart, "", name, e) == 0)
		n->autostart = access(link, F_OK) == 0;
	if (path_of(link, c->paths.lib, APPLIED, name, e) == 0)
		(void)!file_read(link, PATH_MAX, &n->source, NULL, NULL);
	if (path_of(link, c->paths.run, "/stopped", name, e) == 0)
		n->stopped_on_request = access(link, F_OK) == 0;
	return 0;
}

/* A network whose file is torn but which runs: what it runs by is as good a definition as any. */
static struct net *mend_broken(struct controller *c, struct net *n, const struct network *def)
{
	char *why = take_ptr(n->broken);
	bool autostart = n->autostart;

	registry_remove(&c->registry, n);
	n = registry_add(&c->registry, def->name, &def->uuid);
	if (!n) {
		free(why);
		return NULL;
	}
	registry_set_config(&c->registry, n, network_copy(def));
	n->broken = why;
	n->autostart = autostart;
	return n;
}

/* What was running when the daemon ended. */
static int load_running(struct controller *c, const char *name, struct err *e)
{
	struct network *def = NULL;
	struct err why = { 0 };

	if (load_one(c->paths.run, "/networks", name, &def, &why) < 0) {
		log_warning("%s; found again by its bridge if it still runs", why.msg);
		return 0;
	}
	struct net *n = registry_find_name(&c->registry, name);
	struct net *same = registry_find_uuid(&c->registry, &def->uuid);
	if ((n && n->config && !uuid_equal(&n->uuid, &def->uuid)) || (same && same != n)) {
		log_warning(
		    "the running network '%s' is another one than the defined %s'%s'; left alone",
		    name, same && same != n ? "of its uuid, " : "",
		    same && same != n ? same->name : name);
		network_free(def);
		return 0;
	}
	if (!n)
		n = registry_add(&c->registry, name, &def->uuid);
	else if (!n->config)
		n = mend_broken(c, n, def);
	if (!n) {
		network_free(def);
		return err_sys(e, ENOMEM, "cannot take up network '%s'", name);
	}
	registry_set_live(&c->registry, n, def);
	return 0;
}

struct names {
	char **name;
	size_t n, cap;
};

static void names_done(struct names *all)
{
	for (size_t i = 0; i < all->n; i++)
		free(all->name[i]);
	free(all->name);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The NAME of every NAME.xml in a folder, in order; what else is there may be told. */
static int list_names(const char *dir, bool tell_strangers, struct names *ret, struct err *e)
{
	DIR *d = opendir(dir);
	int r = 0;

	if (!d)
		return err_sys(e, errno, "cannot read the folder %s", dir);
	for (struct dirent *entry; r == 0 && (entry = readdir(d));) {
		size_t len = strlen(entry->d_name);
		if (entry->d_name[0] == '.')
			continue;
		if (len <= strlen(SUFFIX) ||
		    strcmp(entry->d_name + len - strlen(SUFFIX), SUFFIX) != 0) {
			if (tell_strangers)
				log_warning(
				    "%s/%s is no definition: its name doesn't end in " SUFFIX, dir,
				    entry->d_name);
			continue;
		}
		char *name = strndup(entry->d_name, len - strlen(SUFFIX));
		r = name ? GROW(ret->name, ret->cap, ret->n + 1) : -ENOMEM;
		if (r < 0)
			free(name);
		else
			ret->name[ret->n++] = name;
	}
	closedir(d);
	if (ret->n)
		qsort(ret->name, ret->n, sizeof(*ret->name), by_name);
	return r < 0 ? err_sys(e, ENOMEM, "cannot read the folder %s", dir) : 0;
}

/* Call `each` for every NAME.xml in a folder. */
static int for_each_file(struct controller *c, const char *dir,
			 int (*each)(struct controller *, const char *, struct err *),
			 struct err *e)
{
	struct names all = { 0 };
	int r = list_names(dir, false, &all, e);

	for (size_t i = 0; r == 0 && i < all.n; i++)
		r = each(c, all.name[i], e);
	names_done(&all);
	return r;
}

static bool has_spare(const struct controller *c, const char *name)
{
	char path[PATH_MAX];
	struct err e = { 0 };

	return path_of(path, c->paths.lib, "/networks", name, &e) == 0 && access(path, F_OK) == 0;
}

/* Those that we have written come first: who copied a file is the one who gets another uuid. */
static int load_configs(struct controller *c, struct err *e)
{
	struct names all = { 0 };
	int r = list_names(c->paths.networks, true, &all, e);

	for (size_t i = 0; r == 0 && i < all.n; i++)
		if (has_spare(c, all.name[i]))
			r = load_config(c, all.name[i], e);
	for (size_t i = 0; r == 0 && i < all.n; i++)
		if (!registry_find_name(&c->registry, all.name[i]))
			r = load_config(c, all.name[i], e);
	names_done(&all);
	return r;
}

/* Somebody removed the file: then it isn't defined any more, but not without a word. */
static int tell_lost(struct controller *c, const char *name, struct err *e)
{
	if (!registry_find_name(&c->registry, name))
		log_warning(
		    "network '%s' has no file in %s any more, so it isn't defined; its last "
		    "good copy is %s/networks/%s" SUFFIX,
		    name, c->paths.networks, c->paths.lib, name);
	return 0;
}

static int forget_running(struct controller *c, const char *name, struct err *e)
{
	return remove_run_file(&c->paths, "/networks", name, e);
}

static int forget_stopped(struct controller *c, const char *name, struct err *e)
{
	return remove_run_file(&c->paths, "/stopped", name, e);
}

/* Running state of an earlier boot is history; a marker holds the boot's id. */
static int check_boot(struct controller *c, const char *running, const char *stopped, struct err *e)
{
	char marker[PATH_MAX], now[64] = "", before[64] = "";
	int r;

	snprintf(marker, sizeof(marker), "%s/boot-id", c->paths.run);
	if (file_read_proc("/proc/sys/kernel/random/boot_id", now, sizeof(now)) < 0)
		log_warning(
		    "the kernel doesn't tell the boot's id; running state is taken as it is");
	(void)!file_read_proc(marker, before, sizeof(before));
	if (strcmp(now, before) == 0)
		return 0;
	if ((r = for_each_file(c, running, forget_running, e)) < 0 ||
	    (r = for_each_file(c, stopped, forget_stopped, e)) < 0)
		return r;
	return file_write_replace(marker, 0644, now, strlen(now), e);
}

int definitions_load(struct controller *c, struct err *e)
{
	char spare[PATH_MAX], running[PATH_MAX], stopped[PATH_MAX];
	int r;

	snprintf(spare, sizeof(spare), "%s/networks", c->paths.lib);
	snprintf(running, sizeof(running), "%s/networks", c->paths.run);
	snprintf(stopped, sizeof(stopped), "%s/stopped", c->paths.run);
	if ((r = file_make_dirs(spare, 0700, e)) < 0 ||
	    (r = file_make_dirs(running, 0700, e)) < 0 ||
	    (r = file_make_dirs(stopped, 0700, e)) < 0)
		return r;
	if ((r = check_boot(c, running, stopped, e)) < 0)
		return r;
	if ((r = load_configs(c, e)) < 0 || (r = for_each_file(c, running, load_running, e)) < 0)
		return r;
	return for_each_file(c, spare, tell_lost, e);
}
