/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The controller: started by the keeper, which first hands over what an earlier controller has left
 * (listening doors, service sockets) and then says hello. From there on everything is built up in
 * order, the doors open, running networks are taken up as they are and those with autostart
 * started, and the keeper is told that we are ready. */
#include "base/log.h"
#include "netd/controller/backend-controller.h"
#include "netd/controller/conditions.h"
#include "netd/controller/controller.h"
#include "netd/controller/definitions.h"
#include "netd/controller/lifecycle.h"
#include "netd/controller/ports.h"
#include "netd/door/door.h"
#include "netd/kernel/attached.h"
#include "netd/kernel/blocked.h"
#include "netd/kernel/conflicts.h"
#include "netd/kernel/foreign.h"
#include "netd/kernel/guard.h"
#include "netd/kernel/own-rules.h"
#include "netd/kernel/reconcile.h"
#include "netd/kernel/redirect.h"
#include "netd/kernel/shaping.h"
#include "netd/kernel/stations.h"
#include "netd/kernel/uplinks.h"
#include "netd/kernel/zones.h"
#include "netd/lease/lease-files.h"
#include "netd/lease/leases.h"
#include "netd/process/keeper-link.h"
#include "netd/process/privileges.h"
#include "netd/service/resolved.h"
#include "netd/service/resolvers-file.h"
#include "netd/service/services.h"
#include "netd/service/upstreams.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>

#define HELD_MAX    65536
#define RESOLV_CONF "/etc/resolv.conf"

static struct door_backend backend;

/* ---- parts that controller.h offers ---- */

struct watch {
	void (*ready)(void *data);
	void *data;
};

static int watch_ready(sd_event_source *s, int fd, uint32_t events, void *data)
{
	struct watch *w = data;

	w->ready(w->data);
	return 0;
}

int controller_watch(struct controller *c, int fd, void (*ready)(void *data), void *data,
		     struct err *e)
{
	struct watch *w = malloc(sizeof(*w));
	sd_event_source *s;

	if (!w)
		return err_sys(e, ENOMEM, "cannot watch a descriptor");
	*w = (struct watch){ ready, data };
	int r = sd_event_add_io(c->loop, &s, fd, EPOLLIN, watch_ready, w);
	if (r < 0) {
		free(w);
		return err_sys(e, -r, "cannot watch a descriptor");
	}
	sd_event_source_set_destroy_callback(s, free);
	return sd_event_source_set_floating(s, true) < 0
		   ? err_sys(e, ENOMEM, "cannot watch a descriptor")
		   : (sd_event_source_unref(s), 0);
}

static void forget_held(struct controller *c, struct held *h)
{
	table_remove(&c->held, &h->by_name);
	free(h);
}

int controller_take_held(struct controller *c, const char *name)
{
	struct table_node *node = table_find(&c->held, name, strlen(name));
	struct held *h = node ? container_of(node, struct held, by_name) : NULL;
	int fd = h ? h->fd : -1;

	if (h)
		forget_held(c, h);
	return fd;
}

/* What nobody has taken up: sockets of networks and bridges that are gone. */
static void drop_held(struct controller *c)
{
	struct table_node *node = table_next(&c->held, NULL);

	while (node) {
		struct held *h = container_of(node, struct held, by_name);
		node = table_next(&c->held, node);
		keeper_link_drop(c->keeper, h->name);
		close_fd(&h->fd);
		forget_held(c, h);
	}
	table_done(&c->held);
	table_init(&c->held);
}

/* ---- building up ---- */

/* Whoever can open the socket may use it: root and the group libvirt; reading is for everybody. Who
 * is let in by polkit, though, must reach it in any case. */
static mode_t mode_of(const struct netd_config *c, bool read_only)
{
	if (read_only)
		return c->perms_ro ? c->perms_ro : 0666;
	return c->perms_rw ? c->perms_rw : c->door.polkit_rw ? 0666 : 0660;
}

/* What an administrator has set by hand since is left alone unless the settings change. */
static void change_modes(const struct controller *c, const struct netd_config *before)
{
	const char *const paths[] = { c->paths.door_rw, c->paths.door_ro };

	for (int ro = 0; ro < 2; ro++) {
		mode_t mode = mode_of(&c->config, ro);
		if (mode != mode_of(before, ro) && chmod(paths[ro], mode) < 0)
			log_warning("cannot set the mode of %s: %s", paths[ro], strerror(errno));
	}
}

static int open_door(struct controller *c, const char *name, const char *path, bool read_only,
		     struct err *e)
{
	int fd = controller_take_held(c, name);

	if (fd < 0) {
		int r = door_listen(path, mode_of(&c->config, read_only), privileges_door_group(),
				    &fd, e);
		if (r < 0)
			return r;
	}
	keeper_link_store(c->keeper, name, fd);
	return door_add_listener(c->door, fd, read_only, e);
}

static void jobs_ready(void *data)
{
	jobs_collect(data);
}

static int open_threads(struct controller *c, struct err *e)
{
	c->kernel = jobs_new("kernel", e);
	c->files = c->kernel ? jobs_new("files", e) : NULL;
	if (!c->files)
		return -ENOMEM;
	int r = controller_watch(c, jobs_fd(c->kernel), jobs_ready, c->kernel, e);
	return r < 0 ? r : controller_watch(c, jobs_fd(c->files), jobs_ready, c->files, e);
}

static void tell_resolvers(struct controller *c)
{
	const char *problem = upstreams_problem(c->upstreams);

	if (problem)
		conditions_raise(c->conditions, NULL, CONDITION_NO_RESOLVERS, RESOLV_CONF,
				 "%s; guests' questions go to the servers known last", problem);
	else
		conditions_clear(c->conditions, NULL, CONDITION_NO_RESOLVERS, NULL);
}

static void resolvers_ready(void *data)
{
	struct controller *c = data;

	if (upstreams_read(c->upstreams))
		services_upstreams_changed(c->services);
	tell_resolvers(c);
}

static int open_upstreams(struct controller *c, struct err *e)
{
	c->upstreams = upstreams_new(RESOLV_CONF, e);
	if (!c->upstreams)
		return -ENOMEM;
	tell_resolvers(c);
	if (upstreams_fd(c->upstreams) < 0)
		return 0;
	return controller_watch(c, upstreams_fd(c->upstreams), resolvers_ready, c, e);
}

static void condition_told(void *data, const struct condition *k, bool raised)
{
	struct controller *c = data;
	const struct door_condition event = { .network = k->network,
					      .uuid = k->uuid,
					      .raised = raised,
					      .kind = condition_kind_name(k->kind),
					      .object = k->object,
					      .text = k->text,
					      .to_do = condition_to_do(k->kind),
					      .since_sec = (int64_t)(k->since / USEC_PER_SEC) };

	if (c->door)
		door_emit_condition(c->door, &event);
}

/* Somebody who has just started netd shall see a mistake in its settings; a controller that comes
 * after one that died must serve in any case. */
static int load_config(struct controller *c, struct err *e)
{
	config_defaults(&c->config);
	int r = config_load(c->paths.conf, &c->config, e);
	if (r == 0 || c->starts_before == 0)
		return r;
	log_err("%s; going on without it", e->msg);
	err_clear(e);
	return 0;
}

/* Everything but the doors. */
static int build_up(struct controller *c, struct err *e)
{
	int r;

	registry_init(&c->registry);
	list_init(&c->ports);
	table_init(&c->ports_by_uuid);
	c->conditions = conditions_new(condition_told, c);
	if ((r = load_config(c, e)) < 0 || (r = open_threads(c, e)) < 0 ||
	    (r = open_upstreams(c, e)) < 0)
		return r;
	if (!(c->guard = guard_new(c, e)) || !(c->redirect = redirect_new(c, e)))
		return -e->code;
	if (!(c->own_rules = own_rules_new(c, e)) || !(c->services = services_new(c, e)) ||
	    !(c->leases = leases_new(c, e)) || !(c->lease_files = lease_files_new(c, e)) ||
	    !(c->reconcile = reconcile_new(c, e)) || !(c->attached = attached_new(c, e)) ||
	    !(c->conflicts = conflicts_new(c, e)) || !(c->uplinks = uplinks_new(c, e)) ||
	    !(c->blocked = blocked_new(c, e)) || !(c->stations = stations_new(c, e)) ||
	    !(c->zones = zones_new(c, e)) || !(c->resolved = resolved_new(c, e)) ||
	    !(c->resolvers_file = resolvers_file_new(c, e)) || !(c->foreign = foreign_new(c, e)))
		return -e->code;
	backend_init(&backend, c);
	c->door = door_new(c->loop, &backend);
	if (!c->door)
		return err_sys(e, ENOMEM, "cannot open the doors");
	door_set_policy(c->door, &c->config.door);
	return definitions_load(c, e);
}

static void fail(struct controller *c, const struct err *e)
{
	log_err("cannot serve: %s", e->msg);
	keeper_link_failed(c->keeper, e->msg);
	exit(1);
}

/* Clients are answered while networks are still on their way. */
static int open_doors(struct controller *c, struct err *e)
{
	int r = open_door(c, "door-rw", c->paths.door_rw, false, e);

	if (r == 0)
		r = open_door(c, "door-ro", c->paths.door_ro, true, e);
	if (r == 0)
		log_info("serving at %s", c->paths.door_rw);
	return r;
}

/* Networks are as they should be. */
static void resumed(struct controller *c)
{
	lease_files_reload(c->lease_files);
	shaping_sweep(c);
	drop_held(c);
	keeper_link_ready(c->keeper, "serving");
}

/* ---- the keeper's words ---- */

static void held(void *data, const char *name, int fd)
{
	struct controller *c = data;
	size_t n = strlen(name);
	struct held *h = c->held.count < HELD_MAX && !table_find(&c->held, name, n)
			     ? calloc(1, sizeof(*h) + n + 1)
			     : NULL;

	if (h) {
		h->fd = fd;
		memcpy(h->name, name, n + 1);
	}
	if (!h || table_add(&c->held, &h->by_name, h->name, n) < 0) {
		free(h);
		close_fd(&fd);
	}
}

static void hello(void *data, const char *root, unsigned starts)
{
	struct controller *c = data;
	struct err e = { 0 };

	c->starts_before = starts;
	if (paths_init(&c->paths, root, &e) < 0)
		fail(c, &e);
	/* The keeper made the folders; whoever has removed one since shall not keep running
	 * networks from being served. */
	if (paths_make(&c->paths, &e) < 0)
		log_warning("%s", e.msg);
	err_clear(&e);
	if (build_up(c, &e) < 0 || open_doors(c, &e) < 0)
		fail(c, &e);
	lifecycle_resume(c, resumed);
}

static void spawned(void *data, uint32_t worker, pid_t pid, int channel_fd, int page_fd)
{
	struct controller *c = data;

	services_worker_spawned(c->services, worker, pid, channel_fd, page_fd);
}

static void died(void *data, uint32_t worker, int wait_status)
{
	struct controller *c = data;

	services_worker_died(c->services, worker, wait_status);
}

static void reload(void *data)
{
	struct controller *c = data;
	struct netd_config before = c->config;
	struct err e = { 0 };

	if (config_load(c->paths.conf, &c->config, &e) < 0)
		log_err("%s; the settings stay as they were", e.msg);
	definitions_reload(c);
	own_rules_load(c->own_rules);
	reconcile_configure(c->reconcile);
	services_reload(c->services);
	lease_files_reload(c->lease_files);
	door_set_policy(c->door, &c->config.door);
	change_modes(c, &before);
	/* Look at everything again: the host's resolvers, and whether the kernel holds what it
	 * should. */
	resolvers_ready(c);
	reconcile_audit(c->reconcile);
}

static void stop(void *data)
{
	struct controller *c = data;

	log_info("stopping; running networks go on");
	sd_event_exit(c->loop, 0);
}

static const struct keeper_events keeper_events = {
	.held = held,
	.hello = hello,
	.spawned = spawned,
	.died = died,
	.reload = reload,
	.stop = stop,
};

static int keeper_ready(sd_event_source *s, int fd, uint32_t events, void *data)
{
	struct controller *c = data;
	int r = keeper_link_process(c->keeper);

	if (r < 0)
		return sd_event_exit(c->loop, 1);
	return 0;
}

/* The line may have something queued after any call: ask before each wait. */
static int before_wait(sd_event_source *s, void *data)
{
	struct controller *c = data;

	return sd_event_source_set_io_events(c->keeper_source, keeper_link_wants(c->keeper));
}

static int open_line(struct controller *c, struct err *e)
{
	int r = keeper_link_open(&c->keeper, &keeper_events, c, e);

	if (r < 0)
		return r;
	if ((r = sd_event_add_io(c->loop, &c->keeper_source, keeper_link_fd(c->keeper), EPOLLIN,
				 keeper_ready, c)) < 0 ||
	    (r = sd_event_source_set_prepare(c->keeper_source, before_wait)) < 0)
		return err_sys(e, -r, "cannot watch the line to the keeper");
	return 0;
}

/* ---- the end ---- */

static void tear_down(struct controller *c)
{
	if (c->door)
		door_stop_listening(c->door);
	if (c->attached)
		attached_save(c->attached);
	jobs_free(c->kernel);
	jobs_free(c->files);
	door_free(c->door); /* not before: whatever the last jobs bring to an end is told there */
	if (c->reconcile)
		reconcile_leave(c->reconcile);
	conflicts_free(c->conflicts);
	c->conflicts = NULL;
	guard_free(take_ptr(c->guard));
	redirect_free(take_ptr(c->redirect));
	leases_free(c->leases);
	lease_files_free(c->lease_files);
	services_free(take_ptr(c->services));
	reconcile_free(c->reconcile);
	attached_free(c->attached);
	own_rules_free(c->own_rules);
	uplinks_free(c->uplinks);
	blocked_free(c->blocked);
	stations_free(c->stations);
	zones_free(c->zones);
	resolved_free(c->resolved);
	resolvers_file_free(c->resolvers_file);
	foreign_free(c->foreign);
	upstreams_free(c->upstreams);
	ports_free(c);
	conditions_free(c->conditions);
	registry_done(&c->registry);
	sd_event_source_unref(c->keeper_source);
	keeper_link_free(c->keeper);
	sd_event_unref(c->loop);
}

int main(int argc, char **argv)
{
	static struct controller c;
	struct err e = { 0 };

	log_open("netd-controller");
	table_init(&c.held);
	signal(SIGPIPE, SIG_IGN);
	sigset_t children; /* the loop waits for hook scripts; no thread may be told of them */
	sigemptyset(&children);
	sigaddset(&children, SIGCHLD);
	sigprocmask(SIG_BLOCK, &children, NULL);
	privileges_many_fds();
	if (sd_event_new(&c.loop) < 0 || open_line(&c, &e) < 0 || privileges_controller(&e) < 0) {
		log_err("%s", e.code ? e.msg : "cannot make an event loop");
		return 1;
	}
	privileges_die_with_parent();
	int r = sd_event_loop(c.loop);
	tear_down(&c);
	return r < 0 ? 1 : r;
}
