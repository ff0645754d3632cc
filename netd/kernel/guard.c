/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/kernel/guard.h"

#include "base/log.h"
#include "firewall/nft-guard.h"
#include "netd/controller/conditions.h"
#include "netd/kernel/attached.h"
#include "netd/service/services.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define RETRY_USEC (5 * USEC_PER_SEC)

struct rogue {
	enum fw_rogue kind;
	uint32_t ifindex;
	struct mac mac;
	uint64_t packets;
};

/* What one job does; the thread owns it while it is on its way. */
struct guard_job {
	struct job job;
	struct guard *g;
	struct fw_guard *kernel;
	bool look; /* for rogues; else write */
	bool anew;
	struct fw_guard_port *ports;
	size_t n_ports, cap_ports;
	struct rogue rogues[FW_ROGUES * FW_GUARD_ROGUES_MAX];
	size_t n_rogues;
	struct err err;
};

struct guard {
	struct controller *c;
	struct fw_guard *kernel; /* NULL: can't be had */
	sd_event_source *write, *look;
	struct guard_job job; /* one at a time */
	bool busy, dirty, anew;
	bool guarding;   /* there are ports: look for rogues */
	bool complained; /* the last failure has been logged */
};

static void arm(sd_event_source *timer, uint64_t usec)
{
	sd_event_source_set_time_relative(timer, usec);
	sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT);
}

/* ---- what is wanted ---- */

struct collecting {
	struct guard_job *job;
	const struct network *def;
	bool dhcp4, ip6;
};

static bool is_trusted(const struct network *def, const char *name)
{
	for (size_t i = 0; i < def->options.n_trusted; i++)
		if (strcmp(def->options.trusted[i].dev, name) == 0)
			return true;
	return false;
}

static void collect_port(void *data, uint32_t ifindex)
{
	struct collecting *col = data;
	struct guard_job *j = col->job;
	const struct mirror_link *l = mirror_by_ifindex(col->job->g->c->mirror, ifindex);
	bool trusted = l && is_trusted(col->def, l->row.name);

	if (j->n_ports >= FW_GUARD_PORTS_MAX || GROW(j->ports, j->cap_ports, j->n_ports + 1) < 0)
		return;
	j->ports[j->n_ports++] = (struct fw_guard_port){ .ifindex = ifindex,
							 .guard4 = col->dhcp4 && !trusted,
							 .guard6 = col->ip6 && !trusted };
}

static void collect(struct guard *g)
{
	struct net *n;

	g->job.n_ports = 0;
	registry_foreach(n, &g->c->registry)
	{
		struct collecting col = { .job = &g->job, .def = n->live };
		if (n->live && services_addresses(n, &col.dhcp4, &col.ip6))
			attached_visit(n, collect_port, &col);
	}
	g->guarding = g->job.n_ports > 0;
}

/* ---- who was caught ---- */

static const char *const rogue_text[] = {
	[FW_ROGUE_DHCP4] = "answers as a DHCP server",
	[FW_ROGUE_DHCP6] = "answers as a DHCPv6 server",
	[FW_ROGUE_ROUTER] = "advertises itself as an IPv6 router",
};
static const char *const rogue_name[] = { "dhcp", "dhcpv6", "router" };

static void keep_rogue(void *data, enum fw_rogue kind, uint32_t ifindex, const struct mac *mac,
		       uint64_t packets)
{
	struct guard_job *j = data;

	if (j->n_rogues < ARRAY_LEN(j->rogues))
		j->rogues[j->n_rogues++] = (struct rogue){ kind, ifindex, *mac, packets };
}

/* One condition for each port and kind, however many MACs it makes up. */
static void object_of(const struct guard *g, const struct rogue *r, char buf[static 64])
{
	const struct mirror_link *l = mirror_by_ifindex(g->c->mirror, r->ifindex);

	snprintf(buf, 64, "%s %s", l ? l->row.name : "?", rogue_name[r->kind]);
}

static struct net *net_of(const struct guard *g, const struct rogue *r)
{
	const struct mirror_link *l = mirror_by_ifindex(g->c->mirror, r->ifindex);
	const struct mirror_link *bridge =
	    l && l->master ? mirror_by_ifindex(g->c->mirror, l->master) : NULL;

	return bridge && bridge->ours ? registry_find_uuid(&g->c->registry, &bridge->uuid) : NULL;
}

static bool is_caught(const struct guard *g, const struct condition *k)
{
	char object[64];

	for (size_t i = 0; i < g->job.n_rogues; i++) {
		object_of(g, &g->job.rogues[i], object);
		if (strcmp(object, k->object) == 0)
			return true;
	}
	return false;
}

static void clear_old(struct guard *g)
{
	const struct condition *k = NULL, *next;

	for (k = conditions_next(g->c->conditions, NULL); k; k = next) {
		next = conditions_next(g->c->conditions, k);
		struct net *n = k->net_id ? registry_find_id(&g->c->registry, k->net_id) : NULL;
		char object[CONDITION_OBJECT_MAX];
		if (k->kind != CONDITION_ROGUE_SERVER || is_caught(g, k))
			continue;
		copy_text(object, sizeof(object), k->object);
		conditions_clear(g->c->conditions, n, CONDITION_ROGUE_SERVER, object);
	}
}

static void tell_rogues(struct guard *g)
{
	char object[64], mac[MAC_TEXT_MAX];

	for (size_t i = 0; i < g->job.n_rogues; i++) {
		const struct rogue *r = &g->job.rogues[i];
		struct net *n = net_of(g, r);
		if (!n)
			continue;
		object_of(g, r, object);
		conditions_raise(g->c->conditions, n, CONDITION_ROGUE_SERVER, object,
				 "the guest behind port %.*s (%s) %s; what it says is dropped",
				 (int)strcspn(object, " "), object, mac_format(&r->mac, mac),
				 rogue_text[r->kind]);
	}
	clear_old(g);
}

/* ---- the job ---- */

static void run(struct job *job)
{
	struct guard_job *j = container_of(job, struct guard_job, job);

	j->n_rogues = 0;
	if (j->look)
		(void)!fw_guard_rogues(j->kernel, keep_rogue, j, &j->err);
	else
		(void)!fw_guard_sync(j->kernel, j->ports, j->n_ports, j->anew, &j->err);
}

static void write_or_look(struct guard *g, bool look);

static void done(struct job *job)
{
	struct guard *g = container_of(job, struct guard_job, job)->g;
	bool failed = g->job.err.code != 0;

	g->busy = false;
	if (failed && g->job.look) { /* the table has gone */
		guard_repair(g);
		return;
	}
	if (failed && !g->complained)
		log_warning("%s; DHCP requests can't be told apart by port, and guests that play "
			    "DHCP server aren't kept from it",
			    g->job.err.msg);
	g->complained = failed;
	if (g->job.look)
		tell_rogues(g);
	if (failed) {
		g->dirty = g->anew = true;
		arm(g->write, RETRY_USEC);
	} else if (g->dirty) {
		write_or_look(g, false);
	}
	if (g->guarding)
		arm(g->look, GUARD_LOOK_USEC);
}

static void write_or_look(struct guard *g, bool look)
{
	if (g->busy || !g->kernel)
		return;
	err_clear(&g->job.err);
	g->job.look = look;
	if (!look) {
		collect(g);
		g->job.anew = g->anew;
		g->dirty = g->anew = false;
	}
	g->busy = true;
	jobs_push(g->c->kernel, &g->job.job);
}

static int time_to_write(sd_event_source *s, uint64_t usec, void *data)
{
	write_or_look(data, false);
	return 0;
}

static int time_to_look(sd_event_source *s, uint64_t usec, void *data)
{
	write_or_look(data, true);
	return 0;
}

void guard_changed(struct guard *g)
{
	if (!g || g->dirty)
		return;
	g->dirty = true;
	if (!g->busy)
		arm(g->write, GUARD_GATHER_USEC);
}

void guard_repair(struct guard *g)
{
	if (!g)
		return;
	g->anew = true;
	guard_changed(g);
}

/* ---- start and end ---- */

struct guard *guard_new(struct controller *c, struct err *e)
{
	struct guard *g = calloc(1, sizeof(*g));
	struct err why = { 0 };

	if (!g ||
	    sd_event_add_time_relative(c->loop, &g->write, CLOCK_BOOTTIME, 0, 1, time_to_write, g) <
		0 ||
	    sd_event_add_time_relative(c->loop, &g->look, CLOCK_BOOTTIME, 0, 0, time_to_look, g) <
		0) {
		guard_free(g);
		err_sys(e, ENOMEM, "cannot guard the guests' ports");
		return NULL;
	}
	sd_event_source_set_enabled(g->write, SD_EVENT_OFF);
	sd_event_source_set_enabled(g->look, SD_EVENT_OFF);
	g->c = c;
	g->anew = true;
	g->job.g = g;
	g->job.job = (struct job){ .run = run, .done = done };
	if (fw_guard_open(&g->kernel, &why) < 0) {
		log_warning("%s; guests' ports aren't guarded", why.msg);
		g->kernel = NULL;
	}
	g->job.kernel = g->kernel;
	return g;
}

void guard_free(struct guard *g)
{
	if (!g)
		return;
	sd_event_source_disable_unref(g->write);
	sd_event_source_disable_unref(g->look);
	fw_guard_free(g->kernel);
	free(g->job.ports);
	free(g);
}
