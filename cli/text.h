/* Pieces of text reports. Nothing that an agent tells reaches a terminal but as printable text. */
#ifndef CLI_TEXT_H
#define CLI_TEXT_H

#include "tables/table.h"
#include "tables/text.h"

#include <stdio.h>

/* Room for any string of the module with each octet escaped. */
enum { TEXT_ESCAPED_SIZE = 4 * 255 + 1 };

/* Writes a dashed title line: "------------------------ IPsec SA ------------------------". */
void text_title(FILE *file, const char *title);

/* Writes a text that is ours. */
void text_plain(FILE *file, const char *text);

/* Writes a text of the agent; NULL is the empty one. */
void text_string(FILE *file, const char *text);

/* Writes a line "Label: text" with a text of the agent; nothing where there is none. */
void text_named(FILE *file, const char *label, const char *text);

/* Writes decimal, upper-case hexadecimal without leading zeros, and an address ("" for none). */
void text_number(FILE *file, uint64_t number);
void text_hex(FILE *file, uint32_t number);
void text_address(FILE *file, const struct inet_addr *address);

/*
 * Copies text with its control characters, and what is no UTF-8, as \xNN; cuts what does not fit.
 * Returns the length.
 */
size_t text_escape(const char *text, char escaped[TEXT_ESCAPED_SIZE]);

/*
 * How many columns of a terminal an escaped text takes, by the locale of the thread: one that knows
 * no UTF-8 counts characters.
 */
size_t text_width(const char *escaped);

/* Cuts an escaped text that takes more columns to so many, the last one being '~'. */
void text_cut(char *escaped, size_t width);

/* Writes "12s", "5m", "3h12m", "2d07h": two numbers where the first alone would be coarse. */
void text_duration(int64_t seconds, char duration[TEXT_DATE_SIZE]);

/* Writes "Label: value" for the member of a row, as text_columns() does. */
void text_member(FILE *file, const struct table_type *type, const void *row,
                 const struct moment *now, uint16_t member);

/*
 * Writes "Label: value" for each column of a row, except the members given by their offsets; labels
 * are the columns' names in words. Values that stand for none or unknown, and flags that are not
 * set, are left out.
 */
void text_columns(FILE *file, const struct table_type *type, const void *row,
                  const struct moment *now, const uint16_t *except, size_t n_except);

#endif
