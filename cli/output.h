/* Where a report goes: standard output, or a file that is replaced only when the report is whole.
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <stdio.h>

struct output;

/*
 * Opens standard output where path is NULL; else a new file beside path, or path itself where it is
 * no regular file (a device, a pipe). Negative errno after a sentence on standard error.
 */
int output_open(const char *path, struct output **output);

FILE *output_file(const struct output *output);

/*
 * Ends the report: keeps it (err 0), or gives it up, so that a file that was there stays. Returns
 * 0, err, or what writing failed with; the latter after a sentence, but for a closed pipe. The
 * output is freed.
 */
int output_close(struct output *output, int err);

#endif
