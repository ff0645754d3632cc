/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Watched are the folders of the file and of every symbolic link on the way to it, because editors
 * and network managers replace the file, or the link, by a rename; where a folder isn't there yet,
 * the nearest one above it. The file itself is watched, too: what is written into one that is
 * mounted over another shows in no folder. After each event the watches are made anew. */
#include "netd/service/upstreams.h"

#include "base/file.h"
#include "base/log.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#define RESOLV_CONF_MAX (64 * 1024)
#define LINKS_MAX       8
#define WATCHES_MAX     (2 * (LINKS_MAX + 1))
#define FOLDER_EVENTS                                                                              \
	(IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_CLOSE_WRITE | IN_DELETE | IN_DELETE_SELF |   \
	 IN_MOVE_SELF | IN_ONLYDIR)
#define FILE_EVENTS (IN_CLOSE_WRITE | IN_ATTRIB)

struct upstreams {
	char path[PATH_MAX];
	int fd;
	int watch[WATCHES_MAX];
	size_t n_watches;
	struct ip server[UPSTREAMS_MAX];
	size_t n;
	struct err problem;
};

size_t upstreams_parse(const char *text, struct ip *ret, size_t cap)
{
	size_t n = 0;

	while (*text && n < cap) {
		char word[16], address[64];
		size_t line = strcspn(text, "\n");
		char buf[160];
		snprintf(buf, sizeof(buf), "%.*s", (int)MIN_OF(line, sizeof(buf) - 1), text);
		if (sscanf(buf, " %15s %63s", word, address) == 2 &&
		    strcmp(word, "nameserver") == 0 && ip_parse(address, &ret[n]) == 0)
			n++;
		text += line + (text[line] == '\n');
	}
	return n;
}

static bool load(struct upstreams *u)
{
	auto_free char *text = NULL;
	struct ip now[UPSTREAMS_MAX] = { 0 };

	err_clear(&u->problem);
	if (file_read(u->path, RESOLV_CONF_MAX, &text, NULL, &u->problem) < 0)
		return false;
	size_t n = upstreams_parse(text, now, UPSTREAMS_MAX);
	bool same = n == u->n;
	for (size_t i = 0; same && i < n; i++)
		same = ip_equal(&now[i], &u->server[i]);
	if (n == 0)
		err_set(&u->problem, ERR_OPERATION_FAILED, "%s names no server", u->path);
	if (n == 0 || same)
		return false;
	memcpy(u->server, now, sizeof(now));
	u->n = n;
	return true;
}

/* ---- watching ---- */

static bool is_watched(const struct upstreams *u, int wd)
{
	for (size_t i = 0; i < u->n_watches; i++)
		if (u->watch[i] == wd)
			return true;
	return false;
}

static bool watch(struct upstreams *u, const char *path, uint32_t events)
{
	int wd = inotify_add_watch(u->fd, path, events);

	if (wd >= 0 && !is_watched(u, wd) && u->n_watches < WATCHES_MAX)
		u->watch[u->n_watches++] = wd;
	return wd >= 0;
}

static bool cut_name(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash || !slash[1])
		return false;
	slash[slash == path] = '\0';
	return true;
}

/* Watch the folder of `path`, or the nearest above it that is there; what happens to other files in
 * it is cheap to look at. */
static void watch_folder(struct upstreams *u, const char *path)
{
	char dir[PATH_MAX], missing[PATH_MAX];

	for (unsigned attempt = 0; attempt < LINKS_MAX; attempt++) {
		copy_text(dir, sizeof(dir), path);
		missing[0] = '\0';
		while (cut_name(dir) && !watch(u, dir, FOLDER_EVENTS))
			copy_text(missing, sizeof(missing), dir);
		/* It may have come just before its parent was watched. */
		if (!missing[0] || access(missing, F_OK) < 0)
			return;
	}
}

/* One step along a symbolic link; false when `path` isn't one. */
static bool follow(char path[static PATH_MAX])
{
	char target[PATH_MAX], next[PATH_MAX];
	ssize_t n = readlink(path, target, sizeof(target) - 1);

	if (n <= 0)
		return false;
	target[n] = '\0';
	char *slash = strrchr(path, '/');
	int dir = slash ? (int)(slash - path) : 0;
	int len = target[0] == '/' ? snprintf(next, sizeof(next), "%s", target)
				   : snprintf(next, sizeof(next), "%.*s/%s", dir, path, target);
	return len > 0 && len < PATH_MAX && copy_text(path, PATH_MAX, next);
}

static void watch_all(struct upstreams *u)
{
	char path[PATH_MAX];
	int before[WATCHES_MAX];
	size_t n_before = u->n_watches;

	memcpy(before, u->watch, sizeof(before));
	u->n_watches = 0;
	copy_text(path, sizeof(path), u->path);
	watch_folder(u, path);
	for (unsigned i = 0; i < LINKS_MAX && follow(path); i++)
		watch_folder(u, path);
	(void)!watch(u, path, FILE_EVENTS);
	/* Some have ended by themselves, with what they watched. */
	for (size_t i = 0; i < n_before; i++)
		if (!is_watched(u, before[i]))
			(void)!inotify_rm_watch(u->fd, before[i]);
}

struct upstreams *upstreams_new(const char *path, struct err *e)
{
	struct upstreams *u = calloc(1, sizeof(*u));

	if (!u) {
		err_sys(e, ENOMEM, "cannot follow %s", path);
		return NULL;
	}
	copy_text(u->path, sizeof(u->path), path);
	u->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (u->fd < 0) {
		/* The limit of instances per user may be used up: the servers of now are better
		 * than none. */
		log_warning("changes of %s will not be noticed: %s", path, strerror(errno));
	} else {
		watch_all(u);
	}
	load(u);
	return u;
}

void upstreams_free(struct upstreams *u)
{
	if (!u)
		return;
	close_fd(&u->fd);
	free(u);
}

const struct ip *upstreams_list(const struct upstreams *u, size_t *ret_n)
{
	*ret_n = u->n;
	return u->server;
}

const char *upstreams_problem(const struct upstreams *u)
{
	return u->problem.code ? u->problem.msg : NULL;
}

int upstreams_fd(const struct upstreams *u)
{
	return u->fd;
}

bool upstreams_read(struct upstreams *u)
{
	char events[4096] __attribute__((aligned(8)));

	while (read(u->fd, events, sizeof(events)) > 0)
		;
	watch_all(u);
	return load(u);
}
