/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A small network lives through a script: datagrams, time, answers of the store, new
 * configurations. After every step the actions and counts are looked at. The script's steps are an
 * octet of what, an octet of how, and for datagrams their options (length first); so the fuzzer
 * doesn't spend itself on the fixed part. */
#include "base/cursor.h"
#include "dhcp/dhcp-quarantine.h"
#include "dhcp/dhcp4-options.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NET     0x0a4d0000u
#define SERVER  (NET + 1)
#define TOKENS  64
#define ACTIONS 16

struct world {
	struct dhcp4 *s;
	usec_t now;
	uint64_t token[TOKENS]; /* a ring of what the store was asked */
	unsigned n_token;
	uint32_t granted[256]; /* by last octet: who holds it as the store knows, the MAC's last
				  octets + 1 */
};

static struct mac mac_of(uint8_t i)
{
	return (struct mac){ { 0x52, 0x54, 0, 0, 0, i % 24 } };
}

static void configure(struct world *w, uint8_t how)
{
	struct dhcp4_range ranges[] = { { NET + 10, NET + 10 + how % 16, 0 },
					{ NET + 40, NET + 41, 300 } };
	struct dhcp4_host hosts[] = {
		{ true, mac_of(1), "web", NET + 12, 0 },
		{ .name = "db", .ip = NET + 5, .lease_sec = DHCP4_LEASE_INFINITE },
		{ true, mac_of(how), "", NET + 30, 60 }
	};
	struct dhcp4_name reserved[] = { { "gw" } };
	/* Long values, routes, classes: what replies are made of. */
	struct dhcp_rule_option options[] = {
		{ .code = 121, .n = 6, .at = 0 },
		{ .code = 230, .force = how & 2, .n = (uint16_t)(how * 4), .at = 6 },
		{ .code = 15, .absent = true },
		{ .code = 3, .n = how % 5, .at = 6 },
		{ .code = 6, .n = 0 },
	};
	uint8_t bytes[1024 + 6] = { 8, 10, NET >> 24, 77, 0, 2 };
	struct dhcp_rule rules[] = {
		{ .vendor = "a", .n_options = 2, .lease_sec = how, .has_boot = true, .boot = "f" },
		{ .user = "b", .first_option = 1, .n_options = 3, .t1_sec = 3, .t2_sec = how },
		{ .arch = { 0, 7 }, .n_arch = 2, .has_boot = true, .boot = "http://h/f" },
		{ .name = "old", .ipxe = DHCP_RULE_IPXE, .first_option = 4, .n_options = 1 },
		{ .first_option = 2, .n_options = 1 },
	};
	struct dhcp4_config c = {
		.rules = { rules, how % 6, options, ARRAY_LEN(options), bytes, sizeof(bytes) },
		.identity = how % 3,
		.rapid_commit = how & 8,
		.http = how & 16,
		.server = SERVER,
		.prefix = 24,
		.router = how & 1 ? SERVER : 0,
		.dns = SERVER,
		.domain = "lab",
		.mtu = how & 2 ? 9000 : 0,
		.boot_file = "",
		.authoritative = !(how & 4),
		.ranges = ranges,
		.n_ranges = how >> 3 & 3 ? (how >> 3 & 3) - 1 : 2,
		.hosts = hosts,
		.n_hosts = how >> 5 & 3,
		.reserved = reserved,
		.n_reserved = 1,
	};
	if (dhcp4_configure(w->s, &c, w->now, NULL) < 0)
		abort();
}

/* No address is granted to a second client before the first one's release, expiry or decline was
 * told. */
static void look_at_binding(struct world *w, const struct dhcp4_action *a)
{
	const struct dhcp4_binding *b = a->binding;
	uint32_t *holder = &w->granted[b->ip & 0xff], me = b->mac.b[5] + 1u;

	if (!b->ip || b->name[strspn(b->name, "abcdefghijklmnopqrstuvwxyz0123456789-_")])
		abort();
	switch (a->change) {
	case DHCP4_GRANT:
	case DHCP4_RENAME:
	case DHCP4_EXTEND:
		if ((*holder && *holder != me) || b->ip >> 8 != NET >> 8 || b->ip == SERVER)
			abort();
		if (a->change == DHCP4_GRANT && !a->token)
			abort();
		*holder = me;
		break;
	case DHCP4_RELEASE:
	case DHCP4_DECLINE:
	case DHCP4_EXPIRE:
		if (*holder != me || a->token)
			abort();
		*holder = 0;
		break;
	}
	if (a->token)
		w->token[w->n_token++ % TOKENS] = a->token;
}

static void look_at(struct world *w, const struct dhcp4_action *a, size_t n)
{
	struct dhcp4_usage u;

	for (size_t i = 0; i < n; i++) {
		if (a[i].kind == DHCP4_BINDING) {
			look_at_binding(w, &a[i]);
			continue;
		}
		if (a[i].n < DHCP4_REPLY_MIN_SIZE || a[i].n > DHCP4_PAYLOAD_MAX || !a[i].to_ip)
			abort();
		unsigned sum = 0;
		for (size_t j = 0; j < a[i].n; j++)
			sum += a[i].payload[j];
		(void)sum;
	}
	dhcp4_get_usage(w->s, &u);
	if (u.bound > 64 || u.offered > 18 || u.quarantined > DHCP_QUARANTINE_MAX)
		abort();
}

static void datagram(struct world *w, struct rd *r, uint8_t how)
{
	struct rd options = rd_sub(r, rd_u8(r));
	size_t n = rd_left(&options);
	struct mac m = mac_of(how);
	uint8_t flags = rd_u8(r), low = rd_u8(r);
	struct dhcp4_action out[ACTIONS];

	if (r->bad)
		return;
	uint8_t *exact = malloc(DHCP4_FIXED_SIZE + n);
	if (!exact)
		return;
	struct wr b = wr_over(exact, DHCP4_FIXED_SIZE + n);
	wr_u8(&b, 1);
	wr_u8(&b, 1);
	wr_u8(&b, 6);
	wr_u8(&b, 0);
	wr_u32(&b, 1);
	wr_u16(&b, 0);
	wr_u16(&b, flags & 1 ? 0x8000 : 0);
	wr_u32(&b, flags & 2 ? NET + low : 0);
	wr_zero(&b, 12);
	wr_bytes(&b, m.b, 6);
	wr_zero(&b, 10);
	/* The fields that may be overloaded get the same options. */
	uint8_t *sname = wr_reserve(&b, 64), *file = wr_reserve(&b, 128);
	memset(sname, 0, 64 + 128);
	const uint8_t *body = rd_bytes(&options, n);
	if (n)
		memcpy(flags & 4 ? file : sname, body, n < 64 ? n : 64);
	wr_u32(&b, DHCP4_COOKIE);
	wr_bytes(&b, body, n);
	struct dhcp4_dgram in = { .payload = exact,
				  .n = wr_len(&b),
				  .src = flags & 8 ? NET + low : 0,
				  .dst = flags & 16 ? SERVER : UINT32_MAX,
				  .port = flags >> 5 & 3 };
	look_at(w, out, dhcp4_input(w->s, &in, w->now, out, ACTIONS));
	free(exact);
}

static void restore(struct world *w, uint8_t how, uint8_t low)
{
	struct dhcp4_binding b = { .ip = NET + low,
				   .mac = mac_of(how),
				   .name = "old",
				   .lease_sec = how,
				   .port = how & 3 };

	if (w->granted[low] || low < 2 || low == 255)
		return;
	if (how & 128) {
		dhcp4_restore_declined(w->s, &b, how, w->now);
		return;
	}
	if (dhcp4_restore(w->s, &b, w->now) == 0)
		w->granted[low] = b.mac.b[5] + 1u;
}

static void step(struct world *w, struct rd *r)
{
	struct dhcp4_action out[ACTIONS];
	uint8_t what = rd_u8(r), how = rd_u8(r);

	switch (what % 8) {
	case 0:
		w->now += how * USEC_PER_SEC * 10;
		for (int i = 0; i < 64 && dhcp4_deadline(w->s) <= w->now; i++)
			look_at(w, out, dhcp4_tick(w->s, w->now, out, ACTIONS));
		if (dhcp4_deadline(w->s) <= w->now)
			abort();
		break;
	case 1:
		look_at(w, out,
			dhcp4_committed(w->s, w->token[how % TOKENS],
					(enum dhcp4_verdict)(what / 8 % DHCP4_VERDICT_N), w->now,
					out, 1));
		break;
	case 2:
		configure(w, how);
		break;
	case 3:
		if (what & 8)
			dhcp4_port_gone(w->s, how & 3, w->now);
		else
			look_at(w, out, dhcp4_release(w->s, NET + how, w->now, out, 1));
		break;
	case 4:
		restore(w, how, rd_u8(r));
		break;
	default:
		datagram(w, r, how);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_over(data, size);
	struct world w = { .s = dhcp4_new(), .now = USEC_PER_SEC };

	if (!w.s)
		return 0;
	configure(&w, 0x6f);
	while (rd_left(&r))
		step(&w, &r);
	dhcp4_free(w.s);
	return 0;
}
