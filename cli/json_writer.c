/* One JSON document, {"ipsec_sa": [...], ...}, one line per row. */
#include "tables/row_json.h"
#include "text.h"
#include "writer.h"

static int begin(struct writer *w)
{
        text_plain(w->file, "{");
        return writer_status(w);
}

static int begin_report(struct writer *w, const struct report *report)
{
        text_plain(w->file, w->n_reports++ > 0 ? ",\n\"" : "\n\"");
        text_plain(w->file, report->type->json);
        text_plain(w->file, "\": [");
        w->n_rows = 0;
        return writer_status(w);
}

static int put_row(struct writer *w, const struct report *report, const void *row,
                   const struct moment *now)
{
        int err;

        text_plain(w->file, w->n_rows++ > 0 ? ",\n" : "\n");
        err = row_json_write(w->file, report->type, row, now);
        return err < 0 ? err : writer_status(w);
}

static int end_report(struct writer *w, const struct report *report)
{
        (void)report;
        text_plain(w->file, w->n_rows > 0 ? "\n]" : "]");
        return writer_status(w);
}

static int end(struct writer *w)
{
        text_plain(w->file, "\n}\n");
        return writer_status(w);
}

static const struct writer_ops ops = {
        .moments = MOMENTS_AS_DATES,
        .begin = begin,
        .begin_report = begin_report,
        .row = put_row,
        .end_report = end_report,
        .end = end,
};

void json_writer_init(struct writer *w, FILE *file)
{
        *w = (struct writer){ .ops = &ops, .file = file, .all_columns = true };
}
