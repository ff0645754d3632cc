/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "network/copy.h"

#include "network/format-internal.h"

#include <string.h>

/* copy_host() and same_host() know every member; who adds one makes them know it too. */
_Static_assert(sizeof(void *) != 8 || sizeof(struct dhcp_host) == 88,
	       "a member of struct dhcp_host is not copied");

static bool copy_string(char **to, const char *from)
{
	*to = from ? strdup(from) : NULL;
	return *to || !from;
}

static bool copy_host(struct dhcp_host *to, const struct dhcp_host *from)
{
	*to = *from;
	to->mac_text = to->id = to->name = NULL;
	return copy_string(&to->mac_text, from->mac_text) && copy_string(&to->id, from->id) &&
	       copy_string(&to->name, from->name);
}

/* append_zeroed() relies on the capacity being a power of two. */
static size_t capacity(size_t n)
{
	size_t cap = 1;

	while (cap < n)
		cap *= 2;
	return cap;
}

bool copy_hosts(struct network *to, const struct network *from)
{
	for (size_t i = 0; i < from->n_ips; i++) {
		const struct network_ip *source = &from->ips[i];
		struct network_ip *ip = &to->ips[i];
		if (!source->n_hosts)
			continue;
		ip->hosts = calloc(capacity(source->n_hosts), sizeof(*ip->hosts));
		if (!ip->hosts)
			return false;
		for (size_t k = 0; k < source->n_hosts; k++) {
			ip->n_hosts++;
			if (!copy_host(&ip->hosts[k], &source->hosts[k]))
				return false;
		}
	}
	return true;
}

void move_hosts(struct network *to, struct network *from)
{
	for (size_t i = 0; i < from->n_ips; i++) {
		to->ips[i].hosts = take_ptr(from->ips[i].hosts);
		to->ips[i].n_hosts = from->ips[i].n_hosts;
		from->ips[i].n_hosts = 0;
	}
}

/* All but the hosts. */
static int read_rest(struct report *r, const struct network *n, struct network **ret)
{
	auto_free char *xml = network_format(n, NETWORK_FORMAT_NO_HOSTS, 0);

	return xml ? network_read(r, xml, strlen(xml), ret) : report_no_memory(r);
}

struct network *network_copy(const struct network *n)
{
	struct err e = { 0 };
	struct report r = { .flags = NETWORK_PARSE_STORED, .e = &e };
	struct network *copy = NULL;

	if (read_rest(&r, n, &copy) < 0)
		return NULL;
	if (copy_hosts(copy, n))
		return copy;
	network_free(copy);
	return NULL;
}

/* ---- equality ---- */

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_lease(const struct lease_time *a, const struct lease_time *b)
{
	return a->given == b->given &&
	       (!a->given || (a->expiry == b->expiry && (!a->expiry || a->unit == b->unit)));
}

bool dhcp_host_equal(const struct dhcp_host *a, const struct dhcp_host *b)
{
	return a->has_mac == b->has_mac && (!a->has_mac || mac_equal(&a->mac, &b->mac)) &&
	       same_text(a->mac_text, b->mac_text) && same_text(a->id, b->id) &&
	       same_text(a->name, b->name) && ip_equal(&a->ip, &b->ip) &&
	       same_lease(&a->lease, &b->lease);
}

static bool same_hosts(const struct network_ip *a, const struct network_ip *b)
{
	if (a->n_hosts != b->n_hosts)
		return false;
	for (size_t i = 0; i < a->n_hosts; i++)
		if (!dhcp_host_equal(&a->hosts[i], &b->hosts[i]))
			return false;
	return true;
}

bool network_equal_but_hosts(const struct network *a, const struct network *b)
{
	auto_free char *x = network_format(a, NETWORK_FORMAT_NO_HOSTS, 0),
		       *y = network_format(b, NETWORK_FORMAT_NO_HOSTS, 0);

	return x && y && strcmp(x, y) == 0;
}

struct hosts_change network_hosts_change(const struct network_ip *before,
					 const struct network_ip *now)
{
	struct hosts_change c = { 0, before->n_hosts, now->n_hosts };

	while (c.n_before && c.n_now &&
	       dhcp_host_equal(&before->hosts[c.first], &now->hosts[c.first])) {
		c.first++;
		c.n_before--;
		c.n_now--;
	}
	while (c.n_before && c.n_now &&
	       dhcp_host_equal(&before->hosts[c.first + c.n_before - 1],
			       &now->hosts[c.first + c.n_now - 1])) {
		c.n_before--;
		c.n_now--;
	}
	return c;
}

bool network_equal(const struct network *a, const struct network *b)
{
	if (a == b)
		return true;
	if (!network_equal_but_hosts(a, b))
		return false;
	for (size_t i = 0; i < a->n_ips; i++)
		if (!same_hosts(&a->ips[i], &b->ips[i]))
			return false;
	return true;
}

/* ---- judging anew ---- */

int settle_moving(struct network *n, unsigned flags, struct network **ret,
		  struct network_warnings *warnings, struct err *e)
{
	struct report r = { .flags = flags, .warnings = warnings, .e = e };
	struct network *out = NULL;
	int err = read_rest(&r, n, &out);

	if (err < 0)
		return err;
	move_hosts(out, n);
	err = network_judge(&r, out);
	if (err < 0) {
		move_hosts(n, out);
		network_free(out);
		return err;
	}
	*ret = out;
	return 0;
}

int settle_looking(const struct network *n, unsigned flags, struct network_warnings *warnings,
		   struct err *e)
{
	struct report r = { .flags = flags, .warnings = warnings, .e = e };
	struct network *out = NULL;
	int err = read_rest(&r, n, &out);

	if (err < 0)
		return err;
	for (size_t i = 0; i < n->n_ips; i++) { /* lent */
		out->ips[i].hosts = n->ips[i].hosts;
		out->ips[i].n_hosts = n->ips[i].n_hosts;
	}
	err = network_judge(&r, out);
	for (size_t i = 0; i < n->n_ips; i++) {
		out->ips[i].hosts = NULL;
		out->ips[i].n_hosts = 0;
	}
	network_free(out);
	return err;
}
