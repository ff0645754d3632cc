/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/worker/fair-queue.h"

#include <errno.h>
#include <stdlib.h>

int fair_queue_init(struct fair_queue *q, unsigned n_items, size_t item_size)
{
	*q = (struct fair_queue){ .n_items = n_items, .item_size = item_size };
	q->items = calloc(n_items, item_size);
	q->lines = calloc(n_items, sizeof(*q->lines));
	q->of_length = calloc(n_items + 1, sizeof(*q->of_length));
	list_init(&q->idle_items);
	list_init(&q->idle_lines);
	list_init(&q->turns);
	table_init(&q->by_key);
	if (q->items && q->lines && q->of_length)
		return 0;
	fair_queue_done(q);
	return -ENOMEM;
}

void fair_queue_done(struct fair_queue *q)
{
	table_done(&q->by_key);
	free(q->items);
	free(q->lines);
	free(q->of_length);
	*q = (struct fair_queue){ 0 };
}

/* ---- lines ---- */

static struct list *lines_of_length(struct fair_queue *q, unsigned n)
{
	struct list *head = &q->of_length[n];

	if (!head->next)
		list_init(head);
	return head;
}

/* Lengths change by one, so the longest does. */
static void set_length(struct fair_queue *q, struct fair_line *line, unsigned n)
{
	list_remove(&line->as_long);
	line->n = n;
	if (n)
		list_add_tail(lines_of_length(q, n), &line->as_long);
	if (n > q->longest)
		q->longest = n;
	else if (q->longest && list_is_empty(lines_of_length(q, q->longest)))
		q->longest--;
}

static struct fair_line *line_new(struct fair_queue *q, uint64_t key)
{
	struct fair_line *line = list_first(&q->idle_lines, struct fair_line, turn);

	if (line)
		list_remove(&line->turn);
	else
		line = &q->lines[q->fresh_lines++]; /* as many as items, and none is empty */
	line->key = key;
	list_init(&line->items);
	list_init(&line->as_long);
	list_init(&line->turn);
	line->n = 0;
	if (table_add(&q->by_key, &line->by_key, &line->key, sizeof(line->key)) == 0)
		return line;
	list_add_head(&q->idle_lines, &line->turn);
	return NULL;
}

static void take_out(struct fair_queue *q, struct fair_item *item)
{
	struct fair_line *line = item->line;

	list_remove(&item->in_line);
	item->line = NULL;
	set_length(q, line, line->n - 1);
	if (line->n)
		return;
	table_remove(&q->by_key, &line->by_key);
	list_remove(&line->turn);
	list_add_head(&q->idle_lines, &line->turn);
}

/* ---- items ---- */

struct fair_item *fair_queue_take(struct fair_queue *q, bool *lost)
{
	struct fair_item *item = list_first(&q->idle_items, struct fair_item, in_line);

	*lost = false;
	if (item) {
		list_remove(&item->in_line);
	} else if (q->fresh_items < q->n_items) {
		item = (struct fair_item *)(void *)(q->items + q->fresh_items++ * q->item_size);
		list_init(&item->in_line);
	} else if (q->longest) {
		struct list *longest = lines_of_length(q, q->longest);
		struct fair_line *line = container_of(longest->next, struct fair_line, as_long);
		item = container_of(line->items.prev, struct fair_item, in_line);
		take_out(q, item);
		*lost = true;
	}
	return item;
}

bool fair_queue_push(struct fair_queue *q, struct fair_item *item, uint64_t key)
{
	struct table_node *n = table_find(&q->by_key, &key, sizeof(key));
	struct fair_line *line = n ? container_of(n, struct fair_line, by_key) : line_new(q, key);

	if (!line)
		return false;
	if (!line->n)
		list_add_tail(&q->turns, &line->turn);
	item->line = line;
	list_add_tail(&line->items, &item->in_line);
	set_length(q, line, line->n + 1);
	return true;
}

struct fair_item *fair_queue_next(struct fair_queue *q)
{
	struct fair_line *line = list_first(&q->turns, struct fair_line, turn);

	if (!line)
		return NULL;
	struct fair_item *item = list_first(&line->items, struct fair_item, in_line);
	list_remove(&line->turn);
	list_add_tail(&q->turns, &line->turn);
	take_out(q, item);
	return item;
}

void fair_queue_give_back(struct fair_queue *q, struct fair_item *item)
{
	list_add_head(&q->idle_items, &item->in_line);
}
