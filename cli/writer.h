/* The formats: each takes reports row by row and holds none back. */
#ifndef CLI_WRITER_H
#define CLI_WRITER_H

#include "report.h"

struct writer;

/* What a format does. Each returns 0 or a negative errno, which ends the report. */
struct writer_ops {
        enum moments moments; /* how it asks for moments */
        int (*begin)(struct writer *w);
        int (*begin_report)(struct writer *w, const struct report *report);
        int (*row)(struct writer *w, const struct report *report, const void *row,
                   const struct moment *now);
        int (*end_report)(struct writer *w, const struct report *report);
        /*
         * Prints a report over several tables. NULL: it has no such, and takes their rows as
         * reports of their own, those of a table once.
         */
        int (*parts)(struct writer *w, const struct report *report, const struct rows *const *parts,
                     const struct moment *now);
        int (*end)(struct writer *w);
};

struct writer {
        const struct writer_ops *ops;
        FILE *file;
        bool verbose;
        struct look look;
        bool all_columns; /* every column is asked for, not only the members that a report needs */
        size_t n_reports; /* begun */
        size_t n_rows;    /* of this report */
};

/* The functions fail by the file's error: -EPIPE, -ENOSPC and so on. */
void text_writer_init(struct writer *w, FILE *file, bool verbose);
void json_writer_init(struct writer *w, FILE *file);

/* 0, or what the last write to the file failed with. */
int writer_status(const struct writer *w);

#endif
