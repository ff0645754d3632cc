/* SPDX-License-Identifier: GPL-2.0-or-later */
/* update-forward.c — <forward>, its devices, and the port groups. */
#include "network/update-internal.h"

#include <string.h>

/* forward@dev is the name of the first device. */
static int name_first_device(const struct change *c)
{
	struct forward *f = &c->def->forward;
	const char *first = f->n_interfaces ? f->interfaces[0].dev : NULL;

	free(take_ptr(f->dev));
	if (first && !(f->dev = strdup(first)))
		return report_no_memory(c->r);
	return 0;
}

static int refuse_isolated(const struct change *c, const char *what)
{
	return change_refuse(
	    c, "network '%s' has no <forward>, which could hold %s; add a forward first",
	    c->def->name, what);
}

static size_t find_interface(const struct forward *f, const char *dev)
{
	size_t i = 0;

	while (i < f->n_interfaces &&
	       (f->interfaces[i].is_pci || strcmp(f->interfaces[i].dev, dev) != 0))
		i++;
	return i;
}

int update_forward_interface(const struct change *c)
{
	struct forward *f = &c->def->forward, *part = &c->part->forward;
	struct list to = LIST(f->interfaces, f->n_interfaces),
		    from = LIST(part->interfaces, part->n_interfaces);
	const char *name = c->def->name, *dev = part->interfaces[0].dev;
	size_t i = find_interface(f, dev);
	int err;

	if (c->command == NETWORK_UPDATE_DELETE && i == f->n_interfaces)
		return change_refuse(c,
				     "couldn't find an interface entry in network '%s' matching "
				     "<interface dev='%s'>",
				     name, dev);
	if (c->command == NETWORK_UPDATE_DELETE) {
		err = list_remove(c, to, i, from);
		return err < 0 ? err : name_first_device(c);
	}
	if (i < f->n_interfaces)
		return change_refuse(c,
				     "there is an existing interface entry in network '%s' that "
				     "matches \"<interface dev='%s'>\"",
				     name, dev);
	if (f->mode == FORWARD_NONE)
		return refuse_isolated(c, "an interface");
	if (f->pf)
		return change_refuse(
		    c, "the devices of network '%s' are those of <pf dev='%s'>; delete that first",
		    name, f->pf);
	err = list_add(c, to, from);
	return err < 0 ? err : name_first_device(c);
}

int update_forward_pf(const struct change *c)
{
	struct forward *f = &c->def->forward, *part = &c->part->forward;
	const char *name = c->def->name;

	if (change_adds(c)) {
		if (f->mode == FORWARD_NONE)
			return refuse_isolated(c, "a pf");
		if (f->pf)
			return change_refuse(
			    c, "there is an existing pf entry in network '%s': <pf dev='%s'>", name,
			    f->pf);
		if (f->n_interfaces)
			return change_refuse(
			    c, "network '%s' names its devices one by one; delete them first",
			    name);
	} else if (!f->pf) {
		return change_refuse(c, "couldn't find a pf entry in network '%s'", name);
	}
	if (c->command == NETWORK_UPDATE_DELETE) {
		if (strcmp(f->pf, part->pf) != 0)
			return change_refuse(
			    c, "couldn't find a pf entry in network '%s' matching <pf dev='%s'>",
			    name, part->pf);
		free(take_ptr(f->pf));
		return 0;
	}
	EXCHANGE(f->pf, part->pf);
	return 0;
}

int update_forward(const struct change *c)
{
	struct forward *f = &c->def->forward, *part = &c->part->forward;

	if (change_adds(c) && f->mode != FORWARD_NONE)
		return change_refuse(c, "there is an existing forward entry in network '%s'",
				     c->def->name);
	if (!change_adds(c) && f->mode == FORWARD_NONE)
		return change_refuse(c, "couldn't find a forward entry in network '%s'",
				     c->def->name);
	if (c->command != NETWORK_UPDATE_DELETE) {
		EXCHANGE(*f, *part);
		return 0;
	}
	if ((part->mode != FORWARD_NONE && part->mode != f->mode) ||
	    (part->dev && (!f->dev || strcmp(part->dev, f->dev) != 0)))
		return change_refuse(
		    c, "couldn't find a forward entry in network '%s' with this mode and dev",
		    c->def->name);
	struct network *gone = calloc(1, sizeof(*gone));
	if (!gone)
		return report_no_memory(c->r);
	EXCHANGE(*f, gone->forward);
	network_free(gone);
	return 0;
}

/* Port groups. */

static const struct portgroup *other_default(const struct network *n, size_t but)
{
	for (size_t i = 0; i < n->n_portgroups; i++)
		if (i != but && n->portgroups[i].is_default)
			return &n->portgroups[i];
	return NULL;
}

int update_portgroup(const struct change *c)
{
	struct network *n = c->def, *part = c->part;
	struct list to = LIST(n->portgroups, n->n_portgroups),
		    from = LIST(part->portgroups, part->n_portgroups);
	const struct portgroup *g = &part->portgroups[0];
	size_t i = 0;

	while (i < n->n_portgroups && strcmp(n->portgroups[i].name, g->name) != 0)
		i++;
	if (!change_adds(c) && i == n->n_portgroups)
		return change_refuse(c,
				     "couldn't find a portgroup entry in network '%s' matching "
				     "<portgroup name='%s'>",
				     n->name, g->name);
	if (change_adds(c) && i < n->n_portgroups)
		return change_refuse(c,
				     "there is an existing portgroup entry in network '%s' that "
				     "matches \"<portgroup name='%s'>\"",
				     n->name, g->name);
	if (c->command == NETWORK_UPDATE_DELETE)
		return list_remove(c, to, i, from);
	if (g->is_default && other_default(n, i))
		return change_refuse(
		    c,
		    "a different portgroup entry in network '%s' is already set as the default. "
		    "Only one default is allowed.",
		    n->name);
	if (change_adds(c))
		return list_add(c, to, from);
	list_replace(to, i, from);
	return 0;
}
