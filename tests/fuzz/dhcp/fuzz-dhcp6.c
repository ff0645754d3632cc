/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A small network lives through a script: datagrams, time, answers of the store, new
 * configurations. After every step the actions are looked at. A step is an octet of what, an octet
 * of how, and for datagrams their options (length first); '%' in place of a datagram's server
 * identifier writes the right one, so the fuzzer needn't guess it. */
#include "base/cursor.h"
#include "dhcp/dhcp6-options.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TOKENS 64

static const uint8_t server_duid[] = { 0, 4, 's', 'r', 'v' };

struct world {
	struct dhcp6 *s;
	usec_t now;
	uint64_t token[TOKENS]; /* a ring of what the store was asked */
	unsigned n_token;
	uint32_t holder[256]; /* by last octet: who holds it as the store knows; 0: nobody */
};

static struct ip address(uint8_t last)
{
	return (struct ip){ AF_INET6, .v6 = { 0xfd, 0x77, [15] = last } };
}

static void configure(struct world *w, uint8_t how)
{
	struct dhcp6_range ranges[] = { { address(10), address((uint8_t)(10 + how % 16)), 0 },
					{ address(40), address(41), 300 } };
	struct dhcp6_host hosts[] = {
		{ .duid = { 0, 3, 0, 1, how % 4 },
		  .duid_len = 5,
		  .name = "web",
		  .ip = address(12) },
		{ .name = "db", .ip = address(5), .lease_sec = DHCP6_LEASE_INFINITE },
	};
	struct dhcp4_name reserved[] = { { "gw" } };
	/* Long values and classes: what replies are made of. */
	struct dhcp_rule_option options[] = {
		{ .code = 59, .n = 9 },
		{ .code = 65001, .force = how & 2, .n = (uint16_t)(how * 4) },
		{ .code = 23, .absent = true },
		{ .code = 24, .n = how % 5 },
	};
	uint8_t bytes[1024] = "http://h/";
	struct dhcp_rule rules[] = {
		{ .vendor = "HTTP", .n_options = 2, .lease_sec = how },
		{ .user = "b", .n_options = 3, .t1_sec = 3, .t2_sec = how },
		{ .arch = { 0, 7 }, .n_arch = 2, .first_option = 2, .n_options = 2 },
		{ .first_option = 3, .n_options = 1 },
	};
	struct dhcp6_config c = { .rules = { rules, how % 5, options, ARRAY_LEN(options), bytes,
					     sizeof(bytes) },
				  .server = address(1),
				  .prefix = how & 32 ? 64 : 120,
				  .dns = address(1),
				  .duid_len = sizeof(server_duid),
				  .ranges = ranges,
				  .n_ranges = how >> 3 & 1 ? 1 : 2,
				  .hosts = hosts,
				  .n_hosts = how >> 4 & 1 ? 2 : 0,
				  .reserved = reserved,
				  .n_reserved = 1 };

	memcpy(c.duid, server_duid, sizeof(server_duid));
	copy_text(c.domain, sizeof(c.domain), how & 64 ? "" : "lab");
	if (dhcp6_configure(w->s, &c, NULL) < 0)
		abort();
}

static uint32_t client_of(const struct dhcp6_binding *b)
{
	uint32_t h = b->mac.b[5] + 1u;

	for (size_t i = 0; i < b->duid_len; i++)
		h = h * 31 + b->duid[i];
	return (h * 31 + b->iaid) | 1;
}

/* No address is granted to a second client before the first one's release, expiry or decline was
 * told. */
static void look_at_binding(struct world *w, const struct dhcp6_action *a)
{
	const struct dhcp6_binding *b = a->binding;
	uint32_t *holder = &w->holder[b->ip.v6[15]], me = client_of(b);
	struct ip server = address(1);

	if (b->duid_len < DHCP6_DUID_MIN || b->ip.family != AF_INET6 ||
	    b->name[strspn(b->name, "abcdefghijklmnopqrstuvwxyz0123456789-_")])
		abort();
	if (a->change <= DHCP4_RENAME) {
		if ((*holder && *holder != me) || ip_equal(&b->ip, &server) ||
		    (a->change == DHCP4_GRANT && !a->token))
			abort();
		*holder = me;
	} else {
		*holder = 0;
	}
	if (a->token)
		w->token[w->n_token++ % TOKENS] = a->token;
}

static void look(struct world *w, const struct dhcp6_action *a, size_t n)
{
	struct dhcp6_message m;

	for (size_t i = 0; i < n; i++) {
		if (a[i].kind == DHCP6_BINDING)
			look_at_binding(w, &a[i]);
		else if (!a[i].n || a[i].n > DHCP6_REPLY_MAX ||
			 dhcp6_decode(a[i].payload, a[i].n, &m) != DHCP6_DROP_NONE)
			abort(); /* what we send can be read */
	}
}

static void datagram(struct world *w, uint8_t how, struct rd *r)
{
	uint8_t buf[4 + 4 + sizeof(server_duid) + 255];
	struct wr msg = wr_over(buf, sizeof(buf));
	struct dhcp6_action out[DHCP6_ACTIONS_MAX];
	size_t len = rd_u8(r);
	len = MIN_OF(len, rd_left(r));
	const uint8_t *options = rd_bytes(r, len);

	dhcp6_write_head(&msg, (enum dhcp6_type)(how % 14), how);
	if (len && options[0] == '%') {
		dhcp6_write_option(&msg, DHCP6_OPT_SERVER_ID, server_duid, sizeof(server_duid));
		options++;
		len--;
	}
	wr_bytes(&msg, options, len);
	uint8_t *exact = malloc(wr_len(&msg));
	if (!exact)
		return;
	memcpy(exact, buf, wr_len(&msg));
	const struct dhcp6_dgram in = { .payload = exact,
					.n = wr_len(&msg),
					.src = { AF_INET6, .v6 = { 0xfe, 0x80, [15] = 9 } },
					.dst = { AF_INET6, .v6 = { 0xff, 2, [15] = 2 } },
					.from = { { 0x52, 0x54, 0, 0, 0, how >> 6 } },
					.port = how >> 4 & 3,
					.known_name = how & 32 ? "known" : NULL };
	look(w, out, dhcp6_input(w->s, &in, w->now, out, ARRAY_LEN(out)));
	free(exact);
}

static void restore(struct world *w, uint8_t how)
{
	struct dhcp6_binding b = { .ip = address(how), .mac = { { 0x52, 0x54, [5] = how % 4 } } };

	b.duid_len = 5;
	b.duid[4] = how % 8;
	b.lease_sec = 600;
	if (dhcp6_restore(w->s, &b, w->now) == 0)
		w->holder[how] = client_of(&b);
}

static void step(struct world *w, uint8_t what, uint8_t how, struct rd *r)
{
	struct dhcp6_action out[DHCP6_ACTIONS_MAX];
	const struct mac mac = { { 0x52, 0x54, [5] = how % 4 } };
	struct ip ip = address(how);

	switch (what % 8) {
	case 0:
		configure(w, how);
		break;
	case 1:
		w->now += how * how * USEC_PER_SEC;
		for (int i = 0; i < 64 && dhcp6_deadline(w->s) <= w->now; i++)
			look(w, out, dhcp6_tick(w->s, w->now, out, ARRAY_LEN(out)));
		if (dhcp6_deadline(w->s) <= w->now)
			abort();
		break;
	case 2:
		look(w, out,
		     dhcp6_committed(w->s, w->token[how % TOKENS],
				     (enum dhcp4_verdict)(how / 64 % DHCP4_VERDICT_N), out, 1));
		break;
	case 3:
		restore(w, how);
		break;
	case 4:
		if (what & 8)
			dhcp6_port_gone(w->s, how & 3, w->now);
		else
			look(w, out, dhcp6_release(w->s, &ip, out, ARRAY_LEN(out)));
		break;
	case 5:
		look(w, out, dhcp6_name_station(w->s, &mac, "late", out, ARRAY_LEN(out)));
		break;
	default:
		datagram(w, how, r);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world w = { .s = dhcp6_new(), .now = USEC_PER_SEC };
	struct rd r = rd_over(data, size);
	struct dhcp6_message m;

	if (!w.s)
		return 0;
	(void)!dhcp6_decode(data, size, &m);
	configure(&w, 0);
	while (rd_left(&r) >= 2) {
		uint8_t what = rd_u8(&r), how = rd_u8(&r);
		step(&w, what, how, &r);
	}
	dhcp6_free(w.s);
	return 0;
}
