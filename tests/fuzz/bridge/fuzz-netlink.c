/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rtnetlink messages into the mirror: it must take any bytes, and stay consistent. */
#include "bridge/mirror-internal.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct mirror *m)
{
	struct mirror_conflict c;
	struct ip ten = ip_from_v4(0x0a000000);
	size_t n = 0, waits = 0;

	for (const struct mirror_link *l = mirror_next(m, NULL); l; l = mirror_next(m, l)) {
		if (mirror_by_ifindex(m, l->ifindex) != l || !mirror_by_name(m, l->row.name))
			abort();
		if (l->ours && !mirror_by_uuid(m, &l->uuid))
			abort();
		n++;
		waits += l->port_waits;
	}
	if (n != m->by_ifindex.count || n != m->by_name.count || waits != m->n_waits)
		abort();
	(void)mirror_next_waiting(m, 2, NULL);
	(void)mirror_next_ra_uplink(m, NULL);
	(void)mirror_subnet_conflict(m, &ten, 8, NULL, &c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mirror *m = mirror_new();
	uint8_t *exact = malloc(size ? size : 1);

	if (m && exact) {
		memcpy(exact, data, size);
		mirror_feed(m, exact, size);
		check(m);
		mirror_begin_snapshot(m);
		mirror_feed(m, exact, size);
		mirror_end_snapshot(m);
		check(m);
	}
	free(exact);
	mirror_free(m);
	return 0;
}
