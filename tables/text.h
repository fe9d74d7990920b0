/* Texts as they leave the house: valid UTF-8, and moments as dates. */
#ifndef IPSEC_REPORT_TABLES_TEXT_H
#define IPSEC_REPORT_TABLES_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room for a date. */
enum { TEXT_DATE_SIZE = 32 };

/* The length of the UTF-8 sequence at text, 0 where there is none (RFC 3629), and its number. */
size_t text_sequence(const char *text, uint32_t *number);

/* Copies text with what is no UTF-8 replaced; the result is freed by the caller, or NULL. */
char *text_utf8(const char *text);

/* Writes a moment in UTC as RFC 3339 has it; false for one that no date tells. */
bool text_date(int64_t seconds, char date[TEXT_DATE_SIZE]);

#endif
