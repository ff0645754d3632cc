/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls of every procedure with arguments of any shape, over the fake backend: [flags][procedure:
 * 2][length: 2] [arguments] … Each call that is answered is answered by one well-formed message. */
#include "fake-backend.h"
#include "netd/door/door-internal.h"

#include <fcntl.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RULE "* connect.*,network.* def*"

enum {
	OPENED = 1,
	READ_ONLY = 2,
	OWN_PROGRAM = 4,
	WITH_FD = 8,
	KEEPALIVE = 16,
	OUTSIDE = 32, /* not let in yet */
	RULED = 64,   /* may see one network, and no more */
};

static void check_answer(struct door_conn *c, size_t calls_before)
{
	struct frame_reader fr;
	struct frame f;

	/* Look at the queue with the client's eyes. */
	frame_reader_init(&fr, RPC_MESSAGE_MAX);
	fr.b = c->out;
	fr.start = c->out_at;
	fr.end = c->out_n;
	int r;
	while ((r = frame_reader_next(&fr, &f)) > 0)
		;
	if (r < 0 || fr.start != fr.end || c->n_calls != calls_before)
		abort();
	c->out_at = c->out_n = 0;
}

static void one_call(struct door_conn *c, struct rd *r)
{
	uint8_t flags = rd_u8(r);
	int32_t procedure = rd_u16(r);
	size_t n = rd_u16(r);
	struct frame f = {
		.h = { (flags & KEEPALIVE)     ? RPC_PROGRAM_KEEPALIVE
		       : (flags & OWN_PROGRAM) ? RPC_PROGRAM_NETD
					       : RPC_PROGRAM_REMOTE,
		       RPC_VERSION, procedure, (flags & KEEPALIVE) ? RPC_MESSAGE : RPC_CALL, 0,
		       RPC_OK },
		.body = rd_sub(r, MIN_OF(n, rd_left(r))),
	};

	c->opened = flags & OPENED;
	c->peer.read_only = flags & READ_ONLY;
	c->authenticated = !(flags & OUTSIDE);
	c->subject.uid = flags & RULED ? 1 : 0;
	c->door->policy.access = flags & RULED ? ACCESS_RULES : ACCESS_ALL;
	if ((flags & WITH_FD) && !(flags & KEEPALIVE)) {
		f.h.type = RPC_CALL_WITH_FDS;
		f.n_fds = 1;
		c->fds[c->n_fds++] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	}
	door_dispatch(c, &f);
	check_answer(c, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static sd_event *loop;
	struct door_peer peer = { .pid = 1 };
	struct door_backend backend;
	struct fake fake;
	struct rd r = rd_over(data, size);

	if (!loop && sd_event_new(&loop) < 0)
		abort();
	fake_init(&fake, &backend);
	fake_add_usual(&fake);
	fake.door = door_new(loop, &backend);
	struct door_policy policy;
	door_policy_defaults(&policy);
	if (door_rule_parse(RULE, strlen(RULE), &policy.rules[policy.n_rules++], NULL) < 0)
		abort();
	if (fake.door)
		door_set_policy(fake.door, &policy);
	struct door_conn *c = fake.door ? conn_new(fake.door, -1, &peer) : NULL;
	while (c && rd_left(&r) >= 5 && !c->dead && fake.n < 64)
		one_call(c, &r);
	door_free(fake.door);
	fake_done(&fake);
	return 0;
}
