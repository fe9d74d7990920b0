#include "config.h"

#include "printing.h"

#include "complain.h"
#include "rule_select.h"
#include "walk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What a walk hands its rows to. */
struct streaming {
        struct writer *writer;
        const struct report *report;
        const struct filter *filter;
};

struct gathering {
        const struct report *part;
        struct rows *rows;
        bool all;          /* also those that the text does not show */
        struct moment now; /* of the last row */
};

/* A table of the document. */
struct member {
        const struct report *report; /* the first that tells it */
        struct rows *rows;           /* with a filter: those wanted so far, some maybe twice */
};

struct printing {
        struct session *session;
        const struct agent_scalars *agent;
        struct writer *writer;
        const struct filter *filter;
        struct history *history;
        struct member told[REPORTS_MAX + PARTS_MAX]; /* tables that the document has so far */
        size_t n_told;
        struct moment now; /* of the last row that was gathered */
};

/* What the report needs, and what the filter looks at. */
static size_t choose_columns(const struct printing *p, const struct report *report,
                             const struct column *columns[COLUMNS_MAX])
{
        const struct writer *w = p->writer;
        uint16_t members[2 * COLUMNS_MAX + FILTER_MEMBERS_MAX];
        size_t n = report->n_members < COLUMNS_MAX ? report->n_members : COLUMNS_MAX;

        if (w->all_columns || !report->members)
                return columns_choose(report->type, NULL, 0, w->ops->moments, columns);
        memcpy(members, report->members, n * sizeof(*members));
        n += filter_members(p->filter, report->type, members + n);
        for (size_t i = 0; w->look.rates && i < report->n_rate_members && i < COLUMNS_MAX; i++)
                members[n++] = report->rate_members[i];
        return columns_choose(report->type, members, n, w->ops->moments, columns);
}

static int put_row(void *context, const void *row, const struct moment *now)
{
        struct streaming *s = context;

        if (!filter_takes_row(s->filter, s->report->type, row))
                return 0;
        return s->writer->ops->row(s->writer, s->report, row, now);
}

/* On the terminal to which rows are written they tell themselves how far it is. */
static bool may_show_progress(const struct printing *p, bool gathers)
{
        if (p->history || !isatty(STDERR_FILENO))
                return false;
        return gathers || !isatty(fileno(p->writer->file));
}

static int walk(const struct printing *p, const struct report *report, walk_row *row, void *context)
{
        const struct column *columns[COLUMNS_MAX];
        size_t n = choose_columns(p, report, columns);

        session_show_progress(p->session, may_show_progress(p, row != put_row));
        return walk_table(p->session, report->type, columns, n, row, context);
}

static int stream(struct printing *p, const struct report *report)
{
        struct streaming streaming = { p->writer, report, p->filter };
        int err = p->writer->ops->begin_report(p->writer, report);

        if (err == 0)
                err = walk(p, report, put_row, &streaming);
        return err == 0 ? p->writer->ops->end_report(p->writer, report) : err;
}

static struct member *find_member(struct printing *p, const struct table_type *type)
{
        for (size_t i = 0; i < p->n_told; i++)
                if (p->told[i].report->type == type)
                        return &p->told[i];
        return NULL;
}

static struct member *add_member(struct printing *p, const struct report *report)
{
        struct member *member = &p->told[p->n_told++];

        *member = (struct member){ .report = report };
        return member;
}

/* A table that two reports read is one member of the document. */
static int stream_once(struct printing *p, const struct report *report)
{
        if (find_member(p, report->type))
                return 0;
        add_member(p, report);
        return stream(p, report);
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
        if (!g->all && g->part->is_shown && !g->part->is_shown(row))
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
        struct gathering g = { .all = !p->writer->ops->parts };
        int err = 0;

        for (size_t i = 0; err == 0 && report->parts[i]; i++) {
                g.part = report->parts[i];
                g.rows = parts[i] = rows_new(g.part->type);
                err = g.rows ? walk(p, g.part, keep_row, &g) : complain_memory();
        }
        p->now = g.now;
        return err;
}

/* With a history the parts are kept, if the report makes rates of them. */
static int tell_parts(struct printing *p, const struct report *report,
                      struct rows *parts[PARTS_MAX])
{
        bool kept = p->history && report->print_look;
        int err;

        if (kept)
                history_look(p->history, report, &p->now, &p->writer->look);
        err = p->writer->ops->parts(p->writer, report, (const struct rows *const *)parts, &p->now);
        if (kept)
                history_keep(p->history, report, &p->now, parts);
        return err == -ENOMEM ? complain_memory() : err;
}

static void free_parts(struct rows *const parts[PARTS_MAX])
{
        for (size_t i = 0; i < PARTS_MAX; i++)
                rows_free(parts[i]);
}

static int print_all_parts(struct printing *p, const struct report *report)
{
        struct rows *parts[PARTS_MAX] = { NULL };
        int err;

        if (!p->writer->ops->parts)
                return stream_parts(p, report);
        err = gather(p, report, parts);
        if (err == 0)
                err = tell_parts(p, report, parts);
        free_parts(parts);
        return err;
}

/* ---- with a filter ---- */

static int select_each(const struct filter *filter, const struct report *report,
                       const struct rows *const *read, struct rows *const *selected)
{
        int err = 0;

        for (size_t i = 0; err == 0 && report->parts[i]; i++)
                err = rows_select(filter, report->parts[i]->type, read[i], selected[i]);
        return err;
}

/* 0 or -ENOMEM. */
static int select_parts(const struct printing *p, const struct report *report,
                        struct rows *const read[PARTS_MAX], struct rows *selected[PARTS_MAX])
{
        const struct rows *const *from = (const struct rows *const *)read;

        for (size_t i = 0; report->parts[i]; i++) {
                selected[i] = rows_new(report->parts[i]->type);
                if (!selected[i])
                        return -ENOMEM;
        }
        return report->select ? report->select(p->filter, from, selected)
                              : select_each(p->filter, report, from, selected);
}

/* Rows of a table that several reports want are told together at the end. */
static int keep_for_document(struct printing *p, const struct report *report,
                             const struct rows *rows)
{
        struct member *member = find_member(p, report->type);

        if (!member)
                member = add_member(p, report);
        if (!member->rows)
                member->rows = rows_new(report->type);
        return member->rows ? rows_select(NULL, report->type, rows, member->rows) : -ENOMEM;
}

static int keep_parts(struct printing *p, const struct report *report,
                      struct rows *const selected[PARTS_MAX])
{
        int err = 0;

        for (size_t i = 0; err == 0 && report->parts[i]; i++)
                if (!report->parts[i]->only_text)
                        err = keep_for_document(p, report->parts[i], selected[i]);
        return err == -ENOMEM ? complain_memory() : err;
}

static int print_selected(struct printing *p, const struct report *report)
{
        struct rows *read[PARTS_MAX] = { NULL }, *selected[PARTS_MAX] = { NULL };
        int err = gather(p, report, read);

        if (err == 0 && select_parts(p, report, read, selected) < 0)
                err = complain_memory();
        free_parts(read);
        if (err == 0)
                err = p->writer->ops->parts ? tell_parts(p, report, selected)
                                            : keep_parts(p, report, selected);
        free_parts(selected);
        return err;
}

/* As if it were a report of one part. */
static int keep_selected(struct printing *p, const struct report *report)
{
        const struct report *const parts[] = { report, NULL };
        const struct report wrapped = { .parts = parts };

        return print_selected(p, &wrapped);
}

/* What qsort() gives no context for: the rows with their indexes. */
struct indexed {
        const void *row;
        size_t length;
        uint32_t index[INDEX_MAX];
};

static int compare_indexed(const void *left, const void *right)
{
        const struct indexed *a = left, *b = right;

        for (size_t i = 0; i < a->length && i < b->length; i++)
                if (a->index[i] != b->index[i])
                        return a->index[i] < b->index[i] ? -1 : 1;
        return a->length < b->length ? -1 : a->length > b->length;
}

static int tell_member(struct printing *p, const struct member *member)
{
        size_t n = rows_count(member->rows);
        struct indexed *sorted = calloc(n + 1, sizeof(*sorted));
        struct writer *w = p->writer;
        int err = sorted ? w->ops->begin_report(w, member->report) : complain_memory();

        for (size_t i = 0; sorted && i < n; i++) {
                sorted[i].row = rows_at(member->rows, i);
                sorted[i].length =
                        index_encode(member->report->type, sorted[i].row, sorted[i].index);
        }
        if (sorted && n > 0)
                qsort(sorted, n, sizeof(*sorted), compare_indexed);
        for (size_t i = 0; err == 0 && i < n; i++)
                if (i == 0 || compare_indexed(&sorted[i - 1], &sorted[i]) != 0)
                        err = w->ops->row(w, member->report, sorted[i].row, &p->now);
        free(sorted);
        return err == 0 ? w->ops->end_report(w, member->report) : err;
}

/* Frees them, too. err: what failed before. */
static int tell_members(struct printing *p, int err)
{
        for (size_t i = 0; i < p->n_told; i++) {
                if (err == 0 && p->told[i].rows)
                        err = tell_member(p, &p->told[i]);
                rows_free(p->told[i].rows);
        }
        return err;
}

/* ---- all ---- */

static int print_parts(struct printing *p, const struct report *report)
{
        return p->filter->given ? print_selected(p, report) : print_all_parts(p, report);
}

static int print_rows(struct printing *p, const struct report *report)
{
        if (p->writer->ops->parts)
                return stream(p, report);
        return p->filter->given ? keep_selected(p, report) : stream_once(p, report);
}

/* The sources that are always read were checked before the first report. */
static int await(const struct printing *p, const char *source)
{
        int err = peer_wait_for(p->session, source);

        return err < 0 ? err : peer_check_sources(p->session, p->agent, &source, 1);
}

static int print_report(struct printing *p, const struct report *report)
{
        int err = report->on_demand ? await(p, report->on_demand) : 0;

        if (err < 0)
                return err;
        return report->parts ? print_parts(p, report) : print_rows(p, report);
}

static int ask_first(struct session *session, const bool selected[REPORTS_MAX])
{
        int err = 0;

        for (size_t i = 0; err == 0 && i < reports_count(); i++)
                if (selected[i] && reports[i]->on_demand)
                        err = peer_ask_for(session, reports[i]->parts[0]->type);
        return err;
}

int print_reports(struct session *session, const struct agent_scalars *agent, struct writer *w,
                  const struct request *request)
{
        const bool *selected = request->selected;
        struct printing p = { .session = session,
                              .agent = agent,
                              .writer = w,
                              .filter = request->filter,
                              .history = request->history };
        int err = ask_first(session, selected);

        if (err == 0)
                err = w->ops->begin(w);
        for (size_t i = 0; err == 0 && i < reports_count(); i++)
                if (selected[i])
                        err = print_report(&p, reports[i]);
        err = tell_members(&p, err);
        return err == 0 ? w->ops->end(w) : err;
}
