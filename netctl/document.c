// SPDX-License-Identifier: GPL-2.0-or-later
/* document.c — files with XML in them. */
#include "netctl/document.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

char *document_read(const struct ctl *ctl, const char *path)
{
	auto_close int opened = -1;
	auto_free char *text = NULL;
	size_t n = 0, cap = 0;
	ssize_t got;

	if (strcmp(path, "-") != 0) {
		opened = open(path, O_RDONLY | O_CLOEXEC);
		if (opened < 0) {
			fail(ctl, "Failed to open file '%s': %s", path, strerror(errno));
			return NULL;
		}
	}
	for (;;) {
		if (n + 4096 > RPC_CALL_MAX || GROW(text, cap, n + 4096) < 0) {
			fail(ctl, "Failed to read file '%s': %s", path,
			     strerror(n + 4096 > RPC_CALL_MAX ? EFBIG : ENOMEM));
			return NULL;
		}
		got = read(opened < 0 ? STDIN_FILENO : opened, text + n, cap - n - 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			fail(ctl, "Failed to read file '%s': %s", path, strerror(errno));
			return NULL;
		}
		if (got == 0)
			break;
		n += (size_t)got;
	}
	text[n] = '\0';
	if (strlen(text) != n) {
		fail(ctl, "Failed to read file '%s': it holds a zero byte, so it is not XML", path);
		return NULL;
	}
	return take_ptr(text);
}
