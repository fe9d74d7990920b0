/* What goes to standard error. */
#ifndef CLI_COMPLAIN_H
#define CLI_COMPLAIN_H

/* Prints "ipsec_report: " and one sentence, behind all that was written to standard output. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
