/* SPDX-License-Identifier: GPL-2.0-or-later */
/* service-zone.c — see service-zone.h. The folder of each file is watched, because editors replace
 * a file by a rename, and so is the folder that it is in really, if the path ends in a link. Any
 * event has all files looked at; those that aren't what they were are read. */
#include "netd/service/service-zone.h"

#include "base/file.h"
#include "base/log.h"
#include "dns/dns-zone-text.h"
#include "netd/controller/conditions.h"
#include "netd/messages/messages-dns.h"
#include "netd/service/service-dhcp.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define WATCH_EVENTS (IN_MOVED_TO | IN_CLOSE_WRITE | IN_CREATE | IN_ONLYDIR)

struct zone {
	struct list link;
	uint32_t net_id;
	char *file;
	struct stat seen;           /* the file, when it was read; st_ino 0: it wasn't there */
	struct dns_config *records; /* only its records count; NULL: none could be read yet */
	int watch[2];               /* -1: none */
};

struct service_zones {
	struct controller *c;
	service_zone_changed_fn *changed;
	void *data;
	int fd;
	sd_event_source *io;
	struct list all;
};

const char *service_zone_file(const struct network *def)
{
	return service_wants_dns(def) ? def->options.dns.zone_file : NULL;
}

/* ---- reading ---- */

static void warn(void *data, const char *text)
{
	log_warning("network '%s': %s", (const char *)data, text);
}

/* Who reads zone files; stays loaded from the first one on. NULL, with *e. */
static dns_zone_text_fn *reader(struct err *e)
{
	static dns_zone_text_fn *found;
	char path[PATH_MAX];
	ssize_t n = found ? 0 : readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *slash = n > 0 ? memrchr(path, '/', (size_t)n) : NULL;

	if (found)
		return found;
	if (!slash || !copy_text(slash + 1, sizeof(path) - (size_t)(slash + 1 - path),
				 DNS_ZONE_TEXT_MODULE)) {
		err_set(e, ERR_OPERATION_FAILED, "cannot find " DNS_ZONE_TEXT_MODULE);
		return NULL;
	}
	void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	void *symbol = module ? dlsym(module, DNS_ZONE_TEXT_SYMBOL) : NULL;
	if (!symbol)
		err_set(e, ERR_OPERATION_FAILED, "cannot read zone files: %s", dlerror());
	memcpy(&found, &symbol, sizeof(found));
	return found;
}

/* The definition's own names first, so that none is an alias and something else at once; then cut
 * off again. */
static int load(const struct network *def, bool say, struct dns_config **ret, struct err *e)
{
	const char *file = service_zone_file(def);
	auto_free char *text = NULL;
	struct err why = { 0 };
	size_t n;

	if (file_read(file, DNS_ZONE_TEXT_MAX, &text, &n, &why) < 0)
		return err_set(e, ERR_CONFIG_UNSUPPORTED, "<netd:zone>: %s", why.msg);
	struct dns_config *c = dns_config_from_network(def);
	if (!c)
		return err_sys(e, ENOMEM, "%s", file);
	size_t own = c->n_records;
	dns_zone_text_fn *read_text = reader(e);
	int r = read_text ? read_text(c, file, text, n, say ? warn : NULL, def->name, e) : -ENOENT;
	if (r < 0) {
		dns_config_free(c);
		return r;
	}
	for (size_t i = 0; i < own; i++) {
		free(c->records[i].name);
		free(c->records[i].rdata);
	}
	c->n_records -= own;
	if (own)
		memmove(c->records, c->records + own, c->n_records * sizeof(*c->records));
	*ret = c;
	return 0;
}

int service_zone_check(const struct network *def, struct err *e)
{
	struct dns_config *c = NULL;
	int r = service_zone_file(def) ? load(def, false, &c, e) : 0;

	dns_config_free(c);
	return r;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static void look_at(const struct zone *one, struct stat *ret)
{
	if (stat(one->file, ret) < 0)
		memset(ret, 0, sizeof(*ret));
}

static bool read_zone(struct service_zones *z, struct zone *one, struct net *n)
{
	struct dns_config *now;
	struct err e = { 0 };

	look_at(one, &one->seen);
	if (load(n->live, true, &now, &e) < 0) {
		conditions_raise(z->c->conditions, n, CONDITION_ZONE_FILE, one->file,
				 "%s; the records stay as they were", e.msg);
		return false;
	}
	conditions_clear(z->c->conditions, n, CONDITION_ZONE_FILE, NULL);
	dns_config_free(one->records);
	one->records = now;
	return true;
}

/* ---- watching ---- */

static int watch_folder_of(const struct service_zones *z, const char *file)
{
	char dir[PATH_MAX];

	if (z->fd < 0 || !copy_text(dir, sizeof(dir), file))
		return -1;
	char *slash = strrchr(dir, '/');
	if (!slash)
		return -1;
	slash[slash == dir] = '\0';
	return inotify_add_watch(z->fd, dir, WATCH_EVENTS);
}

static void watch(const struct service_zones *z, struct zone *one)
{
	char real[PATH_MAX];

	one->watch[0] = watch_folder_of(z, one->file);
	one->watch[1] = realpath(one->file, real) ? watch_folder_of(z, real) : -1;
}

static bool is_used(const struct service_zones *z, int wd)
{
	const struct zone *one;

	list_foreach (one, &z->all, struct zone, link)
		if (one->watch[0] == wd || one->watch[1] == wd)
			return true;
	return false;
}

static void free_zone(struct service_zones *z, struct zone *one)
{
	list_remove(&one->link);
	for (size_t i = 0; i < ARRAY_LEN(one->watch); i++)
		if (one->watch[i] >= 0 && !is_used(z, one->watch[i]))
			(void)!inotify_rm_watch(z->fd, one->watch[i]);
	dns_config_free(one->records);
	free(one->file);
	free(one);
}

static void look_again(struct service_zones *z, bool whatever)
{
	struct zone *one;

	list_foreach (one, &z->all, struct zone, link) {
		struct net *n = registry_find_id(&z->c->registry, one->net_id);
		struct stat now;
		look_at(one, &now);
		if (!n || !n->live || (!whatever && same_file(&now, &one->seen)))
			continue;
		watch(z, one);
		if (read_zone(z, one, n))
			z->changed(z->data, n);
	}
}

static int on_event(sd_event_source *source, int fd, uint32_t events, void *data)
{
	char buf[4096] __attribute__((aligned(8)));

	while (read(fd, buf, sizeof(buf)) > 0)
		;
	look_again(data, false);
	return 0;
}

void service_zones_reload(struct service_zones *z)
{
	look_again(z, true);
}

/* ---- networks ---- */

static struct zone *find(const struct service_zones *z, const struct net *n)
{
	struct zone *one;

	list_foreach (one, &z->all, struct zone, link)
		if (one->net_id == n->id)
			return one;
	return NULL;
}

void service_zone_forget(struct service_zones *z, const struct net *n)
{
	struct zone *one = find(z, n);

	if (!one)
		return;
	conditions_clear(z->c->conditions, n, CONDITION_ZONE_FILE, NULL);
	free_zone(z, one);
}

static struct zone *add(struct service_zones *z, const struct net *n, const char *file)
{
	struct zone *one = calloc(1, sizeof(*one));

	if (!one || !(one->file = strdup(file))) {
		free(one);
		return NULL;
	}
	one->net_id = n->id;
	list_add_tail(&z->all, &one->link);
	watch(z, one);
	return one;
}

void service_zone_update(struct service_zones *z, struct net *n)
{
	const char *file = service_zone_file(n->live);
	struct zone *one = find(z, n);

	if (one && (!file || strcmp(one->file, file) != 0)) {
		service_zone_forget(z, n);
		one = NULL;
	}
	if (file && !one)
		one = add(z, n, file);
	if (one)
		(void)read_zone(z, one, n);
}

int service_zone_add(const struct service_zones *z, const struct net *n, struct dns_config *c)
{
	const struct zone *one = find(z, n);
	int r = 0;

	for (size_t i = 0; one && one->records && r == 0 && i < one->records->n_records; i++) {
		const struct dns_config_record *k = &one->records->records[i];
		r = dns_config_add_record(c, k->name, k->type, k->ttl_sec, k->rdata, k->n);
	}
	return r;
}

/* ---- all ---- */

struct service_zones *service_zones_new(struct controller *c, service_zone_changed_fn *changed,
					void *data)
{
	struct service_zones *z = calloc(1, sizeof(*z));

	if (!z)
		return NULL;
	*z = (struct service_zones){ .c = c, .changed = changed, .data = data };
	list_init(&z->all);
	z->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (z->fd < 0 || sd_event_add_io(c->loop, &z->io, z->fd, EPOLLIN, on_event, z) < 0)
		log_warning("changes of zone files will be noticed at a reload only: %s",
			    strerror(errno));
	return z;
}

void service_zones_free(struct service_zones *z)
{
	struct zone *one;

	if (!z)
		return;
	list_foreach (one, &z->all, struct zone, link)
		free_zone(z, one);
	sd_event_source_disable_unref(z->io);
	close_fd(&z->fd);
	free(z);
}
