/* The whole lines of a file, one after the other, in bounded memory, whatever is in it. */
#ifndef CLI_LINES_H
#define CLI_LINES_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

struct lines;

enum {
        LINE_MAX_SIZE = 1 << 18, /* octets of the longest line that is read, its end included */
        LINES_END = 0,
        LINES_LINE = 1,
        LINES_TOO_LONG = 2, /* a line was longer, and is passed over */
};

/*
 * Opens a file, or standard input for "-". Reading ends with -EINTR once *interrupted is not 0;
 * signals, unless NULL, is the mask while it waits. 0 or a negative errno.
 */
int lines_open(const char *path, const volatile sig_atomic_t *interrupted, const sigset_t *signals,
               struct lines **lines);
void lines_close(struct lines *lines);

/*
 * Sets *line to the next line; line[length] is its newline. Valid until the next call, and may be
 * written to. LINES_LINE, LINES_END, LINES_TOO_LONG or a negative errno. What stands behind the
 * last newline is no line: somebody is still writing it.
 */
int lines_next(struct lines *lines, char **line, size_t *length);

/* At the end: what stands behind the last newline; NULL: nothing. */
const char *lines_rest(const struct lines *lines, size_t *length);

/* Octets read so far. */
size_t lines_octets(const struct lines *lines);

#endif
