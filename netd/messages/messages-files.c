/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/messages/messages-files.h"

#include <errno.h>

_Static_assert(4 + 4 + 8 * (TFTP_COUNTER_COUNT + 1) <= FILES_MESSAGE_MAX, "counters fit");

static int complete(const struct rd *r, uint32_t net_id)
{
	return r->bad || r->p != r->end || net_id == 0 ? -EPROTO : 0;
}

void message_files_serve_encode(struct wr *w, const struct message_files_serve *m)
{
	wr_u32(w, m->net_id);
	wr_u32(w, m->mtu);
}

int message_files_serve_decode(const uint8_t *body, size_t n, struct message_files_serve *ret)
{
	struct rd r = rd_over(body, n);
	struct message_files_serve m = { .net_id = rd_u32(&r) };

	m.mtu = rd_u32(&r);
	if (complete(&r, m.net_id) < 0)
		return -EPROTO;
	*ret = m;
	return 0;
}

void message_files_counters_encode(struct wr *w, const struct message_files_counters *m)
{
	wr_u32(w, m->net_id);
	wr_u32(w, TFTP_COUNTER_COUNT);
	for (size_t i = 0; i < TFTP_COUNTER_COUNT; i++)
		wr_u64(w, m->tftp[i]);
	wr_u64(w, m->http);
}

int message_files_counters_decode(const uint8_t *body, size_t n, struct message_files_counters *ret)
{
	struct rd r = rd_over(body, n);
	struct message_files_counters m = { .net_id = rd_u32(&r) };

	if (rd_u32(&r) != TFTP_COUNTER_COUNT)
		return -EPROTO;
	for (size_t i = 0; i < TFTP_COUNTER_COUNT; i++)
		m.tftp[i] = rd_u64(&r);
	m.http = rd_u64(&r);
	if (complete(&r, m.net_id) < 0)
		return -EPROTO;
	*ret = m;
	return 0;
}
