/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stage.h — a TFTP engine between made-up files, a clock that only a test moves and a wire that is
 * written down as text: "d7:512" is DATA block 7 with 512 octets, "o blksize=512" an OACK, "e2" an
 * ERROR. */
#ifndef TESTS_TFTP_STAGE_H
#define TESTS_TFTP_STAGE_H

#include "base/addr.h"
#include "base/cursor.h"
#include "base/text.h"
#include "tftp/tftp.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define CLIENT 0xc0a87a0a

struct made_up_file {
	const char *name;
	int error;
	uint64_t size, reported; /* as it is, as it says when opened */
	const char *pattern;     /* repeated; NULL: octets that tell where they stand */
};

static struct made_up_file files[] = {
	{ "empty", 0, 0, 0, NULL },
	{ "small", 0, 100, 100, NULL },
	{ "block", 0, 512, 512, NULL },
	{ "two", 0, 700, 700, NULL },
	{ "ten", 0, 10000, 10000, NULL },
	{ "big", 0, UINT64_C(40) << 20, UINT64_C(40) << 20, NULL },
	{ "mid", 0, 2000000, 2000000, NULL },
	{ "proc", 0, 700, 0, NULL },
	{ "cut", 0, 1000, 2000, NULL },
	{ "grown", 0, 2000, 1000, NULL },
	{ "text", 0, 26, 26, "one\ntwo\rthree\r\n" },
	{ "crs", 0, 3000, 3000, "\r" },
	{ "lines", 0, 3000, 3000, "a\n" },
	{ "dir/sub/file", 0, 100, 100, NULL },
	{ "etc/passwd%2f", 0, 100, 100, NULL },
	{ "secret", -EACCES, 0, 0, NULL },
	{ "outside", -EXDEV, 0, 0, NULL },
	{ "loop", -ELOOP, 0, 0, NULL },
	{ "small/x", -ENOTDIR, 0, 0, NULL },
	{ "broken", -EIO, 0, 0, NULL },
	{ "crowded", -EMFILE, 0, 0, NULL },
};

struct stage {
	struct tftp *server;
	usec_t now;
	struct text wire;
	unsigned open_files;
	uint8_t packet[TFTP_MTU_MAX];
	struct tftp_peer last; /* to whom something was sent last */
	struct text received;  /* octets of DATA in order, when collecting */
	bool collecting;
	uint64_t next_block;
};

static inline uint8_t content(const struct made_up_file *f, uint64_t at)
{
	return f->pattern ? (uint8_t)f->pattern[at % strlen(f->pattern)]
			  : (uint8_t)(at * 7 + (at >> 8) + (at >> 16));
}

static inline int stage_open(void *data, const char *path, uint64_t *ret_size)
{
	struct stage *s = data;

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		if (strcmp(files[i].name, path) != 0)
			continue;
		if (files[i].error)
			return files[i].error;
		*ret_size = files[i].reported;
		s->open_files++;
		return (int)i;
	}
	return -ENOENT;
}

static inline ssize_t stage_read(void *data, int file, uint64_t offset, uint8_t *to, size_t n)
{
	const struct made_up_file *f = &files[file];
	size_t i = 0;

	for (; i < n && offset + i < f->size; i++)
		to[i] = content(f, offset + i);
	return (ssize_t)i;
}

static inline void stage_close(void *data, int file)
{
	((struct stage *)data)->open_files--;
}

static inline uint8_t *stage_room(void *data, size_t n)
{
	struct stage *s = data;

	assert_true(n <= sizeof(s->packet));
	memset(s->packet, 0xee, n);
	return s->packet;
}

static inline void write_options(struct text *t, struct rd *r)
{
	text_add(t, "o");
	while (rd_left(r)) {
		const char *name = (const char *)rd_bytes(r, strlen((const char *)r->p) + 1);
		const char *value = (const char *)rd_bytes(r, strlen((const char *)r->p) + 1);
		text_addf(t, " %s=%s", name ? name : "", value ? value : "");
	}
}

static inline void stage_send(void *data, const struct tftp_peer *to, size_t n)
{
	struct stage *s = data;
	struct rd r = rd_over(s->packet, n);
	unsigned op = rd_u16(&r);

	s->last = *to;
	assert_int_equal(to->zero, 0);
	if (s->wire.len)
		text_add(&s->wire, " ");
	if (op == 6) {
		write_options(&s->wire, &r);
		return;
	}
	unsigned number = rd_u16(&r);
	if (op == 5)
		assert_int_equal(r.end[-1], 0);
	if (op == 3 && s->collecting) {
		if (number == (uint16_t)s->next_block) {
			text_add_n(&s->received, (const char *)r.p, rd_left(&r));
			s->next_block++;
		}
		return;
	}
	if (op == 3)
		text_addf(&s->wire, "d%u:%zu", number, rd_left(&r));
	else
		text_addf(&s->wire, "%s%u", op == 5 ? "e" : "?", number);
}

static inline void stage_set(struct stage *s, unsigned mtu)
{
	struct tftp_io io = { s, stage_open, stage_read, stage_close, stage_room, stage_send };

	*s = (struct stage){ .now = 1000 * USEC_PER_SEC };
	s->server = tftp_new(mtu, 4, &io);
	assert_non_null(s->server);
}

static inline void stage_end(struct stage *s)
{
	tftp_free(s->server);
	assert_int_equal(s->open_files, 0);
	text_done(&s->wire);
	text_done(&s->received);
}

/* Let time pass, timers run when they are due. */
static inline void stage_wait(struct stage *s, usec_t until)
{
	while (tftp_deadline(s->server) <= until) {
		s->now = MAX_OF(s->now, tftp_deadline(s->server));
		tftp_tick(s->server, s->now);
	}
	s->now = until;
}

/* What was sent since the last call. */
static inline const char *stage_wire(struct stage *s)
{
	static char text[4096];

	copy_text(text, sizeof(text), s->wire.len ? s->wire.s : "-");
	text_done(&s->wire);
	s->wire = (struct text){ 0 };
	return text;
}

/* "name option value …": a read request in octet mode ("text:name …" in netascii). */
static inline enum tftp_counter stage_request(struct stage *s, uint32_t ip, uint16_t port,
					      const char *words)
{
	uint8_t bytes[1024];
	struct wr w = wr_over(bytes, sizeof(bytes));
	bool text = strncmp(words, "text:", 5) == 0;
	bool first = true;

	wr_u16(&w, 1);
	for (const char *p = text ? words + 5 : words; *p;) {
		size_t n = strcspn(p, " ");
		wr_bytes(&w, p, n);
		wr_u8(&w, 0);
		p += n + (p[n] == ' ');
		if (first)
			wr_bytes(&w, text ? "netascii" : "octet", text ? 9 : 6);
		first = false;
	}
	return tftp_request(s->server, ip, port, bytes, wr_len(&w), s->now);
}

static inline enum tftp_counter stage_packet(struct stage *s, const struct tftp_peer *from,
					     uint16_t op, uint16_t number)
{
	uint8_t bytes[4];
	struct wr w = wr_over(bytes, sizeof(bytes));

	wr_u16(&w, op);
	wr_u16(&w, number);
	return tftp_input(s->server, from, bytes, sizeof(bytes), s->now);
}

#endif
