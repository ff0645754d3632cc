/* SPDX-License-Identifier: GPL-2.0-or-later */
/* definitions-internal.h — what definitions.c (to the disk), definitions-load.c (from it at the
 * start) and definitions-reload.c (from it later) share. */
#ifndef NETD_DEFINITIONS_INTERNAL_H
#define NETD_DEFINITIONS_INTERNAL_H

#include "netd/controller/definitions.h"

#include <limits.h>

#define SUFFIX  ".xml"
#define APPLIED "/applied"

/* DIR SUB/NAME.xml. ERR_SYSTEM when that is too long for a file. */
int definitions_path(char buf[static PATH_MAX], const char *dir, const char *sub, const char *name,
		     struct err *e) mustcheck;
/* Of those in RUN; that there is none is no error. */
int definitions_remove_run_file(const struct paths *p, const char *sub, const char *name,
				struct err *e) mustcheck;

/* The parsed file, which must be of the network that its name says. */
int definitions_read(const char *dir, const char *sub, const char *name, struct network **ret,
		     struct err *e) mustcheck;

/* A file that somebody copied from another network's: what only one of the two can have is its
 * model's, and is chosen anew. True when something was; *ret_broken, if NULL, says so then, and is
 * the caller's. */
bool definitions_part_from_model(struct controller *c, const char *name, struct network *def,
				 char **ret_broken);

struct definition_names {
	char **name;
	size_t n, cap;
};

/* The NAME of every NAME.xml in a folder, in order; what else is there may be told. */
int definitions_list(const char *dir, bool tell_strangers, struct definition_names *ret,
		     struct err *e) mustcheck;
void definition_names_done(struct definition_names *all);

#endif
