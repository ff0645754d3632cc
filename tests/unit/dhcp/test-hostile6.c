/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a hostile guest may send to the DHCPv6 server: each row as it is, cut at every octet and
 * with every octet changed, to an engine that has bindings to lose. What must come of it is stated
 * where it is one thing; everywhere the engine must live and its other guests be served. */
#include "scene6.h"

#define CID  "0001 000a 00030001525400000001 "
#define CID2 "0001 000a 00030001525400000002 "
#define SID  "0002 0008 0004736572766572 "
#define IA   "0003 000c 00000001 00000000 00000000 "
#define ANY  DHCP6_DROP_N /* no certain verdict */

/* Spaces are for readers. "*N(…)" repeats. */
static const struct row {
	const char *what, *hex;
	enum dhcp6_drop drop;
	int status; /* of the first IA in the answer; -1: none is looked at */
} rows[] = {
	{ "nothing", "", DHCP6_DROP_SHORT, -1 },
	{ "one octet", "01", DHCP6_DROP_SHORT, -1 },
	{ "three octets", "010000", DHCP6_DROP_SHORT, -1 },
	{ "type 0", "00000001" CID IA, DHCP6_DROP_TYPE, -1 },
	{ "type 255", "ff000001" CID IA, DHCP6_DROP_TYPE, -1 },
	{ "advertise", "02000001" CID SID IA, DHCP6_DROP_TYPE, -1 },
	{ "reply", "07000001" CID SID IA, DHCP6_DROP_TYPE, -1 },
	{ "reconfigure", "0a000001" CID SID, DHCP6_DROP_TYPE, -1 },
	{ "no client identifier", "01000001" IA, DHCP6_DROP_CLIENT_ID, -1 },
	{ "client identifier of 0", "01000001 0001 0000" IA, DHCP6_DROP_CLIENT_ID, -1 },
	{ "client identifier of 2", "01000001 0001 0002 0004" IA, DHCP6_DROP_CLIENT_ID, -1 },
	{ "client identifier of 131", "01000001 0001 0083 *131(41)" IA, DHCP6_DROP_CLIENT_ID, -1 },
	{ "client identifier of 65535", "01000001 0001 ffff *600(41)", DHCP6_DROP_SHORT, -1 },
	{ "two client identifiers", "01000001" CID CID2 IA, DHCP6_DROP_CLIENT_ID, -1 },
	{ "another server", "03000001" CID "0002 0008 0004736572766573" IA, DHCP6_DROP_OTHER_SERVER,
	  -1 },
	{ "two server identifiers", "03000001" CID SID SID IA, DHCP6_DROP_SERVER_ID, -1 },
	{ "solicit to a server", "01000001" CID SID IA, DHCP6_DROP_SERVER_ID, -1 },
	{ "confirm to a server", "04000001" CID SID IA, DHCP6_DROP_SERVER_ID, -1 },
	{ "rebind to a server", "06000001" CID SID IA, DHCP6_DROP_SERVER_ID, -1 },
	{ "request to nobody", "03000001" CID IA, DHCP6_DROP_SERVER_ID, -1 },
	{ "renew to nobody", "05000001" CID IA, DHCP6_DROP_SERVER_ID, -1 },
	{ "option past the end", "01000001" CID IA "0006 0008 0017", DHCP6_DROP_SHORT, -1 },
	{ "one octet of an option", "01000001" CID IA "00", DHCP6_DROP_SHORT, -1 },
	{ "three octets of an option", "01000001" CID IA "000600", DHCP6_DROP_SHORT, -1 },
	{ "short IA", "01000001" CID "0003 000b 0000000100000000000000", DHCP6_DROP_OPTION_LENGTH,
	  -1 },
	{ "option past the IA's end", "01000001" CID "0003 0010 000000010000000000000000 0005 0018",
	  DHCP6_DROP_SHORT, -1 },
	{ "short address", "01000001" CID "0003 0027 000000010000000000000000 0005 0017 *23(fd)",
	  DHCP6_DROP_OPTION_LENGTH, -1 },
	{ "addresses in addresses",
	  "01000001" CID "0003 012c 000000010000000000000000 0005 011c *284(05)", ANY, -1 },
	{ "IA in IA in IA", "01000001" CID "0003 0244 *36(00000001 00000000 00000000 0003 0240)",
	  ANY, -1 },
	{ "80 IAs", "01000001" CID "*80(0003 000c 00000001 00000000 00000000)", DHCP6_DROP_NONE,
	  -1 },
	{ "IA_TA", "01000001" CID "0004 0004 00000001", DHCP6_DROP_NONE, -1 },
	{ "short IA_TA", "01000001" CID "0004 0003 000001", DHCP6_DROP_OPTION_LENGTH, -1 },
	{ "IA_PD", "01000001" CID "0019 000c 00000001 00000000 00000000", DHCP6_DROP_NONE, -1 },
	{ "prefix of 129 bits",
	  "01000001" CID
	  "0019 0029 00000001 00000000 00000000 001a 0019 00000000 00000000 81 *16(fd)",
	  DHCP6_DROP_OPTION_LENGTH, -1 },
	{ "preferred over valid",
	  "03000001" CID SID
	  "0003 0028 00000001 00000000 00000000 0005 0018 fd77*12(00)0109 00000002 00000001",
	  DHCP6_DROP_NONE, -1 },
	{ "T1 over T2", "03000001" CID SID "0003 000c 00000001 00000005 00000004", DHCP6_DROP_NO_IA,
	  -1 },
	{ "odd list of options", "01000001" CID IA "0006 0003 001700", DHCP6_DROP_NONE, -1 },
	{ "long list of options", "01000001" CID IA "0006 0500 *640(0017)", DHCP6_DROP_NONE, -1 },
	{ "short status", "01000001" CID IA "000d 0001 00", DHCP6_DROP_NONE, -1 },
	{ "user class past its end", "01000001" CID IA "000f 0004 00ff 4141", DHCP6_DROP_NONE, -1 },
	{ "vendor class past its end", "01000001" CID IA "0010 0006 00000157 00ff", DHCP6_DROP_NONE,
	  -1 },
	{ "name with a pointer", "01000001" CID IA "0027 0003 01 c000", DHCP6_DROP_NONE, -1 },
	{ "name past its end", "01000001" CID IA "0027 0004 01 3f 6161", DHCP6_DROP_NONE, -1 },
	{ "name of commands", "01000001" CID IA "0027 0009 01 07 3b24287829 2f2e", DHCP6_DROP_NONE,
	  -1 },
	{ "name of dots", "01000001" CID IA "0027 0006 01 04 2e2e2e2e", DHCP6_DROP_NONE, -1 },
	{ "relay", "0c00 *32(fe) 0009 0004 01000001", DHCP6_DROP_RELAY, -1 },
	{ "relays in relays", "0c00 *33(*32(fe) 0009 0100 0c00)", DHCP6_DROP_RELAY, -1 },
	{ "relay reply", "0d00 *32(fe)", DHCP6_DROP_RELAY, -1 },
	{ "relayed message in a solicit", "01000001" CID IA "0009 0004 01000001", DHCP6_DROP_RELAY,
	  -1 },
	{ "confirm of many",
	  "04000001" CID
	  "0003 03a8 00000001 00000000 00000000 *33(0005 0018 fd77*12(00)0109 00000000 00000000)",
	  DHCP6_DROP_NONE, -1 },
	{ "release of another's",
	  "08000001" CID2 SID
	  "0003 0028 00000001 00000000 00000000 0005 0018 fd77*12(00)0100 00000000 00000000",
	  DHCP6_DROP_NONE, DHCP6_STATUS_NO_BINDING },
	{ "decline of another's",
	  "09000001" CID2 SID
	  "0003 0028 00000001 00000000 00000000 0005 0018 fd77*12(00)0100 00000000 00000000",
	  DHCP6_DROP_NONE, DHCP6_STATUS_NO_BINDING },
	{ "information with an IA", "0b000001" CID IA, DHCP6_DROP_NO_IA, -1 },
	{ "too long", "01000001" CID IA "f000 0600 *1536(00)", DHCP6_DROP_LONG, -1 },
};

/* Returns the end of what was read. */
static const char *put_hex(struct wr *w, const char *hex)
{
	while (*hex && *hex != ')') {
		if (*hex == ' ') {
			hex++;
		} else if (*hex == '*') {
			char *body;
			unsigned long times = strtoul(hex + 1, &body, 10);
			while (times--)
				hex = put_hex(w, body + 1);
			hex++;
		} else {
			unsigned octet;
			assert_int_equal(sscanf(hex, "%2x", &octet), 1);
			wr_u8(w, (uint8_t)octet);
			hex += 2;
		}
	}
	return hex;
}

static size_t encode(const char *hex, struct packet6 *p)
{
	packet6_open(p, 1, DHCP6_TYPE_SOLICIT);
	p->w = wr_over(p->b, sizeof(p->b));
	put_hex(&p->w, hex);
	return wr_len(&p->w);
}

/* A guest that has an address keeps it and is served. */
static void assert_serves(struct scene6 *c, const struct ip *held)
{
	struct packet6 p;

	packet6_make(&p, 200, DHCP6_TYPE_RENEW, held);
	assert_int_equal(scene6_send(c, &p), DHCP6_DROP_NONE);
	const struct dhcp6_action *a = sent6(c);
	assert_non_null(a);
	struct told6 t = told6(a, 0);
	assert_true(ip_equal(&t.ip, held));
}

static void test_verdicts(void **state)
{
	struct scene6 c;
	struct packet6 p;

	scene6_open(&c, 64);
	struct ip held = bind6(&c, 200);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t n = encode(rows[i].hex, &p);
		enum dhcp6_drop drop = scene6_bytes(&c, &p, p.b, n);
		if (rows[i].drop != ANY && drop != rows[i].drop)
			fail_msg("%s: verdict %u, not %u", rows[i].what, drop, rows[i].drop);
		if (drop && sent6(&c))
			fail_msg("%s: answered", rows[i].what);
		if (rows[i].status >= 0 && told6(sent6(&c), 0).status != rows[i].status)
			fail_msg("%s: status %d", rows[i].what, told6(sent6(&c), 0).status);
		assert_serves(&c, &held);
	}
	scene6_close(&c);
}

static void test_cut_and_changed(void **state)
{
	struct scene6 c;
	struct packet6 p;

	scene6_open(&c, 64);
	struct ip held = bind6(&c, 200);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t n = encode(rows[i].hex, &p);
		for (size_t k = 0; k < n; k++) {
			c.now += USEC_PER_SEC;
			scene6_bytes(&c, &p, p.b, k);
			commit6(&c, true);
			p.b[k] ^= 0xff;
			scene6_bytes(&c, &p, p.b, n);
			commit6(&c, k % 2);
			p.b[k] ^= 0xff;
		}
		c.n = dhcp6_tick(c.s, c.now, c.out, ARRAY_LEN(c.out));
		assert_serves(&c, &held);
	}
	scene6_close(&c);
}

static void test_sources(void **state)
{
	static const struct {
		const char *src, *dst;
		enum dhcp6_drop drop;
	} paths[] = {
		{ "fd77::5", "ff02::1:2", DHCP6_DROP_SOURCE },
		{ "::", "ff02::1:2", DHCP6_DROP_SOURCE },
		{ "ff02::1", "ff02::1:2", DHCP6_DROP_SOURCE },
		{ "fe80::1", "fd77::1", DHCP6_DROP_UNICAST },
		{ "fe80::1", "ff02::1:2", DHCP6_DROP_NONE },
	};
	struct scene6 c;
	struct packet6 p;

	scene6_open(&c, 4);
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		packet6_make(&p, 1, DHCP6_TYPE_SOLICIT, NULL);
		p.src = ip6(paths[i].src);
		p.dst = ip6(paths[i].dst);
		assert_int_equal(scene6_send(&c, &p), paths[i].drop);
	}
	packet6_make(&p, 1, DHCP6_TYPE_SOLICIT, NULL);
	p.from = bridge_mac6;
	assert_int_equal(scene6_send(&c, &p), DHCP6_DROP_SOURCE);
	p.from.b[0] |= 1;
	assert_int_equal(scene6_send(&c, &p), DHCP6_DROP_SOURCE);
	scene6_close(&c);
}

/* Released, declined and taken again in every order: for the sanitizer. */
static void test_decline_then_reuse(void **state)
{
	struct scene6 c;
	struct packet6 p;

	scene6_open(&c, 8);
	for (unsigned i = 0; i < 200; i++) {
		packet6_make(&p, i % 5, DHCP6_TYPE_REQUEST, NULL);
		packet6_ia(&p, 2 + i % 3, NULL, 0);
		scene6_send(&c, &p);
		struct ip ip =
		    c.n && c.out[0].kind == DHCP6_BINDING ? c.out[0].binding->ip : host6(0x100);
		if (i % 3)
			commit6(&c, i % 2);
		packet6_make(&p, i % 5, i % 2 ? DHCP6_TYPE_DECLINE : DHCP6_TYPE_RELEASE, &ip);
		scene6_send(&c, &p);
		c.now += i * USEC_PER_SEC;
		c.n = dhcp6_tick(c.s, c.now, c.out, ARRAY_LEN(c.out));
	}
	scene6_close(&c);
}

/* Forged identities by the thousand: bounded, and none of it delays an honest guest. */
static void test_flood(void **state)
{
	struct scene6 c;
	struct packet6 p;
	struct dhcp6_usage u;

	scene6_open(&c, 256);
	struct ip held = bind6(&c, 200);
	for (unsigned i = 0; i < 20000; i++) {
		packet6_open(&p, 1 + i % 3, i % 2 ? DHCP6_TYPE_RENEW : DHCP6_TYPE_REQUEST);
		const uint8_t duid[] = { 0, 4, (uint8_t)(i >> 8), (uint8_t)i };
		dhcp6_write_option(&p.w, DHCP6_OPT_CLIENT_ID, duid, sizeof(duid));
		packet6_server_id(&p);
		struct ip wish = host6(0x100 + i % 256);
		packet6_ia(&p, i, &wish, 0);
		scene6_send(&c, &p);
	}
	dhcp6_get_usage(c.s, &u);
	assert_in_range(u.bound, 1, 256);
	assert_serves(&c, &held);
	bind6(&c, 201); /* a station without any still finds an address */
	scene6_close(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts), cmocka_unit_test(test_cut_and_changed),
		cmocka_unit_test(test_sources),  cmocka_unit_test(test_decline_then_reuse),
		cmocka_unit_test(test_flood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
