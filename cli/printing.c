#include "config.h"

#include "printing.h"

#include "complain.h"
#include "walk.h"

#include <errno.h>

/* What a walk hands its rows to. */
struct streaming {
        struct writer *writer;
        const struct report *report;
};

struct gathering {
        const struct report *part;
        struct rows *rows;
        struct moment now; /* of the last row */
};

struct printing {
        struct session *session;
        struct writer *writer;
        const struct table_type *told[REPORTS_MAX]; /* tables whose rows were streamed */
        size_t n_told;
};

static int walk(const struct printing *p, const struct report *report, walk_row *row, void *context)
{
        const struct column *columns[COLUMNS_MAX];
        const struct writer *w = p->writer;
        size_t n = columns_choose(report->type, w->all_columns ? NULL : report->members,
                                  report->n_members, w->ops->moments, columns);

        return walk_table(p->session, report->type, columns, n, row, context);
}

static int put_row(void *context, const void *row, const struct moment *now)
{
        struct streaming *s = context;

        return s->writer->ops->row(s->writer, s->report, row, now);
}

static int stream(struct printing *p, const struct report *report)
{
        struct streaming streaming = { p->writer, report };
        int err = p->writer->ops->begin_report(p->writer, report);

        if (p->n_told < REPORTS_MAX)
                p->told[p->n_told++] = report->type;
        if (err == 0)
                err = walk(p, report, put_row, &streaming);
        return err == 0 ? p->writer->ops->end_report(p->writer, report) : err;
}

static bool is_told(const struct printing *p, const struct table_type *type)
{
        for (size_t i = 0; i < p->n_told; i++)
                if (p->told[i] == type)
                        return true;
        return false;
}

/* A table that two reports read is one member of the document. */
static int stream_once(struct printing *p, const struct report *report)
{
        return is_told(p, report->type) ? 0 : stream(p, report);
}

static int stream_parts(struct printing *p, const struct report *report)
{
        int err = 0;

        for (size_t i = 0; err == 0 && report->parts[i]; i++)
                err = report->parts[i]->only_text ? 0 : stream_once(p, report->parts[i]);
        return err;
}

static int keep_row(void *context, const void *row, const struct moment *now)
{
        struct gathering *g = context;

        g->now = *now;
        if (g->part->is_shown && !g->part->is_shown(row))
                return 0;
        return rows_add(g->rows, row);
}

static int complain_memory(void)
{
        complain("no memory");
        return -ENOMEM;
}

static int gather(struct printing *p, const struct report *report, struct rows *parts[PARTS_MAX])
{
        struct gathering g = { 0 };
        int err = 0;

        for (size_t i = 0; err == 0 && report->parts[i]; i++) {
                g.part = report->parts[i];
                g.rows = parts[i] = rows_new(g.part->type);
                err = g.rows ? walk(p, g.part, keep_row, &g) : complain_memory();
        }
        if (err < 0)
                return err;
        err = p->writer->ops->parts(p->writer, report, (const struct rows *const *)parts, &g.now);
        return err == -ENOMEM ? complain_memory() : err;
}

static int print_parts(struct printing *p, const struct report *report)
{
        struct rows *parts[PARTS_MAX] = { NULL };
        int err;

        if (!p->writer->ops->parts)
                return stream_parts(p, report);
        err = gather(p, report, parts);
        for (size_t i = 0; i < PARTS_MAX; i++)
                rows_free(parts[i]);
        return err;
}

static int print_report(struct printing *p, const struct report *report)
{
        if (report->parts)
                return print_parts(p, report);
        return p->writer->ops->parts ? stream(p, report) : stream_once(p, report);
}

int print_reports(struct session *session, struct writer *w, const bool selected[REPORTS_MAX])
{
        struct printing p = { .session = session, .writer = w };
        int err = w->ops->begin(w);

        for (size_t i = 0; err == 0 && i < reports_count(); i++)
                if (selected[i])
                        err = print_report(&p, reports[i]);
        return err == 0 ? w->ops->end(w) : err;
}
