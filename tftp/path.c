/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tftp/path.h"

#include "base/cursor.h"

#include <errno.h>

static bool separates(uint8_t c, bool backslashes)
{
	return c == '/' || (backslashes && c == '\\');
}

/* The next component; it may be empty. */
static struct rd next_component(struct rd *r, bool backslashes)
{
	size_t n = 0;

	while (n < rd_left(r) && !separates(r->p[n], backslashes))
		n++;
	struct rd component = rd_sub(r, n);
	if (rd_left(r))
		rd_skip(r, 1);
	return component;
}

static bool is_dots(const struct rd *c, size_t n)
{
	return rd_left(c) == n && memcmp(c->p, "..", n) == 0;
}

int boot_path(const uint8_t *name, size_t n, bool backslashes, char to[static BOOT_PATH_MAX + 1])
{
	char path[BOOT_PATH_MAX + 1];
	struct rd r = rd_over(name, n);
	struct wr w = wr_over(path, sizeof(path));

	if (n == 0)
		return -ENOENT;
	if (n > BOOT_PATH_MAX)
		return -ENAMETOOLONG;
	if (memchr(name, '\0', n))
		return -EINVAL;
	while (rd_left(&r)) {
		struct rd c = next_component(&r, backslashes);
		if (is_dots(&c, 2))
			return -EACCES;
		if (!rd_left(&c) || is_dots(&c, 1))
			continue;
		if (wr_len(&w))
			wr_u8(&w, '/');
		wr_bytes(&w, c.p, rd_left(&c));
	}
	if (!wr_len(&w))
		return -EACCES;
	wr_u8(&w, '\0');
	memcpy(to, path, wr_len(&w)); /* never longer than `name` */
	return 0;
}
