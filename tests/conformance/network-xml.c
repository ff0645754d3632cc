/* SPDX-License-Identifier: GPL-2.0-or-later */
/* network-xml — parse a network definition and print it again, or say why not. For the comparison
 * with libvirt (network-xml.sh) and for trying things out.
 *
 *   network-xml [--validate] [--stored] [--live N] FILE
 *
 * Exit status 0: accepted; 1: refused, "error CLASS: message" on stderr; 2: usage. */
#include "base/file.h"
#include "network/xml.h"

#include <stdio.h>
#include <string.h>

static int show(const char *path, unsigned parse_flags, unsigned format_flags, unsigned connections)
{
	struct network_warnings warnings = { 0 };
	struct err e = { 0 };
	auto_free char *xml = NULL, *text = NULL;
	struct network *n = NULL;
	size_t len;
	int err = file_read(path, NETWORK_XML_MAX + 1, &xml, &len, &e);

	if (err == 0)
		err = network_parse(xml, len, parse_flags, &n, &warnings, &e);
	for (size_t i = 0; i < warnings.n; i++)
		fprintf(stderr, "warning: %s\n", warnings.line[i]);
	network_warnings_done(&warnings);
	if (err < 0) {
		fprintf(stderr, "error %u: %s\n", e.class, e.msg);
		return 1;
	}
	text = network_format(n, format_flags, connections);
	network_free(n);
	fputs(text ? text : "out of memory\n", stdout);
	return text ? 0 : 1;
}

int main(int argc, char **argv)
{
	unsigned parse_flags = 0, format_flags = 0;
	uint32_t connections = 0;
	int i;

	for (i = 1; i < argc - 1; i++) {
		if (!strcmp(argv[i], "--validate"))
			parse_flags |= NETWORK_PARSE_VALIDATE;
		else if (!strcmp(argv[i], "--stored"))
			parse_flags |= NETWORK_PARSE_STORED;
		else if (!strcmp(argv[i], "--live") &&
			 !parse_u32(argv[++i], 0, 65536, &connections))
			format_flags |= NETWORK_FORMAT_LIVE;
		else
			break;
	}
	if (i != argc - 1) {
		fprintf(stderr, "usage: %s [--validate] [--stored] [--live N] FILE\n", argv[0]);
		return 2;
	}
	return show(argv[i], parse_flags, format_flags, connections);
}
