/* SPDX-License-Identifier: GPL-2.0-or-later */
/* list.h — intrusive doubly linked list. A node is a member of its object; the list owns nothing.
 */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include "base/util.h"

struct list {
	struct list *next, *prev; /* a head points to itself when empty */
};

static inline void list_init(struct list *head)
{
	head->next = head->prev = head;
}
static inline bool list_is_empty(const struct list *head)
{
	return head->next == head;
}
static inline void list_add_tail(struct list *head, struct list *node)
{
	node->prev = head->prev;
	node->next = head;
	head->prev->next = node;
	head->prev = node;
}
static inline void list_add_head(struct list *head, struct list *node)
{
	list_add_tail(head->next, node);
}
/* Take the node out; a node that is on no list (initialised with list_init) may be removed again.
 */
static inline void list_remove(struct list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	list_init(node);
}

/* The first object, or NULL. */
#define list_first(head, type, member)                                                             \
	(list_is_empty(head) ? NULL : container_of((head)->next, type, member))

/* Visit each object; the visited one may be removed inside. */
#define list_foreach(var, head, type, member)                                                      \
	for (struct list *node_ = (head)->next, *next_ = node_->next;                              \
	     node_ != (head) && ((var) = container_of(node_, type, member), true);                 \
	     node_ = next_, next_ = node_->next)

#endif
