/* SPDX-License-Identifier: GPL-2.0-or-later */
/* validate.c — the network's own names, its link and its DNS. */
#include "network/validate.h"

#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Sorting pointers needs the comparison of elements; qsort_r() passes it through. */
typedef int compare_fn(const void *, const void *);
struct order {
	compare_fn *compare;
};

static int compare_pointers(const void *a, const void *b, void *order)
{
	const void *x = *(const void *const *)a, *y = *(const void *const *)b;
	int c = ((const struct order *)order)->compare(x, y);

	return c ? c : (x > y) - (x < y); /* equals stay in the order of the document */
}

int find_pair(struct report *r, const void *array, size_t n, size_t size, compare_fn *compare,
	      bool (*collide)(const void *, const void *), struct pair *ret)
{
	struct order order = { compare };
	auto_free const void **sorted = calloc(n ? n : 1, sizeof(*sorted));

	*ret = (struct pair){ NULL, NULL };
	if (!sorted)
		return report_no_memory(r);
	for (size_t i = 0; i < n; i++)
		sorted[i] = (const char *)array + i * size;
	qsort_r(sorted, n, sizeof(*sorted), compare_pointers, &order);
	for (size_t i = 1; i < n; i++) {
		const void *a = sorted[i - 1], *b = sorted[i];
		if (!collide(a, b))
			continue;
		*ret = a < b ? (struct pair){ a, b } : (struct pair){ b, a };
		break;
	}
	return 0;
}

static bool has_control(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return true;
	return false;
}

/* The name is a file name (NAME.xml, and NAME.xml.new while it is written) and an argument of
 * hooks. */
static int validate_name_text(struct report *r, const struct network *n)
{
	if (strchr(n->name, '/'))
		return report_refuse(r, ERR_XML_DETAIL, n->line,
				     "<name> '%.200s' cannot contain '/'; choose another name",
				     n->name);
	if (has_control(n->name))
		return report_refuse(
		    r, ERR_XML_DETAIL, n->line,
		    "<name> '%.200s' holds a line break or other control character; "
		    "choose another name",
		    n->name);
	if (n->name[0] == '-')
		return report_unwise(
		    r, ERR_XML_DETAIL, n->line,
		    "<name> '%.200s' looks like an option of a command; begin it with a "
		    "letter",
		    n->name);
	return 0;
}

static int validate_name(struct report *r, const struct network *n)
{
	static const char longest_suffix[] = ".xml.new";
	int err;

	if (!n->name)
		return report_refuse(
		    r, ERR_NO_NAME, n->line,
		    "<network> has no <name>, or an empty one; add <name>…</name>");
	err = report_from(r, ERR_FROM_XML, validate_name_text(r, n));
	if (err < 0 || strlen(n->name) + strlen(longest_suffix) <= NAME_MAX)
		return err;
	return report_from(
	    r, ERR_FROM_NONE,
	    report_refuse(r, ERR_SYSTEM, n->line,
			  "<name> is too long for a file name; use at most %zu octets",
			  NAME_MAX - strlen(longest_suffix)));
}

/* The link. */

const char *device_name_flaw(const char *name, bool is_template)
{
	const char *percent = strchr(name, '%');

	if (strlen(name) >= IFNAMSIZ)
		return "has more than 15 characters";
	if (strpbrk(name, "/: \t\n\v\f\r") || has_control(name))
		return "holds a blank, '/' or ':'";
	if (!strcmp(name, ".") || !strcmp(name, "..") || name[0] == '-')
		return "is not a name for a device";
	if (percent && (!is_template || percent[1] != 'd' || strchr(percent + 1, '%')))
		return "holds a '%' that is not the only '%d'";
	return NULL;
}

static int validate_bridge(struct report *r, const struct network *n)
{
	const char *flaw = n->bridge ? device_name_flaw(n->bridge, network_makes_bridge(n)) : NULL;

	if (n->zone)
		report_doubt(r, n->bridge_line,
			     "<bridge zone='%.200s'> works only while firewalld runs", n->zone);
	if (!flaw)
		return 0;
	return report_unwise(
	    r, ERR_CONFIG_UNSUPPORTED, n->bridge_line,
	    "<bridge name='%.200s'> %s, which Linux does not allow; choose a name such "
	    "as virbr1, or leave it out",
	    n->bridge, flaw);
}

#define MTU_MIN 68U /* RFC 791; the kernel's minimum as well */
#define MTU_MAX 65535U

static int validate_mtu(struct report *r, const struct network *n)
{
	if (!n->mtu || (n->mtu >= MTU_MIN && n->mtu <= MTU_MAX))
		return 0;
	return report_unwise(r, ERR_CONFIG_UNSUPPORTED, n->mtu_line,
			     "<mtu size='%u'> is outside %u to %u octets", n->mtu, MTU_MIN,
			     MTU_MAX);
}

static int validate_mac(struct report *r, const struct network *n)
{
	if (!n->has_mac || !mac_is_zero(&n->mac))
		return 0;
	return report_unwise(
	    r, ERR_CONFIG_UNSUPPORTED, n->mac_line,
	    "<mac address='00:00:00:00:00:00'> cannot be given to a bridge; remove "
	    "<mac> to get a random one");
}

/* Names. */

bool is_dns_name(const char *name)
{
	size_t total = strlen(name), label;

	if (total == 0 || total > 253)
		return false;
	for (const char *p = name; *p; p += label + (p[label] == '.')) {
		label = strcspn(p, ".");
		if (label == 0 || label > 63)
			return false;
		for (size_t i = 0; i < label; i++)
			if (!((unsigned char)p[i] >= 0x80 || (p[i] >= '0' && p[i] <= '9') ||
			      (p[i] >= 'a' && p[i] <= 'z') || (p[i] >= 'A' && p[i] <= 'Z') ||
			      p[i] == '-' || p[i] == '_'))
				return false;
	}
	return true;
}

static int validate_domain(struct report *r, const struct network *n)
{
	if (!n->domain)
		return 0;
	if (n->domain_register == TRI_YES && n->domain_local_only != TRI_YES)
		return report_unwise(r, ERR_CONFIG_UNSUPPORTED, n->domain_line,
				     "<domain register='yes'> needs localOnly='yes'; add it");
	if (!is_dns_name(n->domain) || n->domain[0] == '-')
		return report_unwise(
		    r, ERR_CONFIG_UNSUPPORTED, n->domain_line,
		    "<domain name='%.200s'> is not a name of DNS; write labels of letters, "
		    "digits and '-' with dots between them",
		    n->domain);
	return 0;
}

static int compare_txts(const void *a, const void *b)
{
	return strcasecmp(((const struct dns_txt *)a)->name, ((const struct dns_txt *)b)->name);
}

static bool same_txt(const void *a, const void *b)
{
	return compare_txts(a, b) == 0;
}

static int compare_dns_hosts(const void *a, const void *b)
{
	return ip_compare(&((const struct dns_host *)a)->ip, &((const struct dns_host *)b)->ip);
}

static bool same_dns_host(const void *a, const void *b)
{
	return compare_dns_hosts(a, b) == 0;
}

static int doubt_dns_twins(struct report *r, const struct network_dns *dns)
{
	struct pair p;
	char buf[IP_TEXT_MAX];
	int err =
	    find_pair(r, dns->txts, dns->n_txts, sizeof(*dns->txts), compare_txts, same_txt, &p);

	if (err < 0)
		return err;
	const struct dns_txt *txt = p.second;
	if (txt)
		report_doubt(r, txt->line,
			     "<txt name='%.200s'> is there twice (line %u too); both are "
			     "served",
			     txt->name, ((const struct dns_txt *)p.first)->line);
	err = find_pair(r, dns->hosts, dns->n_hosts, sizeof(*dns->hosts), compare_dns_hosts,
			same_dns_host, &p);
	if (err < 0)
		return err;
	const struct dns_host *host = p.second;
	if (host)
		report_doubt(r, host->line,
			     "<host ip='%s'> is there twice (line %u too); both are served",
			     ip_format(&host->ip, buf), ((const struct dns_host *)p.first)->line);
	return 0;
}

static int validate_dns(struct report *r, const struct network_dns *dns)
{
	if (dns->enable == TRI_NO &&
	    (dns->n_forwarders || dns->n_txts || dns->n_hosts || dns->n_srvs))
		return report_refuse(
		    r, ERR_XML, dns->line,
		    "<dns enable='no'> has children, which would have no effect; remove "
		    "them or write enable='yes'");
	for (size_t i = 0; i < dns->n_hosts; i++)
		for (size_t k = 0; k < dns->hosts[i].n_names; k++)
			if (!is_dns_name(dns->hosts[i].names[k]))
				report_doubt(r, dns->hosts[i].line,
					     "<hostname> '%.200s' is not a name of DNS",
					     dns->hosts[i].names[k]);
	return doubt_dns_twins(r, dns);
}

int validate_network(struct report *r, const struct network *n)
{
	int err = validate_name(r, n);

	if (err == 0)
		err = validate_forward(r, n);
	if (err == 0)
		err = validate_bridge(r, n);
	if (err == 0)
		err = validate_mtu(r, n);
	if (err == 0)
		err = validate_mac(r, n);
	if (err == 0)
		err = validate_domain(r, n);
	if (err == 0)
		err = validate_dns(r, &n->dns);
	if (err == 0)
		err = validate_ips(r, n);
	if (err == 0)
		err = validate_routes(r, n);
	if (err == 0)
		err = validate_ports(r, n);
	if (err == 0)
		err = validate_options(r, n);
	if (err == 0)
		err = validate_netd_dhcp(r, n);
	return err;
}
