/* SPDX-License-Identifier: GPL-2.0-or-later */
/* policy.h — who may use the doors, and for what: the part of the settings that is the door's.
 * Pure.
 *
 * Two questions, as libvirt has them. At the socket: may this process come in at all (anybody whom
 * the socket's mode lets in, or whom polkit lets in). With each call, if that was asked for: may it
 * do this to that network, by rules of our own or by polkit. Permissions have libvirt's names, such
 * as "network.start"; polkit's actions are the same behind "org.libvirt.api.". Root may everything,
 * unless it speaks for somebody else (CONNECT_SET_IDENTITY). */
#ifndef NETD_POLICY_H
#define NETD_POLICY_H

#include "base/err.h"

#include <stdint.h>
#include <sys/types.h>

enum door_perm {
	PERM_CONNECT_GETATTR,
	PERM_CONNECT_READ,
	PERM_CONNECT_WRITE,
	PERM_CONNECT_SEARCH_NETWORKS,
	PERM_NETWORK_GETATTR,
	PERM_NETWORK_READ,
	PERM_NETWORK_WRITE,
	PERM_NETWORK_SAVE,
	PERM_NETWORK_DELETE,
	PERM_NETWORK_START,
	PERM_NETWORK_STOP,
	PERM_NETWORK_SEARCH_PORTS,
	PERM_PORT_GETATTR,
	PERM_PORT_READ,
	PERM_PORT_WRITE,
	PERM_PORT_CREATE,
	PERM_PORT_DELETE,
	PERM_COUNT,
};
/* "network-port.create" */
const char *door_perm_name(enum door_perm perm);

/* Who asks: by the kernel's word, or by root's. */
struct door_subject {
	pid_t pid;
	uint64_t start_time; /* of the process; 0: it has gone */
	uid_t uid;
	gid_t gid;
	gid_t *groups; /* the others */
	size_t n_groups;
};

struct door_rule {
	enum { RULE_ANYBODY, RULE_USER, RULE_GROUP } who;
	uint32_t id;       /* of the user or group */
	uint32_t perms;    /* bits 1 << enum door_perm */
	char network[128]; /* glob(7) pattern of names */
};
/* WHO PERMISSIONS [NETWORKS], for instance "group:lab network.*,network-port.* lab-*".
 * ERR_INVALID_ARG with what is wrong. Users and groups are looked up in the local files. */
int door_rule_parse(const char *text, size_t n, struct door_rule *ret, struct err *e) mustcheck;

#define DOOR_RULES_MAX 64

enum door_access { ACCESS_ALL, ACCESS_RULES, ACCESS_POLKIT };
struct door_policy {
	bool polkit_rw, polkit_ro; /* who isn't root is let in by polkit */
	enum door_access access;
	struct door_rule rules[DOOR_RULES_MAX]; /* ACCESS_RULES: whom one of them names may */
	size_t n_rules;
	unsigned clients_max, clients_per_user, anonymous_max, requests_max;
	unsigned keepalive_sec, keepalive_count; /* 0 s: no pings */
};
void door_policy_defaults(struct door_policy *p);

/* Whether a rule lets the subject do it to the network; network NULL: to any at all. */
bool door_rules_allow(const struct door_policy *p, const struct door_subject *who,
		      enum door_perm perm, const char *network);

#endif
