/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/door/policy.h"

#include "base/text.h"

#include <fnmatch.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

static const char *const names[PERM_COUNT] = {
	[PERM_CONNECT_GETATTR] = "connect.getattr",
	[PERM_CONNECT_READ] = "connect.read",
	[PERM_CONNECT_WRITE] = "connect.write",
	[PERM_CONNECT_SEARCH_NETWORKS] = "connect.search-networks",
	[PERM_NETWORK_GETATTR] = "network.getattr",
	[PERM_NETWORK_READ] = "network.read",
	[PERM_NETWORK_WRITE] = "network.write",
	[PERM_NETWORK_SAVE] = "network.save",
	[PERM_NETWORK_DELETE] = "network.delete",
	[PERM_NETWORK_START] = "network.start",
	[PERM_NETWORK_STOP] = "network.stop",
	[PERM_NETWORK_SEARCH_PORTS] = "network.search-ports",
	[PERM_PORT_GETATTR] = "network-port.getattr",
	[PERM_PORT_READ] = "network-port.read",
	[PERM_PORT_WRITE] = "network-port.write",
	[PERM_PORT_CREATE] = "network-port.create",
	[PERM_PORT_DELETE] = "network-port.delete",
};

const char *door_perm_name(enum door_perm perm)
{
	return perm < PERM_COUNT ? names[perm] : "?";
}

/* ---- a rule's words ---- */

/* Users and groups in the local files only: name services over the net may not answer. */
static bool find_user(const char *name, uint32_t *ret)
{
	bool found = parse_u32(name, 0, UINT32_MAX - 1, ret) == 0;
	FILE *f = found ? NULL : fopen("/etc/passwd", "re");

	for (const struct passwd *p; f && !found && (p = fgetpwent(f));) {
		found = strcmp(p->pw_name, name) == 0;
		*ret = p->pw_uid;
	}
	if (f)
		fclose(f);
	return found;
}

static bool find_group(const char *name, uint32_t *ret)
{
	bool found = parse_u32(name, 0, UINT32_MAX - 1, ret) == 0;
	FILE *f = found ? NULL : fopen("/etc/group", "re");

	for (const struct group *g; f && !found && (g = fgetgrent(f));) {
		found = strcmp(g->gr_name, name) == 0;
		*ret = g->gr_gid;
	}
	if (f)
		fclose(f);
	return found;
}

static int parse_who(const char *who, struct door_rule *r, struct err *e)
{
	if (strcmp(who, "*") == 0) {
		r->who = RULE_ANYBODY;
		return 0;
	}
	if (strncmp(who, "user:", 5) == 0) {
		r->who = RULE_USER;
		return find_user(who + 5, &r->id)
			   ? 0
			   : err_set(e, ERR_INVALID_ARG, "there is no user '%.64s'", who + 5);
	}
	if (strncmp(who, "group:", 6) == 0) {
		r->who = RULE_GROUP;
		return find_group(who + 6, &r->id)
			   ? 0
			   : err_set(e, ERR_INVALID_ARG, "there is no group '%.64s'", who + 6);
	}
	return err_set(e, ERR_INVALID_ARG, "'%.64s' is not user:NAME, group:NAME or *", who);
}

static int parse_perms(char *list, struct door_rule *r, struct err *e)
{
	char *save = NULL;

	for (char *word = strtok_r(list, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
		uint32_t found = 0;
		for (unsigned i = 0; i < PERM_COUNT; i++)
			if (fnmatch(word, names[i], 0) == 0)
				found |= 1u << i;
		if (!found)
			return err_set(e, ERR_INVALID_ARG,
				       "'%.64s' is no permission; there are connect.*, network.* "
				       "and network-port.*, such as network.start",
				       word);
		r->perms |= found;
	}
	return 0;
}

int door_rule_parse(const char *text, size_t n, struct door_rule *ret, struct err *e)
{
	struct door_rule r = { .network = "*" };
	char who[128], perms[512], rest[2], line[1024];

	if (n >= sizeof(line))
		return err_set(e, ERR_INVALID_ARG, "a rule has at most %zu characters",
			       sizeof(line) - 1);
	memcpy(line, text, n);
	line[n] = '\0';
	int words = sscanf(line, "%127s %511s %127s %1s", who, perms, r.network, rest);
	if (words < 2 || words > 3)
		return err_set(e, ERR_INVALID_ARG,
			       "a rule is WHO PERMISSIONS [NETWORKS], for instance 'group:lab "
			       "network.* lab-*'");
	int err = parse_who(who, &r, e);
	if (err == 0)
		err = parse_perms(perms, &r, e);
	if (err == 0)
		*ret = r;
	return err;
}

/* ---- asking ---- */

static bool is_meant(const struct door_rule *r, const struct door_subject *who)
{
	bool member = who->gid == r->id;

	switch (r->who) {
	case RULE_ANYBODY:
		return true;
	case RULE_USER:
		return who->uid == r->id;
	case RULE_GROUP:
		for (size_t i = 0; i < who->n_groups; i++)
			member = member || who->groups[i] == r->id;
		return member;
	}
	return false;
}

bool door_rules_allow(const struct door_policy *p, const struct door_subject *who,
		      enum door_perm perm, const char *network)
{
	for (size_t i = 0; i < p->n_rules; i++) {
		const struct door_rule *r = &p->rules[i];
		if (r->perms & 1u << perm && is_meant(r, who) &&
		    (!network || fnmatch(r->network, network, 0) == 0))
			return true;
	}
	return false;
}

void door_policy_defaults(struct door_policy *p)
{
	*p = (struct door_policy){ .clients_max = 512,
				   .clients_per_user = 64,
				   .anonymous_max = 20,
				   .requests_max = 5,
				   .keepalive_sec = 5,
				   .keepalive_count = 5 };
}
