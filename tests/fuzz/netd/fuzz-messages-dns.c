/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bodies between controller and dns worker: first octet which, then the body. What decodes must
 * encode to the same body again, and a configuration must be taken or refused by a server. */
#include "netd/messages/messages-dns-ask.h"
#include "netd/messages/messages-dns.h"

#include <string.h>

static void hosts(const uint8_t *body, size_t n)
{
	struct message_dns_hosts m;
	uint8_t *again;
	size_t n_again;

	if (message_dns_hosts_decode(body, n, &m) < 0)
		return;
	if (message_dns_hosts_encode(&m, &again, &n_again) < 0)
		abort();
	free(again);
	struct dns_config *c = dns_config_new(NULL);
	for (size_t i = 0; c && i < m.come->n_hosts; i++) {
		const struct dns_config_host *h = &m.come->hosts[i];
		if (dns_config_add_host(c, h->name, &h->ip, h->ptr) < 0)
			abort();
	}
	if (c)
		(void)!message_dns_hosts_apply(&m, c);
	dns_config_free(c);
	message_dns_hosts_done(&m);
}

/* What a worker tells. Rows end, whatever they hold, and their texts can be shown. */
static void told(const uint8_t *body, size_t n)
{
	static struct dns_told_stats stats;
	static struct dns_told_record record;
	struct dns_told_lookup lookup_;
	struct dns_told_cache cache;
	struct dns_told_log log_;
	struct dns_told_entry entry;
	struct dns_told_query query;
	struct message_dns_told head;
	struct rd r = rd_over(body, n);

	if (message_dns_told_decode(&r, &head) < 0 || !head.served)
		return;
	if (head.what == DNS_ASK_LOOKUP && dns_told_get_lookup(&r, &lookup_) == 0)
		while (dns_told_get_record(&r, &record) == 1)
			if (record.section > 3 || strpbrk(record.data, "\x1b\n\x7f"))
				abort();
	if (head.what == DNS_ASK_CACHE && dns_told_get_cache(&r, &cache) == 0)
		while (dns_told_get_entry(&r, &entry) == 1)
			if (!entry.number)
				abort();
	if (head.what == DNS_ASK_LOG && dns_told_get_log(&r, &log_) == 0)
		while (dns_told_get_query(&r, &query) == 1)
			if (query.source >= DNS_SOURCE_COUNT)
				abort();
	if (head.what == DNS_ASK_STATS && dns_told_get_stats(&r, &stats) == 0 &&
	    stats.n_askers > DNS_ASKERS_MAX)
		abort();
}

static void asked(const uint8_t *body, size_t n, struct wr *w)
{
	struct message_dns_ask ask;

	if (message_dns_ask_decode(body, n, &ask) < 0)
		return;
	message_dns_ask_encode(w, &ask);
	if (w->bad || wr_len(w) != n)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void config(const uint8_t *body, size_t n)
{
	struct dns_config *c, *again;
	uint32_t id;
	uint8_t *bytes;
	size_t bytes_n;

	if (message_dns_config_decode(body, n, &id, &c) < 0)
		return;
	if (message_dns_config_encode(id, c, &bytes, &bytes_n) < 0 ||
	    message_dns_config_decode(bytes, bytes_n, &id, &again) < 0)
		abort();
	if (again->n_hosts != c->n_hosts || again->n_srvs != c->n_srvs ||
	    again->n_txts != c->n_txts)
		abort();
	dns_config_free(again);
	free(bytes);
	dns_server_free(dns_server_new(c, NULL));
	dns_config_free(c);
}

static void same(const uint8_t *body, size_t n, const struct wr *w)
{
	if (w->bad || wr_len(w) != n)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t buf[DNS_ASK_MAX];
	struct wr w = wr_over(buf, sizeof(buf));
	struct message_dns_lease lease;
	struct message_dns_upstreams upstreams;
	struct message_dns_counters counters;
	uint32_t id;

	if (!size)
		return 0;
	const uint8_t *body = data + 1;
	size_t n = size - 1;
	switch (data[0] % 8) {
	case 0:
		config(body, n);
		break;
	case 6:
		told(body, n);
		break;
	case 7:
		asked(body, n, &w);
		break;
	case 5:
		hosts(body, n);
		break;
	case 1:
		if (message_dns_lease_decode(body, n, &lease) == 0) {
			message_dns_lease_encode(&w, &lease);
			same(body, n, &w);
		}
		break;
	case 2:
		if (message_dns_upstreams_decode(body, n, &upstreams) == 0) {
			message_dns_upstreams_encode(&w, &upstreams);
			same(body, n, &w);
		}
		break;
	case 3:
		if (message_dns_counters_decode(body, n, &counters) == 0) {
			message_dns_counters_encode(&w, &counters);
			same(body, n, &w);
		}
		break;
	case 4:
		if (message_dns_net_decode(body, n, &id) == 0) {
			message_dns_net_encode(&w, id);
			same(body, n, &w);
		}
		break;
	}
	return 0;
}
