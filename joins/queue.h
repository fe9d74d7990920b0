/* What is due to be looked at, as numbers, the one that came first first. */
#ifndef IPSEC_REPORT_JOINS_QUEUE_H
#define IPSEC_REPORT_JOINS_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero: empty. */
struct queue {
        uint64_t *items; /* a ring */
        size_t first;
        size_t n;
        size_t room;
};

/*
 * Puts a number in behind the others, unless it is the one put in last. Without memory it is lost:
 * what is due comes late then, by the next change.
 */
void queue_put(struct queue *q, uint64_t item);

bool queue_is_empty(const struct queue *q);

/* Takes out the first one. There must be one. */
uint64_t queue_take(struct queue *q);

void queue_free(struct queue *q);

#endif
