/* SPDX-License-Identifier: GPL-2.0-or-later */
/* definitions.c — definitions to the disk, by the thread for files. */
#include "netd/controller/definitions-internal.h"

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "netd/controller/history.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int definitions_path(char buf[static PATH_MAX], const char *dir, const char *sub, const char *name,
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

	if (definitions_path(path, p->networks, "", name, e) < 0 ||
	    definitions_path(copy, p->lib, "/networks", name, e) < 0)
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

	if (definitions_path(link, p->autostart, "", name, e) < 0 ||
	    definitions_path(target, "../networks", "", name, e) < 0)
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
	int r = definitions_path(path, p->lib, APPLIED, name, e);

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
		r = definitions_path(path, p->networks, "", name, e);
	if (r == 0) {
		keep_present(p, name, path);
		r = file_remove(path, e);
	}
	if (r == 0)
		r = definitions_path(path, p->lib, "/networks", name, e);
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

int definitions_remove_run_file(const struct paths *p, const char *sub, const char *name,
				struct err *e)
{
	char path[PATH_MAX];
	int r = definitions_path(path, p->run, sub, name, e);

	if (r == 0 && unlink(path) < 0 && errno != ENOENT)
		r = err_sys(e, errno, "cannot remove %s", path);
	return r;
}

static int write_run_file(const struct paths *p, const char *sub, const char *name, const char *xml,
			  struct err *e)
{
	char path[PATH_MAX];
	int r = definitions_path(path, p->run, sub, name, e);

	return r < 0 ? r : file_write_replace(path, 0600, xml, strlen(xml), e);
}

int definitions_save_running(const struct paths *p, const char *name, const char *xml,
			     struct err *e)
{
	int r = definitions_remove_run_file(p, "/stopped", name, e);

	return r < 0 ? r : write_run_file(p, "/networks", name, xml, e);
}

int definitions_remove_running(const struct paths *p, const char *name, bool on_request,
			       struct err *e)
{
	int r = on_request ? write_run_file(p, "/stopped", name, "", e) : 0;

	return r < 0 ? r : definitions_remove_run_file(p, "/networks", name, e);
}
