/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames from guests, as they are and as solicitations; then the advertisement that answers. The
 * first octet chooses the configuration. */
#include "base/cursor.h"
#include "dhcp/ip6-frame.h"
#include "dhcp/ra.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void answer(struct ra *s, const uint8_t *message, size_t n, const struct ip *src, usec_t now)
{
	const struct ra_solicit in = { message, n, *src, { { 0x52, 0x54, 0, 0, 0, 1 } }, 255 };
	struct ra_action out;

	if (ra_input(s, &in, now, &out) && (out.n < 16 || out.n > RA_MESSAGE_MAX || out.n % 8))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ra_config c = { .mac = { { 0x52, 0x54 } }, .domain = "lab.example" };
	struct rd r = rd_over(data, size);
	uint8_t how = rd_u8(&r);
	struct ip6_packet p;
	struct ra_action out;
	struct ra *s = ra_new(how);

	if (!s)
		return 0;
	c.n_prefixes = how % (RA_PREFIXES_MAX + 1);
	for (size_t i = 0; i < c.n_prefixes; i++)
		c.prefix[i] = (struct ra_prefix){
			{ AF_INET6, .v6 = { 0xfd, (uint8_t)i } }, how, true, how, how
		};
	for (size_t i = 0; i < c.n_prefixes; i++)
		c.prefix[i].length %= 129;
	ra_configure(s, &c, USEC_PER_SEC);
	size_t n = rd_left(&r);
	uint8_t *exact = malloc(n ? n : 1);
	if (exact) {
		memcpy(exact, r.p, n);
		const struct ip src = { AF_INET6, .v6 = { 0xfe, 0x80, [15] = how } };
		answer(s, exact, n, &src, USEC_PER_SEC);
		if (ip6_frame_parse(exact, n, how & 1, &p)) {
			if (p.n > n || (p.n && (p.payload < exact || p.payload + p.n > exact + n)))
				abort();
			answer(s, p.payload, p.n, &p.src, USEC_PER_SEC);
		}
	}
	free(exact);
	c.n_prefixes = how >> 4;
	c.prefix[0].prefix.v6[5] = 1;
	ra_configure(s, &c, 2 * USEC_PER_SEC);
	if (ra_tick(s, ra_deadline(s), &out) != 1 || out.n > RA_MESSAGE_MAX)
		abort();
	ra_free(s);
	return 0;
}
