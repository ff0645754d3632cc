/* SPDX-License-Identifier: GPL-2.0-or-later */
/* network-update — change a network definition as net-update does, and print it, or say why not.
 * For the comparison with libvirt (network-update.sh) and for trying things out.
 *
 *   network-update FILE COMMAND SECTION INDEX ELEMENT      (the words of virsh; INDEX -1: any)
 *
 * Exit status 0: changed; 1: refused, with the class and the message on stdout; 2: usage. */
#include "base/file.h"
#include "network/update.h"

#include <stdio.h>
#include <string.h>

static const char *const commands[] = { NULL, "modify", "delete", "add-last", "add-first" };
static const char *const sections[] = {
	NULL,           "bridge",        "domain",   "ip",
	"ip-dhcp-host", "ip-dhcp-range", "forward",  "forward-interface",
	"forward-pf",   "portgroup",     "dns-host", "dns-txt",
	"dns-srv",
};

static unsigned index_of(const char *word, const char *const *words, unsigned n)
{
	for (unsigned i = 1; i < n; i++)
		if (!strcmp(word, words[i]))
			return i;
	return 0;
}

static int print(const struct network *n)
{
	auto_free char *text = network_format(n, 0, 0);

	fputs(text ? text : "out of memory\n", stdout);
	return text ? 0 : 1;
}

static int change(const char *path, unsigned command, unsigned section, int index, const char *xml)
{
	struct network *old = NULL, *n = NULL;
	auto_free char *document = NULL;
	struct err e = { 0 };
	size_t len;
	int status, err = file_read(path, NETWORK_XML_MAX + 1, &document, &len, &e);

	if (err == 0)
		err = network_parse(document, len, 0, &old, NULL, &e);
	if (err == 0)
		err = network_update(old, command, section, index, xml, strlen(xml), &n, NULL, &e);
	if (err < 0)
		printf("error %u: %s\n", e.class, e.msg);
	status = err < 0 ? 1 : print(n);
	network_free(old);
	network_free(n);
	return status;
}

int main(int argc, char **argv)
{
	unsigned command = argc == 6 ? index_of(argv[2], commands, ARRAY_LEN(commands)) : 0;
	unsigned section = argc == 6 ? index_of(argv[3], sections, ARRAY_LEN(sections)) : 0;
	uint32_t index = 0;

	if (!command || !section ||
	    (strcmp(argv[4], "-1") != 0 && parse_u32(argv[4], 0, INT32_MAX, &index) < 0)) {
		fprintf(stderr, "usage: %s FILE COMMAND SECTION INDEX ELEMENT\n", argv[0]);
		return 2;
	}
	return change(argv[1], command, section, argv[4][0] == '-' ? -1 : (int)index, argv[5]);
}
