/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The dhcp role between a made-up frame, a made-up controller and a made-up bridge: socket pairs
 * stand for the UDP and the packet socket. */
#include "../dhcp/scene.h"

#include "netd/messages/messages-dhcp.h"
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
	uint8_t body[16][MSG_DHCP_BATCH_MAX];
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
	int guest, bridge; /* the other ends */
};

static bool tell(struct stage *s, uint32_t type, const void *body, size_t n, int a, int b)
{
	struct channel_message m = { .type = type, .body = body, .n = n, .fds = { a, b } };

	m.n_fds = a >= 0 ? 2 : 0;
	frame.n_sent = 0;
	return role_dhcp.message(s->role, &m);
}

static void configure(struct stage *s, uint32_t net_id)
{
	struct dhcp4_range range = { NET + 10, NET + 99, 0 };
	struct dhcp4_config c = { .server = SERVER,
				  .prefix = 24,
				  .bridge_mac = bridge_mac,
				  .authoritative = true,
				  .ranges = &range,
				  .n_ranges = 1 };
	uint8_t body[2048];
	struct wr w = wr_over(body, sizeof(body));

	msg_put_dhcp4_config(&w, net_id, &c);
	assert_true(tell(s, MSG_DHCP4_CONFIG, body, wr_len(&w), -1, -1));
}

static void open_stage(struct stage *s)
{
	int udp[2], packet[2];
	uint8_t body[8];
	struct wr w = wr_over(body, sizeof(body));

	memset(&frame, 0, sizeof(frame));
	frame.deadline = USEC_INFINITY;
	s->role = role_dhcp.start(NULL);
	roles[n_roles++ % ARRAY_LEN(roles)] = s->role;
	assert_non_null(s->role);
	configure(s, 7);
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, udp), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, packet), 0);
	s->guest = udp[1];
	s->bridge = packet[1];
	msg_put_net_id(&w, 7);
	assert_true(tell(s, MSG_DHCP4_SOCKETS, body, wr_len(&w), udp[0], packet[0]));
	assert_non_null(frame.ready);
}

static void close_stage(struct stage *s)
{
	uint8_t body[8];
	struct wr w = wr_over(body, sizeof(body));

	msg_put_net_id(&w, 7);
	assert_true(tell(s, MSG_DHCP4_REMOVE, body, wr_len(&w), -1, -1));
	assert_null(frame.ready);
	close(s->guest);
	close(s->bridge);
}

static void speak(struct stage *s, struct packet *p)
{
	wr_u8(&p->w, 255);
	assert_int_equal(write(s->guest, p->b, wr_len(&p->w)), wr_len(&p->w));
}

static void serve(struct stage *s)
{
	frame.n_sent = 0;
	frame.ready(frame.data, frame.fd, EPOLLIN, clock_boottime());
	assert_int_equal(frame.serving, 0);
}

/* The next frame on the bridge: its payload's length, 0 when there is none. */
static size_t hear(struct stage *s, uint8_t buf[static 2048])
{
	ssize_t n = recv(s->bridge, buf, 2048, MSG_DONTWAIT);

	return n < 0 ? 0 : (size_t)n;
}

static void commit(struct stage *s, uint64_t token)
{
	struct msg_dhcp4_verdict v = { 7, token, true };
	uint8_t body[64];
	struct wr w = wr_over(body, sizeof(body));

	msg_put_dhcp4_verdicts(&w, &v, 1);
	assert_true(tell(s, MSG_DHCP4_COMMITTED, body, wr_len(&w), -1, -1));
}

static uint32_t checksum(uint32_t sum, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void test_exchange(void **state)
{
	static struct msg_dhcp4_record records[MSG_DHCP_RECORDS_MAX];
	struct stage s;
	struct packet p;
	struct mac m = client(1);
	uint8_t f[2048];

	open_stage(&s);
	packet_dhcp(&p, &m, DHCP4_TYPE_DISCOVER);
	speak(&s, &p);
	serve(&s);
	assert_int_equal(frame.n_sent, 0);
	size_t n = hear(&s, f);
	assert_int_equal(n, 14 + 20 + 8 + 300);
	assert_memory_equal(f, m.b, 6);
	assert_memory_equal(f + 6, bridge_mac.b, 6);
	assert_memory_equal(f + 12, "\x08\x00\x45\xc0", 4);
	assert_int_equal(checksum(0, f + 14, 20), 0xffff);
	assert_int_equal(checksum(17 + 308, f + 26, n - 26), 0xffff);
	assert_int_equal(be32_at(f, 26), SERVER);
	uint32_t ip = be32_at(f, 30);
	assert_in_range(ip, NET + 10, NET + 99);
	assert_memory_equal(f + 34, "\0\x43\0\x44", 4);
	assert_int_equal(be32_at(f + 42, AT_YIADDR), ip);

	packet_dhcp(&p, &m, DHCP4_TYPE_REQUEST);
	packet_u32(&p, DHCP4_OPT_SERVER_ID, SERVER);
	packet_u32(&p, DHCP4_OPT_REQUESTED, ip);
	speak(&s, &p);
	int64_t wall = (int64_t)(clock_wall() / USEC_PER_SEC);
	serve(&s);
	assert_int_equal(hear(&s, f), 0);
	assert_int_equal(frame.n_sent, 1);
	assert_int_equal(frame.type[0], MSG_DHCP4_BINDING);
	assert_int_equal(msg_get_dhcp4_records(frame.body[0], frame.n[0], records), 1);
	assert_int_equal(records[0].net_id, 7);
	assert_int_equal(records[0].binding.ip, ip);
	assert_in_range(records[0].expires_wall, wall + 3599, wall + 3605);
	commit(&s, records[0].token + 1);
	assert_int_equal(hear(&s, f), 0);
	commit(&s, records[0].token);
	assert_int_equal(hear(&s, f), 14 + 20 + 8 + 300);
	assert_int_equal(f[42 + 242], DHCP4_TYPE_ACK);
	close_stage(&s);
}

static void test_group_commit(void **state)
{
	static struct msg_dhcp4_record records[MSG_DHCP_RECORDS_MAX];
	struct stage s;
	struct packet p;
	uint8_t f[2048];
	unsigned heard = 0;

	/* What comes in one batch goes to the controller in one message. */
	open_stage(&s);
	for (unsigned i = 0; i < 8; i++) {
		struct mac m = client(i);
		packet_dhcp(&p, &m, DHCP4_TYPE_REQUEST);
		packet_u32(&p, DHCP4_OPT_REQUESTED, NET + 20 + i);
		speak(&s, &p);
	}
	serve(&s);
	assert_int_equal(frame.n_sent, 1);
	assert_int_equal(msg_get_dhcp4_records(frame.body[0], frame.n[0], records), 8);
	for (unsigned i = 0; i < 8; i++)
		commit(&s, records[i].token);
	while (hear(&s, f))
		heard++;
	assert_int_equal(heard, 8);
	close_stage(&s);
}

static void test_restore_and_free(void **state)
{
	struct msg_dhcp4_record rec = {
		.net_id = 7,
		.change = DHCP4_GRANT,
		.binding = { .ip = NET + 50, .mac = client(1), .name = "vm", .lease_sec = 60 }
	};
	static struct msg_dhcp4_record got[MSG_DHCP_RECORDS_MAX];
	struct stage s;
	struct packet p;
	struct mac m = client(2);
	uint8_t body[1024], f[2048];

	open_stage(&s);
	struct wr w = wr_over(body, sizeof(body));
	msg_put_dhcp4_records(&w, &rec, 1);
	assert_true(tell(&s, MSG_DHCP4_RESTORE, body, wr_len(&w), -1, -1));
	assert_true(frame.deadline <= clock_boottime() + 60 * USEC_PER_SEC);
	/* What the engine can't take is given up, so that the controller knows. */
	assert_int_equal(frame.n_sent, 0);
	rec.binding.ip = NET + 51;
	w = wr_over(body, sizeof(body));
	msg_put_dhcp4_records(&w, &rec, 1);
	assert_true(tell(&s, MSG_DHCP4_RESTORE, body, wr_len(&w), -1, -1));
	assert_int_equal(frame.n_sent, 1);
	assert_int_equal(msg_get_dhcp4_records(frame.body[0], frame.n[0], got), 1);
	assert_int_equal(got[0].change, DHCP4_RELEASE);
	assert_int_equal(got[0].binding.ip, NET + 51);
	packet_dhcp(&p, &m, DHCP4_TYPE_REQUEST);
	packet_u32(&p, DHCP4_OPT_REQUESTED, NET + 50);
	speak(&s, &p);
	serve(&s);
	assert_true(hear(&s, f) > 0);
	assert_int_equal(f[42 + 242], DHCP4_TYPE_NAK);
	assert_memory_equal(f, "\xff\xff\xff\xff\xff\xff", 6);
	assert_int_equal(be32_at(f, 30), BCAST);

	w = wr_over(body, sizeof(body));
	msg_put_dhcp4_free(&w, 7, NET + 50);
	assert_true(tell(&s, MSG_DHCP4_FREE, body, wr_len(&w), -1, -1));
	assert_int_equal(frame.n_sent, 1);
	assert_int_equal(msg_get_dhcp4_records(frame.body[0], frame.n[0], got), 1);
	assert_int_equal(got[0].change, DHCP4_RELEASE);
	close_stage(&s);
}

static void test_time(void **state)
{
	static struct msg_dhcp4_record got[MSG_DHCP_RECORDS_MAX];
	struct msg_dhcp4_record rec = { .net_id = 7,
					.change = DHCP4_GRANT,
					.binding = {
					    .ip = NET + 50, .mac = client(1), .lease_sec = 60 } };
	struct dhcp4_usage u;
	struct stage s;
	uint8_t body[1024];
	uint32_t net_id;
	bool expired = false, counted = false;

	open_stage(&s);
	struct wr w = wr_over(body, sizeof(body));
	msg_put_dhcp4_records(&w, &rec, 1);
	assert_true(tell(&s, MSG_DHCP4_RESTORE, body, wr_len(&w), -1, -1));
	usec_t now = clock_boottime() + 61 * USEC_PER_SEC;
	for (int i = 0; i < 10 && frame.deadline != USEC_INFINITY; i++) {
		frame.n_sent = 0;
		now = MAX_OF(now, frame.deadline);
		role_dhcp.tick(s.role, now);
		for (size_t j = 0; j < frame.n_sent; j++) {
			if (frame.type[j] == MSG_DHCP4_BINDING) {
				assert_int_equal(
				    msg_get_dhcp4_records(frame.body[j], frame.n[j], got), 1);
				expired = got[0].change == DHCP4_EXPIRE;
			} else {
				assert_int_equal(frame.type[j], MSG_DHCP4_COUNTERS);
				assert_int_equal(
				    msg_get_dhcp4_counters(frame.body[j], frame.n[j], &net_id, &u),
				    0);
				counted = true;
			}
		}
	}
	assert_true(expired);
	assert_true(counted);
	assert_true(frame.deadline == USEC_INFINITY); /* quiet: nothing to do, ever */
	assert_int_equal(u.count[DHCP4_COUNT_EXPIRED], 1);
	close_stage(&s);
}

static void test_not_our_messages(void **state)
{
	struct stage s;
	uint8_t body[64] = { 0 };
	struct wr w = wr_over(body, sizeof(body));
	int pair[2];

	open_stage(&s);
	wr_u32(&w, 99); /* no such network */
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
	assert_false(tell(&s, MSG_DHCP4_SOCKETS, body, 4, pair[0], pair[1]));
	assert_true(tell(&s, MSG_DHCP4_REMOVE, body, 4, -1, -1)); /* may have gone already */
	assert_false(tell(&s, MSG_DHCP4_SOCKETS, body, 4, -1, -1));
	assert_false(tell(&s, MSG_DHCP4_CONFIG, body, 60, -1, -1));
	assert_false(tell(&s, MSG_DHCP4_RESTORE, body, 64, -1, -1));
	assert_false(tell(&s, MSG_DHCP4_COMMITTED, body, 3, -1, -1));
	assert_false(tell(&s, MSG_DHCP4_FREE, body, 4, -1, -1));
	assert_false(tell(&s, MSG_DHCP4_BINDING, body, 64, -1, -1));
	close_stage(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exchange),         cmocka_unit_test(test_group_commit),
		cmocka_unit_test(test_restore_and_free), cmocka_unit_test(test_time),
		cmocka_unit_test(test_not_our_messages),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
