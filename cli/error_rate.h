/* How fast a counter grows from one run of the command to the next, by a file that one leaves. */
#ifndef CLI_ERROR_RATE_H
#define CLI_ERROR_RATE_H

#include "filter.h"

/*
 * Compares the counter with what the file has of the same agent and filter, sets *rate to its
 * growth per second, and writes the counter there. 1; 0 where there is nothing to compare with (no
 * file yet, another agent or filter, a counter that began anew): *rate is not set then; or a
 * negative errno after a sentence. A file that is none of ours is left as it is.
 */
int error_rate(const char *path, const char *address, const struct filter *filter, uint64_t counter,
               double *rate);

#endif
