/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every decoder of netd/messages/messages-dhcp.h; what decodes must survive a round trip. */
#include "netd/messages/messages-dhcp.h"

#include <string.h>

static void hosts(const uint8_t *data, size_t size)
{
	struct msg_dhcp4_hosts m, again;

	if (msg_get_dhcp4_hosts(data, size, &m) < 0)
		return;
	size_t cap = msg_dhcp4_hosts_size(&m);
	uint8_t *buf = malloc(cap);
	struct wr w = wr_over(buf, cap);
	msg_put_dhcp4_hosts(&w, &m);
	if (w.bad || msg_get_dhcp4_hosts(buf, wr_len(&w), &again) < 0 ||
	    again.n_hosts != m.n_hosts || again.first != m.first)
		abort();
	free(again.hosts);
	free(m.hosts);
	free(buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct msg_dhcp4_record records[MSG_DHCP_RECORDS_MAX], again[MSG_DHCP_RECORDS_MAX];
static uint8_t buf[MSG_DHCP_BATCH_MAX];

static void config(const uint8_t *p, size_t n)
{
	struct dhcp4_config c, d;
	uint32_t id, id2;

	if (msg_get_dhcp4_config(p, n, &id, &c) < 0)
		return;
	size_t size = msg_dhcp4_config_size(&c);
	uint8_t *out = malloc(size);
	if (out) {
		struct wr w = wr_over(out, size);
		msg_put_dhcp4_config(&w, id, &c);
		if (w.bad || msg_get_dhcp4_config(out, wr_len(&w), &id2, &d) < 0 || id != id2 ||
		    c.n_hosts != d.n_hosts || strcmp(c.domain, d.domain) != 0)
			abort();
		dhcp4_config_done(&d);
	}
	free(out);
	dhcp4_config_done(&c);
}

static void bindings(const uint8_t *p, size_t n)
{
	int count = msg_get_dhcp4_records(p, n, records);
	struct wr w = wr_over(buf, sizeof(buf));

	if (count < 0)
		return;
	msg_put_dhcp4_records(&w, records, (size_t)count);
	if (w.bad || msg_get_dhcp4_records(buf, wr_len(&w), again) != count ||
	    memcmp(records, again, sizeof(*records) * (size_t)count) != 0)
		abort();
}

static void names(const uint8_t *p, size_t n)
{
	struct msg_dhcp_name rows[MSG_DHCP_NAMES_MAX], read[MSG_DHCP_NAMES_MAX];
	uint32_t id;
	int count = msg_get_dhcp_names(p, n, &id, rows);
	struct wr w = wr_over(buf, sizeof(buf));

	if (count < 0)
		return;
	msg_put_dhcp_names(&w, id, rows, (size_t)count);
	if (w.bad || msg_get_dhcp_names(buf, wr_len(&w), &id, read) != count)
		abort();
	for (int i = 0; i < count; i++)
		if (!mac_equal(&rows[i].mac, &read[i].mac) ||
		    strcmp(rows[i].name, read[i].name) != 0)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct msg_dhcp4_verdict verdicts[MSG_DHCP_RECORDS_MAX];
	struct dhcp4_usage u;
	uint32_t id, ip;

	if (!size)
		return 0;
	switch (*data++ % 7) {
	case 0:
		config(data, size - 1);
		break;
	case 1:
		bindings(data, size - 1);
		break;
	case 2:
		(void)!msg_get_dhcp4_verdicts(data, size - 1, verdicts);
		break;
	case 3:
		(void)!msg_get_dhcp4_counters(data, size - 1, &id, &u);
		break;
	case 5:
		hosts(data, size - 1);
		break;
	case 6:
		names(data, size - 1);
		break;
	default:
		(void)!msg_get_dhcp4_free(data, size - 1, &id, &ip);
		(void)!msg_get_net_id(data, size - 1, &id);
		break;
	}
	return 0;
}
