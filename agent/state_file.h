/*
 * A file of lines that outlives the process, however that ends: each line has a check, they are
 * appended in one write, and the file is written anew beside the old one and renamed. It knows
 * nothing of what the lines say.
 */
#ifndef IPSEC_REPORT_AGENT_STATE_FILE_H
#define IPSEC_REPORT_AGENT_STATE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct state_file;

/* Opens nothing yet. NULL without memory. */
struct state_file *state_file_new(const char *path);

/* What is pending is lost. */
void state_file_free(struct state_file *f);

/* What a file was found to hold. */
struct state_file_contents {
        size_t lines; /* that were taken */
        size_t wrong; /* that were damaged, or not understood */
        bool other;   /* it is no such file, or one of another version */
};

/*
 * Reads the file, and calls take for each line; one that take does not understand (below 0) is
 * wrong. A last line without its end is what a write left that was cut off: it is passed over.
 * 0, or a negative errno; -ENOENT: there is no file.
 */
int state_file_read(struct state_file *f, int (*take)(void *context, const char *line),
                    void *context, struct state_file_contents *contents);

/* Where the text of one line is written; state_file_end_line() puts the line behind the others that
 * are pending. NULL without memory. */
FILE *state_file_begin_line(struct state_file *f);
void state_file_end_line(struct state_file *f);

/* Appends all pending lines to the file. 0 or a negative errno: write the file anew then. */
int state_file_append(struct state_file *f);

/*
 * Writes the file anew: begin, then lines and state_file_append() as often as needed, which go
 * into the new file, then commit: only then it takes the place of the old one. 0 or a negative
 * errno: the old one stays.
 */
int state_file_begin(struct state_file *f);
int state_file_commit(struct state_file *f);

/* Octets of the file now, and those that it had when it was last written anew. */
size_t state_file_size(const struct state_file *f);
size_t state_file_first_size(const struct state_file *f);

/* Makes the folder that the file is to stand in, owned by that user (NULL: by this process), if
 * there is none. What goes wrong the first write will tell. */
void state_file_make_folder(const char *path, const char *user);

#endif
