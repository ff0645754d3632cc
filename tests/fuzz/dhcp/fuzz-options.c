/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any datagram through the decoder, with its names cleaned; what comes out must lie inside what
 * went in. */
#include "dhcp/dhcp4-names.h"
#include "dhcp/dhcp4-relay.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct dhcp4_message m;

/* Touch every octet, and see that a span is bounded. */
static unsigned touch(struct dhcp4_span s, size_t max)
{
	unsigned sum = 0;

	if (s.n > max || (s.n && !s.p))
		abort();
	for (size_t i = 0; i < s.n; i++)
		sum += s.p[i];
	return sum;
}

static void check_name(bool ok, const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_");

	if (name[n] || n >= DHCP4_NAME_MAX || ok != (n > 0))
		abort();
}

/* What could be decoded has a place, too: the relay's word for it, or giaddr, or its source. */
static void look_at_relay(const uint8_t *data, size_t size)
{
	const struct dhcp4_dgram in = { .payload = data, .n = size, .src = 1 };
	struct dhcp4_relay_info info;
	struct dhcp4_where where;

	dhcp4_relay_read(m.relay, &info);
	if (!dhcp4_where(&in, &where) || where.giaddr != m.giaddr)
		abort();
	if (where.link != (!m.giaddr ? in.src : info.link ? info.link : m.giaddr))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char name[DHCP4_NAME_MAX];

	if (dhcp4_decode(data, size, &m) != DHCP4_DROP_NONE)
		return 0;
	if (size < DHCP4_FIXED_SIZE || size > DHCP4_PAYLOAD_MAX)
		abort();
	(void)touch(m.parameter_list, size);
	(void)touch(m.relay, size);
	look_at_relay(data, size);
	(void)touch(m.client_id, DHCP4_CLIENT_ID_MAX);
	(void)touch(m.vendor_class, 255);
	(void)touch(m.user_class, 255);
	(void)touch(m.arch, 254);
	(void)touch(m.uuid, 17);
	if (m.host_name.p)
		check_name(dhcp4_clean_name(m.host_name.p, m.host_name.n, name), name);
	if (m.fqdn.p)
		check_name(dhcp4_fqdn_name(m.fqdn, name), name);
	return 0;
}
