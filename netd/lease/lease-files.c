/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/lease/lease-files.h"

#include "base/file.h"
#include "base/log.h"
#include "netd/controller/ports.h"
#include "netd/lease/leases.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

struct lease_files {
	struct controller *c;
	sd_event_source *timer;
};

/* ---- writing ---- */

struct file_job {
	struct job job;
	char path[PATHS_MAX + 64];
	char *text; /* NULL: remove the file */
	struct err err;
};

static void file_run(struct job *j)
{
	struct file_job *f = container_of(j, struct file_job, job);
	char dir[sizeof(f->path)];

	if (!f->text) {
		if (unlink(f->path) < 0 && errno != ENOENT)
			err_sys(&f->err, errno, "cannot remove %s", f->path);
		return;
	}
	copy_text(dir, sizeof(dir), f->path);
	*strrchr(dir, '/') = '\0';
	if (file_make_dirs(dir, 0755, &f->err) == 0)
		(void)!file_write_replace(f->path, 0644, f->text, strlen(f->text), &f->err);
}

static void file_done(struct job *j)
{
	static struct log_limit limit = { .burst = 3, .per_sec = 1 };
	struct file_job *f = container_of(j, struct file_job, job);
	unsigned more;

	if (f->err.code && log_allowed(&limit, &more))
		log_warning("%s; libvirt's tools don't see the leases", f->err.msg);
	free(f->text);
	free(f);
}

/* Takes `text` over; NULL: the file shall go. */
static void push_file(const struct lease_files *f, const char *bridge, const char *suffix,
		      char *text)
{
	struct file_job *job = calloc(1, sizeof(*job));

	if (!job) {
		free(text);
		return;
	}
	job->job = (struct job){ .run = file_run, .done = file_done };
	snprintf(job->path, sizeof(job->path), "%s/var/lib/libvirt/dnsmasq/%s.%s", f->c->paths.root,
		 bridge, suffix);
	job->text = text;
	jobs_push(f->c->files, &job->job);
}

/* ---- BRIDGE.status: an array of leases, as libvirt's lease helper writes it ---- */

static void colon_hex(char *buf, const uint8_t *p, size_t n)
{
	*buf = '\0';
	for (size_t i = 0; i < n; i++)
		buf += snprintf(buf, 4, "%s%02x", i ? ":" : "", p[i]);
}

static void add_lease(void *data, const struct lease *l)
{
	const struct lease_binding *b = &l->b;
	char ip[IP_TEXT_MAX], mac[MAC_TEXT_MAX], id[3 * LEASE_CLIENT_ID_MAX + 1], iaid[12];
	json_t *list = data, *o;

	if (l->declined || l->expires < clock_boottime())
		return;
	o = json_pack("{s:s, s:s, s:I}", "ip-address", ip_format(&b->ip, ip), "mac-address",
		      mac_format(&b->mac, mac), "expiry-time",
		      l->expires == USEC_INFINITY ? 0 : (json_int_t)leases_wall(l->expires));
	if (b->name[0])
		json_object_set_new(o, "hostname", json_string(b->name));
	colon_hex(id, b->client_id, b->n_client_id);
	if (b->n_client_id)
		json_object_set_new(o, "client-id", json_string(id));
	snprintf(iaid, sizeof(iaid), "%u", b->iaid);
	if (b->ip.family == AF_INET6)
		json_object_set_new(o, "iaid", json_string(iaid));
	json_array_append_new(list, o);
}

/* ---- BRIDGE.macs: which MACs a domain has, as libvirt's own network driver writes it ---- */

static json_t *macs_of(json_t *domains, const char *name)
{
	json_t *o;
	size_t i;

	json_array_foreach(domains, i, o)
	{
		if (strcmp(json_string_value(json_object_get(o, "domain")), name) == 0)
			return json_object_get(o, "macs");
	}
	o = json_pack("{s:s, s:[]}", "domain", name, "macs");
	json_array_append_new(domains, o);
	return json_object_get(o, "macs");
}

static void add_port(void *data, const struct network_port *p)
{
	char mac[MAC_TEXT_MAX];

	if (p->owner_name && p->has_mac)
		json_array_append_new(macs_of(data, p->owner_name),
				      json_string(mac_format(&p->mac, mac)));
}

static void write_files(const struct lease_files *f, struct net *n)
{
	const struct network *def = net_definition(n);
	json_t *leases = json_array(), *domains = json_array();

	n->lease_files_stale = false;
	if (def && def->bridge && leases && domains) {
		leases_visit(f->c->leases, n, add_lease, leases);
		ports_visit(f->c, n, add_port, domains);
		push_file(f, def->bridge, "status", json_dumps(leases, JSON_INDENT(2)));
		push_file(f, def->bridge, "macs", json_dumps(domains, JSON_INDENT(2)));
	}
	json_decref(leases);
	json_decref(domains);
}

/* ---- when ---- */

static int time_to_write(sd_event_source *s, uint64_t usec, void *data)
{
	struct lease_files *f = data;
	struct net *n;

	registry_foreach(n, &f->c->registry)
	{
		if (n->lease_files_stale)
			write_files(f, n);
	}
	return 0;
}

void lease_files_changed(struct lease_files *f, struct net *n)
{
	int running;

	if (!f || !f->c->config.libvirt_lease_files)
		return;
	n->lease_files_stale = true;
	if (sd_event_source_get_enabled(f->timer, &running) >= 0 && running != SD_EVENT_OFF)
		return;
	sd_event_source_set_time_relative(f->timer, LEASE_FILES_USEC);
	sd_event_source_set_enabled(f->timer, SD_EVENT_ONESHOT);
}

void lease_files_reload(struct lease_files *f)
{
	struct net *n;

	if (!f)
		return;
	registry_foreach(n, &f->c->registry)
	{
		if (net_is_active(n))
			lease_files_changed(f, n);
	}
}

void lease_files_forget(struct lease_files *f, const struct net *n)
{
	const struct network *def = net_definition(n);

	if (!f || !f->c->config.libvirt_lease_files || !def || !def->bridge)
		return;
	push_file(f, def->bridge, "status", NULL);
	push_file(f, def->bridge, "macs", NULL);
}

struct lease_files *lease_files_new(struct controller *c, struct err *e)
{
	struct lease_files *f = calloc(1, sizeof(*f));

	if (f)
		f->c = c;
	if (!f || sd_event_add_time_relative(c->loop, &f->timer, CLOCK_BOOTTIME, 0, 1,
					     time_to_write, f) < 0) {
		lease_files_free(f);
		err_sys(e, ENOMEM, "cannot make a timer");
		return NULL;
	}
	sd_event_source_set_enabled(f->timer, SD_EVENT_OFF);
	return f;
}

void lease_files_free(struct lease_files *f)
{
	if (!f)
		return;
	sd_event_source_disable_unref(f->timer);
	free(f);
}
