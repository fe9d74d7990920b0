#include "text.h"
#include "writer.h"

static int begin(struct writer *w)
{
        return writer_status(w);
}

static int begin_report(struct writer *w, const struct report *report)
{
        (void)report;
        w->n_reports++;
        w->n_rows = 0;
        return 0;
}

static int put_row(struct writer *w, const struct report *report, const void *row,
                   const struct moment *now)
{
        if (report->is_shown && !report->is_shown(row))
                return 0;
        if (report->spaced && w->n_rows > 0)
                text_plain(w->file, "\n");
        if (report->title && w->n_rows == 0)
                text_title(w->file, report->title);
        w->n_rows++;
        report->print(w->file, row, now);
        if (w->verbose && report->print_more)
                report->print_more(w->file, row, now);
        else if (w->verbose)
                text_columns(w->file, report->type, row, now, report->members, report->n_members);
        return writer_status(w);
}

static int end_report(struct writer *w, const struct report *report)
{
        (void)report;
        return writer_status(w);
}

static int put_parts(struct writer *w, const struct report *report, const struct rows *const *parts,
                     const struct moment *now)
{
        int err = report->print_look ? report->print_look(w->file, parts, now, w->verbose, &w->look)
                                     : report->print_parts(w->file, parts, now, w->verbose);

        return err < 0 ? err : writer_status(w);
}

static const struct writer_ops ops = {
        .moments = MOMENTS_AS_AGES,
        .begin = begin,
        .begin_report = begin_report,
        .row = put_row,
        .end_report = end_report,
        .parts = put_parts,
        .end = begin,
};

void text_writer_init(struct writer *w, FILE *file, bool verbose)
{
        *w = (struct writer){
                .ops = &ops, .file = file, .verbose = verbose, .all_columns = verbose
        };
}
