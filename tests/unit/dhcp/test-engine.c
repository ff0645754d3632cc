/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The engine by scripts: what clients send, what must come of it. */
#include "scene.h"

static void test_dora(void **state)
{
	struct scene c;
	struct mac m = client(1);
	const struct dhcp4_action *a;

	scene_open(&c, 90);
	uint32_t ip = discover(&c, m, "vm1");
	assert_in_range(ip, NET + 10, NET + 99);
	assert_int_equal(c.n, 1);
	a = action_send(&c);
	assert_true(mac_equal(&a->to_mac, &m));
	assert_int_equal(a->to_ip, ip);
	assert_true(a->n >= DHCP4_REPLY_MIN_SIZE);
	assert_int_equal(reply_u32(a, 54), SERVER);
	assert_int_equal(reply_u32(a, 51), 3600);
	assert_int_equal(reply_u32(a, 58), 1800);
	assert_int_equal(reply_u32(a, 59), 3150);
	assert_int_equal(reply_u32(a, 1), 0xffffff00);
	assert_int_equal(reply_u32(a, 3), SERVER);
	assert_int_equal(reply_u32(a, 6), SERVER);
	assert_int_equal(reply_u32(a, 28), NET + 255);
	assert_true(reply_text_is(&c, 15, "lab"));
	assert_null(reply_option(a, 26, NULL));

	/* The ACK waits for the store. */
	assert_int_equal(request(&c, m, ip, "vm1"), DHCP4_DROP_NONE);
	assert_null(action_send(&c));
	a = action_binding(&c, DHCP4_GRANT);
	assert_non_null(a);
	assert_true(a->token != 0);
	assert_int_equal(a->binding->ip, ip);
	assert_true(mac_equal(&a->binding->mac, &m));
	assert_string_equal(a->binding->name, "vm1");
	assert_int_equal(a->binding->lease_sec, 3600);
	assert_true(a->binding->expires == c.now + 3600 * USEC_PER_SEC);
	scene_commit(&c, true);
	assert_int_equal(reply_type(&c), DHCP4_TYPE_ACK);
	assert_int_equal(reply_yiaddr(&c), ip);
	assert_true(reply_text_is(&c, 12, "vm1"));
	assert_int_equal(reply_u32(action_send(&c), 51), 3600);
	scene_close(&c);
}

static void test_no_ack_before_commit(void **state)
{
	struct scene c;
	struct mac m = client(1);

	scene_open(&c, 90);
	uint32_t ip = discover(&c, m, NULL);
	request(&c, m, ip, NULL);
	uint64_t token = action_binding(&c, DHCP4_GRANT)->token;
	/* Asked again meanwhile: no reply, and the store isn't asked twice. */
	assert_int_equal(request(&c, m, ip, NULL), DHCP4_DROP_NONE);
	assert_int_equal(c.n, 0);
	/* Neither do renewals leave before it. */
	assert_int_equal(renew(&c, m, ip), DHCP4_DROP_NONE);
	assert_int_equal(c.n, 0);
	assert_int_equal(dhcp4_committed(c.s, token + 1, true, c.now, c.out, 4), 0);
	c.n = dhcp4_committed(c.s, token, true, c.now, c.out, 4);
	assert_int_equal(reply_type(&c), DHCP4_TYPE_ACK);
	assert_int_equal(dhcp4_committed(c.s, token, true, c.now, c.out, 4), 0);
	scene_close(&c);
}

static void test_gate_lapses(void **state)
{
	struct scene c;
	struct mac m = client(1);

	scene_open(&c, 90);
	uint32_t ip = discover(&c, m, NULL);
	request(&c, m, ip, NULL);
	uint64_t token = action_binding(&c, DHCP4_GRANT)->token;
	scene_tick(&c, DHCP4_GATE_SEC);
	assert_int_equal(counter(&c, DHCP4_COUNT_GATE_LAPSED), 1);
	assert_int_equal(dhcp4_committed(c.s, token, true, c.now, c.out, 4), 0);
	/* The store never said yes, so the next request must ask it again. */
	request(&c, m, ip, NULL);
	assert_non_null(action_binding(&c, DHCP4_GRANT));
	assert_true(action_binding(&c, DHCP4_GRANT)->token != token);
	scene_close(&c);
}

static void test_store_failed(void **state)
{
	struct scene c;
	struct mac m = client(1);

	scene_open(&c, 90);
	uint32_t ip = discover(&c, m, NULL);
	request(&c, m, ip, NULL);
	scene_commit(&c, false);
	assert_int_equal(reply_type(&c), DHCP4_TYPE_ACK);
	assert_int_equal(reply_u32(action_send(&c), 51), 300);
	assert_int_equal(reply_u32(action_send(&c), 58), 150);
	assert_int_equal(reply_u32(action_send(&c), 59), 262);
	/* The renewal is not a mere extension: what it extends isn't stored. */
	renew(&c, m, ip);
	assert_null(action_send(&c));
	assert_non_null(action_binding(&c, DHCP4_GRANT));
	scene_commit(&c, true);
	assert_int_equal(reply_u32(action_send(&c), 51), 3600);
	scene_close(&c);
}

static void test_renew_and_rebind(void **state)
{
	struct scene c;
	struct mac m = client(1);
	struct packet p;

	scene_open(&c, 90);
	uint32_t ip = dora(&c, m, "vm1");
	c.now += 1800 * USEC_PER_SEC;
	assert_int_equal(renew(&c, m, ip), DHCP4_DROP_NONE);
	assert_int_equal(reply_type(&c), DHCP4_TYPE_ACK);
	assert_int_equal(action_send(&c)->to_ip, ip);
	assert_non_null(action_binding(&c, DHCP4_EXTEND));
	assert_true(action_binding(&c, DHCP4_EXTEND)->token == 0);
	assert_true(action_binding(&c, DHCP4_EXTEND)->binding->expires ==
		    c.now + 3600 * USEC_PER_SEC);
	assert_string_equal(action_binding(&c, DHCP4_EXTEND)->binding->name, "vm1");
	/* At once again: an answer, but nothing to write down. */
	renew(&c, m, ip);
	assert_int_equal(c.n, 1);
	assert_int_equal(reply_type(&c), DHCP4_TYPE_ACK);

	packet_dhcp(&p, &m, DHCP4_TYPE_REQUEST);
	wr_patch_u32(&p.w, AT_CIADDR, ip);
	scene_send(&c, &p);
	assert_int_equal(reply_type(&c), DHCP4_TYPE_ACK);
	scene_tick(&c, 3599);
	assert_int_equal(c.n, 0);
	scene_tick(&c, 1);
	assert_non_null(action_binding(&c, DHCP4_EXPIRE));
	assert_int_equal(action_binding(&c, DHCP4_EXPIRE)->binding->ip, ip);
	/* Late, but nobody took it. */
	renew(&c, m, ip);
	assert_non_null(action_binding(&c, DHCP4_GRANT));
	scene_commit(&c, true);
	assert_int_equal(reply_yiaddr(&c), ip);
	scene_close(&c);
}

static void test_naks(void **state)
{
	struct scene c;

	scene_open(&c, 90);
	uint32_t ip = dora(&c, client(1), NULL);
	const struct {
		const char *what;
		enum { SELECTING, INIT_REBOOT, RENEWING } how;
		unsigned who;
		uint32_t ip;
	} rows[] = {
		{ "reboot on another network", INIT_REBOOT, 1, 0xc0a87a32 },
		{ "reboot with an address that isn't ours", INIT_REBOOT, 1, NET + 50 },
		{ "reboot of a stranger with a taken address", INIT_REBOOT, 2, ip },
		{ "reboot outside the range", INIT_REBOOT, 2, NET + 200 },
		{ "select a taken address", SELECTING, 2, ip },
		{ "select the gateway", SELECTING, 2, SERVER },
		{ "select the broadcast address", SELECTING, 2, NET + 255 },
		{ "renew the gateway", RENEWING, 1, SERVER },
		{ "renew the broadcast address", RENEWING, 1, NET + 255 },
		{ "renew somebody else's", RENEWING, 2, ip },
		{ "renew outside", RENEWING, 2, 0x08080808 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct mac m = client(rows[i].who);
		if (rows[i].how == SELECTING)
			request(&c, m, rows[i].ip, NULL);
		else if (rows[i].how == INIT_REBOOT)
			init_reboot(&c, m, rows[i].ip);
		else
			renew(&c, m, rows[i].ip);
		if (reply_type(&c) != DHCP4_TYPE_NAK || c.n != 1)
			fail_msg("%s: no NAK", rows[i].what);
		assert_int_equal(action_send(&c)->to_ip, BCAST);
		assert_int_equal(reply_yiaddr(&c), 0);
	}
	/* Client 1 is untouched by all that. */
	init_reboot(&c, client(1), ip);
	assert_int_equal(reply_type(&c), DHCP4_TYPE_ACK);
	scene_close(&c);
}

static void test_init_reboot_relearns(void **state)
{
	struct scene c;

	/* The leases are lost; authoritative servers take the client's word for a free address. */
	scene_open(&c, 90);
	init_reboot(&c, client(7), NET + 33);
	scene_commit(&c, true);
	assert_int_equal(reply_yiaddr(&c), NET + 33);
	renew(&c, client(8), NET + 34);
	scene_commit(&c, true);
	assert_int_equal(reply_yiaddr(&c), NET + 34);
	scene_close(&c);
}

/* A client that accepts an offer with an address in ciaddr, of another network or the same. */
static void test_selecting_with_ciaddr(void **state)
{
	static const uint32_t stale[] = { 0xc0a8b5a6, NET + 33, NET + 200, SERVER };
	struct mac m = client(7);
	struct scene c;
	struct packet p;

	scene_open(&c, 90);
	for (size_t i = 0; i < ARRAY_LEN(stale); i++) {
		uint32_t ip = discover(&c, m, NULL);
		packet_dhcp(&p, &m, DHCP4_TYPE_REQUEST);
		packet_u32(&p, DHCP4_OPT_SERVER_ID, SERVER);
		packet_u32(&p, DHCP4_OPT_REQUESTED, ip);
		wr_patch_u32(&p.w, AT_CIADDR, stale[i]);
		scene_send(&c, &p);
		scene_commit(&c, true);
		assert_int_equal(reply_type(&c), DHCP4_TYPE_ACK);
		assert_int_equal(reply_yiaddr(&c), ip);
		assert_int_equal(action_send(&c)->to_ip, ip); /* nobody hears at the stale one */
	}
	scene_close(&c);
}

static void test_not_authoritative(void **state)
{
	struct scene c;
	struct packet p;

	scene_open(&c, 90);
	c.c.authoritative = false;
	scene_configure(&c);
	assert_int_equal(init_reboot(&c, client(7), NET + 33), DHCP4_DROP_UNKNOWN_CLIENT);
	assert_int_equal(c.n, 0);
	init_reboot(&c, client(7), 0xc0a87a32); /* no address of this link at all */
	assert_int_equal(reply_type(&c), DHCP4_TYPE_NAK);
	struct mac m = client(7);
	packet_dhcp(&p, &m, DHCP4_TYPE_REQUEST);
	wr_patch_u32(&p.w, AT_CIADDR, NET + 33);
	assert_int_equal(scene_send(&c, &p), DHCP4_DROP_UNKNOWN_CLIENT);
	renew(&c, m, NET + 33); /* unicast: it is us that it asks */
	assert_int_equal(reply_type(&c), DHCP4_TYPE_NAK);
	scene_close(&c);
}

static void test_other_server(void **state)
{
	struct scene c;
	struct packet p;
	struct mac m = client(1);
	struct dhcp4_usage u;

	scene_open(&c, 90);
	discover(&c, m, NULL);
	packet_dhcp(&p, &m, DHCP4_TYPE_REQUEST);
	packet_u32(&p, DHCP4_OPT_SERVER_ID, NET + 2);
	packet_u32(&p, DHCP4_OPT_REQUESTED, NET + 40);
	assert_int_equal(scene_send(&c, &p), DHCP4_DROP_OTHER_SERVER);
	dhcp4_get_usage(c.s, &u);
	assert_int_equal(u.offered, 0);
	scene_close(&c);
}

static void test_release_keeps_affinity(void **state)
{
	struct scene c;

	scene_open(&c, 90);
	uint32_t ip = dora(&c, client(1), "vm1");
	assert_int_equal(give_up(&c, client(2), DHCP4_TYPE_RELEASE, ip), DHCP4_DROP_NOT_HELD);
	assert_int_equal(give_up(&c, client(1), DHCP4_TYPE_RELEASE, ip), DHCP4_DROP_NONE);
	assert_non_null(action_binding(&c, DHCP4_RELEASE));
	assert_string_equal(action_binding(&c, DHCP4_RELEASE)->binding->name, "vm1");
	assert_null(action_send(&c));
	assert_int_equal(give_up(&c, client(1), DHCP4_TYPE_RELEASE, ip), DHCP4_DROP_NOT_HELD);
	/* The name is free now, the address is kept for its client. */
	uint32_t other = dora(&c, client(2), "vm1");
	assert_true(reply_text_is(&c, 12, "vm1"));
	assert_int_not_equal(other, ip);
	assert_int_equal(discover(&c, client(1), NULL), ip);
	scene_close(&c);
}

static void test_release_needs_its_source(void **state)
{
	struct scene c;
	struct packet p;
	struct mac m = client(1);

	scene_open(&c, 90);
	uint32_t ip = dora(&c, m, NULL);
	packet_dhcp(&p, &m, DHCP4_TYPE_RELEASE);
	packet_u32(&p, DHCP4_OPT_SERVER_ID, SERVER);
	wr_patch_u32(&p.w, AT_CIADDR, ip);
	p.src = NET + 99;
	assert_int_equal(scene_send(&c, &p), DHCP4_DROP_SOURCE);
	assert_int_equal(c.n, 0);
	scene_close(&c);
}

static void test_release_without_server_id(void **state)
{
	struct scene c;
	struct packet p;
	struct mac m = client(1);

	scene_open(&c, 90);
	uint32_t ip = dora(&c, m, NULL);
	packet_dhcp(&p, &m, DHCP4_TYPE_RELEASE);
	wr_patch_u32(&p.w, AT_CIADDR, ip);
	p.src = ip;
	assert_int_equal(scene_send(&c, &p), DHCP4_DROP_OTHER_SERVER); /* to all: whose? */
	p.dst = SERVER;
	assert_int_equal(scene_send(&c, &p), DHCP4_DROP_NONE);
	assert_non_null(action_binding(&c, DHCP4_RELEASE));
	scene_close(&c);
}

static void test_decline(void **state)
{
	struct scene c;

	scene_open(&c, 90);
	uint32_t ip = dora(&c, client(1), NULL);
	assert_int_equal(give_up(&c, client(2), DHCP4_TYPE_DECLINE, ip), DHCP4_DROP_NOT_HELD);
	assert_int_equal(give_up(&c, client(1), DHCP4_TYPE_DECLINE, ip), DHCP4_DROP_NONE);
	assert_non_null(action_binding(&c, DHCP4_DECLINE));
	assert_int_not_equal(discover(&c, client(1), NULL), ip);
	init_reboot(&c, client(3), ip);
	assert_int_equal(reply_type(&c), DHCP4_TYPE_NAK);
	scene_tick(&c, 600);
	init_reboot(&c, client(3), ip);
	scene_commit(&c, true);
	assert_int_equal(reply_yiaddr(&c), ip);
	/* The second time it takes twice as long. */
	give_up(&c, client(3), DHCP4_TYPE_DECLINE, ip);
	scene_tick(&c, 1199);
	init_reboot(&c, client(4), ip);
	assert_int_equal(reply_type(&c), DHCP4_TYPE_NAK);
	scene_tick(&c, 1);
	init_reboot(&c, client(4), ip);
	assert_non_null(action_binding(&c, DHCP4_GRANT));
	scene_close(&c);
}

static void test_decline_caps(void **state)
{
	struct scene c;
	struct dhcp4_usage u;

	/* One client: 8 in an hour. Then it is slowed down. */
	scene_open(&c, 90);
	unsigned granted = 0;
	for (unsigned i = 0; i < 60; i++) {
		uint32_t ip = dora(&c, client(1), NULL);
		if (!ip)
			break;
		granted++;
		give_up(&c, client(1), DHCP4_TYPE_DECLINE, ip);
	}
	dhcp4_get_usage(c.s, &u);
	assert_int_equal(u.quarantined, 8);
	assert_in_range(granted, 9, 40);
	assert_true(u.count[DHCP4_COUNT_DROP_RATE] > 0);
	/* Many clients: a quarter of the pool. */
	for (unsigned i = 2; i < 80; i++) {
		uint32_t ip = dora(&c, client(i), NULL);
		if (ip)
			give_up(&c, client(i), DHCP4_TYPE_DECLINE, ip);
	}
	dhcp4_get_usage(c.s, &u);
	assert_int_equal(u.quarantined, 90 / 4);
	assert_int_not_equal(dora(&c, client(200), NULL), 0);
	scene_close(&c);
}

static void test_inform(void **state)
{
	struct scene c;
	struct packet p;
	struct mac m = client(1);
	struct dhcp4_usage u;

	scene_open(&c, 90);
	packet_dhcp(&p, &m, DHCP4_TYPE_INFORM);
	wr_patch_u32(&p.w, AT_CIADDR, NET + 200);
	p.src = NET + 200;
	scene_send(&c, &p);
	assert_int_equal(reply_type(&c), DHCP4_TYPE_ACK);
	assert_int_equal(reply_yiaddr(&c), 0);
	assert_int_equal(action_send(&c)->to_ip, NET + 200);
	assert_null(reply_option(action_send(&c), 51, NULL));
	assert_null(reply_option(action_send(&c), 58, NULL));
	assert_int_equal(reply_u32(action_send(&c), 6), SERVER);
	dhcp4_get_usage(c.s, &u);
	assert_int_equal(u.bound + u.offered, 0);

	packet_dhcp(&p, &m, DHCP4_TYPE_INFORM);
	assert_int_equal(scene_send(&c, &p), DHCP4_DROP_NO_ADDRESS);
	packet_dhcp(&p, &m, DHCP4_TYPE_INFORM);
	wr_patch_u32(&p.w, AT_CIADDR, 0x08080808);
	assert_int_equal(scene_send(&c, &p), DHCP4_DROP_SOURCE);
	scene_close(&c);
}

static void test_one_nic_two_identifiers(void **state)
{
	struct scene c;
	struct packet p;
	struct mac m = client(1);
	const uint8_t firmware[] = { 1, 0x52, 0x54, 0, 0, 0, 1 },
		      duid[] = { 0xff, 1, 2, 3, 4, 0, 2, 9, 9 };
	uint32_t got[2];

	scene_open(&c, 90);
	for (unsigned i = 0; i < 2; i++) {
		const uint8_t *id = i ? duid : firmware;
		size_t n = i ? sizeof(duid) : sizeof(firmware), echoed = 0;
		packet_dhcp(&p, &m, DHCP4_TYPE_DISCOVER);
		packet_option(&p, DHCP4_OPT_CLIENT_ID, id, n);
		scene_send(&c, &p);
		got[i] = reply_yiaddr(&c);
		const uint8_t *echo = reply_option(action_send(&c), 61, &echoed);
		assert_int_equal(echoed, n);
		assert_memory_equal(echo, id, n);
		packet_dhcp(&p, &m, DHCP4_TYPE_REQUEST);
		packet_u32(&p, DHCP4_OPT_SERVER_ID, SERVER);
		packet_u32(&p, DHCP4_OPT_REQUESTED, got[i]);
		packet_option(&p, DHCP4_OPT_CLIENT_ID, id, n);
		scene_send(&c, &p);
		const struct dhcp4_action *a = action_binding(&c, i ? DHCP4_RENAME : DHCP4_GRANT);
		assert_non_null(a);
		assert_int_equal(a->binding->client_id_len, n);
		assert_memory_equal(a->binding->client_id, id, n);
		scene_commit(&c, true);
		assert_int_equal(reply_type(&c), DHCP4_TYPE_ACK);
	}
	assert_int_equal(got[0], got[1]);
	scene_close(&c);
}

static void test_pool_exhaustion(void **state)
{
	struct scene c;
	uint32_t ip[4];

	scene_open(&c, 4);
	for (unsigned i = 0; i < 4; i++) {
		ip[i] = dora(&c, client(i), NULL);
		assert_int_not_equal(ip[i], 0);
		c.now += USEC_PER_SEC;
	}
	/* An unexpired lease is never taken. */
	assert_int_equal(discover(&c, client(9), NULL), 0);
	assert_int_equal(c.drop, DHCP4_DROP_POOL_EMPTY);
	assert_int_equal(counter(&c, DHCP4_COUNT_DROP_POOL_EMPTY), 1);
	/* The released one goes, though the expired ones to come would go first. */
	give_up(&c, client(2), DHCP4_TYPE_RELEASE, ip[2]);
	assert_int_equal(dora(&c, client(9), NULL), ip[2]);
	give_up(&c, client(9), DHCP4_TYPE_RELEASE, ip[2]);
	renew(&c, client(3), ip[3]); /* this one lasts longer */
	scene_tick(&c, 3598);        /* 0 and 1 end, in this order */
	assert_int_equal(dora(&c, client(10), NULL), ip[0]);
	assert_int_equal(dora(&c, client(11), NULL), ip[1]);
	assert_int_equal(dora(&c, client(12), NULL), ip[2]);
	assert_int_equal(dora(&c, client(13), NULL), 0);
	scene_close(&c);
}

static void test_offers_are_soft(void **state)
{
	struct scene c;
	struct dhcp4_usage u;

	scene_open(&c, 4);
	uint32_t ip = discover(&c, client(1), NULL);
	/* A flood of made-up clients can take the offer, but not keep the client from its address.
	 */
	for (unsigned i = 100; i < 400; i++)
		assert_int_not_equal(discover(&c, client(i), NULL), 0);
	dhcp4_get_usage(c.s, &u);
	assert_int_equal(u.offered, 4);
	request(&c, client(1), ip, NULL);
	scene_commit(&c, true);
	assert_int_equal(reply_type(&c), DHCP4_TYPE_ACK);
	scene_tick(&c, DHCP4_OFFER_SEC);
	dhcp4_get_usage(c.s, &u);
	assert_int_equal(u.offered, 0);
	assert_int_equal(u.bound, 1);
	scene_close(&c);
}

static void test_restore(void **state)
{
	struct scene c;
	struct dhcp4_binding b = {
		.ip = NET + 20, .mac = client(1), .name = "vm1", .lease_sec = 1000
	};

	scene_open(&c, 90);
	assert_int_equal(dhcp4_restore(c.s, &b, c.now), 0);
	assert_int_equal(dhcp4_restore(c.s, &b, c.now), -EEXIST);
	b.ip = NET + 21;
	assert_int_equal(dhcp4_restore(c.s, &b, c.now), -ENOTUNIQ);
	b.mac = client(2);
	b.ip = NET + 20;
	assert_int_equal(dhcp4_restore(c.s, &b, c.now), -EEXIST);
	b.ip = 0xc0a80005; /* the network had another subnet once */
	assert_int_equal(dhcp4_restore(c.s, &b, c.now), -EINVAL);
	request(&c, client(2), NET + 20, NULL);
	assert_int_equal(reply_type(&c), DHCP4_TYPE_NAK);
	/* For a full term, whatever the record said. */
	scene_tick(&c, 999);
	assert_int_equal(c.n, 0);
	renew(&c, client(1), NET + 20);
	assert_int_equal(reply_type(&c), DHCP4_TYPE_ACK);
	assert_true(reply_text_is(&c, 12, "vm1"));
	assert_non_null(action_binding(&c, DHCP4_EXTEND));
	scene_close(&c);
}

static void test_names(void **state)
{
	static const struct {
		const char *asked, *got;
	} rows[] = {
		{ "Web-01", "web-01" },
		{ "web.example.org", "web" },
		{ "under_score", "under_score" },
		{ "vm1", "" /* taken */ },
		{ "GW", "" /* reserved */ },
		{ "static", "" /* a host's */ },
		{ "localhost", "" },
		{ "wpad", "" },
		{ "isatap", "" },
		{ "a b", "" },
		{ "../../etc/passwd", "" },
		{ "x;$(reboot)", "" },
		{ "...", "" },
		{ "-dash", "" },
		{ "dash-", "" },
		{ "caf\xc3\xa9", "" },
		{ "\x1b[31m", "" },
		{ "xn--caf-dma", "xn--caf-dma" },
	};
	struct scene c;

	scene_open(&c, 90);
	c.hosts[0] = (struct dhcp4_host){ true, client(300), "static", NET + 5, 0 };
	c.c.n_hosts = 1;
	c.reserved[0] = (struct dhcp4_name){ "gw" };
	c.c.n_reserved = 1;
	scene_configure(&c);
	uint32_t first = dora(&c, client(1), "vm1");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint32_t ip = dora(&c, client((unsigned)i + 10), rows[i].asked);
		assert_int_not_equal(ip, 0);
		if (rows[i].got[0] ? !reply_text_is(&c, 12, rows[i].got)
				   : reply_option(action_send(&c), 12, NULL) != NULL)
			fail_msg("row %zu: %s", i, rows[i].asked);
	}
	/* The first holder still has its name. */
	renew(&c, client(1), first);
	assert_true(reply_text_is(&c, 12, "vm1"));
	scene_close(&c);
}

static void test_rename(void **state)
{
	struct scene c;

	scene_open(&c, 90);
	uint32_t ip = dora(&c, client(1), "old");
	request(&c, client(1), ip, "new");
	assert_null(action_send(&c));
	assert_non_null(action_binding(&c, DHCP4_RENAME));
	assert_string_equal(action_binding(&c, DHCP4_RENAME)->binding->name, "new");
	scene_commit(&c, true);
	assert_true(reply_text_is(&c, 12, "new"));
	dora(&c, client(2), "old");
	assert_true(reply_text_is(&c, 12, "old"));
	scene_close(&c);
}

static void test_static_host(void **state)
{
	struct scene c;
	struct mac m = client(1);

	scene_open(&c, 0);
	c.hosts[0] = (struct dhcp4_host){ true, m, "web", NET + 5, 600 };
	c.c.n_hosts = 1;
	scene_configure(&c);
	/* Only static hosts: others get silence. */
	assert_int_equal(discover(&c, client(2), NULL), 0);
	assert_int_equal(c.drop, DHCP4_DROP_UNKNOWN_CLIENT);
	assert_int_equal(dora(&c, m, "liar"), NET + 5);
	assert_true(reply_text_is(&c, 12, "web"));
	assert_int_equal(reply_u32(action_send(&c), 51), 600);
	request(&c, m, NET + 6, NULL);
	assert_int_equal(reply_type(&c), DHCP4_TYPE_NAK);
	request(&c, client(2), NET + 5, NULL);
	assert_int_equal(reply_type(&c), DHCP4_TYPE_NAK);
	scene_close(&c);
}

static void test_static_host_by_name(void **state)
{
	struct scene c;

	scene_open(&c, 90);
	c.hosts[0] = (struct dhcp4_host){ .name = "db", .ip = NET + 7 };
	c.c.n_hosts = 1;
	scene_configure(&c);
	assert_int_equal(dora(&c, client(1), "db"), NET + 7);
	/* A second one that says so gets another address and no name. */
	uint32_t ip = dora(&c, client(2), "db");
	assert_in_range(ip, NET + 10, NET + 99);
	assert_null(reply_option(action_send(&c), 12, NULL));
	/* The first one renews without saying its name. */
	renew(&c, client(1), NET + 7);
	assert_int_equal(reply_type(&c), DHCP4_TYPE_ACK);
	scene_close(&c);
}

static void test_becomes_static(void **state)
{
	struct scene c;
	struct mac m = client(1);

	scene_open(&c, 90);
	uint32_t ip = dora(&c, m, "vm1"), other = dora(&c, client(2), "web");
	c.hosts[0] = (struct dhcp4_host){ true, m, "web", NET + 5, 0 };
	c.c.n_hosts = 1;
	scene_configure(&c);
	renew(&c, m, ip);
	assert_int_equal(reply_type(&c), DHCP4_TYPE_NAK);
	assert_int_equal(discover(&c, m, NULL), NET + 5);
	request(&c, m, NET + 5, NULL);
	/* It moves: the old address goes, and the squatter of its name loses that. */
	assert_int_equal(action_binding(&c, DHCP4_RELEASE)->binding->ip, ip);
	assert_int_equal(action_binding(&c, DHCP4_RENAME)->binding->ip, other);
	assert_string_equal(action_binding(&c, DHCP4_RENAME)->binding->name, "");
	assert_int_equal(action_binding(&c, DHCP4_GRANT)->binding->ip, NET + 5);
	assert_string_equal(action_binding(&c, DHCP4_GRANT)->binding->name, "web");
	scene_commit(&c, true);
	assert_int_equal(reply_yiaddr(&c), NET + 5);
	scene_close(&c);
}

static void test_squatter_on_static_address(void **state)
{
	struct scene c;

	scene_open(&c, 90);
	uint32_t ip = dora(&c, client(2), NULL);
	c.hosts[0] = (struct dhcp4_host){ true, client(1), "", ip, 0 };
	c.c.n_hosts = 1;
	scene_configure(&c);
	/* Meanwhile the static host is served from the range … */
	uint32_t meanwhile = dora(&c, client(1), NULL);
	assert_int_not_equal(meanwhile, 0);
	assert_int_not_equal(meanwhile, ip);
	/* … the squatter is NAKed when it renews, and then the address is free. */
	renew(&c, client(2), ip);
	assert_int_equal(reply_type(&c), DHCP4_TYPE_NAK);
	assert_int_equal(action_binding(&c, DHCP4_RELEASE)->binding->ip, ip);
	assert_int_equal(dora(&c, client(1), NULL), ip);
	scene_close(&c);
}

static void test_range_moved(void **state)
{
	struct scene c;

	scene_open(&c, 90);
	uint32_t ip = dora(&c, client(1), NULL);
	c.ranges[0] = (struct dhcp4_range){ NET + 200, NET + 210, 7200 };
	scene_configure(&c);
	renew(&c, client(1), ip);
	assert_int_equal(reply_type(&c), DHCP4_TYPE_NAK);
	assert_in_range(dora(&c, client(1), NULL), NET + 200, NET + 210);
	assert_int_equal(reply_u32(action_send(&c), 51), 7200);
	scene_close(&c);
}

static void test_isolated_and_boot(void **state)
{
	struct scene c;
	struct packet p;
	struct mac m = client(1);
	const uint8_t ask[] = { 3, 6, 66, 67, 1, 12, 15 };
	size_t n;

	scene_open(&c, 90);
	c.c.router = 0;
	c.c.dns = 0;
	c.c.mtu = 9000;
	(void)copy_text(c.c.boot_file, sizeof(c.c.boot_file), "boot.ipxe");
	c.c.next_server = NET + 3;
	scene_configure(&c);
	packet_dhcp(&p, &m, DHCP4_TYPE_DISCOVER);
	packet_option(&p, 55, ask, sizeof(ask));
	scene_send(&c, &p);
	const struct dhcp4_action *a = action_send(&c);
	assert_null(reply_option(a, 3, NULL));
	assert_null(reply_option(a, 6, NULL));
	assert_memory_equal(reply_option(a, 26, NULL), "\x23\x28", 2);
	assert_int_equal(be32_at(a->payload, AT_SIADDR), NET + 3);
	assert_string_equal((const char *)a->payload + AT_FILE, "boot.ipxe");
	assert_true(reply_text_is(&c, 66, "10.77.0.3"));
	assert_string_equal((const char *)reply_option(a, 67, &n), "boot.ipxe");
	assert_int_equal(n, 10);
	scene_close(&c);
}

static void test_http_boot(void **state)
{
	struct scene c;
	struct packet p;
	struct mac m = client(1);
	const uint8_t ask[] = { 1, 3, 60, 67 };

	scene_open(&c, 90);
	(void)copy_text(c.c.boot_file, sizeof(c.c.boot_file), "http://10.77.0.1/boot.efi");
	scene_configure(&c);
	packet_dhcp(&p, &m, DHCP4_TYPE_DISCOVER);
	packet_text(&p, 60, "HTTPClient:Arch:00016:UNDI:003000");
	packet_option(&p, 55, ask, sizeof(ask));
	scene_send(&c, &p);
	assert_true(reply_text_is(&c, 60, "HTTPClient"));
	assert_true(reply_text_is(&c, 67, "http://10.77.0.1/boot.efi")); /* without a NUL */
	packet_dhcp(&p, &m, DHCP4_TYPE_DISCOVER);
	packet_text(&p, 60, "PXEClient:Arch:00007:UNDI:003000");
	scene_send(&c, &p);
	assert_null(reply_option(action_send(&c), 60, NULL));
	assert_null(
	    reply_option(action_send(&c), 67, NULL)); /* not asked for: it is in the fixed field */
	scene_close(&c);
}

static void test_bootp(void **state)
{
	struct scene c;
	struct packet p;
	struct mac m = client(1), stranger = client(2);

	scene_open(&c, 90);
	c.hosts[0] = (struct dhcp4_host){ true, m, "printer", NET + 5, 600 };
	c.c.n_hosts = 1;
	scene_configure(&c);
	packet_open(&p, &stranger);
	assert_int_equal(scene_send(&c, &p), DHCP4_DROP_BOOTP_UNKNOWN);
	packet_open(&p, &m);
	scene_send(&c, &p);
	assert_int_equal(action_binding(&c, DHCP4_GRANT)->binding->lease_sec, DHCP4_LEASE_INFINITE);
	scene_commit(&c, true);
	assert_int_equal(reply_yiaddr(&c), NET + 5);
	assert_null(reply_option(action_send(&c), 53, NULL));
	assert_null(reply_option(action_send(&c), 51, NULL));
	assert_true(action_send(&c)->n >= 300);
	assert_true(dhcp4_deadline(c.s) == USEC_INFINITY);
	scene_close(&c);
}

static void test_wanted_lease_time(void **state)
{
	static const struct {
		uint32_t configured, wanted, got;
	} rows[] = {
		{ 3600, 0, 3600 },          { 3600, 1, 120 },      { 3600, 600, 600 },
		{ 3600, UINT32_MAX, 3600 }, { 60, 1, 60 },         { UINT32_MAX, 0, UINT32_MAX },
		{ UINT32_MAX, 600, 600 },   { 3600, 86400, 3600 },
	};
	struct packet p;
	struct mac m = client(1);

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct scene c;
		scene_open(&c, 90);
		c.c.default_lease_sec = rows[i].configured;
		scene_configure(&c);
		packet_dhcp(&p, &m, DHCP4_TYPE_DISCOVER);
		packet_u32(&p, 51, rows[i].wanted);
		scene_send(&c, &p);
		assert_int_equal(reply_u32(action_send(&c), 51), rows[i].got);
		assert_int_equal(reply_option(action_send(&c), 58, NULL) == NULL,
				 rows[i].got == UINT32_MAX);
		scene_close(&c);
	}
}

static void test_broadcast_flag(void **state)
{
	struct scene c;
	struct packet p;
	struct mac m = client(1);

	scene_open(&c, 90);
	packet_dhcp(&p, &m, DHCP4_TYPE_DISCOVER);
	wr_patch_u16(&p.w, AT_FLAGS, 0x8000);
	scene_send(&c, &p);
	assert_int_equal(action_send(&c)->to_ip, BCAST);
	assert_true(mac_is_multicast(&action_send(&c)->to_mac));
	scene_close(&c);
}

static void test_gate_is_bounded(void **state)
{
	struct scene c;
	unsigned granted = 0;

	scene_open(&c, 1);
	c.c.prefix = 16;
	c.ranges[0] = (struct dhcp4_range){ NET + 256, NET + 8191, 0 };
	scene_configure(&c);
	for (unsigned i = 0; i < DHCP4_GATED_MAX + 10; i++) {
		uint32_t ip = discover(&c, client(i), NULL);
		request(&c, client(i), ip, NULL);
		granted += action_binding(&c, DHCP4_GRANT) != NULL;
	}
	assert_int_equal(granted, DHCP4_GATED_MAX);
	assert_int_equal(c.drop, DHCP4_DROP_GATE_FULL);
	scene_tick(&c, DHCP4_GATE_SEC);
	assert_int_not_equal(dora(&c, client(9999), NULL), 0);
	scene_close(&c);
}

static void test_admin_release(void **state)
{
	struct scene c;

	scene_open(&c, 90);
	uint32_t ip = dora(&c, client(1), NULL);
	c.n = dhcp4_release(c.s, ip, c.now, c.out, ARRAY_LEN(c.out));
	assert_int_equal(c.n, 1);
	assert_non_null(action_binding(&c, DHCP4_RELEASE));
	assert_int_equal(dhcp4_release(c.s, ip, c.now, c.out, 4), 0);
	init_reboot(&c, client(2), ip);
	assert_non_null(action_binding(&c, DHCP4_GRANT));
	scene_close(&c);
}

static void test_bad_configs(void **state)
{
	struct scene c;
	struct err e;

	scene_open(&c, 90);
	uint32_t ip = dora(&c, client(1), NULL);
	struct dhcp4_config good = c.c;
	c.c.prefix = 32;
	assert_int_equal(dhcp4_configure(c.s, &c.c, c.now, &e), -EINVAL);
	c.c = good;
	c.ranges[0].end = c.ranges[0].start - 1;
	assert_int_equal(dhcp4_configure(c.s, &c.c, c.now, &e), -EINVAL);
	c.ranges[0] = (struct dhcp4_range){ NET + 10, NET + 300, 0 };
	assert_int_equal(dhcp4_configure(c.s, &c.c, c.now, &e), -EINVAL);
	c.c.server = 0x0a000001;
	c.c.prefix = 6;
	c.ranges[0] = (struct dhcp4_range){ 0x0a000002, 0x0b0000ff, 0 };
	assert_int_equal(dhcp4_configure(c.s, &c.c, c.now, &e), -EINVAL);
	/* The old one is still in force. */
	renew(&c, client(1), ip);
	assert_int_equal(reply_type(&c), DHCP4_TYPE_ACK);
	scene_close(&c);
}

static void test_counter_names(void **state)
{
	for (unsigned i = 0; i < DHCP4_COUNTER_N; i++)
		assert_non_null(dhcp4_counter_name(i));
	assert_string_equal(dhcp4_counter_name(DHCP4_COUNT_TX_ACK), "tx-ack");
	assert_string_equal(dhcp4_counter_name(DHCP4_COUNT_DROP_POOL_EMPTY), "drop-pool-empty");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dora),
		cmocka_unit_test(test_no_ack_before_commit),
		cmocka_unit_test(test_gate_lapses),
		cmocka_unit_test(test_store_failed),
		cmocka_unit_test(test_renew_and_rebind),
		cmocka_unit_test(test_naks),
		cmocka_unit_test(test_init_reboot_relearns),
		cmocka_unit_test(test_selecting_with_ciaddr),
		cmocka_unit_test(test_not_authoritative),
		cmocka_unit_test(test_other_server),
		cmocka_unit_test(test_release_keeps_affinity),
		cmocka_unit_test(test_release_needs_its_source),
		cmocka_unit_test(test_release_without_server_id),
		cmocka_unit_test(test_decline),
		cmocka_unit_test(test_decline_caps),
		cmocka_unit_test(test_inform),
		cmocka_unit_test(test_one_nic_two_identifiers),
		cmocka_unit_test(test_pool_exhaustion),
		cmocka_unit_test(test_offers_are_soft),
		cmocka_unit_test(test_restore),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_rename),
		cmocka_unit_test(test_static_host),
		cmocka_unit_test(test_static_host_by_name),
		cmocka_unit_test(test_becomes_static),
		cmocka_unit_test(test_squatter_on_static_address),
		cmocka_unit_test(test_range_moved),
		cmocka_unit_test(test_isolated_and_boot),
		cmocka_unit_test(test_http_boot),
		cmocka_unit_test(test_bootp),
		cmocka_unit_test(test_wanted_lease_time),
		cmocka_unit_test(test_broadcast_flag),
		cmocka_unit_test(test_gate_is_bounded),
		cmocka_unit_test(test_admin_release),
		cmocka_unit_test(test_bad_configs),
		cmocka_unit_test(test_counter_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
