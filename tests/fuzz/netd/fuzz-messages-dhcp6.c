/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every decoder of netd/messages/messages-dhcp6.h; what decodes must survive a round trip. */
#include "netd/messages/messages-dhcp6.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct msg_dhcp6_record records[MSG_DHCP_RECORDS_MAX], again[MSG_DHCP_RECORDS_MAX];
static uint8_t buf[MSG_DHCP6_BATCH_MAX];

static void config(const uint8_t *p, size_t n)
{
	struct dhcp6_config c, d;
	uint32_t id, id2;

	if (msg_get_dhcp6_config(p, n, &id, &c) < 0)
		return;
	size_t size = msg_dhcp6_config_size(&c);
	uint8_t *out = malloc(size);
	if (out) {
		struct wr w = wr_over(out, size);
		msg_put_dhcp6_config(&w, id, &c);
		if (w.bad || msg_get_dhcp6_config(out, wr_len(&w), &id2, &d) < 0 || id != id2 ||
		    c.n_hosts != d.n_hosts || strcmp(c.domain, d.domain) != 0)
			abort();
		dhcp6_config_done(&d);
	}
	free(out);
	dhcp6_config_done(&c);
}

static void ra_config(const uint8_t *p, size_t n)
{
	struct ra_config c, d;
	struct wr w = wr_over(buf, MSG_RA_CONFIG_MAX);
	uint32_t id;

	if (msg_get_ra_config(p, n, &id, &c) < 0)
		return;
	msg_put_ra_config(&w, id, &c);
	if (w.bad || msg_get_ra_config(buf, wr_len(&w), &id, &d) < 0 ||
	    c.n_prefixes != d.n_prefixes || strcmp(c.domain, d.domain) != 0)
		abort();
}

static void bindings(const uint8_t *p, size_t n)
{
	int count = msg_get_dhcp6_records(p, n, records);
	struct wr w = wr_over(buf, sizeof(buf));

	if (count < 0)
		return;
	msg_put_dhcp6_records(&w, records, (size_t)count);
	if (w.bad || msg_get_dhcp6_records(buf, wr_len(&w), again) != count ||
	    memcmp(records, again, sizeof(*records) * (size_t)count) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dhcp6_usage u;
	uint64_t ra[RA_COUNTER_N];
	uint32_t id;

	if (!size)
		return 0;
	switch (*data++ % 4) {
	case 0:
		config(data, size - 1);
		break;
	case 1:
		bindings(data, size - 1);
		break;
	case 2:
		ra_config(data, size - 1);
		break;
	default:
		(void)!msg_get_ip6_counters(data, size - 1, &id, &u, ra);
		break;
	}
	return 0;
}
