/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/kernel/devices.h"

#include "base/log.h"
#include "netd/kernel/attached.h"
#include "netd/kernel/foreign.h"
#include "netd/kernel/reconcile.h"

#include <errno.h>
#include <string.h>

enum device_action { DEVICE_NONE, DEVICE_MAKE, DEVICE_REMOVE, DEVICE_DETACH, DEVICE_SETTLE };

struct device_job {
	struct job job;
	struct controller *c;
	enum device_action action;
	struct kernel_socket *kernel;
	struct device_spec spec;
	struct port_spec port;
	struct bridge_port link; /* made, or to be dealt with */
	device_made_fn *made;
	device_done_fn *done;
	void *data;
	struct err err;
};

/* ---- the kernel thread's side ---- */

static int make(struct device_job *d)
{
	int r;

	if (d->spec.macvtap.lower)
		return bridge_port_macvtap(d->kernel, &d->port, &d->spec.macvtap, &d->link,
					   &d->err);
	if (d->spec.veth)
		r = bridge_port_veth(d->kernel, &d->port, d->spec.guest_name, d->spec.netns_fd,
				     &d->link, &d->err);
	else
		r = bridge_port_tap(d->kernel, &d->port, &d->spec.tap, &d->link, NULL, &d->err);
	if (r < 0 || port_settings_are_empty(&d->spec.settings))
		return r;
	r = bridge_port_settle(d->kernel, &d->link, &d->spec.settings, &d->err);
	if (r < 0) {
		struct err ignored = { 0 };
		(void)!bridge_port_delete(d->kernel, d->link.ifindex, d->link.name, &ignored);
	}
	return r;
}

static void device_run(struct job *j)
{
	struct device_job *d = container_of(j, struct device_job, job);
	int r = 0;

	switch (d->action) {
	case DEVICE_NONE: /* d->err says why */
		return;
	case DEVICE_MAKE:
		r = make(d);
		break;
	case DEVICE_SETTLE:
		r = bridge_port_settle(d->kernel, &d->link, &d->spec.settings, &d->err);
		break;
	case DEVICE_REMOVE:
		r = bridge_port_delete(d->kernel, d->link.ifindex, d->link.name, &d->err);
		break;
	case DEVICE_DETACH:
		r = bridge_port_detach(d->kernel, d->link.ifindex, d->link.name, &d->err);
		break;
	}
	if (r == 0)
		err_clear(&d->err);
}

/* ---- the loop's side ---- */

static void device_done(struct job *j)
{
	struct device_job *d = container_of(j, struct device_job, job);

	reconcile_read_mirror(d->c->reconcile);
	if (d->made)
		d->made(d->data, d->err.code ? NULL : &d->link, &d->err);
	else if (d->done)
		d->done(d->data, &d->err);
	else if (d->err.code)
		log_warning("%s", d->err.msg);
	close_fd(&d->spec.netns_fd);
	free(d->spec.settings.vlan.tags);
	free(d);
}

static struct device_job *job_new(struct controller *c, enum device_action action,
				  device_done_fn *done, void *data)
{
	struct device_job *d = calloc(1, sizeof(*d));
	struct err e = { 0 };

	if (!d) {
		err_sys(&e, ENOMEM, "cannot change a port");
		if (done)
			done(data, &e);
		return NULL;
	}
	d->job = (struct job){ .run = device_run, .done = device_done };
	d->c = c;
	d->action = action;
	d->kernel = reconcile_kernel_socket(c->reconcile);
	d->spec.netns_fd = -1;
	d->done = done;
	d->data = data;
	return d;
}

/* Deal with a link that exists. */
static struct device_job *link_job(struct controller *c, enum device_action action,
				   uint32_t ifindex, const char *name, device_done_fn *done,
				   void *data)
{
	struct device_job *d = job_new(c, action, done, data);

	if (!d)
		return NULL;
	d->link.ifindex = ifindex;
	copy_text(d->link.name, sizeof(d->link.name), name);
	return d;
}

static int check_lower(const struct controller *c, const struct net *n, const char *dev,
		       struct err *e)
{
	const struct mirror_link *l = mirror_by_name(c->mirror, dev);

	if (!l)
		return err_set(e, ERR_OPERATION_FAILED,
			       "network '%s': the device '%s' is missing on this host", n->name,
			       dev);
	return 0;
}

int devices_check(const struct controller *c, const struct net *n, struct err *e)
{
	const struct network *def = n->live;

	if (!net_runs(n))
		return err_set(e, ERR_OPERATION_INVALID,
			       "network '%s' is not active; start it first", n->name);
	if (foreign_bridge(c, n) || devices_are_macvtaps(def))
		return 0;
	if (network_uses_bridge(def))
		return err_set(e, ERR_OPERATION_FAILED,
			       "network '%s': the bridge '%s' of this host is missing", n->name,
			       def->bridge);
	return err_set(e, ERR_OPERATION_UNSUPPORTED,
		       "network '%s' has no bridge of Linux's to attach to: its ports are a VM "
		       "manager's to make",
		       n->name);
}

bool devices_are_macvtaps(const struct network *def)
{
	enum forward_mode mode = def->forward.mode;

	return (mode == FORWARD_BRIDGE && !def->bridge && !network_makes_bridge(def)) ||
	       mode == FORWARD_PRIVATE || mode == FORWARD_VEPA || mode == FORWARD_PASSTHROUGH;
}

/* The job outlives the port. */
static int copy_settings(struct port_settings *to, const struct port_settings *from)
{
	size_t n = from->vlan.n_tags;

	*to = *from;
	to->vlan.tags = n ? calloc(n, sizeof(*to->vlan.tags)) : NULL;
	if (n && !to->vlan.tags) {
		to->vlan.n_tags = 0;
		return -ENOMEM;
	}
	if (n)
		memcpy(to->vlan.tags, from->vlan.tags, n * sizeof(*to->vlan.tags));
	return 0;
}

static int check_vlans(const struct net *n, const struct mirror_link *bridge, struct err *e)
{
	if (!bridge->knows_vlans)
		return err_set(
		    e, ERR_OPERATION_UNSUPPORTED,
		    "network '%s': a port with <vlan> needs VLANs on bridges, which this "
		    "kernel doesn't have (CONFIG_BRIDGE_VLAN_FILTERING)",
		    n->name);
	if (!bridge->row.vlan_filtering)
		return err_set(
		    e, ERR_OPERATION_FAILED,
		    "network '%s': bridge '%s' doesn't filter VLANs: ip link set %s type "
		    "bridge vlan_filtering 1",
		    n->name, bridge->row.name, bridge->row.name);
	return 0;
}

void devices_make(struct controller *c, const struct net *n, const struct device_spec *spec,
		  device_made_fn *done, void *data)
{
	struct device_job *d = job_new(c, DEVICE_MAKE, NULL, NULL);
	struct err e = { 0 };
	int netns_fd = spec->netns_fd;
	const struct mirror_link *bridge = foreign_bridge(c, n);

	if (!d) {
		close_fd(&netns_fd);
		err_sys(&e, ENOMEM, "cannot make a port of network '%s'", n->name);
		done(data, NULL, &e);
		return;
	}
	d->spec = *spec;
	if (copy_settings(&d->spec.settings, &spec->settings) < 0)
		err_sys(&d->err, ENOMEM, "cannot make a port of network '%s'", n->name);
	else if (bridge && spec->settings.vlan.n_tags)
		(void)!check_vlans(n, bridge, &d->err);
	if (d->err.code)
		d->action = DEVICE_NONE;
	d->made = done;
	d->data = data;
	d->port = (struct port_spec){ .network = n->uuid,
				      .bridge = bridge ? bridge->ifindex : 0,
				      .foreign = network_uses_bridge(n->live),
				      .name = d->spec.name[0] ? d->spec.name : NULL,
				      .mac = spec->mac,
				      .mtu = network_owns_bridge(n->live) ? n->live->mtu
					     : bridge                     ? bridge->row.mtu
									  : 0,
				      .isolated = spec->isolated };
	copy_text(d->link.name, sizeof(d->link.name), spec->name);
	if (spec->macvtap.lower_name[0]) {
		const struct mirror_link *lower =
		    mirror_by_name(c->mirror, spec->macvtap.lower_name);
		d->spec.macvtap.lower = lower ? lower->ifindex : 0;
		if (check_lower(c, n, spec->macvtap.lower_name, &d->err) < 0)
			d->action = DEVICE_NONE;
	}
	jobs_push(c->kernel, &d->job);
}

void devices_remove(struct controller *c, uint32_t ifindex, const char *name, device_done_fn *done,
		    void *data)
{
	struct device_job *d = link_job(c, DEVICE_REMOVE, ifindex, name, done, data);

	if (!d)
		return;
	attached_forget(c->attached, ifindex);
	jobs_push(c->kernel, &d->job);
}

void devices_detach(struct controller *c, uint32_t ifindex, const char *name, device_done_fn *done,
		    void *data)
{
	struct device_job *d = link_job(c, DEVICE_DETACH, ifindex, name, done, data);

	if (!d)
		return;
	attached_forget(c->attached, ifindex);
	jobs_push(c->kernel, &d->job);
}

void devices_settle(struct controller *c, uint32_t ifindex, const char *name,
		    const struct port_settings *settings)
{
	struct device_job *d = link_job(c, DEVICE_SETTLE, ifindex, name, NULL, NULL);

	if (!d)
		return;
	if (copy_settings(&d->spec.settings, settings) < 0) {
		err_sys(&d->err, ENOMEM, "port '%s' has not its VLANs", name);
		d->action = DEVICE_NONE;
	}
	jobs_push(c->kernel, &d->job);
}
