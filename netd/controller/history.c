/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/controller/history.h"

#include "base/file.h"
#include "base/log.h"
#include "network/xml.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define KEPT      "/history"
#define UNDEFINED "/undefined"

/* ---- folders and their numbers ---- */

static int folder_of(char buf[static PATH_MAX], const struct paths *p, const char *sub,
		     const char *name)
{
	int n = snprintf(buf, PATH_MAX, "%s%s/%s.d", p->lib, sub, name);

	if (strchr(name, '/'))
		return -EINVAL;
	return n < 0 || n >= PATH_MAX || strlen(name) + strlen(".d") > NAME_MAX ? -ENAMETOOLONG : 0;
}

static void entry_of(char buf[static PATH_MAX], const char *folder, uint32_t number)
{
	if (snprintf(buf, PATH_MAX, "%s/%u.xml", folder, number) >= PATH_MAX)
		buf[0] = '\0'; /* opens nothing */
}

struct numbers {
	uint32_t *number; /* in order */
	size_t n, cap;
};

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static bool number_of(const char *file, uint32_t *ret)
{
	size_t n = strlen(file);
	char text[16];

	if (n <= 4 || n - 4 >= sizeof(text) || strcmp(file + n - 4, ".xml") != 0)
		return false;
	memcpy(text, file, n - 4);
	text[n - 4] = '\0';
	return parse_u32(text, 1, UINT32_MAX - 1, ret) == 0;
}

/* -ENOENT: there is no such folder. */
static int scan(const char *folder, struct numbers *ret)
{
	DIR *d = opendir(folder);
	uint32_t number;
	int r = 0;

	if (!d)
		return -errno;
	for (struct dirent *entry; r == 0 && (entry = readdir(d));) {
		if (!number_of(entry->d_name, &number))
			continue;
		r = GROW(ret->number, ret->cap, ret->n + 1);
		if (r == 0)
			ret->number[ret->n++] = number;
	}
	closedir(d);
	if (ret->n)
		qsort(ret->number, ret->n, sizeof(*ret->number), by_number);
	return r;
}

static void remove_folder(const char *folder)
{
	struct numbers all = { 0 };
	char path[PATH_MAX];

	(void)scan(folder, &all);
	for (size_t i = 0; i < all.n; i++) {
		entry_of(path, folder, all.number[i]);
		unlink(path);
	}
	free(all.number);
	if (rmdir(folder) < 0 && errno != ENOENT)
		log_warning("cannot remove %s: %s", folder, strerror(errno));
}

/* ---- keeping ---- */

/* The network's folder, with what is left of an undefined one of its name. */
static int make_folder(const struct paths *p, const char *name, char folder[static PATH_MAX],
		       struct err *e)
{
	char before[PATH_MAX];

	if (folder_of(folder, p, KEPT, name) < 0 || folder_of(before, p, UNDEFINED, name) < 0)
		return err_set(e, ERR_INVALID_ARG, "its name can't be a folder's");
	if (access(folder, F_OK) == 0 || rename(before, folder) == 0)
		return 0;
	return file_make_dirs(folder, 0700, e);
}

static bool is_in(const char *folder, uint32_t number, const char *xml)
{
	auto_free char *text = NULL;
	char path[PATH_MAX];

	entry_of(path, folder, number);
	return file_read(path, NETWORK_XML_MAX, &text, NULL, NULL) == 0 && strcmp(text, xml) == 0;
}

static int keep(const char *folder, const char *xml, struct err *e)
{
	struct numbers all = { 0 };
	char path[PATH_MAX];
	int r = scan(folder, &all);
	uint32_t last = all.n ? all.number[all.n - 1] : 0;

	if (r == 0 && !(last && is_in(folder, last, xml))) {
		entry_of(path, folder, last + 1);
		r = file_write_replace(path, 0600, xml, strlen(xml), e);
		for (size_t i = 0; r == 0 && i + HISTORY_MAX <= all.n; i++) {
			entry_of(path, folder, all.number[i]);
			unlink(path);
		}
	}
	free(all.number);
	return r;
}

void history_add(const struct paths *p, const char *name, const char *xml)
{
	struct err e = { 0 };
	char folder[PATH_MAX];

	if (make_folder(p, name, folder, &e) < 0 || keep(folder, xml, &e) < 0)
		log_warning("the history of network '%s' is not kept: %s", name, e.msg);
}

/* ---- undefined networks ---- */

static bool is_older(const struct stat *a, const struct stat *b)
{
	return a->st_mtim.tv_sec != b->st_mtim.tv_sec ? a->st_mtim.tv_sec < b->st_mtim.tv_sec
						      : a->st_mtim.tv_nsec < b->st_mtim.tv_nsec;
}

/* How many there are, and which was undefined first. */
static size_t find_oldest(const char *all, char oldest[static PATH_MAX])
{
	DIR *d = opendir(all);
	struct stat first = { 0 }, st;
	char path[PATH_MAX];
	size_t n = 0;

	if (!d)
		return 0;
	for (struct dirent *entry; (entry = readdir(d));) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    snprintf(path, sizeof(path), "%s/%s", all, entry->d_name) >= PATH_MAX ||
		    stat(path, &st) < 0)
			continue;
		if (n++ && !is_older(&st, &first))
			continue;
		first = st;
		memcpy(oldest, path, sizeof(path));
	}
	closedir(d);
	return n;
}

void history_retire(const struct paths *p, const char *name)
{
	char from[PATH_MAX], to[PATH_MAX], all[PATH_MAX], oldest[PATH_MAX];
	struct err e = { 0 };

	if (folder_of(from, p, KEPT, name) < 0 || folder_of(to, p, UNDEFINED, name) < 0)
		return;
	snprintf(all, sizeof(all), "%s" UNDEFINED, p->lib);
	if (file_make_dirs(all, 0700, &e) < 0) {
		log_warning("the history of network '%s' is not kept: %s", name, e.msg);
		remove_folder(from);
		return;
	}
	if (access(from, F_OK) < 0)
		return;
	remove_folder(to);
	if (rename(from, to) < 0)
		log_warning("cannot rename %s: %s", from, strerror(errno));
	(void)!utimensat(AT_FDCWD, to, NULL, 0);
	if (find_oldest(all, oldest) > HISTORY_UNDEFINED_MAX)
		remove_folder(oldest);
}

/* ---- reading ---- */

struct read_job {
	struct job job;
	const struct paths *paths;
	char *name;
	uint32_t number; /* 0: list all */
	char *text;
	history_done_fn *done;
	void *data;
	struct err err;
};

static json_t *entry_json(const char *folder, uint32_t number)
{
	char path[PATH_MAX];
	struct stat st;

	entry_of(path, folder, number);
	/* An empty one was written shortly before the machine went down. */
	if (stat(path, &st) < 0 || st.st_size == 0)
		return NULL;
	return json_pack("{s:I, s:I, s:I}", "number", (json_int_t)number, "time",
			 (json_int_t)st.st_mtim.tv_sec, "octets", (json_int_t)st.st_size);
}

static char *list_json(const char *name, const char *folder, const struct numbers *all)
{
	json_t *list = json_array();
	char *text;

	for (size_t i = 0; i < all->n; i++) {
		json_t *entry = entry_json(folder, all->number[i]);
		if (entry)
			json_array_append_new(list, entry);
	}
	json_t *o = json_pack("{s:s, s:o}", "network", name, "definitions", list);
	text = o ? json_dumps(o, JSON_COMPACT) : NULL;
	json_decref(o);
	return text;
}

static void read_list(struct read_job *r, const char *folder)
{
	struct numbers all = { 0 };

	if (scan(folder, &all) < 0 || !all.n)
		err_set(&r->err, ERR_NO_NETWORK, "no definition of a network '%s' is known",
			r->name);
	else if (!(r->text = list_json(r->name, folder, &all)))
		err_sys(&r->err, ENOMEM, "cannot list the definitions of network '%s'", r->name);
	free(all.number);
}

static void read_run(struct job *j)
{
	struct read_job *r = container_of(j, struct read_job, job);
	char folder[PATH_MAX] = "", path[PATH_MAX];

	if (folder_of(folder, r->paths, KEPT, r->name) < 0)
		folder[0] = '\0';
	else if (access(folder, F_OK) < 0)
		(void)folder_of(folder, r->paths, UNDEFINED, r->name);
	if (!r->number) {
		read_list(r, folder);
		return;
	}
	entry_of(path, folder, r->number);
	if (file_read(path, NETWORK_XML_MAX, &r->text, NULL, NULL) < 0 || !*r->text)
		err_set(&r->err, ERR_OPERATION_INVALID, "there is no definition %u of network '%s'",
			r->number, r->name);
}

static void read_done(struct job *j)
{
	struct read_job *r = container_of(j, struct read_job, job);

	r->done(r->data, r->text, &r->err);
	free(r->name);
	free(r->text);
	free(r);
}

static void push_read(struct controller *c, const char *name, uint32_t number,
		      history_done_fn *done, void *data)
{
	struct read_job *r = calloc(1, sizeof(*r));
	char *copy = r ? strdup(name) : NULL;

	if (!copy) {
		struct err e = { 0 };
		err_sys(&e, ENOMEM, "cannot read the history of network '%s'", name);
		free(r);
		done(data, NULL, &e);
		return;
	}
	*r = (struct read_job){ .job = { .run = read_run, .done = read_done },
				.paths = &c->paths,
				.name = copy,
				.number = number,
				.done = done,
				.data = data };
	jobs_push(c->files, &r->job);
}

void history_list(struct controller *c, const char *name, history_done_fn *done, void *data)
{
	push_read(c, name, 0, done, data);
}

void history_get(struct controller *c, const char *name, uint32_t number, history_done_fn *done,
		 void *data)
{
	push_read(c, name, number, done, data);
}
