/* SPDX-License-Identifier: GPL-2.0-or-later */
/* upstreams.h — the host's own resolvers, followed as they change.
 *
 * /etc/resolv.conf is read again when it, or what a symbolic link behind it names, is replaced. A
 * file that is missing or empty keeps the servers known last, as does one whose folder isn't there
 * yet, and is read as soon as it comes. Not below --root: it is the host's file. */
#ifndef NETD_UPSTREAMS_H
#define NETD_UPSTREAMS_H

#include "base/addr.h"
#include "base/err.h"

#define UPSTREAMS_MAX 16

struct upstreams;

/* `path` is normally "/etc/resolv.conf". NULL with a reason. */
struct upstreams *upstreams_new(const char *path, struct err *e) mustcheck;
void upstreams_free(struct upstreams *u);

/* The servers in the file's order; valid until the next upstreams_read(). */
const struct ip *upstreams_list(const struct upstreams *u, size_t *ret_n);

/* Why the list isn't what the file says: it is missing, unreadable or names no server. NULL: it is.
 */
const char *upstreams_problem(const struct upstreams *u);

/* Readable when upstreams_read() should be called, which tells whether the list has changed. */
int upstreams_fd(const struct upstreams *u);
bool upstreams_read(struct upstreams *u);

/* Pure: the nameserver lines of a resolv.conf text, at most `cap`. Addresses with a scope are left
 * out. */
size_t upstreams_parse(const char *text, struct ip *ret, size_t cap);

#endif
