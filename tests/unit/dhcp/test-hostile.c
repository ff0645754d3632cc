/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a hostile guest can send. Each row is one kind of bad message: what must come of it, and,
 * for all alike, that it does no harm whole, cut at any place, or with any octet changed. A
 * neighbour keeps its lease throughout. */
#include "scene.h"

#include <stdio.h>

#define NEIGHBOUR client(0x1000)
#define ATTACKER  client(1)

enum outcome { DROPPED, NAKED, OFFERED };

struct row {
	const char *name;
	void (*build)(struct packet *p, const struct mac *m);
	enum outcome want;
	enum dhcp4_drop drop;
};

static void discover_with(struct packet *p, const struct mac *m, uint8_t code, const void *v,
			  size_t n)
{
	packet_dhcp(p, m, DHCP4_TYPE_DISCOVER);
	packet_option(p, code, v, n);
	wr_u8(&p->w, 255);
}

static void discover_field(struct packet *p, const struct mac *m, size_t at, uint8_t v)
{
	packet_dhcp(p, m, DHCP4_TYPE_DISCOVER);
	wr_u8(&p->w, 255);
	p->b[at] = v;
}

/* A row's builder: `expression` works on p and m. */
#define BUILD(name, ...)                                                                           \
	static void name(struct packet *p, const struct mac *m)                                    \
	{                                                                                          \
		__VA_ARGS__;                                                                       \
	}
#define OPTION(name, code, bytes) BUILD(name, discover_with(p, m, code, bytes, sizeof(bytes) - 1))
#define FIELD(name, at, v)        BUILD(name, discover_field(p, m, at, v))

static const uint8_t full[255] = { 1, 2, 3 };

BUILD(empty, packet_open(p, m); p->w.p = p->w.start)
BUILD(short_239, packet_open(p, m); p->w.p--)
BUILD(exactly_240, packet_open(p, m))
FIELD(bad_cookie, AT_COOKIE, 1)
FIELD(reply_op, AT_OP, 2)
FIELD(op_zero, AT_OP, 0)
FIELD(op_255, AT_OP, 255)
FIELD(htype_zero, AT_HTYPE, 0)
FIELD(htype_255, AT_HTYPE, 255)
BUILD(hlen_zero_with_id, discover_with(p, m, 61, "\1\2\3", 3); p->b[AT_HLEN] = 0)
FIELD(hlen_16, AT_HLEN, 16)
FIELD(hlen_255, AT_HLEN, 255)
BUILD(chaddr_zero, discover_field(p, m, 0, 1); memset(p->b + AT_CHADDR, 0, 6))
BUILD(chaddr_broadcast, discover_field(p, m, 0, 1); memset(p->b + AT_CHADDR, 0xff, 6))
FIELD(chaddr_multicast, AT_CHADDR, 0x01)
BUILD(chaddr_bridge, discover_field(p, m, 0, 1); memcpy(p->b + AT_CHADDR, bridge_mac.b, 6))
BUILD(giaddr_own, discover_field(p, m, 0, 1); wr_patch_u32(&p->w, AT_GIADDR, SERVER))
BUILD(giaddr_victim, discover_field(p, m, 0, 1); wr_patch_u32(&p->w, AT_GIADDR, 0x08080808))
BUILD(giaddr_broadcast, discover_field(p, m, 0, 1); wr_patch_u32(&p->w, AT_GIADDR, BCAST))
BUILD(giaddr_multicast, discover_field(p, m, 0, 1); wr_patch_u32(&p->w, AT_GIADDR, 0xe0000001))
BUILD(giaddr_loopback, discover_field(p, m, 0, 1); wr_patch_u32(&p->w, AT_GIADDR, 0x7f000001))
FIELD(hops_17, AT_HOPS, 17)
BUILD(renew_gateway, packet_dhcp(p, m, 3); wr_patch_u32(&p->w, AT_CIADDR, SERVER))
BUILD(renew_broadcast, packet_dhcp(p, m, 3); wr_patch_u32(&p->w, AT_CIADDR, NET + 255))
BUILD(renew_neighbours, packet_dhcp(p, m, 3); wr_patch_u32(&p->w, AT_CIADDR, NET + 50))
BUILD(preset_fields, discover_field(p, m, 0, 1); wr_patch_u32(&p->w, AT_YIADDR, NET + 50);
      wr_patch_u32(&p->w, AT_SIADDR, 0x08080808))
BUILD(no_end, packet_dhcp(p, m, 1))
BUILD(length_past_end, packet_dhcp(p, m, 1); wr_u8(&p->w, 61); wr_u8(&p->w, 200))
BUILD(code_without_length, packet_dhcp(p, m, 1); wr_u8(&p->w, 61))
BUILD(all_pads, packet_open(p, m); wr_zero(&p->w, 3000))
BUILD(all_pads_that_fit, packet_open(p, m); wr_zero(&p->w, 1200))
BUILD(type_length_0, packet_open(p, m); packet_option(p, 53, "", 0))
BUILD(type_length_2, packet_open(p, m); packet_option(p, 53, "\1\1", 2))
BUILD(two_types, packet_dhcp(p, m, 1); packet_option(p, 53, "\3", 1))
OPTION(server_id_3, 54, "\1\2\3")
OPTION(server_id_5, 54, "\1\2\3\4\5")
OPTION(requested_0, 50, "")
OPTION(client_id_0, 61, "")
OPTION(client_id_1, 61, "\1")
BUILD(client_id_255, discover_with(p, m, 61, full, 255))
BUILD(client_id_510, packet_dhcp(p, m, 1); packet_option(p, 61, full, 255);
      packet_option(p, 61, full, 255))
OPTION(overload_0, 52, "\0")
OPTION(overload_4, 52, "\4")
OPTION(overload_255, 52, "\377")
BUILD(overload_loop, discover_with(p, m, 52, "\1", 1); memcpy(p->b + AT_FILE, "\64\1\3\64\1\1", 6);
      memcpy(p->b + AT_SNAME, "\64\1\3", 3))
BUILD(overload_unterminated, discover_with(p, m, 52, "\3", 1);
      memcpy(p->b + AT_FILE, "\74\3abc", 5); memcpy(p->b + AT_SNAME, "\74\1d", 3))
OPTION(name_nul, 12, "a\0b")
OPTION(name_blank, 12, "a b")
OPTION(name_path, 12, "../../x")
OPTION(name_shell, 12, ";$(x)")
OPTION(name_utf8, 12, "\303\251")
BUILD(name_255, discover_with(p, m, 12, full, 255))
OPTION(name_dots, 12, "...")
OPTION(name_neighbour, 12, "neighbour")
OPTION(name_wpad, 12, "WPAD")
OPTION(name_localhost, 12, "localhost.lab")
OPTION(fqdn_short, 81, "\0\0")
OPTION(fqdn_pointer, 81, "\4\0\0\300\14")
OPTION(fqdn_labels, 81, "\4\0\0\77abc")
OPTION(relay_option, 82, "\1\4\0\1\2\3")
OPTION(relay_nested, 82, "\1\377\0")
BUILD(prl_repeated, packet_dhcp(p, m, 1); uint8_t prl[255]; memset(prl, 3, 255);
      packet_option(p, 55, prl, 255))
BUILD(prl_all, packet_dhcp(p, m, 1); uint8_t prl[255];
      for (unsigned i = 0; i < 255; i++) prl[i] = (uint8_t)i; packet_option(p, 55, prl, 255))
OPTION(max_size_0, 57, "\0\0")
OPTION(max_size_575, 57, "\2\77")
OPTION(max_size_65535, 57, "\377\377")
OPTION(lease_0, 51, "\0\0\0\0")
OPTION(lease_1, 51, "\0\0\0\1")
OPTION(lease_infinite, 51, "\377\377\377\377")
OPTION(arch_odd, 93, "\0\7\0")
OPTION(uuid_short, 97, "\0\1\2")
OPTION(vendor_nested, 43, "\1\377\0")
OPTION(identifying_nested, 125, "\0\0\0\11\377\1")
OPTION(user_class_raw, 77, "iPXE")
OPTION(user_class_nested, 77, "\377x")
BUILD(release_neighbours, packet_dhcp(p, m, 7); packet_u32(p, 54, SERVER);
      wr_patch_u32(&p->w, AT_CIADDR, NET + 50))
BUILD(decline_neighbours, packet_dhcp(p, m, 4); packet_u32(p, 54, SERVER);
      packet_u32(p, 50, NET + 50))
BUILD(type_0, packet_dhcp(p, m, 0))
BUILD(type_offer, packet_dhcp(p, m, 2))
BUILD(type_leasequery, packet_dhcp(p, m, 10))
BUILD(type_255, packet_dhcp(p, m, 255))
BUILD(from_us, discover_field(p, m, 0, 1); p->src = SERVER)
BUILD(from_broadcast, discover_field(p, m, 0, 1); p->src = BCAST)
BUILD(thousand_options, packet_dhcp(p, m, 1);
      for (unsigned i = 0; i < 600; i++) packet_option(p, 224, "", 0))

#define D(id) DROPPED, DHCP4_DROP_##id
static const struct row rows[] = {
	{ "no octets", empty, D(SHORT) },
	{ "239 octets", short_239, D(SHORT) },
	{ "240 octets", exactly_240, D(BOOTP_UNKNOWN) },
	{ "wrong cookie", bad_cookie, D(COOKIE) },
	{ "a reply to port 67", reply_op, D(OP) },
	{ "op 0", op_zero, D(OP) },
	{ "op 255", op_255, D(OP) },
	{ "htype 0", htype_zero, D(HARDWARE) },
	{ "htype 255", htype_255, D(HARDWARE) },
	{ "hlen 0 with a client-id", hlen_zero_with_id, D(HARDWARE) },
	{ "hlen 16", hlen_16, D(HARDWARE) },
	{ "hlen 255", hlen_255, D(HARDWARE) },
	{ "chaddr zero", chaddr_zero, D(CHADDR) },
	{ "chaddr broadcast", chaddr_broadcast, D(CHADDR) },
	{ "chaddr multicast", chaddr_multicast, D(CHADDR) },
	{ "chaddr of the bridge", chaddr_bridge, D(CHADDR) },
	{ "giaddr ours", giaddr_own, D(RELAY) },
	{ "giaddr of a victim", giaddr_victim, D(RELAY) },
	{ "giaddr broadcast", giaddr_broadcast, D(RELAY) },
	{ "giaddr multicast", giaddr_multicast, D(RELAY) },
	{ "giaddr loopback", giaddr_loopback, D(RELAY) },
	{ "17 hops", hops_17, D(HOPS) },
	{ "renewing the gateway", renew_gateway, NAKED },
	{ "renewing the broadcast address", renew_broadcast, NAKED },
	{ "renewing the neighbour's", renew_neighbours, NAKED },
	{ "yiaddr and siaddr preset", preset_fields, OFFERED },
	{ "options without an end", no_end, OFFERED },
	{ "option past the end", length_past_end, D(SHORT) },
	{ "code without a length", code_without_length, D(SHORT) },
	{ "3000 pads", all_pads, D(LONG) },
	{ "1200 pads", all_pads_that_fit, D(BOOTP_UNKNOWN) },
	{ "type of no octets", type_length_0, D(OPTION_LENGTH) },
	{ "type of two octets", type_length_2, D(OPTION_LENGTH) },
	{ "two types", two_types, D(OPTION_LENGTH) },
	{ "server id of 3", server_id_3, D(OPTION_LENGTH) },
	{ "server id of 5", server_id_5, D(OPTION_LENGTH) },
	{ "requested of 0", requested_0, D(OPTION_LENGTH) },
	{ "client-id of 0", client_id_0, OFFERED },
	{ "client-id of 1", client_id_1, OFFERED },
	{ "client-id of 255", client_id_255, OFFERED },
	{ "client-id of 510", client_id_510, D(OPTION_LENGTH) },
	{ "overload 0", overload_0, OFFERED },
	{ "overload 4", overload_4, OFFERED },
	{ "overload 255", overload_255, OFFERED },
	{ "overload that loops", overload_loop, OFFERED },
	{ "overload without ends", overload_unterminated, OFFERED },
	{ "name with a NUL", name_nul, OFFERED },
	{ "name with a blank", name_blank, OFFERED },
	{ "name like a path", name_path, OFFERED },
	{ "name like a command", name_shell, OFFERED },
	{ "name in UTF-8", name_utf8, OFFERED },
	{ "name of 255", name_255, OFFERED },
	{ "name of dots", name_dots, OFFERED },
	{ "the neighbour's name", name_neighbour, OFFERED },
	{ "wpad", name_wpad, OFFERED },
	{ "localhost", name_localhost, OFFERED },
	{ "fqdn too short", fqdn_short, OFFERED },
	{ "fqdn with a pointer", fqdn_pointer, OFFERED },
	{ "fqdn with a long label", fqdn_labels, OFFERED },
	{ "relay information", relay_option, D(RELAY) },
	{ "relay information, wrong inside", relay_nested, D(RELAY) },
	{ "one option asked for 255 times", prl_repeated, OFFERED },
	{ "every option asked for", prl_all, OFFERED },
	{ "maximum size 0", max_size_0, OFFERED },
	{ "maximum size 575", max_size_575, OFFERED },
	{ "maximum size 65535", max_size_65535, OFFERED },
	{ "lease of 0", lease_0, OFFERED },
	{ "lease of 1", lease_1, OFFERED },
	{ "infinite lease", lease_infinite, OFFERED },
	{ "arch of odd length", arch_odd, OFFERED },
	{ "uuid too short", uuid_short, OFFERED },
	{ "option 43 wrong inside", vendor_nested, OFFERED },
	{ "option 125 wrong inside", identifying_nested, OFFERED },
	{ "option 77 raw", user_class_raw, OFFERED },
	{ "option 77 wrong inside", user_class_nested, OFFERED },
	{ "release of the neighbour's", release_neighbours, D(NOT_HELD) },
	{ "decline of the neighbour's", decline_neighbours, D(NOT_HELD) },
	{ "type 0", type_0, D(TYPE) },
	{ "an OFFER", type_offer, D(TYPE) },
	{ "a LEASEQUERY", type_leasequery, D(TYPE) },
	{ "type 255", type_255, D(TYPE) },
	{ "source address ours", from_us, D(SOURCE) },
	{ "source address broadcast", from_broadcast, D(SOURCE) },
	{ "600 options", thousand_options, OFFERED },
};

static void open_with_neighbour(struct scene *c)
{
	scene_open(c, 90);
	init_reboot(c, NEIGHBOUR, NET + 50);
	scene_commit(c, true);
	assert_int_equal(reply_yiaddr(c), NET + 50);
	request(c, NEIGHBOUR, NET + 50, "neighbour");
	scene_commit(c, true);
}

static void expect_neighbour_well(struct scene *c, const char *after)
{
	c->now += 10 * USEC_PER_SEC;
	renew(c, NEIGHBOUR, NET + 50);
	if (reply_type(c) != DHCP4_TYPE_ACK || !reply_text_is(c, 12, "neighbour"))
		fail_msg("after %s the neighbour lost its lease", after);
}

static void check_offer(const struct scene *c, const char *name)
{
	const struct dhcp4_action *a = action_send(c);
	uint32_t ip = reply_yiaddr(c), lease;

	if (reply_type(c) != DHCP4_TYPE_OFFER)
		fail_msg("%s: no offer (%u)", name, c->drop);
	assert_in_range(ip, NET + 10, NET + 99);
	assert_int_not_equal(ip, NET + 50);
	assert_int_equal(be32_at(a->payload, AT_SIADDR), SERVER);
	assert_in_range(a->n, 300, DHCP4_PAYLOAD_MAX);
	assert_null(reply_option(a, 12, NULL));
	lease = reply_u32(a, 51);
	assert_in_range(lease, 120, 3600);
}

static void test_rows(void **state)
{
	struct mac m = ATTACKER;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct scene c;
		struct packet p;
		open_with_neighbour(&c);
		rows[i].build(&p, &m);
		scene_raw(&c, &p);
		switch (rows[i].want) {
		case DROPPED:
			if (c.drop != rows[i].drop || c.n)
				fail_msg("%s: verdict %u, %zu actions", rows[i].name, c.drop, c.n);
			assert_int_equal(
			    counter(&c, DHCP4_COUNT_DROP_LONG + c.drop - DHCP4_DROP_LONG), 1);
			break;
		case NAKED:
			if (reply_type(&c) != DHCP4_TYPE_NAK)
				fail_msg("%s: no NAK", rows[i].name);
			break;
		case OFFERED:
			check_offer(&c, rows[i].name);
			break;
		}
		expect_neighbour_well(&c, rows[i].name);
		scene_close(&c);
	}
}

static void test_rows_mutilated(void **state)
{
	struct mac m = ATTACKER;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct scene c;
		struct packet p, q;
		open_with_neighbour(&c);
		rows[i].build(&p, &m);
		size_t n = wr_len(&p.w);
		for (size_t cut = 0; cut < n; cut++) {
			q = p;
			q.w = wr_over(q.b, sizeof(q.b));
			q.w.p += cut;
			scene_raw(&c, &q);
			scene_commit(&c, true);
		}
		for (size_t at = 0; at < n && n < 1500; at++) {
			if (at >= AT_CHADDR && at < AT_CHADDR + 6)
				continue; /* that would be the neighbour itself */
			q = p;
			q.w = wr_over(q.b, sizeof(q.b));
			q.w.p += n;
			q.b[at] ^= 0xff;
			scene_raw(&c, &q);
			scene_commit(&c, true);
		}
		expect_neighbour_well(&c, rows[i].name);
		scene_close(&c);
	}
}

static void test_spoofed_sender(void **state)
{
	struct scene c;
	struct packet p;
	struct mac m = ATTACKER, other = client(2);

	scene_open(&c, 90);
	packet_dhcp(&p, &m, 1);
	struct dhcp4_dgram in = { .payload = p.b, .n = wr_len(&p.w), .from = &other };
	assert_int_equal(dhcp4_input(c.s, &in, c.now, c.out, 8), 0);
	assert_int_equal(dhcp4_last_drop(c.s), DHCP4_DROP_SPOOFED);
	in.from = &m;
	assert_int_equal(dhcp4_input(c.s, &in, c.now, c.out, 8), 1);
	in.truncated = true;
	assert_int_equal(dhcp4_input(c.s, &in, c.now, c.out, 8), 0);
	assert_int_equal(dhcp4_last_drop(c.s), DHCP4_DROP_LONG);
	scene_close(&c);
}

static void test_reply_is_bounded(void **state)
{
	static const struct {
		const uint8_t *max;
		size_t limit;
	} sizes[] = { { (const uint8_t *)"\0\0", 548 },
		      { (const uint8_t *)"\2\77", 548 },
		      { (const uint8_t *)"\2\130", 572 },
		      { (const uint8_t *)"\377\377", 1472 } };
	struct mac m = ATTACKER;
	struct packet p;

	/* The longest client-id, the longest domain, every option asked for: never more than the
	 * client takes. */
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		struct scene c;
		size_t n = 0;
		scene_open(&c, 90);
		memset(c.c.domain, 'd', sizeof(c.c.domain) - 1);
		(void)copy_text(c.c.boot_file, sizeof(c.c.boot_file), "boot");
		scene_configure(&c);
		packet_dhcp(&p, &m, 1);
		packet_option(&p, 61, full, 255);
		packet_option(&p, 57, sizes[i].max, 2);
		packet_option(&p, 55, "\1\3\6\17\14\34\102\103", 8);
		packet_option(&p, 81, "\0\0\0vm", 5);
		scene_send(&c, &p);
		assert_in_range(action_send(&c)->n, 300, sizes[i].limit);
		assert_int_equal(reply_type(&c), DHCP4_TYPE_OFFER);
		assert_int_equal(reply_u32(action_send(&c), 51), 3600);
		assert_non_null(reply_option(action_send(&c), 61, &n));
		assert_int_equal(n, 255);
		scene_close(&c);
	}
}

/* Made-up clients that discover and request as fast as they can: bounded memory, and a real one is
 * served. */
static void test_starvation(void **state)
{
	struct scene c;
	struct dhcp4_usage u;

	scene_open(&c, 90);
	for (unsigned i = 0; i < 20000; i++) {
		discover(&c, client(0x2000 + i), NULL);
		c.now += 100;
	}
	dhcp4_get_usage(c.s, &u);
	assert_int_equal(u.offered, 90);
	assert_int_not_equal(dora(&c, client(5), NULL), 0);
	scene_close(&c);
}

static void test_nak_storm(void **state)
{
	struct scene c;
	unsigned naks = 0;

	scene_open(&c, 90);
	for (unsigned i = 0; i < 5000; i++) {
		init_reboot(&c, client(i), 0x08080808);
		naks += reply_type(&c) == DHCP4_TYPE_NAK;
	}
	assert_in_range(naks, 1, 200);
	assert_int_equal(c.drop, DHCP4_DROP_NAK_RATE);
	c.now += USEC_PER_SEC;
	init_reboot(&c, client(1), 0x08080808);
	assert_int_equal(reply_type(&c), DHCP4_TYPE_NAK);
	scene_close(&c);
}

static void test_change_storm(void **state)
{
	struct scene c;
	unsigned stored = 0;
	char name[16];

	/* A client that renames itself all the time mustn't keep the store busy. */
	scene_open(&c, 90);
	uint32_t ip = dora(&c, client(1), NULL);
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		request(&c, client(1), ip, name);
		stored += action_binding(&c, DHCP4_RENAME) != NULL;
		scene_commit(&c, true);
	}
	assert_in_range(stored, 1, 20);
	assert_int_equal(c.drop, DHCP4_DROP_RATE);
	c.now += 10 * USEC_PER_SEC;
	request(&c, client(1), ip, "last");
	assert_non_null(action_binding(&c, DHCP4_RENAME));
	scene_close(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),           cmocka_unit_test(test_rows_mutilated),
		cmocka_unit_test(test_spoofed_sender), cmocka_unit_test(test_reply_is_bounded),
		cmocka_unit_test(test_starvation),     cmocka_unit_test(test_nak_storm),
		cmocka_unit_test(test_change_storm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
