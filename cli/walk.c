#include "walk.h"

#include "assembly.h"
#include "columns.h"
#include "complain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What snmpd puts into one answer by default; above it is quadratic. */
enum { MAX_VARBINDS = 100 };

/* A walk is said to take long after this, and again each time: milliseconds. */
enum { PROGRESS_AFTER = 1000, PROGRESS_EVERY = 250 };

/* The answers of one step: one request for each group of columns. */
struct step {
        struct exchange *exchanges[COLUMNS_MAX];
        size_t n;
        size_t group; /* columns per request */
        struct moment moment;
};

struct walk {
        struct session *session;
        const struct table_type *type;
        const struct column *const *columns;
        size_t n_columns;
        size_t group;       /* columns per request, now */
        size_t repetitions; /* rows per request, now */
        struct assembly *assembly;
        struct step steps[2]; /* one is under way while the rows of the other are made */
        struct strings *pool;
        void *rows[2]; /* in turn: texts that follow each other stay in the pool */
        size_t current;
        walk_row *row;
        void *context;
        size_t n_rows;    /* given so far */
        int64_t started;  /* monotonic, ms */
        int64_t reported; /* when progress was last shown; 0 never */
};

int walk_decode_column(const struct column *column, void *row, const struct moment *now,
                       const netsnmp_variable_list *variable, struct strings *pool)
{
        char text[OBJECT_ROW_SIZE];
        struct value value;

        if (object_value(variable, &value, text) < 0)
                return -EINVAL;
        return column_decode(column, row, now, &value, pool);
}

int walk_decode_index(const struct table_type *type, void *row, const oid *index, size_t length,
                      struct strings *pool)
{
        uint32_t numbers[INDEX_MAX];

        if (length > INDEX_MAX)
                return -EINVAL;
        for (size_t i = 0; i < length; i++)
                numbers[i] = (uint32_t)index[i];
        return index_decode(type, row, numbers, length, pool);
}

static size_t smaller(size_t a, size_t b)
{
        return a < b ? a : b;
}

static netsnmp_pdu *make_request(const struct walk *w, size_t first, size_t count)
{
        netsnmp_pdu *pdu = snmp_pdu_create(SNMP_MSG_GETBULK);
        oid name[MAX_OID_LEN];
        size_t length;

        if (!pdu)
                return NULL;
        pdu->non_repeaters = 0;
        pdu->max_repetitions = (long)w->repetitions;
        for (size_t c = first; c < first + count; c++) {
                length = assembly_cursor(w->assembly, c, name);
                if (!snmp_add_null_var(pdu, name, length)) {
                        snmp_free_pdu(pdu);
                        return NULL;
                }
        }
        return pdu;
}

static void end_step(struct walk *w, struct step *step)
{
        for (size_t i = 0; i < step->n; i++)
                session_release(w->session, step->exchanges[i]);
        step->n = 0;
}

static int begin_step(struct walk *w, struct step *step)
{
        step->group = w->group;
        for (size_t first = 0; first < w->n_columns; first += w->group) {
                struct exchange *x = session_ask(
                        w->session,
                        make_request(w, first, smaller(w->group, w->n_columns - first)));

                if (!x)
                        return -ECONNREFUSED;
                step->exchanges[step->n++] = x;
        }
        return 0;
}

/* Smaller answers: fewer rows first, then fewer columns. */
static int shrink(struct walk *w, const struct exchange *x)
{
        if (w->repetitions > 1) {
                w->repetitions /= 2;
        } else if (w->group > 1) {
                w->group = (w->group + 1) / 2;
        } else {
                if (x->error_status != 0)
                        session_complain(w->session, x);
                else
                        complain("%s does not tell all columns of %s", session_address(w->session),
                                 w->type->name);
                return -EPROTO;
        }
        return -EAGAIN;
}

static int wait_step(struct walk *w, struct step *step)
{
        for (size_t i = 0; i < step->n; i++) {
                struct exchange *x = step->exchanges[i];
                int err = session_wait(w->session, x);

                if (err == 0 && x->error_status == SNMP_ERR_TOOBIG)
                        return shrink(w, x);
                if (err == 0 && x->error_status != SNMP_ERR_NOERROR)
                        err = -EPROTO;
                if (err < 0) {
                        if (err != -EINTR)
                                session_complain(w->session, x);
                        return err;
                }
        }
        step->moment = session_moment(w->session);
        return 0;
}

static int complain_protocol(const struct walk *w)
{
        complain("%s does not answer as SNMP demands: the names it gives for %s are not in order",
                 session_address(w->session), w->type->name);
        return -EPROTO;
}

static int complain_missing(const struct walk *w)
{
        complain("%s does not give %s: the view of %s hides it, or its ipsec-reportd does not fit "
                 "this command",
                 session_address(w->session), w->columns[assembly_missing(w->assembly)]->name,
                 session_identity(w->session));
        return -ENODATA;
}

/* Waits for all answers of a step and makes its rows. -EAGAIN: ask again, for less. */
static int resolve_step(struct walk *w, struct step *step)
{
        int err = wait_step(w, step);

        if (err < 0)
                return err;
        assembly_begin(w->assembly);
        for (size_t i = 0; i < step->n; i++) {
                size_t first = i * step->group;

                err = assembly_feed(w->assembly, first, smaller(step->group, w->n_columns - first),
                                    step->exchanges[i]->variables);
                if (err < 0)
                        return complain_protocol(w);
        }
        err = assembly_resolve(w->assembly);
        if (err == -ENODATA)
                return complain_missing(w);
        return err == -EAGAIN ? shrink(w, step->exchanges[0]) : err;
}

static int complain_value(const struct walk *w, const char *name)
{
        complain("%s gives a value for %s that the MIB does not allow: its ipsec-reportd does not "
                 "fit this command",
                 session_address(w->session), name);
        return -EPROTO;
}

static int decode_row(struct walk *w, size_t i, const struct moment *now, void *row)
{
        const netsnmp_variable_list *const *cells = assembly_row(w->assembly, i);
        size_t length;
        const oid *index = assembly_index(w->assembly, i, &length);

        row_clear(w->type, row, w->pool);
        if (walk_decode_index(w->type, row, index, length, w->pool) < 0)
                return complain_value(w, w->type->name);
        for (size_t c = 0; c < w->n_columns; c++)
                if (walk_decode_column(w->columns[c], row, now, cells[c], w->pool) < 0)
                        return complain_value(w, w->columns[c]->name);
        return 0;
}

static void show_progress(struct walk *w)
{
        int64_t now;
        char line[128];

        if (!session_shows_progress(w->session))
                return;
        now = session_moment(w->session).monotonic;
        if (now - w->started < PROGRESS_AFTER || now - w->reported < PROGRESS_EVERY)
                return;
        w->reported = now;
        snprintf(line, sizeof(line), "%s: %zu rows", w->type->name, w->n_rows);
        complain_progress(line);
}

static int give_rows(struct walk *w, const struct step *step)
{
        int err = 0;

        for (size_t i = 0; err >= 0 && i < assembly_rows(w->assembly); i++) {
                void *row = w->rows[w->current ^= 1];

                err = decode_row(w, i, &step->moment, row);
                if (err == 0)
                        err = w->row(w->context, row, &step->moment);
                w->n_rows++;
        }
        show_progress(w);
        return err;
}

/* The next request is on its way before the rows of the last answer are looked at. */
static int run(struct walk *w)
{
        size_t now = 0;
        int err = begin_step(w, &w->steps[now]);

        while (err == 0) {
                struct step *step = &w->steps[now], *other = &w->steps[now ^ 1];

                err = resolve_step(w, step);
                if (err == -EAGAIN) {
                        end_step(w, step);
                        err = begin_step(w, step);
                        continue;
                }
                if (err == 0 && !assembly_done(w->assembly))
                        err = begin_step(w, other);
                if (err == 0)
                        err = give_rows(w, step);
                end_step(w, step);
                if (err == 0 && assembly_done(w->assembly))
                        return 0;
                now ^= 1;
        }
        return err;
}

static int prepare(struct walk *w)
{
        oid entry[MAX_OID_LEN];
        size_t length = object_entry(w->type, entry);

        w->group = smaller(w->n_columns, MAX_VARBINDS);
        w->repetitions = MAX_VARBINDS / w->group;
        w->pool = strings_new();
        w->rows[0] = calloc(1, w->type->row_size);
        w->rows[1] = calloc(1, w->type->row_size);
        w->assembly = assembly_new(entry, length, w->columns, w->n_columns, w->repetitions);
        return w->pool && w->rows[0] && w->rows[1] && w->assembly ? 0 : -ENOMEM;
}

int walk_table(struct session *session, const struct table_type *type,
               const struct column *const *columns, size_t n_columns, walk_row *row, void *context)
{
        struct walk w = { .session = session,
                          .type = type,
                          .columns = columns,
                          .n_columns = n_columns,
                          .row = row,
                          .context = context,
                          .started = session_moment(session).monotonic };
        int err = n_columns <= COLUMNS_MAX ? prepare(&w) : -ENOMEM;

        if (err == 0)
                err = run(&w);
        if (err == -ENOMEM)
                complain("no memory");
        if (w.reported != 0)
                complain_progress("");
        end_step(&w, &w.steps[0]);
        end_step(&w, &w.steps[1]);
        assembly_free(w.assembly);
        free(w.rows[0]);
        free(w.rows[1]);
        strings_free(w.pool);
        return err;
}
