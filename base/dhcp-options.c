/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/dhcp-options.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#define PROTOCOL "the protocol itself"
#define CLIENT   "the client, not the server"

/* clang-format off */
static const struct dhcp_option options4[] = {
	{ 1, "subnet-mask", DHCP_ADDRESS, "netmask", "<ip>" },                      /* RFC 2132 */
	{ 2, "time-offset", DHCP_SIGNED32 },
	{ 3, "routers", DHCP_ADDRESSES, "router" },
	{ 4, "time-servers", DHCP_ADDRESSES },
	{ 5, "name-servers", DHCP_ADDRESSES },
	{ 6, "domain-name-servers", DHCP_ADDRESSES, "dns-server" },
	{ 7, "log-servers", DHCP_ADDRESSES, "log-server" },
	{ 8, "quotes-servers", DHCP_ADDRESSES },
	{ 9, "lpr-servers", DHCP_ADDRESSES, "lpr-server" },
	{ 10, "impress-servers", DHCP_ADDRESSES },
	{ 11, "rlp-servers", DHCP_ADDRESSES },
	{ 12, "host-name", DHCP_TEXT, "hostname", "the name of a <host> in <dhcp>, or the client" },
	{ 13, "boot-file-size", DHCP_NUMBER16 },
	{ 14, "merit-dump-file", DHCP_TEXT },
	{ 15, "domain-name", DHCP_TEXT },
	{ 16, "swap-server", DHCP_ADDRESS },
	{ 17, "root-path", DHCP_TEXT },
	{ 18, "extensions-path", DHCP_TEXT, "extension-path" },
	{ 19, "ip-forwarding", DHCP_BOOL, "ip-forward-enable" },
	{ 20, "non-local-source-routing", DHCP_BOOL, "non-local-source-routing" },
	{ 21, "policy-filter", DHCP_ADDRESSES },
	{ 22, "max-datagram-reassembly", DHCP_NUMBER16 },
	{ 23, "default-ip-ttl", DHCP_NUMBER8, "default-ttl" },
	{ 24, "path-mtu-aging-timeout", DHCP_NUMBER32 },
	{ 25, "path-mtu-plateaus", DHCP_NUMBERS16 },
	{ 26, "interface-mtu", DHCP_NUMBER16, "mtu" },
	{ 27, "all-subnets-local", DHCP_BOOL },
	{ 28, "broadcast-address", DHCP_ADDRESS, "broadcast" },
	{ 29, "perform-mask-discovery", DHCP_BOOL },
	{ 30, "mask-supplier", DHCP_BOOL },
	{ 31, "router-discovery", DHCP_BOOL },
	{ 32, "router-solicitation-address", DHCP_ADDRESS, "router-solicitation" },
	{ 33, "static-routes", DHCP_ADDRESSES, "static-route" },
	{ 34, "trailer-encapsulation", DHCP_BOOL },
	{ 35, "arp-cache-timeout", DHCP_NUMBER32, "arp-timeout" },
	{ 36, "ethernet-encapsulation", DHCP_BOOL, "ethernet-encap" },
	{ 37, "default-tcp-ttl", DHCP_NUMBER8, "tcp-ttl" },
	{ 38, "tcp-keepalive-interval", DHCP_NUMBER32, "tcp-keepalive" },
	{ 39, "tcp-keepalive-garbage", DHCP_BOOL },
	{ 40, "nis-domain", DHCP_TEXT },
	{ 41, "nis-servers", DHCP_ADDRESSES, "nis-server" },
	{ 42, "ntp-servers", DHCP_ADDRESSES, "ntp-server" },
	{ 43, "vendor-specific", DHCP_HEX },
	{ 44, "netbios-name-servers", DHCP_ADDRESSES, "netbios-ns" },
	{ 45, "netbios-dd-servers", DHCP_ADDRESSES, "netbios-dd" },
	{ 46, "netbios-node-type", DHCP_NUMBER8, "netbios-nodetype" },
	{ 47, "netbios-scope", DHCP_TEXT },
	{ 48, "x-font-servers", DHCP_ADDRESSES, "x-windows-fs" },
	{ 49, "x-display-managers", DHCP_ADDRESSES, "x-windows-dm" },
	{ 50, "requested-address", DHCP_ADDRESS, NULL, CLIENT },
	{ 51, "lease-time", DHCP_NUMBER32, NULL, "<netd:lease>" },
	{ 52, "overload", DHCP_NUMBER8, NULL, PROTOCOL },
	{ 53, "message-type", DHCP_NUMBER8, NULL, PROTOCOL },
	{ 54, "server-identifier", DHCP_ADDRESS, NULL, "<ip>" },
	{ 55, "parameter-list", DHCP_NUMBERS8, NULL, CLIENT },
	{ 56, "message", DHCP_TEXT, NULL, PROTOCOL },
	{ 57, "max-message-size", DHCP_NUMBER16, NULL, CLIENT },
	{ 58, "renewal-time", DHCP_NUMBER32, "T1", "<netd:lease>" },
	{ 59, "rebinding-time", DHCP_NUMBER32, "T2", "<netd:lease>" },
	{ 60, "vendor-class", DHCP_TEXT },
	{ 61, "client-identifier", DHCP_HEX, "client-id", CLIENT },
	{ 62, "netware-domain", DHCP_TEXT },                                        /* RFC 2242 */
	{ 63, "netware-information", DHCP_HEX },
	{ 64, "nisplus-domain", DHCP_TEXT, "nis+-domain" },
	{ 65, "nisplus-servers", DHCP_ADDRESSES, "nis+-server" },
	{ 66, "tftp-server-name", DHCP_TEXT, "tftp-server" },
	{ 67, "bootfile-name", DHCP_TEXT, NULL, "<netd:boot>" },
	{ 68, "mobile-ip-home-agents", DHCP_ADDRESSES, "mobile-ip-home" },
	{ 69, "smtp-servers", DHCP_ADDRESSES, "smtp-server" },
	{ 70, "pop3-servers", DHCP_ADDRESSES, "pop3-server" },
	{ 71, "nntp-servers", DHCP_ADDRESSES, "nntp-server" },
	{ 72, "www-servers", DHCP_ADDRESSES },
	{ 73, "finger-servers", DHCP_ADDRESSES },
	{ 74, "irc-servers", DHCP_ADDRESSES, "irc-server" },
	{ 75, "streettalk-servers", DHCP_ADDRESSES },
	{ 76, "stda-servers", DHCP_ADDRESSES },
	{ 77, "user-class", DHCP_HEX, NULL, CLIENT },                               /* RFC 3004 */
	{ 78, "slp-directory-agents", DHCP_HEX },                                   /* RFC 2610 */
	{ 79, "slp-service-scope", DHCP_HEX },
	{ 80, "rapid-commit", DHCP_EMPTY, NULL, "rapidCommit='yes' of <netd:dhcp>" }, /* RFC 4039 */
	{ 81, "client-fqdn", DHCP_HEX, NULL, "the name of a <host> in <dhcp>, or the client" }, /* RFC 4702 */
	{ 82, "relay-agent-information", DHCP_HEX, NULL, "a relay agent" },         /* RFC 3046 */
	{ 85, "nds-servers", DHCP_ADDRESSES },                                      /* RFC 2241 */
	{ 86, "nds-tree-name", DHCP_TEXT },
	{ 87, "nds-context", DHCP_TEXT },
	{ 88, "bcmcs-domains", DHCP_NAMES },                                        /* RFC 4280 */
	{ 89, "bcmcs-servers", DHCP_ADDRESSES },
	{ 90, "authentication", DHCP_HEX, NULL, PROTOCOL },                         /* RFC 3118 */
	{ 93, "client-architecture", DHCP_NUMBERS16, "client-arch", CLIENT },       /* RFC 4578 */
	{ 94, "client-interface", DHCP_HEX, "client-interface-id", CLIENT },
	{ 95, "ldap", DHCP_TEXT },
	{ 97, "client-machine-id", DHCP_HEX, NULL, CLIENT },
	{ 98, "uap-servers", DHCP_TEXT },                                           /* RFC 2485 */
	{ 99, "civic-location", DHCP_HEX },                                         /* RFC 4776 */
	{ 100, "posix-timezone", DHCP_TEXT },                                       /* RFC 4833 */
	{ 101, "tz-database-timezone", DHCP_TEXT },
	{ 108, "ipv6-only-preferred", DHCP_NUMBER32, "ipv6-only" },                 /* RFC 8925 */
	{ 114, "captive-portal", DHCP_TEXT },                                       /* RFC 8910 */
	{ 116, "auto-configure", DHCP_NUMBER8 },                                    /* RFC 2563 */
	{ 117, "name-service-search", DHCP_NUMBERS16 },                             /* RFC 2937 */
	{ 118, "subnet-selection", DHCP_ADDRESS, NULL, CLIENT },                    /* RFC 3011 */
	{ 119, "domain-search", DHCP_NAMES },                                       /* RFC 3397 */
	{ 120, "sip-servers", DHCP_HEX, "sip-server" },                             /* RFC 3361 */
	{ 121, "classless-static-routes", DHCP_ROUTES, "classless-static-route" },  /* RFC 3442 */
	{ 122, "cablelabs-client-configuration", DHCP_HEX },                        /* RFC 3495 */
	{ 123, "geographic-location", DHCP_HEX },                                   /* RFC 6225 */
	{ 124, "vendor-identifying-class", DHCP_HEX, "vendor-id-encap", CLIENT },   /* RFC 3925 */
	{ 125, "vendor-identifying-information", DHCP_HEX },
	{ 136, "pana-agents", DHCP_ADDRESSES },                                     /* RFC 5192 */
	{ 137, "lost-server", DHCP_NAMES },                                         /* RFC 5223 */
	{ 138, "capwap-controllers", DHCP_ADDRESSES },                              /* RFC 5417 */
	{ 141, "sip-ua-domains", DHCP_NAMES },                                      /* RFC 6011 */
	{ 142, "andsf-servers", DHCP_ADDRESSES },                                   /* RFC 6153 */
	{ 143, "sztp-redirect", DHCP_HEX },                                         /* RFC 8572 */
	{ 150, "tftp-server-addresses", DHCP_ADDRESSES, "server-ip-address" },      /* RFC 5859 */
	{ 158, "pcp-servers", DHCP_HEX },                                           /* RFC 7291 */
	{ 159, "port-params", DHCP_HEX },                                           /* RFC 7618 */
	{ 161, "mud-url", DHCP_TEXT },                                              /* RFC 8520 */
	{ 162, "encrypted-dns", DHCP_HEX },                                         /* RFC 9463 */
	{ 175, "ipxe", DHCP_HEX },
	{ 208, "pxelinux-magic", DHCP_HEX },                                        /* RFC 5071 */
	{ 209, "pxelinux-configuration", DHCP_TEXT },
	{ 210, "pxelinux-path-prefix", DHCP_TEXT },
	{ 211, "pxelinux-reboot-time", DHCP_NUMBER32 },
	{ 212, "6rd", DHCP_HEX },                                                   /* RFC 5969 */
	{ 213, "access-domains", DHCP_NAMES },                                      /* RFC 5986 */
	{ 220, "subnet-allocation", DHCP_HEX, NULL, PROTOCOL },                     /* RFC 6656 */
	{ 221, "virtual-subnet-selection", DHCP_HEX, NULL, PROTOCOL },              /* RFC 6607 */
	{ 249, "ms-classless-static-routes", DHCP_ROUTES },
	{ 252, "wpad-url", DHCP_TEXT },
};
static const struct dhcp_option options6[] = {
	{ 1, "client-identifier", DHCP_HEX, NULL, PROTOCOL },                       /* RFC 8415 */
	{ 2, "server-identifier", DHCP_HEX, NULL, PROTOCOL },
	{ 3, "ia-na", DHCP_HEX, NULL, PROTOCOL },
	{ 4, "ia-ta", DHCP_HEX, NULL, PROTOCOL },
	{ 5, "ia-address", DHCP_HEX, NULL, PROTOCOL },
	{ 6, "option-request", DHCP_NUMBERS16, NULL, CLIENT },
	{ 7, "preference", DHCP_NUMBER8, NULL, PROTOCOL },
	{ 8, "elapsed-time", DHCP_NUMBER16, NULL, CLIENT },
	{ 9, "relay-message", DHCP_HEX, NULL, PROTOCOL },
	{ 11, "authentication", DHCP_HEX, NULL, PROTOCOL },
	{ 12, "server-unicast", DHCP_ADDRESS, NULL, PROTOCOL },
	{ 13, "status-code", DHCP_HEX, NULL, PROTOCOL },
	{ 14, "rapid-commit", DHCP_EMPTY, NULL, PROTOCOL },
	{ 15, "user-class", DHCP_HEX, NULL, CLIENT },
	{ 16, "vendor-class", DHCP_HEX },
	{ 17, "vendor-options", DHCP_HEX },
	{ 18, "interface-identifier", DHCP_HEX, NULL, "a relay agent" },
	{ 19, "reconfigure-message", DHCP_NUMBER8, NULL, PROTOCOL },
	{ 20, "reconfigure-accept", DHCP_EMPTY, NULL, PROTOCOL },
	{ 21, "sip-server-names", DHCP_NAMES, "sip-server-domain" },                /* RFC 3319 */
	{ 22, "sip-server-addresses", DHCP_ADDRESSES, "sip-server" },
	{ 23, "dns-servers", DHCP_ADDRESSES, "dns-server" },                        /* RFC 3646 */
	{ 24, "domain-search", DHCP_NAMES },
	{ 25, "ia-pd", DHCP_HEX, NULL, PROTOCOL },
	{ 26, "ia-prefix", DHCP_HEX, NULL, PROTOCOL },
	{ 27, "nis-servers", DHCP_ADDRESSES, "nis-server" },                        /* RFC 3898 */
	{ 28, "nisplus-servers", DHCP_ADDRESSES, "nis+-server" },
	{ 29, "nis-domain", DHCP_NAMES },
	{ 30, "nisplus-domain", DHCP_NAMES, "nis+-domain" },
	{ 31, "sntp-servers", DHCP_ADDRESSES, "sntp-server" },                      /* RFC 4075 */
	{ 32, "information-refresh-time", DHCP_NUMBER32 },
	{ 33, "bcmcs-domains", DHCP_NAMES },                                        /* RFC 4280 */
	{ 34, "bcmcs-servers", DHCP_ADDRESSES },
	{ 36, "civic-location", DHCP_HEX },                                         /* RFC 4776 */
	{ 37, "remote-id", DHCP_HEX, NULL, "a relay agent" },
	{ 38, "subscriber-id", DHCP_HEX, NULL, "a relay agent" },
	{ 39, "client-fqdn", DHCP_HEX, NULL, "the name of a <host> in <dhcp>, or the client" },
	{ 41, "posix-timezone", DHCP_TEXT },                                        /* RFC 4833 */
	{ 42, "tz-database-timezone", DHCP_TEXT },
	{ 51, "lost-server", DHCP_NAMES },                                          /* RFC 5223 */
	{ 52, "capwap-controllers", DHCP_ADDRESSES },                               /* RFC 5417 */
	{ 56, "ntp-servers", DHCP_NTP, "ntp-server" },                              /* RFC 5908 */
	{ 57, "access-domains", DHCP_NAMES },                                       /* RFC 5986 */
	{ 58, "sip-ua-domains", DHCP_NAMES },                                       /* RFC 6011 */
	{ 59, "bootfile-url", DHCP_TEXT, NULL, "<netd:boot>" },                     /* RFC 5970 */
	{ 60, "bootfile-parameters", DHCP_HEX, "bootfile-param", "<netd:boot>" },
	{ 61, "client-architecture", DHCP_NUMBERS16, NULL, CLIENT },
	{ 62, "client-interface", DHCP_HEX, NULL, CLIENT },
	{ 64, "aftr-name", DHCP_NAMES },                                            /* RFC 6334 */
	{ 65, "erp-local-domain", DHCP_NAMES },                                     /* RFC 6440 */
	{ 74, "rdnss-selection", DHCP_HEX },                                        /* RFC 6731 */
	{ 82, "sol-max-rt", DHCP_NUMBER32 },                                        /* RFC 8415 */
	{ 83, "inf-max-rt", DHCP_NUMBER32 },
	{ 86, "pcp-servers", DHCP_ADDRESSES },                                      /* RFC 7291 */
	{ 103, "captive-portal", DHCP_TEXT },                                       /* RFC 8910 */
	{ 112, "mud-url", DHCP_TEXT },                                              /* RFC 8520 */
	{ 144, "encrypted-dns", DHCP_HEX },                                         /* RFC 9463 */
};
/* clang-format on */

static const char *const kind_names[DHCP_KIND_N] = {
	[DHCP_HEX] = "hex",           [DHCP_TEXT] = "text",
	[DHCP_EMPTY] = "empty",       [DHCP_BOOL] = "bool",
	[DHCP_NUMBER8] = "number8",   [DHCP_NUMBER16] = "number16",
	[DHCP_NUMBER32] = "number32", [DHCP_SIGNED32] = "signed32",
	[DHCP_NUMBERS8] = "numbers8", [DHCP_NUMBERS16] = "numbers16",
	[DHCP_ADDRESS] = "address",   [DHCP_ADDRESSES] = "addresses",
	[DHCP_NAMES] = "names",       [DHCP_ROUTES] = "routes",
	[DHCP_NTP] = "ntp",
};

const char *dhcp_kind_name(enum dhcp_kind k)
{
	return kind_names[k];
}

int dhcp_kind_parse(const char *name, enum dhcp_kind *ret)
{
	for (unsigned i = 0; i < DHCP_KIND_N; i++)
		if (strcmp(kind_names[i], name) == 0) {
			*ret = (enum dhcp_kind)i;
			return 0;
		}
	return -EINVAL;
}

const struct dhcp_option *dhcp_options(int family, size_t *ret_n)
{
	*ret_n = family == AF_INET6 ? ARRAY_LEN(options6) : ARRAY_LEN(options4);
	return family == AF_INET6 ? options6 : options4;
}

const struct dhcp_option *dhcp_option_by_code(int family, unsigned code)
{
	size_t n;
	const struct dhcp_option *o = dhcp_options(family, &n);

	for (size_t i = 0; i < n; i++)
		if (o[i].code == code)
			return &o[i];
	return NULL;
}

const struct dhcp_option *dhcp_option_by_name(int family, const char *name, bool dnsmasq)
{
	size_t n;
	const struct dhcp_option *o = dhcp_options(family, &n);

	for (size_t i = 0; i < n; i++)
		if (strcmp(o[i].name, name) == 0 ||
		    (dnsmasq && o[i].dnsmasq && strcmp(o[i].dnsmasq, name) == 0))
			return &o[i];
	return NULL;
}
