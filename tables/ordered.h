/*
 * A sorted sequence of pointers: found in O(log n), inserted and removed in O(log n) plus one short
 * move. Two levels: a directory of blocks, each a small sorted array.
 */
#ifndef IPSEC_REPORT_TABLES_ORDERED_H
#define IPSEC_REPORT_TABLES_ORDERED_H

#include <stdbool.h>
#include <stddef.h>

struct ordered;

/* Where what is sought stands to an item: below 0 before it, 0 at it, above 0 after it. */
typedef int ordered_compare(const void *sought, const void *item);

/* An empty sequence, or NULL without memory. */
struct ordered *ordered_new(void);

/* Frees the sequence, not the items. */
void ordered_free(struct ordered *o);

/*
 * Inserts an item at its place; sought is what compare() knows the item by. Returns 0, -ENOMEM, or
 * -EEXIST when an item stands there already.
 */
int ordered_insert(struct ordered *o, ordered_compare *compare, const void *sought, void *item);

/* Takes the item out that sought is at; NULL: there was none. */
void *ordered_remove(struct ordered *o, ordered_compare *compare, const void *sought);

/* The item that sought is at, or NULL. */
void *ordered_find(const struct ordered *o, ordered_compare *compare, const void *sought);

/* The first item after sought (or at it, if so asked), or NULL at the end. */
void *ordered_next(struct ordered *o, ordered_compare *compare, const void *sought, bool or_at);

/* The last item before sought, or NULL at the beginning. */
void *ordered_previous(const struct ordered *o, ordered_compare *compare, const void *sought);

/* Takes out every item that drop() says so of, in one pass over all, in order. */
void ordered_sweep(struct ordered *o, bool (*drop)(void *item, void *context), void *context);

size_t ordered_count(const struct ordered *o);

#endif
