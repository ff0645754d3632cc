/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A zone file's text. What is read must make a server, and be served. */
#include "dns/dns-zone-text.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ignore(void *data, const char *text)
{
	if (strlen(text) > 255)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dns_config *c = dns_config_new("lab.test");
	struct ip web = ip_from_v4(0x0a000002);
	struct err e = { 0 };

	if (!c || dns_config_add_host(c, "web", &web, true) < 0)
		abort();
	int r = dns_zone_text_add(c, "/z", (const char *)data, size, ignore, NULL, &e);
	if (r < 0 && !strstr(e.msg, "/z"))
		abort();
	struct dns_server *s = r == 0 ? dns_server_new(c, &e) : NULL;
	if (r == 0 && !s)
		abort();
	dns_server_free(s);
	dns_config_free(c);
	return 0;
}
