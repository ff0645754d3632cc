/* SPDX-License-Identifier: GPL-2.0-or-later */
/* definitions-load.c — definitions from the disk, when the daemon starts. */
#include "netd/controller/definitions-internal.h"

#include "base/file.h"
#include "base/log.h"
#include "network/options.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

int definitions_read(const char *dir, const char *sub, const char *name, struct network **ret,
		     struct err *e)
{
	char path[PATH_MAX];
	struct network *def = NULL;
	int r = definitions_path(path, dir, sub, name, e);

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

	if (definitions_read(c->paths.networks, "", name, &def, &e) == 0)
		return def;
	bool recovered = definitions_read(c->paths.lib, "/networks", name, &def, &e_copy) == 0;
	log_err("%s; %s", e.msg,
		recovered ? "its last good copy is used" : "there is no copy of it");
	*ret_broken = strdup(e.msg);
	return recovered ? def : NULL;
}

bool definitions_part_from_model(struct controller *c, const char *name, struct network *def,
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
	if (definitions_part_from_model(c, name, def, &broken))
		complete = false;
	note_same_bridge(c, name, def, &broken);
	struct net *n = add_loaded(c, name, def, broken);
	if (!n) {
		network_free(def);
		free(broken);
		return err_sys(e, ENOMEM, "cannot load network '%s'", name);
	}
	n->unsaved = def && !complete;
	if (definitions_path(link, c->paths.autostart, "", name, e) == 0)
		n->autostart = access(link, F_OK) == 0;
	if (definitions_path(link, c->paths.lib, APPLIED, name, e) == 0)
		(void)!file_read(link, PATH_MAX, &n->source, NULL, NULL);
	if (definitions_path(link, c->paths.run, "/stopped", name, e) == 0)
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

	if (definitions_read(c->paths.run, "/networks", name, &def, &why) < 0) {
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

void definition_names_done(struct definition_names *all)
{
	for (size_t i = 0; i < all->n; i++)
		free(all->name[i]);
	free(all->name);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int definitions_list(const char *dir, bool tell_strangers, struct definition_names *ret,
		     struct err *e)
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
	struct definition_names all = { 0 };
	int r = definitions_list(dir, false, &all, e);

	for (size_t i = 0; r == 0 && i < all.n; i++)
		r = each(c, all.name[i], e);
	definition_names_done(&all);
	return r;
}

static bool has_spare(const struct controller *c, const char *name)
{
	char path[PATH_MAX];
	struct err e = { 0 };

	return definitions_path(path, c->paths.lib, "/networks", name, &e) == 0 &&
	       access(path, F_OK) == 0;
}

/* Those that we have written come first: who copied a file is the one who gets another uuid. */
static int load_configs(struct controller *c, struct err *e)
{
	struct definition_names all = { 0 };
	int r = definitions_list(c->paths.networks, true, &all, e);

	for (size_t i = 0; r == 0 && i < all.n; i++)
		if (has_spare(c, all.name[i]))
			r = load_config(c, all.name[i], e);
	for (size_t i = 0; r == 0 && i < all.n; i++)
		if (!registry_find_name(&c->registry, all.name[i]))
			r = load_config(c, all.name[i], e);
	definition_names_done(&all);
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
	return definitions_remove_run_file(&c->paths, "/networks", name, e);
}

static int forget_stopped(struct controller *c, const char *name, struct err *e)
{
	return definitions_remove_run_file(&c->paths, "/stopped", name, e);
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
