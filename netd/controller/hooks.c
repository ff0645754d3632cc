/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/controller/hooks.h"

#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define SCRIPTS_MAX 64
#define SAID_MAX    300 /* octets of a script's complaint that are passed on */

static struct { /* not const: an argv takes no const strings */
	char operation[16], sub[8];
} words[] = {
	[HOOK_START] = { "start", "begin" },
	[HOOK_STARTED] = { "started", "begin" },
	[HOOK_STOPPED] = { "stopped", "end" },
	[HOOK_UPDATED] = { "updated", "begin" },
	[HOOK_PORT_CREATED] = { "port-created", "begin" },
	[HOOK_PORT_DELETED] = { "port-deleted", "begin" },
};

/* All calls that are on their way, the oldest first: of those about one network the first runs. */
static struct list calls = { &calls, &calls };

struct hook_call {
	struct controller *c;
	struct list node; /* of calls */
	struct uuid of;
	enum hook hook;
	char *network, *document;
	char *scripts[SCRIPTS_MAX];
	size_t n_scripts, next;
	pid_t pid;
	int said; /* memfd: what the present script writes to standard error */
	bool timed_out;
	sd_event_source *child, *limit;
	hook_done_fn *done;
	void *data;
	struct err err;
};

/* ---- which scripts ---- */

static bool is_safe_script(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return false;
	if (!S_ISREG(st.st_mode) || !(st.st_mode & 0100))
		return false;
	if (st.st_uid == 0 && !(st.st_mode & 0022))
		return true;
	log_warning("%s is not run: it must belong to root and be writable by root alone", path);
	return false;
}

static void add_script(struct hook_call *r, const char *path)
{
	char *copy = r->n_scripts < SCRIPTS_MAX && is_safe_script(path) ? strdup(path) : NULL;

	if (copy)
		r->scripts[r->n_scripts++] = copy;
}

/* The script FOLDER/network, then those of FOLDER/network.d in alphabetical order. */
static void find_scripts_in(struct hook_call *r, const char *folder)
{
	char dir[PATH_MAX], path[PATH_MAX];
	struct dirent **entries;

	if (access(folder, F_OK) < 0) /* the usual case, and on every network's way up */
		return;
	if (snprintf(path, sizeof(path), "%s/network", folder) >= (int)sizeof(path) ||
	    snprintf(dir, sizeof(dir), "%s/network.d", folder) >= (int)sizeof(dir))
		return;
	add_script(r, path);
	int n = scandir(dir, &entries, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		if (entries[i]->d_name[0] != '.' &&
		    snprintf(path, sizeof(path), "%s/%s", dir, entries[i]->d_name) <
			(int)sizeof(path))
			add_script(r, path);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
}

static void find_scripts(struct hook_call *r)
{
	char folder[PATH_MAX];

	if (r->c->config.libvirt_hooks && snprintf(folder, sizeof(folder), "%s/etc/libvirt/hooks",
						   r->c->paths.root) < (int)sizeof(folder))
		find_scripts_in(r, folder);
	if (snprintf(folder, sizeof(folder), "%s/hooks", r->c->paths.etc) < (int)sizeof(folder))
		find_scripts_in(r, folder);
}

static void add_indented(struct text *t, const char *xml)
{
	for (const char *line = xml; *line;) {
		size_t n = strcspn(line, "\n");
		text_add(t, "  ");
		text_add_n(t, line, n);
		text_add(t, "\n");
		line += n + (line[n] == '\n');
	}
}

/* <hookData> around the definition, each line two deeper, no newline at the end: as libvirt. */
static char *hook_document(const struct network *def, const struct network_port *port)
{
	auto_free char *xml = network_format(def, NETWORK_FORMAT_LIVE, 0),
		       *port_xml = port ? network_port_format(port) : NULL;
	struct text t = { 0 };

	if (!xml || (port && !port_xml))
		return NULL;
	text_add(&t, "<hookData>\n");
	add_indented(&t, xml);
	if (port_xml)
		add_indented(&t, port_xml);
	text_add(&t, "</hookData>");
	return text_take(&t);
}

/* ---- one script ---- */

static void run_free(struct hook_call *r)
{
	sd_event_source_disable_unref(r->child);
	sd_event_source_disable_unref(r->limit);
	list_remove(&r->node);
	for (size_t i = 0; i < r->n_scripts; i++)
		free(r->scripts[i]);
	close_fd(&r->said);
	free(r->network);
	free(r->document);
	free(r);
}

static void run_next(struct hook_call *r);

static struct hook_call *first_about(const struct uuid *network)
{
	struct hook_call *r;

	list_foreach (r, &calls, struct hook_call, node)
		if (uuid_equal(&r->of, network))
			return r;
	return NULL;
}

static void run_finish(struct hook_call *r)
{
	struct uuid of = r->of;
	bool ran = !list_is_empty(&r->node);

	r->done(r->data, &r->err);
	run_free(r);
	struct hook_call *next = ran ? first_about(&of) : NULL;
	if (next)
		run_next(next);
}

static void fail(struct hook_call *r, const char *how)
{
	char said[SAID_MAX + 1];
	struct text t = { 0 };
	ssize_t n = r->said >= 0 ? pread(r->said, said, SAID_MAX, 0) : 0;

	while (n > 0 && (said[n - 1] == '\n' || said[n - 1] == ' '))
		n--;
	text_add_escaped(&t, said, n > 0 ? (size_t)n : 0, SAID_MAX);
	auto_free char *clean = text_take(&t);
	err_set(&r->err, ERR_HOOK_FAILED, "%s %s %s %s -: %s%s%s", r->scripts[r->next - 1],
		r->network, words[r->hook].operation, words[r->hook].sub, how,
		clean && *clean ? ": " : "", clean ? clean : "");
}

static int ended(sd_event_source *s, const siginfo_t *si, void *data)
{
	struct hook_call *r = data;
	char how[64];

	r->child = sd_event_source_disable_unref(r->child);
	r->limit = sd_event_source_disable_unref(r->limit);
	if (si->si_code == CLD_EXITED && si->si_status == 0) {
		run_next(r);
		return 0;
	}
	if (r->timed_out)
		snprintf(how, sizeof(how), "did not end within %d s", HOOK_LIMIT_SEC);
	else
		snprintf(how, sizeof(how), "ended with %s %d",
			 si->si_code == CLD_EXITED ? "status" : "signal", si->si_status);
	fail(r, how);
	run_finish(r);
	return 0;
}

static int too_long(sd_event_source *s, uint64_t usec, void *data)
{
	struct hook_call *r = data;

	r->timed_out = true;
	(void)kill(-r->pid, SIGKILL);
	return 0;
}

static int memory_file(const char *content)
{
	int fd = memfd_create("hook", MFD_CLOEXEC);
	size_t n = strlen(content);

	if (fd >= 0 && (write(fd, content, n) != (ssize_t)n || lseek(fd, 0, SEEK_SET) < 0))
		close_fd(&fd);
	return fd;
}

static int spawn(struct hook_call *r, char *path, int input)
{
	static char paths[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	static char home[] = "HOME=/", language[] = "LC_ALL=C";
	char *environment[] = { paths, home, language, NULL };
	char dash[] = "-";
	char *argv[] = {
		path, r->network, words[r->hook].operation, words[r->hook].sub, dash, NULL
	};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, plain;

	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&attr);
	posix_spawn_file_actions_adddup2(&files, input, 0);
	posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_adddup2(&files, r->said, 2);
	posix_spawn_file_actions_addchdir_np(&files, "/");
	sigemptyset(&none);
	sigemptyset(&plain);
	sigaddset(&plain, SIGPIPE);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &plain);
	posix_spawnattr_setpgroup(&attr, 0);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
					    POSIX_SPAWN_SETPGROUP);
	int err = posix_spawn(&r->pid, path, &files, &attr, argv, environment);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	return -err;
}

static int start_script(struct hook_call *r, char *path)
{
	auto_close int input = memory_file(r->document);

	close_fd(&r->said);
	r->said = memfd_create("said", MFD_CLOEXEC);
	if (input < 0 || r->said < 0)
		return -errno;
	int err = spawn(r, path, input);
	if (err < 0)
		return err;
	err = sd_event_add_child(r->c->loop, &r->child, r->pid, WEXITED, ended, r);
	if (err >= 0)
		err = sd_event_add_time_relative(r->c->loop, &r->limit, CLOCK_BOOTTIME,
						 HOOK_LIMIT_SEC * USEC_PER_SEC, 0, too_long, r);
	return err < 0 ? err : 0;
}

static void run_next(struct hook_call *r)
{
	if (r->next == r->n_scripts) {
		run_finish(r);
		return;
	}
	int err = start_script(r, r->scripts[r->next++]);
	if (err < 0) {
		fail(r, strerror(-err));
		run_finish(r);
	}
}

static int prepare(struct controller *c, const struct network *def, const struct network_port *port,
		   enum hook hook, struct hook_call **ret, struct err *e)
{
	struct hook_call *r = calloc(1, sizeof(*r));

	*ret = NULL;
	if (r) {
		*r = (struct hook_call){ .c = c, .of = def->uuid, .hook = hook, .said = -1 };
		list_init(&r->node);
		find_scripts(r);
		if (!r->n_scripts) {
			run_free(r);
			return 0;
		}
		r->network = strdup(def->name);
		r->document = hook_document(def, port);
	}
	if (!r || !r->network || !r->document) {
		if (r)
			run_free(r);
		return err_sys(e, ENOMEM, "cannot run the hooks of network '%s'", def->name);
	}
	*ret = r;
	return 0;
}

int hooks_prepare_port(struct controller *c, const struct network *def,
		       const struct network_port *port, enum hook hook, struct hook_call **ret,
		       struct err *e)
{
	return prepare(c, def, port, hook, ret, e);
}

void hooks_drop(struct hook_call *r)
{
	if (r)
		run_free(r);
}

void hooks_go(struct hook_call *r, hook_done_fn *done, void *data)
{
	struct err none = { 0 };

	if (!r) {
		done(data, &none);
		return;
	}
	bool busy = first_about(&r->of);
	r->done = done;
	r->data = data;
	list_add_tail(&calls, &r->node);
	if (!busy)
		run_next(r);
}

void hooks_run(struct controller *c, const struct network *def, enum hook hook, hook_done_fn *done,
	       void *data)
{
	struct hook_call *r;
	struct err e = { 0 };

	if (prepare(c, def, NULL, hook, &r, &e) < 0)
		done(data, &e);
	else
		hooks_go(r, done, data);
}
