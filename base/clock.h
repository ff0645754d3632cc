/* SPDX-License-Identifier: GPL-2.0-or-later */
/* clock.h — time. Timers and leases run on CLOCK_BOOTTIME (it counts during suspend and nobody can
 * set it); wall time is only shown and stored. Engines never ask a clock: they are given `now`. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

typedef uint64_t usec_t;
#define USEC_PER_SEC  UINT64_C(1000000)
#define USEC_PER_MSEC UINT64_C(1000)
#define USEC_INFINITY UINT64_MAX

usec_t clock_boottime(void);
usec_t clock_wall(void); /* since 1970-01-01 UTC */

#endif
