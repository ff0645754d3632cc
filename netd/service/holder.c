/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/service/holder.h"

#include <stdio.h>
#include <string.h>

#define LINES_MAX 65536

bool holder_parse(const char *line, uint16_t port, unsigned *ret_uid, unsigned long *ret_inode)
{
	char address[33];
	unsigned at;

	if (sscanf(line, " %*u: %32[0-9A-F]:%x %*s %*s %*s %*s %*s %u %*u %lu", address, &at,
		   ret_uid, ret_inode) != 4)
		return false;
	return at == port && strspn(address, "0") == strlen(address);
}

static bool find(const char *path, uint16_t port, unsigned *uid, unsigned long *inode)
{
	char line[512];
	bool found = false;
	FILE *f = fopen(path, "re");

	for (unsigned i = 0; f && !found && i < LINES_MAX && fgets(line, sizeof(line), f); i++)
		found = holder_parse(line, port, uid, inode);
	if (f)
		(void)!fclose(f);
	return found;
}

const char *holder_text(bool tcp, uint16_t port, char buf[static HOLDER_TEXT_MAX])
{
	bool four = true;
	unsigned long inode;
	unsigned uid;

	if (!find(tcp ? "/proc/self/net/tcp" : "/proc/self/net/udp", port, &uid, &inode)) {
		four = false;
		if (!find(tcp ? "/proc/self/net/tcp6" : "/proc/self/net/udp6", port, &uid, &inode))
			return "somebody";
	}
	snprintf(buf, HOLDER_TEXT_MAX, "a socket of user %u (inode %lu) on %s", uid, inode,
		 four ? "0.0.0.0" : "[::]");
	return buf;
}
