/* SPDX-License-Identifier: GPL-2.0-or-later */
/* keeper-spawn.h — start the other programs: found beside our own or where they are installed, with
 * a clean environment and two descriptors. */
#ifndef NETD_KEEPER_SPAWN_H
#define NETD_KEEPER_SPAWN_H

#include "base/err.h"

/* The whole path of a program of ours. */
int spawn_find(char *path, size_t cap, const char *name, struct err *e) mustcheck;

/* Execute argv[0] in a session of its own, with first and second as descriptors 3 and 4; both stay
 * the caller's. Returns the pid or -errno; a program that cannot be executed ends with status 127.
 */
pid_t spawn_program(char *const argv[], int first, int second, struct err *e) mustcheck;

#endif
