/* Pieces of whack's lines: taken from the front, never read beyond their end. */
#ifndef IPSEC_REPORT_COLLECTORS_LIBRESWAN_TEXT_H
#define IPSEC_REPORT_COLLECTORS_LIBRESWAN_TEXT_H

#include "libreswan_parse.h"

/* Drops so many octets at the front; all of it when it has no more. */
void text_skip(struct libreswan_text *text, size_t length);

bool text_begins(struct libreswan_text text, const char *word);

bool text_equals(struct libreswan_text text, const char *word);

/* Drops the word at the front. False: it does not begin so, and stays. */
bool text_take(struct libreswan_text *text, const char *word);

/* Where the words stand first; NULL nowhere. */
const char *text_find(struct libreswan_text text, const char *words);

/* What follows the words where they stand first. */
bool text_after(struct libreswan_text text, const char *words, struct libreswan_text *rest);

/* What stands between the words where they stand first and the end mark, or the end of the text. */
bool text_between(struct libreswan_text text, const char *words, const char *end,
                  struct libreswan_text *inside);

/* Takes a number, without a sign, in base 10 or 16. False: there is none, or one of over 64 bits.
 */
bool text_number(struct libreswan_text *text, unsigned int base, uint64_t *number);

/* Takes the next word, between blanks; false: there is none. */
bool text_word(struct libreswan_text *text, struct libreswan_text *word);

/* Takes the next piece before the separator, or the rest; false: nothing is left. */
bool text_piece(struct libreswan_text *text, char separator, struct libreswan_text *piece);

#endif
