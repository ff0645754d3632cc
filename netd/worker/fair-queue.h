/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fair-queue.h — datagrams that wait to be served, each in the line of the port that it came in by.
 *
 * Lines are served in turn, one datagram each, so a port waits for one datagram of every other port
 * and for what it has sent itself, however much others send. Room is taken from who uses most of
 * it: when all of it is taken, the newest datagram of the longest line makes place. So a port that
 * is alone has all the room and all the time there is, and what it sends is dropped for its own
 * sake only; one that has few datagrams waiting loses none as long as another has more.
 *
 * Items are the caller's structs with a `struct fair_item` at their start, in one array of the
 * queue's; the pages of those that were never needed are never touched. No call takes longer with
 * more lines or longer ones. */
#ifndef NETD_FAIR_QUEUE_H
#define NETD_FAIR_QUEUE_H

#include "base/list.h"
#include "base/table.h"

struct fair_line {
	uint64_t key;
	struct table_node by_key;
	struct list items;
	struct list turn;
	struct list as_long; /* with the others of this length */
	unsigned n;
};
struct fair_item {
	struct list in_line;
	struct fair_line *line; /* NULL: isn't waiting */
};
struct fair_queue {
	unsigned n_items, fresh_items; /* those from fresh_items on were never used */
	size_t item_size;
	uint8_t *items;
	struct list idle_items;
	struct fair_line *lines;
	unsigned fresh_lines;
	struct list idle_lines;
	struct table by_key;
	struct list turns; /* lines that aren't empty */
	struct list *of_length;
	unsigned longest;
};

/* `item_size` octets each, of which the first are a struct fair_item. 0 or -ENOMEM; then
 * fair_queue_done() is not needed. */
int fair_queue_init(struct fair_queue *q, unsigned n_items, size_t item_size) mustcheck;
void fair_queue_done(struct fair_queue *q);

/* An item to be filled, the caller's until it is pushed or given back: an idle one, else the newest
 * of the longest line, which is then lost: `*lost` is true and its contents are still there. NULL:
 * the caller holds all of them. */
struct fair_item *fair_queue_take(struct fair_queue *q, bool *lost) mustcheck;
/* At the end of its line. False without memory: the item is still the caller's. */
bool fair_queue_push(struct fair_queue *q, struct fair_item *item, uint64_t key) mustcheck;
/* The next one to be served, the caller's now; NULL: nothing waits. */
struct fair_item *fair_queue_next(struct fair_queue *q) mustcheck;
void fair_queue_give_back(struct fair_queue *q, struct fair_item *item);

static inline bool fair_queue_is_empty(const struct fair_queue *q)
{
	return list_is_empty(&q->turns);
}

#endif
