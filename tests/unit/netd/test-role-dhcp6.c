/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The dhcp role's IPv6 half between a made-up frame, a made-up controller and a made-up bridge: a
 * socket pair stands for the packet socket. */
#include "../dhcp/scene6.h"

#include "dhcp/ip6-frame.h"
#include "netd/messages/messages-dhcp6.h"
#include "netd/messages/messages.h"
#include "netd/worker/worker.h"

#include <sys/epoll.h>
#include <sys/socket.h>

/* ---- the frame ---- */

static struct {
	int fd;
	worker_ready_fn *ready;
	void *data;
	usec_t deadline;
	uint32_t serving;
	uint32_t type[16];
	uint8_t body[16][MSG_DHCP6_BATCH_MAX];
	size_t n[16], n_sent;
} frame;

int worker_watch(struct worker *w, int fd, uint32_t events, worker_ready_fn *ready, void *data)
{
	frame.fd = fd;
	frame.ready = ready;
	frame.data = data;
	return 0;
}
int worker_rewatch(struct worker *w, int fd, uint32_t events)
{
	return 0;
}
void worker_unwatch(struct worker *w, int fd)
{
	if (frame.fd == fd)
		frame.ready = NULL;
}
void worker_set_deadline(struct worker *w, usec_t at)
{
	frame.deadline = at;
}
void worker_send(struct worker *w, uint32_t type, const void *body, size_t n)
{
	assert_true(frame.n_sent < ARRAY_LEN(frame.type));
	frame.type[frame.n_sent] = type;
	frame.n[frame.n_sent] = n;
	memcpy(frame.body[frame.n_sent++], body, n);
}
void worker_serving(struct worker *w, uint32_t net_id)
{
	frame.serving = net_id;
}

/* ---- controller and guests ---- */

/* A role has no end but that of its process: keep a hold of them, for the leak checker. */
static void *roles[8];
static size_t n_roles;

struct stage {
	void *role;
	int bridge; /* the other end */
};

static bool tell(struct stage *s, uint32_t type, const void *body, size_t n, int fd)
{
	struct channel_message m = { .type = type, .body = body, .n = n, .fds = { fd } };

	m.n_fds = fd >= 0;
	frame.n_sent = 0;
	return role_dhcp.message(s->role, &m);
}

static void configure(struct stage *s)
{
	struct dhcp6_range range = { host6(0x100), host6(0x1ff), 0 };
	struct dhcp6_config c = { .server = host6(1),
				  .prefix = 64,
				  .bridge_mac = bridge_mac6,
				  .duid_len = sizeof(server_duid),
				  .ranges = &range,
				  .n_ranges = 1 };
	struct ra_config ra = { .mac = bridge_mac6,
				.link_local = ip6_link_local(&bridge_mac6),
				.router_lifetime = 1800,
				.managed = true };
	uint8_t body[2048];
	struct wr w = wr_over(body, sizeof(body));

	memcpy(c.duid, server_duid, sizeof(server_duid));
	msg_put_dhcp6_config(&w, 7, &c);
	assert_false(tell(s, MSG_DHCP6_CONFIG, body, wr_len(&w), -1)); /* not the first */
	w = wr_over(body, sizeof(body));
	msg_put_ra_config(&w, 7, &ra);
	assert_true(tell(s, MSG_RA_CONFIG, body, wr_len(&w), -1));
	w = wr_over(body, sizeof(body));
	msg_put_dhcp6_config(&w, 7, &c);
	assert_true(tell(s, MSG_DHCP6_CONFIG, body, wr_len(&w), -1));
}

static void open_stage(struct stage *s)
{
	int pair[2];
	uint8_t body[8];
	struct wr w = wr_over(body, sizeof(body));

	memset(&frame, 0, sizeof(frame));
	frame.deadline = USEC_INFINITY;
	s->role = role_dhcp.start(NULL);
	assert_non_null(s->role);
	roles[n_roles++ % ARRAY_LEN(roles)] = s->role;
	configure(s);
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
	s->bridge = pair[1];
	msg_put_net_id(&w, 7);
	assert_true(tell(s, MSG_IP6_SOCKETS, body, wr_len(&w), pair[0]));
	assert_non_null(frame.ready);
}

static void close_stage(struct stage *s)
{
	uint8_t body[8];
	struct wr w = wr_over(body, sizeof(body));

	msg_put_net_id(&w, 7);
	assert_true(tell(s, MSG_IP6_REMOVE, body, wr_len(&w), -1));
	assert_null(frame.ready);
	close(s->bridge);
}

static void speak(struct stage *s, const struct ip6_packet *p, bool spoil)
{
	uint8_t f[2048];
	size_t n = ip6_frame_make(f, sizeof(f), p);

	assert_true(n > 0);
	f[n - 1] ^= spoil;
	assert_int_equal(write(s->bridge, f, n), n);
	frame.n_sent = 0;
	frame.ready(frame.data, frame.fd, EPOLLIN, clock_boottime());
	assert_int_equal(frame.serving, 0);
}

static void speak_dhcp(struct stage *s, const struct packet6 *q, bool spoil)
{
	const struct ip6_packet p = { .from = q->from,
				      .to = ip6_multicast_mac(&q->dst),
				      .src = q->src,
				      .dst = q->dst,
				      .hop_limit = 1,
				      .protocol = IP6_PROTO_UDP,
				      .src_port = 546,
				      .dst_port = 547,
				      .payload = q->b,
				      .n = wr_len(&q->w) };

	speak(s, &p, spoil);
}

/* The next frame on the bridge; false when there is none. */
static bool hear(struct stage *s, struct ip6_packet *p, uint8_t buf[static 2048])
{
	ssize_t n = recv(s->bridge, buf, 2048, MSG_DONTWAIT);

	return n > 0 && ip6_frame_parse(buf, (size_t)n, false, p);
}

static void test_exchange(void **state)
{
	static struct msg_dhcp6_record records[MSG_DHCP_RECORDS_MAX];
	struct msg_dhcp4_verdict v = { .net_id = 7, .verdict = DHCP4_STORED };
	struct stage s;
	struct packet6 q;
	struct ip6_packet p;
	uint8_t f[2048], body[64];

	open_stage(&s);
	packet6_make(&q, 1, DHCP6_TYPE_SOLICIT, NULL);
	speak_dhcp(&s, &q, true); /* a wrong checksum */
	assert_false(hear(&s, &p, f));
	speak_dhcp(&s, &q, false);
	assert_true(hear(&s, &p, f));
	assert_int_equal(p.payload[0], DHCP6_TYPE_ADVERTISE);
	assert_int_equal(p.src_port << 16 | p.dst_port, 547 << 16 | 546);
	assert_true(mac_equal(&p.to, &q.from));
	assert_true(ip_equal(&p.dst, &q.src));
	packet6_make(&q, 1, DHCP6_TYPE_REQUEST, NULL);
	speak_dhcp(&s, &q, false);
	assert_false(hear(&s, &p, f));
	assert_int_equal(frame.n_sent, 1);
	assert_int_equal(frame.type[0], MSG_DHCP6_BINDING);
	assert_int_equal(msg_get_dhcp6_records(frame.body[0], frame.n[0], records), 1);
	assert_true(mac_equal(&records[0].binding.mac, &q.from));
	v.token = records[0].token;
	struct wr w = wr_over(body, sizeof(body));
	msg_put_dhcp4_verdicts(&w, &v, 1);
	assert_true(tell(&s, MSG_DHCP6_COMMITTED, body, wr_len(&w), -1));
	assert_true(hear(&s, &p, f));
	assert_int_equal(p.payload[0], DHCP6_TYPE_REPLY);
	close_stage(&s);
}

static void test_advertisements(void **state)
{
	static const uint8_t solicitation[8] = { 133 };
	struct ip all_routers = ip6("ff02::2"), all_nodes = ip6("ff02::1");
	struct ip6_packet ask = { .from = client6(1),
				  .to = ip6_multicast_mac(&all_routers),
				  .src = ip6("fe80::1"),
				  .dst = all_routers,
				  .hop_limit = 255,
				  .protocol = IP6_PROTO_ICMPV6,
				  .payload = solicitation,
				  .n = sizeof(solicitation) };
	struct stage s;
	struct ip6_packet p;
	uint8_t f[2048];

	open_stage(&s);
	assert_true(frame.deadline <= clock_boottime());
	role_dhcp.tick(s.role, clock_boottime());
	assert_true(hear(&s, &p, f));
	assert_int_equal(p.payload[0], 134);
	assert_int_equal(p.hop_limit, 255);
	assert_true(ip_equal(&p.dst, &all_nodes));
	assert_true(frame.deadline > clock_boottime());
	speak(&s, &ask, false);
	assert_true(hear(&s, &p, f));
	assert_true(ip_equal(&p.dst, &ask.src));
	ask.hop_limit = 64;
	speak(&s, &ask, false);
	assert_false(hear(&s, &p, f));
	close_stage(&s);
}

static void test_restore(void **state)
{
	struct msg_dhcp6_record rec = { .net_id = 7,
					.change = DHCP4_GRANT,
					.binding = { .ip = host6(0x110),
						     .mac = client6(1),
						     .iaid = 1,
						     .duid = { 0, 3, 0, 1, 0x52, 0x54, 0, 0, 0, 1 },
						     .duid_len = 10,
						     .lease_sec = 600 } };
	static struct msg_dhcp6_record got[MSG_DHCP_RECORDS_MAX];
	struct stage s;
	uint8_t body[512];
	struct wr w = wr_over(body, sizeof(body));

	open_stage(&s);
	msg_put_dhcp6_records(&w, &rec, 1);
	assert_true(tell(&s, MSG_DHCP6_RESTORE, body, wr_len(&w), -1));
	assert_int_equal(frame.n_sent, 0);
	rec.binding.ip = host6(0x111); /* what the engine can't take is given up */
	w = wr_over(body, sizeof(body));
	msg_put_dhcp6_records(&w, &rec, 1);
	assert_true(tell(&s, MSG_DHCP6_RESTORE, body, wr_len(&w), -1));
	assert_int_equal(frame.n_sent, 1);
	assert_int_equal(msg_get_dhcp6_records(frame.body[0], frame.n[0], got), 1);
	assert_int_equal(got[0].change, DHCP4_RELEASE);
	rec.net_id = 8;
	w = wr_over(body, sizeof(body));
	msg_put_dhcp6_records(&w, &rec, 1);
	assert_false(tell(&s, MSG_DHCP6_RESTORE, body, wr_len(&w), -1));
	close_stage(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exchange),
		cmocka_unit_test(test_advertisements),
		cmocka_unit_test(test_restore),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
