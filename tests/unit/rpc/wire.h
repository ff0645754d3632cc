/* SPDX-License-Identifier: GPL-2.0-or-later */
/* wire.h — bytes as hex, for vectors. */
#ifndef TEST_WIRE_H
#define TEST_WIRE_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Hex to bytes, blanks ignored; returns the length, 0 when it doesn't fit. */
static inline size_t unhex(const char *hex, uint8_t *buf, size_t cap)
{
	size_t n = 0;
	unsigned v;

	while (*hex) {
		if (*hex == ' ') {
			hex++;
			continue;
		}
		if (n == cap || sscanf(hex, "%2x", &v) != 1)
			return 0;
		buf[n++] = (uint8_t)v;
		hex += 2;
	}
	return n;
}

/* Bytes to hex; buf has 2 * n + 1 octets. */
static inline const char *tohex(const uint8_t *b, size_t n, char *buf)
{
	for (size_t i = 0; i < n; i++)
		snprintf(buf + 2 * i, 3, "%02x", b[i]);
	buf[2 * n] = '\0';
	return buf;
}

#endif
