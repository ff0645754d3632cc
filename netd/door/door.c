/* SPDX-License-Identifier: GPL-2.0-or-later */
/* door.c — listening sockets, and clients coming and going. */
#include "netd/door/door-internal.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define BACKLOG     128
#define ACCEPTS_MAX 16 /* at one wake-up, so that a flood of connects doesn't starve the rest */

/* ---- binding ---- */

/* Remove what is at the path if it is a socket that nobody listens on. */
static int clear_stale(const struct sockaddr_un *a, struct err *e)
{
	struct stat st;

	if (lstat(a->sun_path, &st) < 0)
		return errno == ENOENT ? 0 : err_sys(e, errno, "cannot look at %s", a->sun_path);
	if (!S_ISSOCK(st.st_mode))
		return err_sys(e, EEXIST, "%s is in the way and no socket", a->sun_path);
	auto_close int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (probe < 0)
		return err_sys(e, errno, "cannot open a socket");
	/* EAGAIN: somebody listens and is too busy to accept. */
	if (connect(probe, (const struct sockaddr *)a, sizeof(*a)) == 0 || errno == EAGAIN)
		return err_sys(e, EADDRINUSE, "another daemon listens on %s", a->sun_path);
	if (errno != ECONNREFUSED)
		return err_sys(e, errno, "cannot tell whether somebody listens on %s", a->sun_path);
	if (unlink(a->sun_path) < 0 && errno != ENOENT)
		return err_sys(e, errno, "cannot remove the stale socket %s", a->sun_path);
	return 0;
}

int door_listen(const char *path, mode_t mode, gid_t gid, int *ret_fd, struct err *e)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	auto_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return err_sys(e, errno, "cannot open a socket");
	if (!copy_text(a.sun_path, sizeof(a.sun_path), path))
		return err_sys(e, ENAMETOOLONG, "cannot listen on %s", path);
	int r = clear_stale(&a, e);
	if (r < 0)
		return r;
	/* The file inherits the socket's own mode, so it is born closed to everybody but us. */
	if (fchmod(fd, mode & 0700) < 0 || bind(fd, (const struct sockaddr *)&a, sizeof(a)) < 0)
		return err_sys(e, errno, "cannot bind %s", path);
	if ((gid != (gid_t)-1 && lchown(path, (uid_t)-1, gid) < 0) || chmod(path, mode) < 0 ||
	    listen(fd, BACKLOG) < 0) {
		r = err_sys(e, errno, "cannot listen on %s", path);
		(void)unlink(path);
		return r;
	}
	*ret_fd = take_fd(&fd);
	return 0;
}

/* ---- clients ---- */

static size_t clients_of(const struct door *d, uid_t uid)
{
	struct door_conn *c;
	size_t n = 0;

	list_foreach (c, &d->conns, struct door_conn, node)
		n += c->peer.uid == uid;
	return n;
}

static size_t anonymous_clients(const struct door *d)
{
	struct door_conn *c;
	size_t n = 0;

	list_foreach (c, &d->conns, struct door_conn, node)
		n += !c->authenticated;
	return n;
}

static bool has_room(const struct door *d, uid_t uid)
{
	if (uid == 0)
		return d->n_conns < d->policy.clients_max;
	return d->n_conns + DOOR_CLIENTS_ROOT_ONLY < d->policy.clients_max &&
	       clients_of(d, uid) < d->policy.clients_per_user;
}

/* What rules and polkit ask about: the process, which must still be the one that connected, and all
 * its groups as they were then. */
static void look_up_subject(struct door_conn *c)
{
	gid_t groups[1024];
	socklen_t size = sizeof(groups);

	c->subject.start_time = polkit_start_time(c->subject.pid);
	if (getsockopt(c->fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) < 0 || !size)
		return;
	c->subject.groups = malloc(size);
	if (!c->subject.groups)
		return;
	memcpy(c->subject.groups, groups, size);
	c->subject.n_groups = size / sizeof(groups[0]);
}

int door_add_client(struct door *d, int fd, bool read_only, struct err *e)
{
	struct ucred who = { 0 };
	socklen_t n = sizeof(who);
	auto_close int own = fd;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) < 0)
		return err_sys(e, errno, "cannot tell who connects");
	if (!has_room(d, who.uid))
		return err_set(e, ERR_OPERATION_FAILED, "too many clients (%zu, %zu of uid %u)",
			       d->n_conns, clients_of(d, who.uid), who.uid);
	struct door_peer peer = {
		.pid = who.pid, .uid = who.uid, .gid = who.gid, .read_only = read_only
	};
	bool ask = who.uid != 0 && (read_only ? d->policy.polkit_ro : d->policy.polkit_rw);
	if (ask && anonymous_clients(d) >= d->policy.anonymous_max)
		return err_set(e, ERR_OPERATION_FAILED,
			       "too many clients that have not been let in yet (%zu)",
			       anonymous_clients(d));
	struct door_conn *c = conn_new(d, take_fd(&own), &peer);
	if (!c)
		return err_set(e, ERR_NO_MEMORY, "no memory for a client");
	c->authenticated = !ask;
	look_up_subject(c);
	return 0;
}

/* Out of descriptors, a waiting connection would keep the loop awake for nothing: refuse it. */
static void refuse_one(struct door *d, int listener)
{
	close_fd(&d->spare_fd);
	auto_close int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	close_fd(&fd);
	d->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static int on_connect(struct door *d, int listener, bool read_only)
{
	static struct log_limit limit = { .burst = 5, .per_sec = 10 };
	unsigned dropped;

	for (unsigned i = 0; i < ACCEPTS_MAX; i++) {
		struct err e = { 0 };
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0 && (errno == EMFILE || errno == ENFILE))
			refuse_one(d, listener);
		if (fd < 0)
			break;
		if (door_add_client(d, fd, read_only, &e) < 0 && log_allowed(&limit, &dropped))
			log_warning("a client is refused: %s", e.msg);
	}
	return 0;
}

static int on_connect_rw(sd_event_source *s, int fd, uint32_t events, void *data)
{
	return on_connect(data, fd, false);
}

static int on_connect_ro(sd_event_source *s, int fd, uint32_t events, void *data)
{
	return on_connect(data, fd, true);
}

int door_add_listener(struct door *d, int fd, bool read_only, struct err *e)
{
	auto_close int own = fd;
	size_t at = d->n_listeners;

	if (at == ARRAY_LEN(d->listener))
		return err_set(e, ERR_INTERNAL, "no more than %zu listening sockets", at);
	int flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return err_sys(e, errno, "cannot use the listening socket");
	int r = sd_event_add_io(d->loop, &d->listener[at], fd, EPOLLIN,
				read_only ? on_connect_ro : on_connect_rw, d);
	if (r < 0)
		return err_sys(e, -r, "cannot wait for clients");
	d->listen_fd[at] = take_fd(&own);
	d->n_listeners++;
	return 0;
}

void door_stop_listening(struct door *d)
{
	for (size_t i = 0; i < d->n_listeners; i++) {
		d->listener[i] = sd_event_source_disable_unref(d->listener[i]);
		close_fd(&d->listen_fd[i]);
	}
	d->n_listeners = 0;
}

/* ---- the door ---- */

struct door *door_new(sd_event *loop, const struct door_backend *backend)
{
	struct door *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->loop = sd_event_ref(loop);
	d->backend = backend;
	d->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	d->polkit = polkit_new(loop);
	door_policy_defaults(&d->policy);
	list_init(&d->conns);
	if (!d->polkit || sd_event_add_defer(loop, &d->pump, door_on_pump, d) < 0 ||
	    sd_event_source_set_enabled(d->pump, SD_EVENT_OFF) < 0) {
		door_free(d);
		return NULL;
	}
	return d;
}

void door_free(struct door *d)
{
	struct door_conn *c;

	if (!d)
		return;
	door_stop_listening(d);
	list_foreach (c, &d->conns, struct door_conn, node)
		conn_free(c);
	polkit_free(d->polkit);
	sd_event_source_disable_unref(d->pump);
	sd_event_unref(d->loop);
	close_fd(&d->spare_fd);
	free(d);
}

size_t door_clients(const struct door *d)
{
	return d->n_conns;
}

void door_set_policy(struct door *d, const struct door_policy *policy)
{
	d->policy = *policy;
}
