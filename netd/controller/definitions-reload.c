/* SPDX-License-Identifier: GPL-2.0-or-later */
/* definitions-reload.c — definitions from the disk, at SIGHUP: what somebody put there, or changed
 * by hand, is defined as if by a client. One file for each turn of the loop, so that nobody waits.
 */
#include "netd/controller/definitions-internal.h"

#include "base/file.h"
#include "base/log.h"
#include "netd/controller/lifecycle.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct reload {
	struct controller *c;
	struct definition_names names;
	size_t at;
	sd_event_source *source;
};

static void reload_free(struct reload *r)
{
	sd_event_source_disable_unref(r->source);
	definition_names_done(&r->names);
	free(r);
}

/* The file is as we wrote it: nothing to parse, and its doubts were told before. */
static bool is_as_written(const struct controller *c, const struct net *n)
{
	char path[PATH_MAX];
	auto_free char *text = NULL, *xml = NULL;
	struct err e = { 0 };
	size_t len;

	if (!n || !n->config || n->broken ||
	    definitions_path(path, c->paths.networks, "", n->name, &e) < 0 ||
	    file_read(path, NETWORK_XML_MAX, &text, &len, NULL) < 0)
		return false;
	xml = network_format(n->config, 0, 0);
	size_t n_xml = xml ? strlen(xml) : 0;
	return xml && len >= n_xml && memcmp(text + len - n_xml, xml, n_xml) == 0;
}

/* A file that doesn't say who the network is means the one of its name. */
static bool says_the_same(const struct net *n, struct network *def)
{
	if (!n || !n->config)
		return false;
	if (!def->has_uuid) {
		def->uuid = n->uuid;
		def->has_uuid = true;
	}
	return !n->broken && uuid_equal(&def->uuid, &n->uuid) && network_equal(def, n->config);
}

static void defined(void *data, const struct net *n, const struct err *e)
{
	if (e->code)
		log_err("a definition that was changed by hand is not taken: %s", e->msg);
	else
		log_info("network '%s' is defined as its file says now", n->name);
}

static void reload_autostart(const struct controller *c, struct net *n)
{
	char link[PATH_MAX];
	struct err e = { 0 };

	if (n && n->config && definitions_path(link, c->paths.autostart, "", n->name, &e) == 0)
		n->autostart = access(link, F_OK) == 0;
}

static void reload_file(struct controller *c, const char *name)
{
	struct net *n = registry_find_name(&c->registry, name);
	auto_free char *ignored = NULL;
	struct network *def = NULL;
	struct err e = { 0 };

	if (n && !list_is_empty(&n->ops)) /* what is under way will be the file */
		return;
	reload_autostart(c, n);
	if (is_as_written(c, n))
		return;
	if (definitions_read(c->paths.networks, "", name, &def, &e) < 0) {
		log_err("%s; %s", e.msg,
			n && n->config ? "the definition stays as it is"
				       : "nothing is defined by it");
		return;
	}
	if (says_the_same(n, def)) {
		network_free(def);
		return;
	}
	if (!n)
		(void)definitions_part_from_model(c, name, def, &ignored);
	lifecycle_define(c, def, defined, NULL);
}

static void tell_lost(struct controller *c)
{
	char path[PATH_MAX];
	struct err e = { 0 };
	struct net *n;

	registry_foreach(
	    n, &c->registry) if (n->config && !n->embryo && list_is_empty(&n->ops) &&
				 definitions_path(path, c->paths.networks, "", n->name, &e) == 0 &&
				 access(path, F_OK) < 0)
	    log_warning("network '%s' has no file %s any more; it stays defined until it "
			"is undefined, or netd is started anew",
			n->name, path);
}

static int reload_next(sd_event_source *s, void *data)
{
	struct reload *r = data;

	if (r->at < r->names.n) {
		reload_file(r->c, r->names.name[r->at++]);
		return 0;
	}
	tell_lost(r->c);
	reload_free(r);
	return 0;
}

void definitions_reload(struct controller *c)
{
	struct reload *r = calloc(1, sizeof(*r));
	struct err e = { 0 };

	if (!r) {
		log_err("out of memory: the definitions are not read again");
		return;
	}
	r->c = c;
	if (definitions_list(c->paths.networks, false, &r->names, &e) < 0 ||
	    sd_event_add_defer(c->loop, &r->source, reload_next, r) < 0 ||
	    sd_event_source_set_priority(r->source, SD_EVENT_PRIORITY_IDLE) < 0 ||
	    sd_event_source_set_enabled(r->source, SD_EVENT_ON) < 0) {
		log_err("the definitions are not read again: %s", e.code ? e.msg : "out of memory");
		reload_free(r);
	}
}
