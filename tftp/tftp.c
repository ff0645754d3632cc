/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tftp.c — transfers.
 *
 * A transfer is a window over the file: blocks up to `acked` have arrived, blocks up to `sent` are
 * on their way. Block numbers are 64 bits wide here and compared modulo 65536 with those on the
 * wire. Every block can be made again from its number alone, except in netascii, where a block
 * begins at no fixed place of the file: such a transfer has a window of one and remembers where its
 * block begins and where the next one would.
 *
 * Places for transfers are a fixed array, twice as large as what may be active: those that only
 * wait for the last acknowledgement, or have had it, don't keep others out. */
#include "tftp/tftp-internal.h"

#include "base/cursor.h"
#include "base/list.h"
#include "base/table.h"

#include <errno.h>
#include <stdio.h>

#define PLACES            (2 * TFTP_ACTIVE_MAX)
#define PER_CLIENT_PLACES (4 * TFTP_PER_CLIENT_MAX)
#define TRIES_HEARD       5
#define TRIES_UNHEARD     3
#define TIMEOUT_USEC      (1 * USEC_PER_SEC)
#define TIMEOUT_FAST      (100 * USEC_PER_SEC / 1000) /* no first repetition comes earlier */
#define TIMEOUT_LONG      (8 * USEC_PER_SEC)          /* the interval doubles up to it */
#define LINGER_USEC       (1 * USEC_PER_SEC)
#define ERROR_TEXT_MAX    64
#define OACK_MAX          128

enum phase {
	PHASE_OACK, /* the options are offered; acknowledged as block 0 */
	PHASE_DATA,
	PHASE_LAST, /* the final block is out */
	PHASE_DONE, /* over; acknowledgements that come late are not answered by an ERROR */
};

/* Where a netascii block begins: `held` is the second octet of a pair that the block before had no
 * room for. */
struct place {
	uint64_t offset;
	int held; /* -1: none */
};

struct transfer {
	struct table_node by_peer;
	struct list node; /* in used, the oldest first, or in unused */
	struct tftp_peer peer;
	enum phase phase;
	bool heard, netascii, has_tsize;
	bool counted; /* in tftp.active */
	bool oack_blksize, oack_timeout, oack_window;
	uint8_t timeout_sec; /* as asked for */
	uint16_t blksize, window;
	int file; /* -1: none */
	uint64_t size;
	uint64_t acked, sent;
	uint64_t last; /* number of the final block; UINT64_MAX: not sent yet */
	struct place here, next;
	uint64_t request_hash;
	unsigned tries;
	usec_t interval, due, moved; /* moved: when the client last got on */
	usec_t sent_at; /* when what is on its way was sent first; 0: it was repeated */
	usec_t round_trip, variation; /* of windows and their acknowledgements; 0: none seen yet */
	bool quick;                   /* the next repetition is the first one, and early */
};

struct tftp {
	struct tftp_io io;
	uint16_t blksize_max;
	unsigned n_sockets, next_socket, active;
	struct table by_peer;
	struct list used, unused;
	usec_t due; /* no transfer is due earlier */
	uint64_t counter[TFTP_COUNTER_COUNT];
	uint8_t *text; /* netascii: blksize_max octets of the file */
	struct transfer place[PLACES];
};

static const char *const counter_name[TFTP_COUNTER_COUNT] = {
	[TFTP_N_STARTED] = "started",
	[TFTP_N_FINISHED] = "finished",
	[TFTP_N_TIMED_OUT] = "timed-out",
	[TFTP_N_ENDED_BY_CLIENT] = "ended-by-client",
	[TFTP_N_REPLACED] = "replaced",
	[TFTP_N_FILE_CHANGED] = "file-changed",
	[TFTP_N_BLOCKS] = "blocks",
	[TFTP_N_REPEATS] = "repeats",
	[TFTP_N_ACKS] = "acks",
	[TFTP_N_REFUSED_WRITE] = "refused-write",
	[TFTP_N_REFUSED_NAME] = "refused-name",
	[TFTP_N_REFUSED_MODE] = "refused-mode",
	[TFTP_N_REFUSED_ABSENT] = "refused-absent",
	[TFTP_N_REFUSED_ACCESS] = "refused-access",
	[TFTP_N_REFUSED_FILE] = "refused-file",
	[TFTP_N_REFUSED_CLIENT_BUSY] = "refused-client-busy",
	[TFTP_N_REFUSED_BUSY] = "refused-busy",
	[TFTP_N_REFUSED_TID] = "refused-tid",
	[TFTP_N_DROP_SHORT] = "drop-short",
	[TFTP_N_DROP_OPCODE] = "drop-opcode",
	[TFTP_N_DROP_NO_REQUEST] = "drop-no-request",
	[TFTP_N_DROP_SOURCE] = "drop-source",
	[TFTP_N_DROP_REPEATED] = "drop-repeated",
	[TFTP_N_DROP_ACK_OLD] = "drop-ack-old",
	[TFTP_N_DROP_ACK_FUTURE] = "drop-ack-future",
	[TFTP_N_DROP_LATE] = "drop-late",
};

/* What an ERROR says (RFC 1350, appendix I; 8: RFC 2347). Never anything of this host's own. */
static const struct refusal {
	uint16_t code;
	const char *text;
} refusals[TFTP_COUNTER_COUNT] = {
	[TFTP_N_FILE_CHANGED] = { 0, "the file has changed" },
	[TFTP_N_REFUSED_WRITE] = { 2, "this server is read-only" },
	[TFTP_N_REFUSED_NAME] = { 4, "bad file name" },
	[TFTP_N_REFUSED_MODE] = { 4, "unknown mode" },
	[TFTP_N_REFUSED_ABSENT] = { 1, "file not found" },
	[TFTP_N_REFUSED_ACCESS] = { 2, "access violation" },
	[TFTP_N_REFUSED_FILE] = { 0, "cannot read the file" },
	[TFTP_N_REFUSED_CLIENT_BUSY] = { 0, "busy: too many transfers of yours" },
	[TFTP_N_REFUSED_BUSY] = { 0, "busy: too many transfers" },
	[TFTP_N_REFUSED_TID] = { 5, "unknown transfer" },
};

const char *tftp_counter_name(enum tftp_counter c)
{
	return counter_name[c];
}

const uint64_t *tftp_counters(const struct tftp *s)
{
	return s->counter;
}

unsigned tftp_active(const struct tftp *s)
{
	return s->active;
}

usec_t tftp_deadline(const struct tftp *s)
{
	return s->due;
}

/* ---- packets ---- */

static void send_error(struct tftp *s, const struct tftp_peer *to, enum tftp_counter why)
{
	const struct refusal *r = &refusals[why];
	size_t cap = TFTP_HEADER_OCTETS + ERROR_TEXT_MAX;
	struct wr w = wr_over(s->io.room(s->io.data, cap), cap);

	wr_u16(&w, TFTP_OP_ERROR);
	wr_u16(&w, r->code);
	wr_bytes(&w, r->text, strlen(r->text) + 1);
	s->io.send(s->io.data, to, wr_len(&w));
}

static void put_option(struct wr *w, const char *name, uint64_t value)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%llu", (unsigned long long)value);

	wr_bytes(w, name, strlen(name) + 1);
	wr_bytes(w, text, (size_t)n + 1);
}

static void send_oack(struct tftp *s, const struct transfer *t)
{
	struct wr w = wr_over(s->io.room(s->io.data, OACK_MAX), OACK_MAX);

	wr_u16(&w, TFTP_OP_OACK);
	if (t->oack_blksize)
		put_option(&w, "blksize", t->blksize);
	if (t->oack_timeout)
		put_option(&w, "timeout", t->timeout_sec);
	if (t->has_tsize)
		put_option(&w, "tsize", t->size);
	if (t->oack_window)
		put_option(&w, "windowsize", t->window);
	s->io.send(s->io.data, &t->peer, wr_len(&w));
}

/* ---- content ---- */

/* A whole block is asked for even where the file's end is known, so that one which has grown is
 * noticed. */
static ssize_t make_octets(struct tftp *s, const struct transfer *t, uint64_t block, uint8_t *to)
{
	uint64_t offset = (block - 1) * t->blksize;
	ssize_t n = s->io.read(s->io.data, t->file, offset, to, t->blksize);

	if (n >= 0 && t->size != TFTP_SIZE_UNKNOWN &&
	    (offset > t->size || (uint64_t)n != MIN_OF(t->size - offset, (uint64_t)t->blksize)))
		return -ESTALE;
	return n;
}

/* RFC 764: the end of a line is CR LF; a CR that is none is CR NUL. */
static ssize_t make_text(struct tftp *s, struct transfer *t, uint8_t *to)
{
	struct wr w = wr_over(to, t->blksize);
	struct place at = t->here;
	ssize_t got = s->io.read(s->io.data, t->file, at.offset, s->text, t->blksize);

	if (got < 0)
		return got;
	if (at.held >= 0)
		wr_u8(&w, (uint8_t)at.held);
	at.held = -1;
	for (struct rd r = rd_over(s->text, (size_t)got); rd_left(&r) && wr_room(&w); at.offset++) {
		uint8_t c = rd_u8(&r);
		wr_u8(&w, c == '\n' ? '\r' : c);
		if (c != '\n' && c != '\r')
			continue;
		int second = c == '\n' ? '\n' : '\0';
		if (wr_room(&w))
			wr_u8(&w, (uint8_t)second);
		else
			at.held = second;
	}
	t->next = at;
	return (ssize_t)wr_len(&w);
}

/* False: the file can't be read as it was. */
static bool send_block(struct tftp *s, struct transfer *t, uint64_t block)
{
	size_t cap = TFTP_HEADER_OCTETS + t->blksize;
	struct wr w = wr_over(s->io.room(s->io.data, cap), cap);

	wr_u16(&w, TFTP_OP_DATA);
	wr_u16(&w, (uint16_t)block);
	uint8_t *to = wr_reserve(&w, t->blksize);
	ssize_t n = t->netascii ? make_text(s, t, to) : make_octets(s, t, block, to);
	if (n < 0)
		return false;
	if (n < t->blksize)
		t->last = block;
	s->counter[TFTP_N_BLOCKS]++;
	s->io.send(s->io.data, &t->peer, TFTP_HEADER_OCTETS + (size_t)n);
	return true;
}

/* ---- the life of a transfer ---- */

/* Some clients never acknowledge the final block: they aren't kept from asking for the next file.
 */
static void set_phase(struct tftp *s, struct transfer *t, enum phase phase)
{
	bool counts = phase < PHASE_LAST || (phase == PHASE_LAST && !t->heard);

	t->phase = phase;
	if (counts && !t->counted)
		s->active++;
	if (!counts && t->counted)
		s->active--;
	t->counted = counts;
}

static void close_file(struct tftp *s, struct transfer *t)
{
	if (t->file >= 0)
		s->io.close(s->io.data, t->file);
	t->file = -1;
}

static void release(struct tftp *s, struct transfer *t)
{
	close_file(s, t);
	set_phase(s, t, PHASE_DONE);
	table_remove(&s->by_peer, &t->by_peer);
	list_remove(&t->node);
	list_add_head(&s->unused, &t->node);
}

static void set_due(struct tftp *s, struct transfer *t, usec_t at)
{
	t->due = at;
	s->due = MIN_OF(s->due, at);
}

static usec_t base_interval(const struct transfer *t)
{
	return t->timeout_sec ? t->timeout_sec * USEC_PER_SEC : TIMEOUT_USEC;
}

static void await_answer(struct tftp *s, struct transfer *t, usec_t now)
{
	set_due(s, t, MIN_OF(now + t->interval, t->moved + TFTP_QUIET_MAX));
}

/* RFC 6298 §2, of what wasn't repeated (Karn's algorithm). What the client does with a window
 * before it acknowledges it is part of it. */
static void measure(struct transfer *t, usec_t now)
{
	usec_t took = now - t->sent_at;

	if (!t->sent_at) { /* perhaps it was repeated too early: believe that until one is seen */
		if (t->round_trip)
			t->round_trip =
			    MIN_OF(2 * MAX_OF(t->round_trip, TIMEOUT_FAST), TIMEOUT_USEC);
		return;
	}
	usec_t off = took > t->round_trip ? took - t->round_trip : t->round_trip - took;
	t->variation = t->round_trip ? (3 * t->variation + off) / 4 : took / 2;
	t->round_trip = t->round_trip ? (7 * t->round_trip + took) / 8 : took;
}

/* How long to wait before the first repetition: as experience has it, but as long as the client has
 * asked for if it has. */
static void begin_wait(struct transfer *t, usec_t now)
{
	usec_t expected = MAX_OF(t->round_trip + 4 * t->variation, TIMEOUT_FAST);

	t->tries = 0;
	t->sent_at = now;
	t->interval = base_interval(t);
	t->quick = !t->timeout_sec && t->round_trip && expected < t->interval;
	if (t->quick)
		t->interval = expected;
}

/* Send what the phase is about: the options, or the window behind what has arrived. False: the
 * transfer is over. */
static bool send_window(struct tftp *s, struct transfer *t, usec_t now)
{
	if (t->phase == PHASE_OACK)
		send_oack(s, t);
	for (uint64_t i = 1; t->phase != PHASE_OACK && i <= t->window && t->acked + i <= t->last;
	     i++) {
		if (!send_block(s, t, t->acked + i)) {
			s->counter[TFTP_N_FILE_CHANGED]++;
			send_error(s, &t->peer, TFTP_N_FILE_CHANGED);
			release(s, t);
			return false;
		}
		t->sent = MAX_OF(t->sent, t->acked + i);
	}
	if (t->last != UINT64_MAX)
		set_phase(s, t, PHASE_LAST);
	await_answer(s, t, now);
	return true;
}

static void finish(struct tftp *s, struct transfer *t, usec_t now)
{
	s->counter[TFTP_N_FINISHED]++;
	close_file(s, t);
	set_phase(s, t, PHASE_DONE);
	set_due(s, t, now + LINGER_USEC);
}

/* The client has everything up to `acked`. */
static void move_on(struct tftp *s, struct transfer *t, uint64_t acked, usec_t now)
{
	t->acked = acked;
	t->sent = MAX_OF(t->sent, acked);
	if (acked > 0)
		t->here = t->next;
	measure(t, now);
	t->heard = true;
	t->moved = now;
	begin_wait(t, now);
	s->counter[TFTP_N_ACKS]++;
	if (acked == t->last) {
		finish(s, t, now);
		return;
	}
	if (t->phase == PHASE_OACK)
		set_phase(s, t, PHASE_DATA);
	(void)send_window(s, t, now);
}

static enum tftp_counter take_ack(struct tftp *s, struct transfer *t, uint16_t number, usec_t now)
{
	uint16_t ahead = (uint16_t)(number - (uint16_t)t->acked);

	if (t->phase == PHASE_DONE)
		return TFTP_N_DROP_LATE;
	if (t->phase == PHASE_OACK && number == 0) {
		move_on(s, t, 0, now);
		return TFTP_N_ACKS;
	}
	if (ahead == 0 || ahead > 0x8000)
		return TFTP_N_DROP_ACK_OLD;
	if (ahead > t->sent - t->acked)
		return TFTP_N_DROP_ACK_FUTURE;
	move_on(s, t, t->acked + ahead, now);
	return TFTP_N_ACKS;
}

static enum tftp_counter take_packet(struct tftp *s, const struct tftp_peer *from, struct rd *r,
				     usec_t now)
{
	uint16_t op = rd_u16(r), number = rd_u16(r);
	struct table_node *node = table_find(&s->by_peer, from, sizeof(*from));
	struct transfer *t = node ? container_of(node, struct transfer, by_peer) : NULL;

	if (r->bad)
		return TFTP_N_DROP_SHORT;
	if (op == 0 || op > TFTP_OP_OACK)
		return TFTP_N_DROP_OPCODE;
	if (op == TFTP_OP_ERROR) { /* never answered by another one */
		bool running = t && t->phase != PHASE_DONE;
		if (running)
			release(s, t);
		return running ? TFTP_N_ENDED_BY_CLIENT : TFTP_N_DROP_LATE;
	}
	if (op != TFTP_OP_ACK)
		return TFTP_N_DROP_NO_REQUEST;
	if (t)
		return take_ack(s, t, number, now);
	send_error(s, from, TFTP_N_REFUSED_TID);
	return TFTP_N_REFUSED_TID;
}

enum tftp_counter tftp_input(struct tftp *s, const struct tftp_peer *from, const uint8_t *bytes,
			     size_t n, usec_t now)
{
	struct rd r = rd_over(bytes, n);
	enum tftp_counter what = from->port == 0 || from->socket >= s->n_sockets
				     ? TFTP_N_DROP_SOURCE
				     : take_packet(s, from, &r, now);

	if (what != TFTP_N_ACKS) /* move_on() has counted it */
		s->counter[what]++;
	return what;
}

/* ---- requests ---- */

/* The client's transfer that is under way from this port. At most one is: another request replaces
 * it. */
static struct transfer *find_running(struct tftp *s, uint32_t ip, uint16_t port)
{
	struct transfer *t;

	list_foreach (t, &s->used, struct transfer, node)
		if (t->peer.ip == ip && t->peer.port == port && t->phase != PHASE_DONE)
			return t;
	return NULL;
}

static bool has_too_many(const struct tftp *s, uint32_t ip)
{
	struct transfer *t;
	unsigned counted = 0, all = 0;

	list_foreach (t, &s->used, struct transfer, node) {
		if (t->peer.ip != ip || t->phase == PHASE_DONE)
			continue;
		counted += t->counted;
		all++;
	}
	return counted >= TFTP_PER_CLIENT_MAX || all >= PER_CLIENT_PLACES;
}

/* The oldest of those that matter least, for its place: over, nearly over, perhaps forged. */
static struct transfer *find_victim(struct tftp *s, bool counted)
{
	struct transfer *t, *last = NULL, *unheard = NULL;

	list_foreach (t, &s->used, struct transfer, node) {
		if (t->phase == PHASE_DONE && !counted)
			return t;
		if (t->phase == PHASE_LAST && !t->counted && !last)
			last = t;
		if (t->counted && !t->heard && !unheard)
			unheard = t;
	}
	return counted ? unheard : last ? last : unheard;
}

/* A place that makes no client worse off than it deserves; or what to answer. */
static enum tftp_counter make_place(struct tftp *s, uint32_t ip)
{
	struct transfer *victim = NULL;

	if (has_too_many(s, ip))
		return TFTP_N_REFUSED_CLIENT_BUSY;
	if (s->active >= TFTP_ACTIVE_MAX && !(victim = find_victim(s, true)))
		return TFTP_N_REFUSED_BUSY;
	if (!victim && list_is_empty(&s->unused) && !(victim = find_victim(s, false)))
		return TFTP_N_REFUSED_BUSY;
	if (victim) {
		s->counter[TFTP_N_TIMED_OUT] += victim->phase != PHASE_DONE;
		release(s, victim);
	}
	return TFTP_N_STARTED;
}

/* A socket from which this client's port has had nothing lately. */
static void choose_socket(struct tftp *s, struct tftp_peer *peer)
{
	struct table_node *node = NULL;

	for (unsigned i = 0; i < s->n_sockets; i++) {
		peer->socket = (uint8_t)(s->next_socket++ % s->n_sockets);
		node = table_find(&s->by_peer, peer, sizeof(*peer));
		if (!node)
			return;
	}
	release(s, container_of(node, struct transfer, by_peer));
}

static enum phase agree(const struct tftp *s, struct transfer *t, const struct tftp_request *q)
{
	t->netascii = q->netascii;
	t->oack_blksize = q->has_blksize;
	t->blksize = q->has_blksize ? q->blksize : TFTP_BLOCK_DEFAULT;
	t->blksize = MIN_OF(t->blksize, s->blksize_max);
	t->oack_timeout = q->has_timeout;
	t->timeout_sec = q->has_timeout ? q->timeout : 0;
	t->has_tsize = q->has_tsize && !q->netascii && t->size != TFTP_SIZE_UNKNOWN;
	t->oack_window = q->has_windowsize;
	t->window = q->has_windowsize && !q->netascii ? MIN_OF(q->windowsize, TFTP_WINDOW_MAX) : 1;
	return t->oack_blksize || t->oack_timeout || t->has_tsize || t->oack_window ? PHASE_OACK
										    : PHASE_DATA;
}

static enum tftp_counter why_not_open(int error)
{
	switch (error) {
	case -ENOENT:
	case -ENOTDIR:
	case -ELOOP:
	case -ENAMETOOLONG:
		return TFTP_N_REFUSED_ABSENT;
	case -EACCES:
	case -EPERM:
	case -EXDEV:
		return TFTP_N_REFUSED_ACCESS;
	default:
		return TFTP_N_REFUSED_FILE;
	}
}

/* Files of /proc and /sys say 0 and hold something nevertheless. */
static uint64_t true_size(struct tftp *s, int file, uint64_t size)
{
	uint8_t probe;

	return size == 0 && s->io.read(s->io.data, file, 0, &probe, 1) == 1 ? TFTP_SIZE_UNKNOWN
									    : size;
}

/* The file is open, and there is a place. */
static enum tftp_counter begin(struct tftp *s, const struct tftp_request *q,
			       const struct tftp_peer *peer, int file, uint64_t size, usec_t now,
			       uint64_t hash)
{
	struct transfer *t = list_first(&s->unused, struct transfer, node);

	*t = (struct transfer){ .node = t->node,
				.peer = *peer,
				.file = file,
				.last = UINT64_MAX,
				.request_hash = hash,
				.here = { 0, -1 },
				.next = { 0, -1 },
				.sent_at = now,
				.moved = now };
	if (table_add(&s->by_peer, &t->by_peer, &t->peer, sizeof(t->peer)) < 0) {
		close_file(s, t);
		return TFTP_N_REFUSED_BUSY;
	}
	list_remove(&t->node);
	list_add_tail(&s->used, &t->node);
	t->size = true_size(s, file, size);
	set_phase(s, t, agree(s, t, q));
	t->interval = base_interval(t);
	(void)send_window(s, t, now);
	return TFTP_N_STARTED;
}

static enum tftp_counter grant(struct tftp *s, const struct tftp_request *q, struct tftp_peer *peer,
			       uint64_t hash, usec_t now)
{
	struct transfer *before = find_running(s, peer->ip, peer->port);
	uint64_t size = 0;

	if (before && !before->heard && before->request_hash == hash)
		return TFTP_N_DROP_REPEATED;
	if (before) {
		s->counter[TFTP_N_REPLACED]++;
		release(s, before);
	}
	enum tftp_counter why = make_place(s, peer->ip);
	if (why != TFTP_N_STARTED)
		return why;
	int file = s->io.open(s->io.data, q->path, &size);
	if (file < 0)
		return why_not_open(file);
	choose_socket(s, peer);
	return begin(s, q, peer, file, size, now, hash);
}

enum tftp_counter tftp_request(struct tftp *s, uint32_t ip, uint16_t port, const uint8_t *bytes,
			       size_t n, usec_t now)
{
	struct tftp_peer peer = { .ip = ip, .port = port };
	struct tftp_request q;
	enum tftp_counter what = TFTP_N_DROP_SOURCE;

	if (port != 0)
		what = tftp_request_parse(bytes, n, &q);
	if (what == TFTP_N_STARTED)
		what = grant(s, &q, &peer, siphash24(bytes, n, s->by_peer.secret), now);
	s->counter[what]++;
	if (refusals[what].text) {
		peer.socket = (uint8_t)(s->next_socket++ % s->n_sockets);
		send_error(s, &peer, what);
	}
	return what;
}

/* ---- time ---- */

static void be_due(struct tftp *s, struct transfer *t, usec_t now)
{
	unsigned tries = t->heard ? TRIES_HEARD : TRIES_UNHEARD;

	if (t->phase == PHASE_DONE) {
		release(s, t);
		return;
	}
	if (t->tries >= tries || now >= t->moved + TFTP_QUIET_MAX) {
		s->counter[TFTP_N_TIMED_OUT]++;
		release(s, t);
		return;
	}
	t->sent_at = 0;
	if (t->quick) { /* one more than those that anybody gets */
		t->quick = false;
		t->interval = base_interval(t);
		s->counter[TFTP_N_REPEATS]++;
		(void)send_window(s, t, now);
		return;
	}
	t->tries++;
	/* The last wait needn't be the longest one. */
	t->interval = t->tries == tries
			  ? base_interval(t)
			  : MIN_OF(2 * t->interval, MAX_OF(TIMEOUT_LONG, base_interval(t)));
	s->counter[TFTP_N_REPEATS]++;
	(void)send_window(s, t, now);
}

void tftp_tick(struct tftp *s, usec_t now)
{
	struct transfer *t;

	s->due = USEC_INFINITY;
	list_foreach (t, &s->used, struct transfer, node) {
		if (t->due <= now)
			be_due(s, t, now);
		else
			s->due = MIN_OF(s->due, t->due);
	}
}

/* ---- beginning and end ---- */

struct tftp *tftp_new(unsigned mtu, unsigned n_sockets, const struct tftp_io *io)
{
	struct tftp *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	mtu = MIN_OF(MAX_OF(mtu, TFTP_MTU_MIN), TFTP_MTU_MAX);
	s->io = *io;
	s->blksize_max = (uint16_t)(mtu - TFTP_PACKET_OVERHEAD);
	s->n_sockets = MIN_OF(MAX_OF(n_sockets, 1), TFTP_SOCKETS_MAX);
	s->due = USEC_INFINITY;
	table_init(&s->by_peer);
	list_init(&s->used);
	list_init(&s->unused);
	for (size_t i = 0; i < PLACES; i++)
		list_add_tail(&s->unused, &s->place[i].node);
	s->text = malloc(s->blksize_max);
	if (s->text)
		return s;
	tftp_free(s);
	return NULL;
}

void tftp_free(struct tftp *s)
{
	struct transfer *t;

	if (!s)
		return;
	list_foreach (t, &s->used, struct transfer, node)
		close_file(s, t);
	table_done(&s->by_peer);
	free(s->text);
	free(s);
}
