/* SPDX-License-Identifier: GPL-2.0-or-later */
/* firewall-apply [--open-isolated] FILE…: the rules of these definitions into this network
 * namespace, for tests that send packets. */
#include "base/file.h"
#include "firewall/nft.h"
#include "network/xml.h"

#include <stdio.h>
#include <string.h>

static int want_file(const char *path, const struct fw_options *o, struct fw_rows *want,
		     struct err *e)
{
	struct network *n = NULL;
	auto_free char *xml = NULL;
	size_t len;
	int rc = file_read(path, NETWORK_XML_MAX, &xml, &len, e);

	if (rc == 0)
		rc = network_parse(xml, len, NETWORK_PARSE_STORED, &n, NULL, e);
	if (rc == 0)
		rc = fw_want_network(n, o, want, e);
	network_free(n);
	return rc;
}

int main(int argc, char **argv)
{
	bool open = argc > 1 && strcmp(argv[1], "--open-isolated") == 0;
	const struct fw_options o = { .open_isolated = open };
	struct fw_rows want = { 0 };
	struct fw_kernel *k = NULL;
	struct err e = { 0 };
	int rc = fw_want_base(&o, &want);

	for (int i = 1 + open; i < argc && rc == 0; i++)
		rc = want_file(argv[i], &o, &want, &e);
	if (rc == 0)
		rc = fw_kernel_open(-1, &k, &e);
	if (rc == 0)
		rc = fw_sync(k, &want, NULL, NULL, &e);
	if (rc < 0)
		fprintf(stderr, "firewall-apply: %s\n", e.msg);
	fw_kernel_free(k);
	fw_rows_done(&want);
	return rc < 0;
}
