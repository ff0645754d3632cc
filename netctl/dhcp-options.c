// SPDX-License-Identifier: GPL-2.0-or-later
/* dhcp-options.c — the verb that lists what <netd:option> can name. It asks no daemon. */
#include "base/dhcp-options.h"
#include "netctl/columns.h"
#include "netctl/verb.h"

#include <netinet/in.h>
#include <stdio.h>

static int as_json(const struct ctl *ctl, const struct dhcp_option *o, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(
		    list, json_pack("{s:s, s:i, s:s, s:s?}", "name", o[i].name, "code", o[i].code,
				    "type", dhcp_kind_name(o[i].kind), "set-by", o[i].owner));
	return say_json(ctl, json_pack("{s:o}", "options", list));
}

static int as_table(const struct ctl *ctl, const struct dhcp_option *o, size_t n)
{
	static const char *const titles[] = { "Name", "Code", "Type", "Set by", NULL };
	struct columns *c = columns_new(titles);
	int r = -1;

	for (size_t i = 0; c && i < n; i++) {
		char code[8];
		snprintf(code, sizeof(code), "%u", o[i].code);
		columns_add(c, (const char *[]){ o[i].name, code, dhcp_kind_name(o[i].kind),
						 o[i].owner ? o[i].owner : "<netd:option>" });
	}
	if (c)
		r = columns_print(c, !ctl->quiet);
	columns_free(c);
	return r < 0 ? fail(ctl, "Out of memory") : 0;
}

static int run_dhcp_options(struct ctl *ctl, const struct args *a)
{
	size_t n;
	const struct dhcp_option *o = dhcp_options(args_has(a, "ipv6") ? AF_INET6 : AF_INET, &n);

	return ctl->json ? as_json(ctl, o, n) : as_table(ctl, o, n);
}

static const struct opt options_opts[] = { { "ipv6", OPT_FLAG, "those of DHCPv6" }, { NULL } };

// clang-format off
const struct verb dhcp_options_verbs[] = {
	{ "dhcp-options", "list the DHCP options that have a name",
	  "Lists the options of DHCP that have a name, with their codes and the types of their values, "
	  "as <netd:option> in a definition knows them.", options_opts, run_dhcp_options },
	{ NULL },
};
// clang-format on
