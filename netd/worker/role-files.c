/* SPDX-License-Identifier: GPL-2.0-or-later */
/* role-files.c — the files worker: boot files for the guests of one network, by TFTP and HTTP.
 *
 * It serves one network, because Landlock can narrow what a process may read but never widen it:
 * the folder comes with the first message, and from then on nothing outside it can be opened by any
 * means. All its sockets come from the controller and are bound to the bridge; it can make none, so
 * whoever takes it over reaches that network's guests and the files that they may read anyhow. */
#include "netd/worker/role-files-internal.h"

#include "base/log.h"
#include "base/text.h"
#include "netd/messages/messages.h"
#include "netd/process/privileges.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>

#define COUNTERS_SEC 10
#define OPEN_TRIES   4 /* a rename elsewhere may disturb RESOLVE_BENEATH */

static void log_refused(const char *path, int error)
{
	struct text text = { 0 };

	if (!log_wants(LOG_LEVEL_DEBUG))
		return;
	text_add_escaped(&text, path, strlen(path), BOOT_PATH_MAX);
	auto_free char *s = text_take(&text);
	log_debug("not served: '%s': %s", s ? s : "", strerror(-error));
}

/* O_NONBLOCK: opening a FIFO doesn't wait. RESOLVE_BENEATH: links may lead elsewhere inside the
 * root only. */
static int open_beneath(int root, const char *path)
{
	struct open_how how = { .flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
				.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS };

	for (unsigned i = 0; i < OPEN_TRIES; i++) {
		long fd = syscall(SYS_openat2, root, path, &how, sizeof(how));
		if (fd >= 0)
			return (int)fd;
		if (errno != EAGAIN && errno != EINTR)
			break;
	}
	return errno == ENXIO ? -EACCES : -errno; /* a socket */
}

int role_files_open(const struct files_role *role, const char *path, struct stat *ret)
{
	auto_close int fd = open_beneath(role->root, path);
	int r = fd < 0 ? fd : 0;

	/* The system call itself: the library's fstat() may be one that takes a path. */
	if (r == 0 && syscall(SYS_fstat, fd, ret) < 0)
		r = -errno;
	if (r == 0 && (!S_ISREG(ret->st_mode) || !(ret->st_mode & S_IROTH)))
		r = -EACCES;
	if (r == 0)
		return take_fd(&fd);
	log_refused(path, r);
	return r;
}

static void wake_at(struct files_role *role, usec_t at)
{
	if (at >= role->deadline)
		return;
	role->deadline = at;
	worker_set_deadline(role->w, at);
}

void role_files_settle(struct files_role *role, usec_t now)
{
	if (role->counters_at == USEC_INFINITY)
		role->counters_at = now + COUNTERS_SEC * USEC_PER_SEC;
	wake_at(role, role->counters_at);
	wake_at(role, tftp_deadline(role->tftp));
	wake_at(role, role_files_http_deadline(role));
}

static void send_counters(struct files_role *role)
{
	struct message_files_counters m = { .net_id = role->net_id, .http = role->n_http };
	uint8_t body[FILES_MESSAGE_MAX];
	struct wr w = wr_over(body, sizeof(body));

	role->counters_at = USEC_INFINITY;
	memcpy(m.tftp, tftp_counters(role->tftp), sizeof(m.tftp));
	if (memcmp(&m, &role->told, sizeof(m)) == 0)
		return;
	role->told = m;
	message_files_counters_encode(&w, &m);
	worker_send(role->w, MSG_FILES_COUNTERS, body, wr_len(&w));
}

static void tick(void *data, usec_t now)
{
	struct files_role *role = data;

	role->deadline = USEC_INFINITY;
	if (role->counters_at <= now)
		send_counters(role);
	worker_serving(role->w, role->net_id);
	role_files_tftp_tick(role, now);
	role_files_http_tick(role, now);
	worker_serving(role->w, 0);
	wake_at(role, role->counters_at);
	wake_at(role, tftp_deadline(role->tftp));
	wake_at(role, role_files_http_deadline(role));
}

static void watch(struct files_role *role, int fd, worker_ready_fn *ready)
{
	int r = worker_watch(role->w, fd, EPOLLIN, ready, role);

	if (r < 0)
		log_warning("network %u: boot files: cannot watch a socket: %s", role->net_id,
			    strerror(-r));
}

/* The descriptors are the role's; a false return ends the process. */
static bool serve(struct files_role *role, const struct channel_message *m)
{
	struct message_files_serve s;
	struct err e = { 0 };

	if (role->net_id || message_files_serve_decode(m->body, m->n, &s) < 0 ||
	    m->n_fds < FILES_FD_HTTP || m->n_fds > FILES_FD_COUNT)
		return false;
	role->net_id = s.net_id;
	role->root = m->fds[FILES_FD_ROOT];
	if (privileges_read_beneath(role->root, &e) < 0) {
		log_err("network %u: boot files: %s", s.net_id, e.msg);
		return false;
	}
	if (!role_files_tftp_start(role, s.mtu))
		return false;
	role->requests = m->fds[FILES_FD_REQUESTS];
	watch(role, role->requests, role_files_tftp_ready);
	for (unsigned i = 0; i < FILES_DATA_SOCKETS; i++) {
		role->data[i] = m->fds[FILES_FD_DATA + i];
		watch(role, role->data[i], role_files_tftp_ready);
	}
	if (m->n_fds > FILES_FD_HTTP) {
		role->http = m->fds[FILES_FD_HTTP];
		watch(role, role->http, role_files_http_ready);
	}
	if (m->n_fds > FILES_FD_HTTP6) {
		role->http6 = m->fds[FILES_FD_HTTP6];
		watch(role, role->http6, role_files_http_ready);
	}
	return true;
}

static bool message(void *data, struct channel_message *m)
{
	if (m->type == MSG_FILES_SERVE && serve(data, m))
		return true;
	channel_message_close_fds(m);
	return false;
}

static void *start(struct worker *w)
{
	struct files_role *role = calloc(1, sizeof(*role));

	sigset_t pipe;

	if (!role)
		return NULL;
	sigemptyset(&pipe); /* sendfile() has no MSG_NOSIGNAL */
	sigaddset(&pipe, SIGPIPE);
	sigprocmask(SIG_BLOCK, &pipe, NULL);
	role->w = w;
	role->root = role->requests = role->http = role->http6 = -1;
	for (unsigned i = 0; i < FILES_DATA_SOCKETS; i++)
		role->data[i] = -1;
	role->deadline = role->counters_at = USEC_INFINITY;
	list_init(&role->connections);
	return role;
}

static const char *const syscalls[] = {
	"accept4",
	"fstat",
	"landlock_add_rule",
	"landlock_create_ruleset",
	"landlock_restrict_self",
	"openat2",
	"recvmmsg",
	"sendfile",
	"sendmmsg",
	"shutdown",
	NULL,
};

const struct worker_role role_files = {
	.name = "files",
	.syscalls = syscalls,
	.start = start,
	.message = message,
	.tick = tick,
};
