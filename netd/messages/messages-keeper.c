/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/messages/messages-keeper.h"

#include "netd/messages/messages.h"
#include "rpc/xdr.h"

#include <assert.h>
#include <string.h>

/* Fields in the order in which they are written. */
enum {
	ID = 1,
	NUMBER = 2,
	COOKIE = 4,
	NAME = 8,
	TEXT = 16,
};

static const struct layout {
	uint32_t type;
	unsigned fields, n_fds;
} layouts[] = {
	{ MSG_HELD, NAME, 1 },        { MSG_HELLO, NUMBER | TEXT, 0 },
	{ MSG_STORE, NAME, 1 },       { MSG_DROP, NAME, 0 },
	{ MSG_SPAWN, ID | NAME, 0 },  { MSG_SPAWNED, ID | NUMBER, 2 },
	{ MSG_DIED, ID | NUMBER, 0 }, { MSG_KILL, ID, 0 },
	{ MSG_READY, TEXT, 0 },       { MSG_FAILED, TEXT, 0 },
	{ MSG_STOP, 0, 0 },           { MSG_RELOAD, 0, 0 },
	{ MSG_PING, COOKIE, 0 },      { MSG_PONG, COOKIE, 0 },
};

static const struct layout *find_layout(uint32_t type)
{
	for (size_t i = 0; i < ARRAY_LEN(layouts); i++)
		if (layouts[i].type == type)
			return &layouts[i];
	return NULL;
}

bool keeper_name_is_valid(const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < n; i++)
		if (name[i] < ' ' || name[i] > '~' || name[i] == ':')
			return false;
	return n > 0 && n <= KEEPER_NAME_MAX;
}

size_t keeper_encode(const struct keeper_message *m, uint8_t body[static KEEPER_BODY_MAX])
{
	const struct layout *l = find_layout(m->type);
	struct wr w = wr_over(body, KEEPER_BODY_MAX);

	assert(l);
	if (l->fields & ID)
		wr_u32(&w, m->id);
	if (l->fields & NUMBER)
		xdr_put_i32(&w, m->number);
	if (l->fields & COOKIE)
		wr_u64(&w, m->cookie);
	if (l->fields & NAME)
		xdr_put_string(&w, m->name);
	if (l->fields & TEXT)
		xdr_put_string(&w, m->text);
	assert(!w.bad);
	return wr_len(&w);
}

int keeper_send(struct channel *c, const struct keeper_message *m, const int *fds, size_t n_fds)
{
	uint8_t body[KEEPER_BODY_MAX];

	return channel_send(c, m->type, body, keeper_encode(m, body), fds, n_fds);
}

bool keeper_decode(const struct channel_message *in, struct keeper_message *m)
{
	const struct layout *l = find_layout(in->type);
	struct rd r = rd_over(in->body, in->n);

	*m = (struct keeper_message){ .type = in->type };
	if (!l || in->n_fds != l->n_fds)
		return false;
	if (l->fields & ID)
		m->id = rd_u32(&r);
	if (l->fields & NUMBER)
		m->number = xdr_get_i32(&r);
	if (l->fields & COOKIE)
		m->cookie = rd_u64(&r);
	if (l->fields & NAME)
		xdr_get_text(&r, m->name, sizeof(m->name));
	if (l->fields & TEXT)
		xdr_get_text(&r, m->text, sizeof(m->text));
	if (r.bad || rd_left(&r))
		return false;
	return !(l->fields & NAME) || keeper_name_is_valid(m->name);
}
