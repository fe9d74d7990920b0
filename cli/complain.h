/* What goes to standard error: sentences, and how far a long walk is. */
#ifndef CLI_COMPLAIN_H
#define CLI_COMPLAIN_H

#include <stdio.h>

/* Writes a sentence to standard error, behind what was printed until then and the program's name.
 */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * From now on sentences go to this file, without the program's name: where they are part of what is
 * printed. NULL: standard error again.
 */
void complain_into(FILE *file);

/*
 * Writes a line to the terminal that standard error is, over the line of the call before; "" takes
 * it away, as the next sentence does.
 */
void complain_progress(const char *line);

#endif
