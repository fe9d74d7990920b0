#include "assembly.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What a step brought of one column. */
struct stream {
        const netsnmp_variable_list **cells; /* by rising index */
        size_t n_cells;
        size_t next; /* of the cells, while rows are made */
        bool ended;  /* the column's end came */
};

struct assembly {
        oid entry[MAX_OID_LEN];
        size_t entry_length;
        oid cursor[MAX_OID_LEN]; /* an index; all rows up to it are done */
        size_t cursor_length;
        bool done;
        size_t missing;
        size_t max_rows;
        size_t n_rows;
        const netsnmp_variable_list **rows; /* max_rows times n_columns */
        const netsnmp_variable_list **cells;
        const struct column *const *columns;
        size_t n_columns;
        struct stream streams[];
};

struct index {
        const oid *name;
        size_t length;
};

static struct index index_of(const struct assembly *a, const netsnmp_variable_list *variable)
{
        struct index index = { variable->name + a->entry_length + 1,
                               variable->name_length - a->entry_length - 1 };

        return index;
}

static int compare(struct index a, struct index b)
{
        return snmp_oid_compare(a.name, a.length, b.name, b.length);
}

struct assembly *assembly_new(const oid *entry, size_t entry_length,
                              const struct column *const *columns, size_t n_columns,
                              size_t max_rows)
{
        struct assembly *a = calloc(1, sizeof(*a) + n_columns * sizeof(a->streams[0]));

        if (!a)
                return NULL;
        a->rows = calloc(n_columns * max_rows, sizeof(*a->rows));
        a->cells = calloc(n_columns * max_rows, sizeof(*a->cells));
        if (!a->rows || !a->cells) {
                assembly_free(a);
                return NULL;
        }
        memcpy(a->entry, entry, entry_length * sizeof(oid));
        a->entry_length = entry_length;
        a->columns = columns;
        a->n_columns = n_columns;
        a->max_rows = max_rows;
        for (size_t c = 0; c < n_columns; c++)
                a->streams[c].cells = a->cells + c * max_rows;
        return a;
}

void assembly_free(struct assembly *a)
{
        if (!a)
                return;
        free(a->rows);
        free(a->cells);
        free(a);
}

void assembly_begin(struct assembly *a)
{
        a->n_rows = 0;
        for (size_t c = 0; c < a->n_columns; c++) {
                a->streams[c].n_cells = 0;
                a->streams[c].next = 0;
                a->streams[c].ended = false;
        }
}

size_t assembly_cursor(const struct assembly *a, size_t column, oid name[MAX_OID_LEN])
{
        memcpy(name, a->entry, a->entry_length * sizeof(oid));
        name[a->entry_length] = a->columns[column]->number;
        memcpy(name + a->entry_length + 1, a->cursor, a->cursor_length * sizeof(oid));
        return a->entry_length + 1 + a->cursor_length;
}

static bool is_in_column(const struct assembly *a, size_t c, const netsnmp_variable_list *variable)
{
        return variable->name_length > a->entry_length + 1 &&
               variable->name[a->entry_length] == a->columns[c]->number &&
               memcmp(variable->name, a->entry, a->entry_length * sizeof(oid)) == 0;
}

/* What lies behind the column is its end; what lies before it is no answer to GETBULK. */
static int take_end(struct assembly *a, size_t c, const netsnmp_variable_list *variable)
{
        oid asked[MAX_OID_LEN];
        size_t length;

        if (variable->type != SNMP_ENDOFMIBVIEW) {
                length = assembly_cursor(a, c, asked);
                if (snmp_oid_compare(variable->name, variable->name_length, asked, length) <= 0)
                        return -EPROTO;
        }
        a->streams[c].ended = true;
        return 0;
}

static struct index last_index(const struct assembly *a, const struct stream *s)
{
        struct index cursor = { a->cursor, a->cursor_length };

        return s->n_cells > 0 ? index_of(a, s->cells[s->n_cells - 1]) : cursor;
}

static int take(struct assembly *a, size_t c, const netsnmp_variable_list *variable)
{
        struct stream *s = &a->streams[c];

        if (s->ended)
                return 0;
        if (variable->type == SNMP_ENDOFMIBVIEW || !is_in_column(a, c, variable))
                return take_end(a, c, variable);
        if (variable->type == SNMP_NOSUCHOBJECT || variable->type == SNMP_NOSUCHINSTANCE)
                return -EPROTO;
        if (compare(index_of(a, variable), last_index(a, s)) <= 0)
                return -EPROTO;
        s->cells[s->n_cells++] = variable;
        return 0;
}

int assembly_feed(struct assembly *a, size_t first, size_t count,
                  const netsnmp_variable_list *variables)
{
        const netsnmp_variable_list *v = variables;
        int err;

        for (size_t row = 0; row < a->max_rows; row++) {
                for (size_t c = first; c < first + count; c++, v = v->next_variable) {
                        if (!v)
                                return 0;
                        err = take(a, c, v);
                        if (err < 0)
                                return err;
                }
        }
        return 0;
}

static size_t count_ended(const struct assembly *a)
{
        size_t n = 0;

        for (size_t c = 0; c < a->n_columns; c++)
                n += a->streams[c].ended;
        return n;
}

/* A column that ends before its first row, while another has rows: only at the very beginning. */
static bool find_missing(struct assembly *a)
{
        bool any = false, missing = false;

        for (size_t c = 0; c < a->n_columns; c++) {
                if (a->streams[c].n_cells > 0) {
                        any = true;
                } else if (a->streams[c].ended && !missing) {
                        a->missing = c;
                        missing = true;
                }
        }
        return any && missing && a->cursor_length == 0;
}

/* Up to where every column was answered; false when that is nowhere. */
static bool find_limit(struct assembly *a, struct index *limit)
{
        limit->length = 0;
        for (size_t c = 0; c < a->n_columns; c++) {
                struct index last = last_index(a, &a->streams[c]);

                if (a->streams[c].n_cells == 0)
                        return false;
                if (limit->length == 0 || compare(last, *limit) < 0)
                        *limit = last;
        }
        return true;
}

/* The lowest index that a column is at; false when one has nothing left, so no row is complete. */
static bool find_lowest(const struct assembly *a, struct index *lowest)
{
        lowest->length = 0;
        for (size_t c = 0; c < a->n_columns; c++) {
                const struct stream *s = &a->streams[c];
                struct index mine;

                if (s->next == s->n_cells)
                        return false;
                mine = index_of(a, s->cells[s->next]);
                if (lowest->length == 0 || compare(mine, *lowest) < 0)
                        *lowest = mine;
        }
        return true;
}

/* Takes the cells with this index; false when a column has none, so that the row is dropped. */
static bool take_row(struct assembly *a, struct index index, const netsnmp_variable_list **row)
{
        bool complete = true;

        for (size_t c = 0; c < a->n_columns; c++) {
                struct stream *s = &a->streams[c];

                if (compare(index_of(a, s->cells[s->next]), index) == 0)
                        row[c] = s->cells[s->next++];
                else
                        complete = false;
        }
        return complete;
}

static void make_rows(struct assembly *a, struct index limit)
{
        struct index lowest = { 0 };

        while (find_lowest(a, &lowest)) {
                if (limit.length > 0 && compare(lowest, limit) > 0)
                        return;
                if (take_row(a, lowest, a->rows + a->n_rows * a->n_columns))
                        a->n_rows++;
        }
}

/*
 * The end is where all columns end. Where some end and others do not, the answer was cut, or rows
 * went meanwhile: all are asked again from where they agree. When that brings one nothing, it is
 * over: no further row can be whole.
 */
int assembly_resolve(struct assembly *a)
{
        struct index limit = { 0 };
        size_t n_ended = count_ended(a);

        if (find_missing(a))
                return -ENODATA;
        a->done = n_ended == a->n_columns;
        if (!a->done && !find_limit(a, &limit)) {
                a->done = n_ended > 0;
                return a->done ? 0 : -EAGAIN;
        }
        make_rows(a, limit);
        if (limit.length > 0) {
                memmove(a->cursor, limit.name, limit.length * sizeof(oid));
                a->cursor_length = limit.length;
        }
        return 0;
}

bool assembly_done(const struct assembly *a)
{
        return a->done;
}

size_t assembly_missing(const struct assembly *a)
{
        return a->missing;
}

size_t assembly_rows(const struct assembly *a)
{
        return a->n_rows;
}

const netsnmp_variable_list *const *assembly_row(const struct assembly *a, size_t i)
{
        return a->rows + i * a->n_columns;
}

const oid *assembly_index(const struct assembly *a, size_t i, size_t *length)
{
        struct index index = index_of(a, a->rows[i * a->n_columns]);

        *length = index.length;
        return index.name;
}
