/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/keeper/keeper-held.h"

#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>

#define OTHER_USES 512 /* descriptors for channels, workers, the log */

void held_init(struct held *h)
{
	struct rlimit l = { 1024, 1024 };

	(void)getrlimit(RLIMIT_NOFILE, &l);
	*h = (struct held){ .max = l.rlim_cur > 2 * OTHER_USES
				       ? (size_t)MIN_OF(l.rlim_cur - OTHER_USES, HELD_MAX)
				       : OTHER_USES };
	table_init(&h->by_name);
}

/* Take one out of the list and close it; the last moves to its place. */
static void forget(struct held *h, struct held_one *one)
{
	table_remove(&h->by_name, &one->by_name);
	h->list[one->at] = h->list[--h->n];
	h->list[one->at]->at = one->at;
	close_fd(&one->fd);
	free(one);
}

void held_done(struct held *h)
{
	while (h->n)
		forget(h, h->list[h->n - 1]);
	table_done(&h->by_name);
	free(h->list);
}

static struct held_one *find(const struct held *h, const char *name)
{
	struct table_node *n = table_find(&h->by_name, name, strlen(name));

	return n ? container_of(n, struct held_one, by_name) : NULL;
}

static int add(struct held *h, const char *name, int fd)
{
	struct held_one *old = find(h, name);

	if (old)
		forget(h, old);
	if (h->n >= h->max)
		return -ENOBUFS;
	auto_free struct held_one *one = calloc(1, sizeof(*one));
	if (!one || GROW(h->list, h->cap, h->n + 1) < 0)
		return -ENOMEM;
	copy_text(one->name, sizeof(one->name), name);
	if (table_add(&h->by_name, &one->by_name, one->name, strlen(one->name)) < 0)
		return -ENOMEM;
	one->fd = fd;
	one->at = h->n;
	h->list[h->n++] = take_ptr(one);
	return 0;
}

/* FDPOLL=0: systemd would otherwise drop a socket on which an ICMP error waits. */
static void tell_store(const char *name, int fd)
{
	char text[KEEPER_NAME_MAX + 64];

	snprintf(text, sizeof(text), "FDSTORE=1\nFDPOLL=0\nFDNAME=%s", name);
	(void)sd_pid_notify_with_fds(0, 0, text, &fd, 1);
}

static void tell_remove(const char *name)
{
	(void)sd_notifyf(0, "FDSTOREREMOVE=1\nFDNAME=%s", name);
}

int held_put(struct held *h, const char *name, int fd)
{
	if (find(h, name))
		tell_remove(name);
	int r = add(h, name, fd);
	if (r < 0)
		close(fd);
	else
		tell_store(name, fd);
	return r;
}

void held_drop(struct held *h, const char *name)
{
	struct held_one *one = find(h, name);

	if (!one)
		return;
	tell_remove(name);
	forget(h, one);
}

void held_take_passed(struct held *h)
{
	char **names = NULL;
	int n = sd_listen_fds_with_names(1, &names);

	for (int i = 0; i < n; i++) {
		int fd = SD_LISTEN_FDS_START + i;
		if (!keeper_name_is_valid(names[i]) || add(h, names[i], fd) < 0) {
			log_warning(
			    "a descriptor passed by systemd is closed: its name is not usable");
			close(fd);
		}
		free(names[i]);
	}
	free(names);
}
