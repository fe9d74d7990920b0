/*
 * Text for a column, put together of what a source says: valid UTF-8 without control characters,
 * and no longer than an SnmpAdminString may be (RFC 3411).
 */
#ifndef IPSEC_REPORT_COLLECTORS_ROW_TEXT_H
#define IPSEC_REPORT_COLLECTORS_ROW_TEXT_H

#include "scratch.h"

#include <stdbool.h>
#include <stdint.h>

#define ROW_TEXT_MAX 255 /* octets */

/* {0} is empty. */
struct row_text {
        char octets[ROW_TEXT_MAX];
        uint8_t length;
        bool full; /* something did not fit; nothing more is taken */
};

/* Appends; what is no UTF-8, or a control character, becomes '?'. Cut between characters. */
void row_text_add(struct row_text *t, const void *octets, size_t length);

/*
 * Appends one item of a list, whole or not at all, with the separator between it and the one
 * before. Behind the last that fits stands "...".
 */
void row_text_item(struct row_text *t, const char *separator, const void *octets, size_t length);

/* The text in scratch; NULL when it is empty, or without memory. */
const char *row_text_keep(const struct row_text *t, struct scratch *s);

/* The three in one: a single value as text. */
const char *row_text_of(const void *octets, size_t length, struct scratch *s);

#endif
