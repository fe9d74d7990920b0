/* What text and JSON have in common about one column of a row. */
#ifndef IPSEC_REPORT_TABLES_CELL_H
#define IPSEC_REPORT_TABLES_CELL_H

#include "table.h"

/* Long enough for every column's name in words or in snake_case. */
enum { CELL_NAME_SIZE = 128 };

/* How a value is written, whatever the format. */
enum cell_kind {
        CELL_NONE,   /* the value stands for none: left out */
        CELL_NUMBER, /* number */
        CELL_SIGNED, /* signed_number */
        CELL_HEX,    /* number, as 0x and 8 digits */
        CELL_TRUTH,  /* truth */
        CELL_STRING, /* string */
        CELL_LABEL,  /* string */
        CELL_BITS,   /* number; labels name the bits */
        CELL_DATE,   /* string */
};

struct cell {
        enum cell_kind kind;
        uint64_t number;
        int64_t signed_number;
        bool truth;
        const char *string; /* of the row, of a label, or scratch */
        const struct label *labels;
        char scratch[INET_ADDR_TEXT_SIZE];
};

/* Is the column written? Of the columns that tell one address only one is. */
bool cell_is_written(const struct table_type *type, const struct column *column);

/* Reads the member. A moment that no date tells, and one of an unknown uptime, is none. */
void cell_read(const struct column *column, const void *row, const struct moment *now,
               struct cell *cell);

/* The column's name without the table's stem: "ipsrSaIkeSa" is "ike_sa" and "Ike Sa". */
void cell_key(const struct table_type *type, const struct column *column, char key[CELL_NAME_SIZE]);
void cell_title(const struct table_type *type, const struct column *column,
                char title[CELL_NAME_SIZE]);

#endif
