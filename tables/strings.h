/*
 * A pool of shared, counted strings. Rows hold pointers into it: the same text is stored once, and
 * two strings of one pool are equal exactly when their pointers are. The empty string is never
 * stored: it is the null pointer.
 */
#ifndef IPSEC_REPORT_TABLES_STRINGS_H
#define IPSEC_REPORT_TABLES_STRINGS_H

#include <stddef.h>

struct strings;

/* An empty pool, or NULL without memory. */
struct strings *strings_new(void);

/* Frees the pool and every string in it, whoever holds them. */
void strings_free(struct strings *pool);

/*
 * The pool's copy of length octets of text, counted once more; NULL for the empty text, for a text
 * with a NUL in it, and without memory. Give each back with strings_release().
 */
const char *strings_retain(struct strings *pool, const char *text, size_t length);

/* The pool's copy if it has one, not counted; else NULL. */
const char *strings_find(const struct strings *pool, const char *text);

/* Gives one count back; the last one frees the string. NULL is allowed. */
void strings_release(struct strings *pool, const char *string);

/* How many different strings the pool holds. */
size_t strings_count(const struct strings *pool);

#endif
