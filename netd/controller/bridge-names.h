/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bridge-names.h — which network uses which name of a bridge, and the lowest number that a template
 * such as virbr%d still has. A part of netd/controller/registry.c; no question takes longer for
 * there being many networks. */
#ifndef NETD_BRIDGE_NAMES_H
#define NETD_BRIDGE_NAMES_H

#include "base/list.h"
#include "base/table.h"

#define BRIDGE_NUMBER_MAX   65535u
#define BRIDGE_TEMPLATE_MAX 16 /* octets with the end: a bridge's name is no longer */
#define BRIDGE_TEMPLATES    8  /* whose lowest free number is remembered */
#define BRIDGE_HOLES        64 /* numbers below it that only a link of the host has */

struct net;

/* One definition's use of a name; a member of struct net. */
struct bridge_use {
	struct list of_name;
	struct bridge_name *name; /* NULL: none */
	struct net *net;
	bool live; /* by the definition that it runs by */
};

struct bridge_names {
	struct table by_name; /* of struct bridge_name */
	struct {
		char text[BRIDGE_TEMPLATE_MAX];
		unsigned from; /* every lower number is in use, or among these: */
		unsigned hole[BRIDGE_HOLES];
		size_t n_holes;
	} template[BRIDGE_TEMPLATES];
	size_t next_template; /* to be forgotten for another one */
};

void bridge_names_init(struct bridge_names *b);
void bridge_names_done(struct bridge_names *b); /* after the last use has ended */

void bridge_use_init(struct bridge_use *u, struct net *n, bool live);
/* From now on `u` uses `name`; NULL: none. Without memory the name counts as unused. */
void bridge_names_use(struct bridge_names *b, struct bridge_use *u, const char *name);

/* A network other than `self` (which may be NULL) that uses the name, or NULL. */
struct net *bridge_names_owner(const struct bridge_names *b, const struct net *self,
			       const char *name);

/* The network that runs with a bridge of that name, or NULL. */
struct net *bridge_names_running(const struct bridge_names *b, const char *name);

/* Whether a link of that name exists on the host. */
typedef bool bridge_exists_fn(void *data, const char *name);

/* No lower number than this makes a free name of the template, which holds one %d. */
unsigned bridge_names_lowest(struct bridge_names *b, const char *template, bridge_exists_fn *exists,
			     void *data);
/* Fill the number in; false when the name gets too long for a bridge. */
bool bridge_name_fill(char buf[static BRIDGE_TEMPLATE_MAX], const char *template, unsigned number);
/* The number that makes `name` of the template; false when it isn't made of it. */
bool bridge_name_number(const char *name, const char *template, unsigned *ret);

#endif
