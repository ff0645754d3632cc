/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/kernel/attached.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "netd/controller/conditions.h"
#include "netd/kernel/guard.h"
#include "netd/kernel/reconcile.h"
#include "netd/kernel/shaping.h"
#include "netd/kernel/stations.h"
#include "netd/kernel/uplinks.h"
#include "netd/service/services.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define SAVE_USEC (20 * USEC_PER_MSEC) /* changes are gathered so long */
#define FILE_MAX  (ATTACHED_MAX * 64)

struct port {
	struct table_node by_ifindex;
	struct list on_net;  /* of struct net_attached */
	struct list leaving; /* of struct attached: it has left its running bridge */
	uint64_t left_usec;
	struct net *net;
	uint32_t ifindex;
	char name[LINK_NAME_MAX];
	bool isolated; /* as it was when it was last attached */
	bool attached; /* as far as we have heard */
};

struct net_attached {
	struct list ports;
	size_t n;
	bool unsaved;
};

struct attached {
	struct controller *c;
	struct table by_ifindex;
	struct list leaving;    /* in the order of leaving */
	sd_event_source *again; /* timer: the first of them has had its moment */
	sd_event_source *save;  /* timer */
};

static void arm(sd_event_source *timer, uint64_t usec)
{
	sd_event_source_set_time_relative(timer, usec);
	sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT);
}

static struct port *find(const struct attached *p, uint32_t ifindex)
{
	struct table_node *n = table_find(&p->by_ifindex, &ifindex, sizeof(ifindex));

	return n ? container_of(n, struct port, by_ifindex) : NULL;
}

/* ---- on disk ---- */

static void changed(struct attached *p, struct net *n)
{
	n->attached->unsaved = true;
	arm(p->save, SAVE_USEC);
}

void attached_validity(char *buf, size_t cap)
{
	char boot[64] = "";
	struct stat s = { 0 };

	(void)!file_read_proc("/proc/sys/kernel/random/boot_id", boot, sizeof(boot));
	(void)!stat("/proc/self/ns/net", &s);
	snprintf(buf, cap, "boot %s netns %llu", boot, (unsigned long long)s.st_ino);
}

static void path_of(const struct attached *p, const struct uuid *u, char buf[static PATH_MAX])
{
	char text[UUID_TEXT_MAX];

	snprintf(buf, PATH_MAX, "%s/attached/%s", p->c->paths.run, uuid_format(u, text));
}

struct save_job {
	struct job job;
	char path[PATH_MAX];
	char *text; /* NULL: remove the file */
	size_t n;
	struct err err;
};

static void save_run(struct job *j)
{
	struct save_job *s = container_of(j, struct save_job, job);

	if (s->text)
		(void)!file_write_replace(s->path, 0600, s->text, s->n, &s->err);
	else if (unlink(s->path) < 0 && errno != ENOENT)
		err_sys(&s->err, errno, "cannot remove %s", s->path);
}

static void save_done(struct job *j)
{
	struct save_job *s = container_of(j, struct save_job, job);

	if (s->err.code)
		log_warning("%s; attached ports are not remembered across a restart", s->err.msg);
	free(s->text);
	free(s);
}

static char *text_of(const struct net *n, size_t *ret_len)
{
	struct text t = { 0 };
	struct port *port;
	char head[160];

	attached_validity(head, sizeof(head));
	text_addf(&t, "%s\n", head);
	list_foreach (port, &n->attached->ports, struct port, on_net)
		text_addf(&t, "%u %d %s\n", port->ifindex, port->isolated, port->name);
	*ret_len = t.len;
	return text_take(&t);
}

static void save(struct attached *p, const struct net *n)
{
	struct save_job *s = calloc(1, sizeof(*s));

	if (!s)
		return;
	s->job = (struct job){ .run = save_run, .done = save_done };
	path_of(p, &n->uuid, s->path);
	if (n->attached && n->attached->n)
		s->text = text_of(n, &s->n);
	jobs_push(p->c->files, &s->job);
}

void attached_save(struct attached *p)
{
	struct net *n;

	registry_foreach(n, &p->c->registry)
	{
		if (!n->attached || !n->attached->unsaved)
			continue;
		n->attached->unsaved = false;
		save(p, n);
	}
}

static int save_now(sd_event_source *s, uint64_t usec, void *data)
{
	attached_save(data);
	return 0;
}

/* ---- what is known ---- */

static struct port *learn(struct attached *p, struct net *n, uint32_t ifindex, const char *name,
			  bool isolated)
{
	struct port *port;

	if (!n->attached) {
		n->attached = calloc(1, sizeof(*n->attached));
		if (!n->attached)
			return NULL;
		list_init(&n->attached->ports);
	}
	if (n->attached->n >= ATTACHED_MAX || !(port = calloc(1, sizeof(*port))))
		return NULL;
	*port = (struct port){ .net = n, .ifindex = ifindex, .isolated = isolated };
	copy_text(port->name, sizeof(port->name), name);
	list_init(&port->leaving);
	if (table_add(&p->by_ifindex, &port->by_ifindex, &port->ifindex, sizeof(port->ifindex)) <
	    0) {
		free(port);
		return NULL;
	}
	list_add_tail(&n->attached->ports, &port->on_net);
	n->attached->n++;
	guard_changed(p->c->guard);
	changed(p, n);
	return port;
}

static void forget(struct attached *p, struct port *port)
{
	struct net *n = port->net;

	conditions_clear(p->c->conditions, n, CONDITION_PORT_MTU, port->name);
	table_remove(&p->by_ifindex, &port->by_ifindex);
	list_remove(&port->on_net);
	list_remove(&port->leaving);
	n->attached->n--;
	if (p->c->services)
		services_port_gone(p->c->services, n, port->ifindex);
	guard_changed(p->c->guard);
	free(port);
	changed(p, n);
}

void attached_forget(struct attached *p, uint32_t ifindex)
{
	struct port *port = find(p, ifindex);

	if (port)
		forget(p, port);
}

static void drop_all(struct attached *p, struct net *n)
{
	struct port *port;

	if (!n->attached)
		return;
	list_foreach (port, &n->attached->ports, struct port, on_net)
		forget(p, port);
	free(n->attached);
	n->attached = NULL;
}

void attached_forget_network(struct attached *p, struct net *n)
{
	if (!n->attached)
		return;
	drop_all(p, n);
	save(p, n);
}

void attached_visit(const struct net *n, void (*visit)(void *data, uint32_t ifindex), void *data)
{
	struct port *port;

	if (!n->attached)
		return;
	list_foreach (port, &n->attached->ports, struct port, on_net)
		visit(data, port->ifindex);
}

size_t attached_count(const struct net *n)
{
	return n->attached ? n->attached->n : 0;
}

/* ---- what happens to links ---- */

/* The network's word, which goes for all its ports. */
static bool all_isolated(const struct net *n)
{
	return n->live && n->live->port_isolated == TRI_YES;
}

static bool is_to_be_isolated(const struct port *port)
{
	return port->isolated || all_isolated(port->net);
}

/* The bridge's own MTU is fixed, so it doesn't follow; but guests' frames may be too long for this
 * port. */
static void judge_mtu(const struct attached *p, const struct net *n, const struct mirror_link *port)
{
	const struct mirror_link *bridge = mirror_by_ifindex(p->c->mirror, port->master);

	if (bridge && port->row.mtu < bridge->row.mtu)
		conditions_raise(p->c->conditions, n, CONDITION_PORT_MTU, port->row.name,
				 "port '%s' has an MTU of %u, less than the network's %u: longer "
				 "frames to it are lost",
				 port->row.name, port->row.mtu, bridge->row.mtu);
	else
		conditions_clear(p->c->conditions, n, CONDITION_PORT_MTU, port->row.name);
}

/* The bridge itself has changed, maybe its MTU. */
static void judge_ports(const struct attached *p, const struct mirror_link *bridge)
{
	struct net *n = registry_find_uuid(&p->c->registry, &bridge->uuid);

	const struct mirror_link *l;
	struct port *port;

	if (!n || !n->live || !n->attached)
		return;
	list_foreach (port, &n->attached->ports, struct port, on_net)
		if ((l = mirror_by_ifindex(p->c->mirror, port->ifindex)) &&
		    l->master == bridge->ifindex)
			judge_mtu(p, n, l);
}

static void joined(struct attached *p, struct net *n, struct port *port,
		   const struct mirror_link *l)
{
	if (!port)
		port = learn(p, n, l->ifindex, l->row.name, l->port_isolated && !all_isolated(n));
	if (!port)
		return;
	judge_mtu(p, n, l);
	/* A new port of a bridge isn't isolated; what it was before it left is remembered. */
	if (port->attached && port->isolated != l->port_isolated && !all_isolated(n)) {
		port->isolated = l->port_isolated;
		changed(p, n);
	}
	if (!port->attached && n->ports)
		stations_look(p->c->stations);
	port->attached = true;
	list_remove(&port->leaving);
	if (net_is_wanted(n) &&
	    (is_to_be_isolated(port) != l->port_isolated || shaping_wants(p->c, n, l)))
		reconcile_look(p->c->reconcile, n);
}

static void left(struct attached *p, struct port *port)
{
	conditions_clear(p->c->conditions, port->net, CONDITION_PORT_MTU, port->name);
	port->attached = false;
	if (!net_is_wanted(port->net) || !list_is_empty(&port->leaving))
		return;
	port->left_usec = clock_boottime();
	if (list_is_empty(&p->leaving))
		arm(p->again, ATTACHED_GRACE_USEC);
	list_add_tail(&p->leaving, &port->leaving);
}

/* The network on whose bridge `l` is; NULL also for a parked bridge. *ret_elsewhere: it is
 * another's port. */
static struct net *net_of(const struct attached *p, const struct mirror_link *l,
			  bool *ret_elsewhere)
{
	const struct mirror_link *bridge =
	    l->master ? mirror_by_ifindex(p->c->mirror, l->master) : NULL;
	struct net *n =
	    bridge && bridge->ours ? registry_find_uuid(&p->c->registry, &bridge->uuid) : NULL;

	*ret_elsewhere = !n && bridge && !bridge->parked;
	return n;
}

static void look_at(struct attached *p, const struct mirror_link *l)
{
	struct port *port = find(p, l->ifindex);
	bool elsewhere;
	struct net *n = net_of(p, l, &elsewhere);

	if (port && (elsewhere || (n && n != port->net))) {
		forget(p, port);
		port = NULL;
	}
	if (port && strcmp(port->name, l->row.name) != 0) {
		conditions_clear(p->c->conditions, port->net, CONDITION_PORT_MTU, port->name);
		copy_text(port->name, sizeof(port->name), l->row.name);
		changed(p, port->net);
	}
	if (n && uplinks_is_one(p->c->uplinks, n, l)) {
		if (port)
			forget(p, port);
	} else if (n && n->live) /* also while it is being stopped */
		joined(p, n, port, l);
	else if (port && !n)
		left(p, port);
}

static void look_at_all(struct attached *p)
{
	const struct mirror_link *l = NULL;
	struct table_node *node = table_next(&p->by_ifindex, NULL);

	while (node) {
		struct port *port = container_of(node, struct port, by_ifindex);
		node = table_next(&p->by_ifindex, node);
		if (!mirror_by_ifindex(p->c->mirror, port->ifindex))
			forget(p, port);
	}
	while ((l = mirror_next(p->c->mirror, l)))
		if (l->master || find(p, l->ifindex))
			look_at(p, l);
}

void attached_heard(struct attached *p, const struct mirror_change *change)
{
	const struct mirror_link *l = NULL;

	if (change->what == MIRROR_RESYNC)
		look_at_all(p);
	if (change->what != MIRROR_LINK)
		return;
	if (change->gone)
		attached_forget(p, change->ifindex);
	else if ((l = mirror_by_ifindex(p->c->mirror, change->ifindex)))
		look_at(p, l);
	if (l && l->ours)
		judge_ports(p, l);
}

/* Who has not gone elsewhere by now is wanted back. */
static int grace_over(sd_event_source *s, uint64_t usec, void *data)
{
	struct attached *p = data;
	uint64_t now = clock_boottime();
	struct port *port;

	list_foreach (port, &p->leaving, struct port, leaving) {
		if (port->left_usec + ATTACHED_GRACE_USEC > now) {
			arm(p->again, port->left_usec + ATTACHED_GRACE_USEC - now);
			break;
		}
		list_remove(&port->leaving);
		if (net_is_wanted(port->net))
			reconcile_look(p->c->reconcile, port->net);
	}
	return 0;
}

/* ---- what is wanted ---- */

int attached_want(const struct attached *p, const struct net *n, struct bridge_want *want)
{
	/* A bridge that is to be made gets all its ports at once: it is why they have left. */
	bool new_bridge = !mirror_by_uuid(p->c->mirror, &n->uuid);
	struct port *port;

	if (!n->attached || !n->attached->n)
		return 0;
	want->ports = calloc(n->attached->n, sizeof(*want->ports));
	if (!want->ports)
		return -ENOMEM;
	list_foreach (port, &n->attached->ports, struct port, on_net) {
		struct port_row *row = &want->ports[want->n_ports];
		if (!new_bridge && !list_is_empty(&port->leaving))
			continue;
		*row = (struct port_row){ .ifindex = port->ifindex,
					  .isolated = is_to_be_isolated(port) };
		memcpy(row->name, port->name, sizeof(row->name));
		want->n_ports++;
	}
	return 0;
}

void attached_tried(struct attached *p, const struct bridge_plan *plan)
{
	/* Removing a bridge releases its ports first and may take longer than they were given: that
	 * it failed to take them back is no fault of theirs, and the next bridge gets them. */
	if (plan->ifindex && !mirror_by_ifindex(p->c->mirror, plan->ifindex))
		return;
	for (size_t i = 0; i < plan->n_steps; i++) {
		const struct bridge_step *s = &plan->steps[i];
		const struct mirror_link *l;
		struct port *port;
		if (s->op != BRIDGE_ATTACH_PORT || !(port = find(p, s->ifindex)))
			continue;
		l = mirror_by_ifindex(p->c->mirror, s->ifindex);
		if (!l || (port->attached && l->port_isolated == s->isolated))
			continue;
		log_warning("network '%s': port '%s' cannot be attached again; left alone",
			    port->net->name, port->name);
		forget(p, port);
	}
}

/* ---- start and end ---- */

static void load_line(struct attached *p, struct net *n, char *line)
{
	char *rest = NULL, *name = strrchr(line, ' ');
	unsigned long ifindex = strtoul(line, &rest, 10);
	const struct mirror_link *l;

	if (!name || ifindex == 0 || ifindex > INT32_MAX || *rest != ' ' ||
	    (rest[1] != '0' && rest[1] != '1'))
		return;
	l = mirror_by_ifindex(p->c->mirror, (uint32_t)ifindex);
	if (l && strcmp(l->row.name, name + 1) == 0 && !find(p, l->ifindex))
		learn(p, n, l->ifindex, l->row.name, rest[1] == '1');
}

static void load(struct attached *p, struct net *n)
{
	auto_free char *text = NULL;
	char path[PATH_MAX], head[160], *line, *next;
	struct err e = { 0 };
	size_t len;

	path_of(p, &n->uuid, path);
	if (access(path, F_OK) < 0 || file_read(path, FILE_MAX, &text, &len, &e) < 0)
		return;
	attached_validity(head, sizeof(head));
	next = text;
	line = strsep(&next, "\n");
	if (strcmp(line, head) != 0)
		return;
	while ((line = strsep(&next, "\n")))
		load_line(p, n, line);
}

/* Files of networks that are no more, or none of whose links is left: nobody would ever remove
 * them. */
static void sweep(struct attached *p, const char *dir)
{
	DIR *d = opendir(dir);

	for (struct dirent *entry; d && (entry = readdir(d));) {
		struct uuid u;
		struct net *n = uuid_parse(entry->d_name, &u) == 0
				    ? registry_find_uuid(&p->c->registry, &u)
				    : NULL;
		if (entry->d_name[0] != '.' && (!n || !attached_count(n)))
			(void)unlinkat(dirfd(d), entry->d_name, 0);
	}
	if (d)
		closedir(d);
}

void attached_load(struct attached *p)
{
	char dir[PATH_MAX];
	struct err e = { 0 };
	struct net *n;

	snprintf(dir, sizeof(dir), "%s/attached", p->c->paths.run);
	if (file_make_dirs(dir, 0700, &e) < 0)
		log_warning("%s", e.msg);
	registry_foreach(n, &p->c->registry) load(p, n);
	sweep(p, dir);
	look_at_all(p);
}

struct attached *attached_new(struct controller *c, struct err *e)
{
	struct attached *p = calloc(1, sizeof(*p));

	if (!p) {
		err_sys(e, ENOMEM, "cannot remember ports");
		return NULL;
	}
	p->c = c;
	table_init(&p->by_ifindex);
	list_init(&p->leaving);
	if (sd_event_add_time_relative(c->loop, &p->again, CLOCK_BOOTTIME, 0, 1, grace_over, p) <
		0 ||
	    sd_event_add_time_relative(c->loop, &p->save, CLOCK_BOOTTIME, 0, 0, save_now, p) < 0) {
		err_sys(e, ENOMEM, "cannot make a timer");
		attached_free(p);
		return NULL;
	}
	sd_event_source_set_enabled(p->again, SD_EVENT_OFF);
	sd_event_source_set_enabled(p->save, SD_EVENT_OFF);
	return p;
}

void attached_free(struct attached *p)
{
	struct net *n;

	if (!p)
		return;
	registry_foreach(n, &p->c->registry) drop_all(p, n);
	table_done(&p->by_ifindex);
	sd_event_source_disable_unref(p->again);
	sd_event_source_disable_unref(p->save);
	free(p);
}
