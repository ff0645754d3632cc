/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dhcp/dhcp-heap.h"

#include <assert.h>

int dhcp_heap_reserve(struct dhcp_heap *h, size_t n)
{
	return GROW(h->timer, h->cap, n);
}

static void put(struct dhcp_heap *h, size_t i, struct dhcp_timer *t)
{
	h->timer[i] = t;
	t->place = i + 1;
}

static void move_up(struct dhcp_heap *h, size_t i, struct dhcp_timer *t)
{
	for (; i && h->timer[(i - 1) / 2]->at > t->at; i = (i - 1) / 2)
		put(h, i, h->timer[(i - 1) / 2]);
	put(h, i, t);
}

static void move_down(struct dhcp_heap *h, size_t i, struct dhcp_timer *t)
{
	for (size_t child; (child = 2 * i + 1) < h->n; i = child) {
		if (child + 1 < h->n && h->timer[child + 1]->at < h->timer[child]->at)
			child++;
		if (h->timer[child]->at >= t->at)
			break;
		put(h, i, h->timer[child]);
	}
	put(h, i, t);
}

void dhcp_heap_set(struct dhcp_heap *h, struct dhcp_timer *t, usec_t at)
{
	usec_t before = t->at;

	t->at = at;
	if (!t->place) {
		assert(h->n < h->cap);
		move_up(h, h->n++, t);
	} else if (at < before) {
		move_up(h, t->place - 1, t);
	} else {
		move_down(h, t->place - 1, t);
	}
}

void dhcp_heap_stop(struct dhcp_heap *h, struct dhcp_timer *t)
{
	if (!t->place)
		return;
	size_t i = t->place - 1;
	struct dhcp_timer *last = h->timer[--h->n];
	t->place = 0;
	if (last == t)
		return;
	if (last->at < t->at)
		move_up(h, i, last);
	else
		move_down(h, i, last);
}

void dhcp_heap_done(struct dhcp_heap *h)
{
	free(h->timer);
	*h = (struct dhcp_heap){ 0 };
}
