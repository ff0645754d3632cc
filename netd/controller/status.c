/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/controller/status.h"

#include "base/file.h"
#include "netd/controller/conditions.h"
#include "netd/kernel/attached.h"
#include "netd/service/services.h"

#include <jansson.h>
#include <stdio.h>

static json_int_t resident_kb(pid_t pid)
{
	char path[64], line[128];
	unsigned long total, resident;

	snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
	if (file_read_proc(path, line, sizeof(line)) < 0 ||
	    sscanf(line, "%lu %lu", &total, &resident) != 2)
		return 0;
	return (json_int_t)(resident * (unsigned long)sysconf(_SC_PAGESIZE) / 1024);
}

static void add_process(json_t *list, const char *role, pid_t pid, unsigned restarts)
{
	json_array_append_new(list, json_pack("{s:s, s:i, s:I, s:i}", "role", role, "pid", (int)pid,
					      "resident-kb", resident_kb(pid), "restarts",
					      (int)restarts));
}

static void add_worker(void *data, const char *role, pid_t pid, unsigned restarts)
{
	add_process(data, role, pid, restarts);
}

static json_t *processes(struct controller *c)
{
	json_t *list = json_array();

	add_process(list, "keeper", getppid(), 0);
	add_process(list, "controller", getpid(), c->starts_before);
	services_visit_workers(c->services, add_worker, list);
	return list;
}

static const char *state_name(const struct net *n)
{
	switch (n->state) {
	case NET_INACTIVE:
		return n->broken && !n->config ? "broken" : "inactive";
	case NET_STARTING:
		return n->taking_up ? "active" : "starting";
	case NET_ACTIVE:
		return "active";
	case NET_STOPPING:
		return "stopping";
	}
	return "?";
}

static json_t *networks(struct controller *c)
{
	json_t *list = json_array();
	struct net *n;

	registry_foreach(n, &c->registry)
	{
		const struct network *def = net_definition(n);
		char uuid[UUID_TEXT_MAX];
		json_t *row = json_pack("{s:s, s:s, s:s, s:s?, s:b, s:b, s:i, s:s?}", "name",
					n->name, "uuid", uuid_format(&n->uuid, uuid), "state",
					state_name(n), "bridge", def ? def->bridge : NULL,
					"persistent", n->config != NULL, "autostart", n->autostart,
					"links", (int)attached_count(n), "problem", n->broken);
		if (net_is_shown(n))
			json_array_append_new(list, row);
		else
			json_decref(row);
	}
	return list;
}

char *status_json(struct controller *c)
{
	json_t *all =
	    json_pack("{s:s, s:s, s:o, s:o, s:o}", "version", NETD_VERSION, "root",
		      c->paths.root[0] ? c->paths.root : "/", "networks", networks(c), "processes",
		      processes(c), "conditions", conditions_json(c->conditions));
	char *text = all ? json_dumps(all, JSON_INDENT(2)) : NULL;

	json_decref(all);
	return text;
}
