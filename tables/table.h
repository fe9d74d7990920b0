/*
 * One MIB table in memory: rows found by their source's own key in O(1), served in the order of
 * SNMP in O(log n), and telling its subscribers what changed.
 *
 * Rows are plain structs. The strings in a row that is handed in belong to the caller; the table
 * keeps shared copies of its own.
 */
#ifndef IPSEC_REPORT_TABLES_TABLE_H
#define IPSEC_REPORT_TABLES_TABLE_H

#include "column.h"

/* An index never has more sub-identifiers: an OID has 128 at the most. */
#define INDEX_MAX 128

/* What a table is. All of it is constant. */
struct table_type {
        uint32_t number;              /* sub-identifier below ipsrObjects; 0: for joins alone */
        const char *name;             /* of the table, or of the group of scalars, in the MIB */
        const char *stem;             /* what its columns' names begin with */
        const char *json;             /* its key in JSON */
        bool scalars;                 /* a group of scalars: one row, instance 0 */
        const struct column *index;   /* the columns of INDEX, in order */
        size_t n_index;               /* 0 for scalars */
        const struct column *columns; /* the accessible columns, ascending */
        size_t n_columns;
        const struct column *hidden; /* further strings of the source's part that rows hold and
                                        nobody is served; their numbers mean nothing */
        size_t n_hidden;
        size_t row_size;    /* of the row struct, in octets */
        size_t source_size; /* of its leading part that a collector fills; the rest is the joins' */
        size_t (*key_length)(
                const void *row); /* octets at the row's start that are its source's key */
        bool moves;               /* a view whose index is not in the key: rows may move in it */
        size_t given_index; /* offset, behind source_size, of the uint32_t that the table numbers
                             * its rows by; 0: none */
        const struct table_type *const
                *views; /* the same rows under other indexes; ends with NULL */
};

/* Columns of a type, when it is defined. */
#define TABLE_COLUMNS(array) .columns = (array), .n_columns = sizeof(array) / sizeof((array)[0])
#define TABLE_HIDDEN(array) .hidden = (array), .n_hidden = sizeof(array) / sizeof((array)[0])
#define TABLE_INDEX(array) .index = (array), .n_index = sizeof(array) / sizeof((array)[0])

enum table_event {
        TABLE_ADDED,
        TABLE_CHANGED,
        TABLE_REMOVED,
};

/* Why a row went. */
enum table_reason {
        TABLE_NO_REASON, /* added, changed */
        TABLE_DELETED,   /* the source said so, with the row's last values */
        TABLE_EXPIRED,   /* it reached a limit; the row holds its last values */
        TABLE_FLUSHED,   /* all went at once; the row's values are those last seen */
        TABLE_LOST,      /* a full read did not show it any more; values as last seen */
};

/* Who speaks: a message about this row, or a full read. */
enum table_source {
        TABLE_FROM_EVENT,
        TABLE_FROM_DUMP,
};

struct table;

/*
 * Told after the table changed. before is NULL for TABLE_ADDED; after is NULL for TABLE_REMOVED.
 * Both are valid during the call only. A listener changes other tables, never this one.
 */
typedef void table_listener(void *context, enum table_event event, enum table_reason reason,
                            const void *before, const void *after);

/* A table without rows; its strings live in pool, which must outlive it. NULL without memory. */
struct table *table_new(const struct table_type *type, struct strings *pool);
void table_free(struct table *t);

const struct table_type *table_type(const struct table *t);
size_t table_count(const struct table *t);

/* Calls listener with context at every change, in the order of subscription. 0 or -ENOMEM. */
int table_subscribe(struct table *t, table_listener *listener, void *context);

/*
 * Finds by key, inserts the row or replaces the part of it that its source fills: what is handed in
 * of the joins' part are the first values of a new row. During a full read a row that an event told
 * of is not overwritten by the read, and one that was removed does not come back by it. Returns 0,
 * -ENOMEM, or -EEXIST where another row has this index.
 */
int table_put(struct table *t, const void *row, enum table_source source);

/* Replaces a whole row, the joins' part with it. The row must be there: -ENOENT else; or -ENOMEM.
 */
int table_update(struct table *t, const void *row);

/*
 * Whether the full read under way is older than what events told of this row: the row stays as it
 * is, or gone, and so must what belongs to it in other tables.
 */
bool table_told(const struct table *t, const void *row);

/* The row with the key of the row given, or NULL. Valid until the table changes. */
const void *table_find(const struct table *t, const void *row);

/* Removes the row with this key; true when there was one. */
bool table_remove(struct table *t, const void *row, enum table_reason reason);

/* Removes every row that match() says so of, in one pass. Returns how many. */
size_t table_remove_matching(struct table *t, bool (*match)(const void *row, const void *context),
                             const void *context, enum table_reason reason);

/*
 * A full read: begin, table_put(.., TABLE_FROM_DUMP) of all that is read, end. What was not put
 * again is removed as TABLE_LOST. New rows are numbered at the end, the one read last first
 * (kernel dumps begin with the newest), at most so many in one call: until table_sweep_end()
 * returns true it must be called again. table_sweep_abort() ends a read that failed: nothing goes;
 * nor does it with table_sweep_keep(), which ends one of a source that leaves rows out now and
 * then.
 *
 * Rows that events bring during the first full read are shown at its end, those that they bring
 * later at once.
 */
void table_sweep_begin(struct table *t);
bool table_sweep_end(struct table *t, size_t rows);
void table_sweep_abort(struct table *t);
void table_sweep_keep(struct table *t);

/*
 * The order of SNMP. view is the table's own type or one of its views; oid holds the index as
 * sub-identifiers. table_at(): exactly that row; table_next(): the first after it, or at it.
 */
const void *table_at(const struct table *t, const struct table_type *view, const uint32_t *oid,
                     size_t length);
const void *table_next(struct table *t, const struct table_type *view, const uint32_t *oid,
                       size_t length, bool or_at);

/* The last row before it; NULL: there is none. */
const void *table_previous(const struct table *t, const struct table_type *view,
                           const uint32_t *oid, size_t length);

/* Writes the index of a row; returns the number of sub-identifiers. */
size_t index_encode(const struct table_type *view, const void *row, uint32_t oid[INDEX_MAX]);

/* Room for the name of any row, with its NUL. */
#define ROW_NAME_SIZE (12 * (INDEX_MAX + 3))

/*
 * Writes the name of the row's first accessible column below ipsrObjects, as COLUMN_ROW_POINTER has
 * it: "12.1.4.3.97.98.99". view: the table's own type.
 */
void row_name(const struct table_type *view, const void *row, char text[ROW_NAME_SIZE]);

/* Sets the index members of a row. 0, or -EINVAL when the sub-identifiers are no such index. */
int index_decode(const struct table_type *view, void *row, const uint32_t *oid, size_t length,
                 struct strings *pool);

/* Gives back the strings of a row that column_decode() and index_decode() filled, and clears it. */
void row_clear(const struct table_type *type, void *row, struct strings *pool);

#endif
