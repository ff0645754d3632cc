/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "network/dnsmasq.h"

#include <string.h>

/* Each followed by a blank. */
static const char needless[] =
    /* netd doesn't probe with pings, is authoritative on its networks, and answers fast */
    "no-ping dhcp-authoritative dhcp-no-override bind-dynamic bind-interfaces keep-in-foreground "
    "no-daemon no-hosts read-ethers leasefile-ro no-ident local-service localise-queries "
    "expand-hosts no-poll clear-on-reload dns-loop-detect tftp-no-fail "
    "tftp-single-port "
    /* private reverse zones never leave the host (RFC 6303) */
    "bogus-priv "
    /* its logs, caches and limits are its own */
    "log-dhcp log-queries log-debug log-async log-facility quiet-dhcp quiet-dhcp6 quiet-ra "
    "quiet-tftp cache-size dns-forward-max no-negcache dhcp-lease-max pid-file user group "
    "edns-packet-max max-tcp-connections tftp-max fast-dns-retry ";

static const char known[] =
    "add-cpe-id add-mac add-subnet addn-hosts address alias all-servers auth-peer auth-sec-servers "
    "auth-server auth-soa auth-ttl auth-zone bogus-nxdomain bootp-dynamic "
    "bridge-interface caa-record cache-rr cname conf-dir conf-file conf-script connmark-allowlist "
    "connmark-allowlist-enable conntrack dhcp-alternate-port dhcp-boot dhcp-broadcast "
    "dhcp-circuitid dhcp-client-update dhcp-duid dhcp-fqdn dhcp-generate-names dhcp-host "
    "dhcp-hostsdir dhcp-hostsfile dhcp-ignore dhcp-ignore-clid dhcp-ignore-names dhcp-leasefile "
    "dhcp-luascript dhcp-mac dhcp-match dhcp-name-match dhcp-option dhcp-option-force "
    "dhcp-optsdir dhcp-optsfile dhcp-option-pxe dhcp-proxy dhcp-pxe-vendor dhcp-range "
    "dhcp-rapid-commit dhcp-relay dhcp-remoteid dhcp-reply-delay dhcp-script dhcp-scriptuser "
    "dhcp-sequential-ip dhcp-split-relay dhcp-subscrid dhcp-ttl dhcp-userclass dhcp-vendorclass "
    "dns-rr dnssec dnssec-check-unsigned dnssec-debug dnssec-limits dnssec-no-timecheck "
    "dnssec-timestamp do-0x20-encode domain domain-needed domain-suffix dumpfile dumpmask "
    "dynamic-host enable-dbus enable-ra enable-tftp enable-ubus except-interface filter-A "
    "filter-AAAA filter-rr filterwin2k help host-record hostsdir ignore-address interface "
    "interface-name ipset listen-address local local-ttl localmx log-malloc max-cache-ttl "
    "max-port max-ttl min-cache-ttl min-port mx-host mx-target naptr-record neg-ttl nftset "
    "no-0x20-encode no-dhcp-interface no-dhcpv4-interface no-dhcpv6-interface no-resolv "
    "no-round-robin port port-limit proxy-dnssec ptr-record pxe-prompt pxe-service query-port "
    "ra-param rebind-domain-ok rebind-localhost-ok resolv-file rev-server script-arp "
    "script-on-renewal selfmx server servers-file shared-network srv-host stop-dns-rebind strict-order "
    "strip-mac strip-subnet synth-domain tag-if test tftp-lowercase tftp-mtu tftp-no-blocksize "
    "tftp-port-range tftp-root tftp-secure tftp-unique-root trust-anchor txt-record umbrella "
    "use-stale-cache version ";

static bool is_in(const char *words, const char *name, size_t len)
{
	for (const char *p = words; *p; p += strcspn(p, " ") + 1)
		if (strncmp(p, name, len) == 0 && p[len] == ' ')
			return true;
	return false;
}

bool dnsmasq_is_needless(const char *name, size_t len)
{
	return len && is_in(needless, name, len);
}

bool dnsmasq_has_option(const char *name, size_t len)
{
	return len && (is_in(needless, name, len) || is_in(known, name, len));
}
