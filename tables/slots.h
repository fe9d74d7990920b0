/*
 * A hash of pointers: open addressing, linear probing. An item begins with its own hash, a
 * uint32_t; who uses it compares the keys.
 */
#ifndef IPSEC_REPORT_TABLES_SLOTS_H
#define IPSEC_REPORT_TABLES_SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero is an empty one. */
struct slots {
        void **items; /* NULL where free */
        size_t n;     /* a power of two, or 0 */
        size_t used;
};

/* Whether the item has the key that is sought. */
typedef bool slots_equal(const void *context, const void *item);

/* The item with this hash that equal() says so of, or NULL. */
void *slots_find(const struct slots *s, uint32_t hash, slots_equal *equal, const void *context);

/* Adds an item, which must not be there yet. 0 or -ENOMEM. */
int slots_insert(struct slots *s, void *item);

/* Takes out an item, which must be there. */
void slots_remove(struct slots *s, const void *item);

/* Frees the slots, not the items. */
void slots_clear(struct slots *s);

/* The hash of a key. */
uint32_t slots_hash(const void *key, size_t length);

#endif
