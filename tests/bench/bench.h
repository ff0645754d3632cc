/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bench.h — what the measuring programs share: a clock, samples on stdout for `run`, an end. */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include "base/util.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static inline double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* One line for `run`, which gathers the values of one name. */
static inline void sample(const char *name, double value)
{
	printf("%s\t%.3f\n", name, value);
}

#define die(...)                                                                                   \
	do {                                                                                       \
		fprintf(stderr, __VA_ARGS__);                                                      \
		fputc('\n', stderr);                                                               \
		exit(1);                                                                           \
	} while (0)

#define die_errno(what) die("%s: %s", what, strerror(errno))

#endif
