/* SPDX-License-Identifier: GPL-2.0-or-later */
/* schema.h — network.rng as it is in the program. */
#ifndef NETWORK_SCHEMA_H
#define NETWORK_SCHEMA_H

#include <stddef.h>

extern const char network_rng[]; /* not terminated */
extern const size_t network_rng_len;

#endif
