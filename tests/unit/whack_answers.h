/* What libreswan's whack prints, recorded below tests/data or made by hand. */
#ifndef IPSEC_REPORT_TESTS_WHACK_ANSWERS_H
#define IPSEC_REPORT_TESTS_WHACK_ANSWERS_H

#include "collectors/libreswan_rows.h"

/* A file below tests/data, with a NUL behind it; valid until the next one is read. */
struct libreswan_text whack_recorded(const char *path);

/* The words themselves. */
struct libreswan_text text(const char *words);

/* A whole answer of --globalstatus. */
void whack_take_totals(struct libreswan_rows *rows, struct libreswan_text answer);

#endif
