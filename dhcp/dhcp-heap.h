/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dhcp-heap.h — the timers of bindings: a binary heap of intrusive nodes, earliest first. */
#ifndef DHCP_DHCP_HEAP_H
#define DHCP_DHCP_HEAP_H

#include "base/clock.h"
#include "base/util.h"

struct dhcp_timer {
	usec_t at;
	size_t place; /* index + 1; 0: not running */
};
struct dhcp_heap { /* zero-initialised */
	struct dhcp_timer **timer;
	size_t n, cap;
};

/* Make sure that `n` timers can run at the same time: dhcp_heap_set() can't fail then. */
int dhcp_heap_reserve(struct dhcp_heap *h, size_t n) mustcheck;
/* Start or move a timer. */
void dhcp_heap_set(struct dhcp_heap *h, struct dhcp_timer *t, usec_t at);
void dhcp_heap_stop(struct dhcp_heap *h, struct dhcp_timer *t); /* also when not running */
/* The earliest timer, or NULL. */
static inline struct dhcp_timer *dhcp_heap_first(const struct dhcp_heap *h)
{
	return h->n ? h->timer[0] : NULL;
}
void dhcp_heap_done(struct dhcp_heap *h);

#endif
