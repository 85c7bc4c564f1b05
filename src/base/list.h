/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

/* A circular doubly linked list threaded through its members. The head is a link of its own. */
struct list {
	struct list *next, *prev;
};

#define LIST_INIT(head) ((struct list){&(head), &(head)})

/* The structure of type T whose member `member` is the link `ptr`. */
#define CONTAINER_OF(ptr, T, member) ((T *)(((char *)(ptr)) - offsetof(T, member)))

/* Walk; the current member may be removed (and freed) in the body. */
#define LIST_EACH(it, head, T, member)                                 \
	for (T *it = CONTAINER_OF((head)->next, T, member),            \
	       *it##_next_ = CONTAINER_OF(it->member.next, T, member); \
	     &it->member != (head);                                    \
	     it = it##_next_, it##_next_ = CONTAINER_OF(it->member.next, T, member))

/* Make an empty head, or a link that is in no list. */
static inline void list_init(struct list *head)
{
	head->next = head->prev = head;
}

/* Whether the head has no members. */
static inline bool list_empty(const struct list *head)
{
	return head->next == head;
}

/* Put a link that is in no list at the end. */
static inline void list_append(struct list *head, struct list *n)
{
	n->prev = head->prev;
	n->next = head;
	head->prev->next = n;
	head->prev = n;
}

/* Put a link that is in no list at the front. */
static inline void list_prepend(struct list *head, struct list *n)
{
	list_append(head->next, n);
}

/* Take out; removing twice is fine once the link was initialised. */
static inline void list_remove(struct list *n)
{
	n->prev->next = n->next;
	n->next->prev = n->prev;
	list_init(n);
}

#endif
