/*
 * The one description of a column: its number and name in the MIB, how it is encoded, and where it
 * lies in the row. The agent encodes by it, the command decodes by it, JSON and the tests read it.
 */
#ifndef IPSEC_REPORT_TABLES_COLUMN_H
#define IPSEC_REPORT_TABLES_COLUMN_H

#include "inet_addr.h"
#include "strings.h"
#include "value.h"

#include <stdbool.h>

/* Labels of an enumeration or of the bits of a BITS, as the MIB spells them; ends with a NULL
 * label. */
struct label {
        int32_t value;
        const char *label;
};

enum column_kind {
        COLUMN_UNSIGNED32,  /* uint8_t, uint16_t or uint32_t */
        COLUMN_INTEGER32,   /* int32_t */
        COLUMN_IF_INDEX,    /* uint32_t, InterfaceIndex: on the wire an INTEGER; 0 = none */
        COLUMN_ENUMERATION, /* uint8_t, the MIB's number; one without a label is told as the last */
        COLUMN_TRUTH,       /* bool, TruthValue */
        COLUMN_BITS,        /* uint16_t, bit 0 of the MIB is 1 << 0 */
        COLUMN_COUNTER64,   /* uint64_t */
        COLUMN_GAUGE64,     /* uint64_t, CounterBasedGauge64 */
        COLUMN_STRING,      /* const char *, NULL is empty; the table owns what its rows hold */
        COLUMN_OCTETS,      /* uint8_t array: always so many octets; in an index without a length */
        COLUMN_ADDRESS_TYPE,  /* struct inet_addr: the InetAddressType */
        COLUMN_ADDRESS,       /* struct inet_addr: the octets */
        COLUMN_ADDRESS_TEXT,  /* struct inet_addr: printable */
        COLUMN_PREFIX_TEXT,   /* struct inet_addr: printable, with its prefix length */
        COLUMN_PREFIX_LENGTH, /* struct inet_addr: InetAddressPrefixLength */
        COLUMN_AGE,           /* int64_t, seconds since 1970, 0 = never; told in seconds ago, -1 */
        COLUMN_SECONDS_LEFT, /* int64_t, seconds since 1970, 0 = no limit; told in seconds to go, -1
                              */
        COLUMN_DAYS_LEFT, /* int64_t, seconds since 1970, 0 = never; told in days to go, a part of a
                           * day as a whole one, 0 = over; -1 */
        COLUMN_DATE,      /* int64_t, seconds since 1970, 0 = none; DateAndTime in UTC, or empty */
        COLUMN_ROW_POINTER, /* const char *, NULL is 0.0: the name of the row's first column below
                             * ipsrObjects, as "12.1.4.3.97.98.99" */
        COLUMN_TIMESTAMP,   /* int64_t, milliseconds of CLOCK_MONOTONIC, 0 = none; TimeStamp */
};

enum column_flag {
        COLUMN_ZERO_IS_NONE = 1, /* 0 stands for none (JSON leaves it out) */
        COLUMN_HEXADECIMAL = 2,  /* people write it in hexadecimal: SPIs, marks */
};

struct column {
        uint32_t number;            /* sub-identifier below the entry (or the scalar group) */
        const char *name;           /* descriptor in the MIB */
        enum column_kind kind;      /* how the member is encoded */
        uint8_t flags;              /* enum column_flag */
        uint16_t offset;            /* of the member in the row */
        uint8_t size;               /* of the member in octets */
        const struct label *labels; /* COLUMN_ENUMERATION, COLUMN_BITS */
};

/*
 * The lines of a descriptor: COUNTER64(47, "ipsrSaOctets", struct ipsec_sa, octets). Each refuses a
 * member of another type than its own when it is compiled.
 */
#define COLUMN_MEMBER(row, member) ((row *)0)->member
#define COLUMN_PLACE(row, member)                                                                  \
        .offset = offsetof(row, member), .size = sizeof(COLUMN_MEMBER(row, member))
#define COLUMN_SIGNED64(row, member, k) _Generic(COLUMN_MEMBER(row, member), int64_t : (k))
#define COLUMN_UNSIGNED64(row, member, k) _Generic(COLUMN_MEMBER(row, member), uint64_t : (k))
#define COLUMN_INET(row, member, k) _Generic(COLUMN_MEMBER(row, member), struct inet_addr : (k))
#define COLUMN_UNSIGNED(row, member, k)                                                            \
        _Generic(COLUMN_MEMBER(row, member), uint8_t : (k), uint16_t : (k), uint32_t : (k))

#define COLUMN(n, text, k, row, member)                                                            \
        {                                                                                          \
                .number = (n), .name = (text), .kind = (k), COLUMN_PLACE(row, member)              \
        }
#define COLUMN_FLAGGED(n, text, k, f, row, member)                                                 \
        {                                                                                          \
                .number = (n), .name = (text), .kind = (k), .flags = (f),                          \
                COLUMN_PLACE(row, member)                                                          \
        }
#define COLUMN_LABELLED(n, text, k, row, member, l)                                                \
        {                                                                                          \
                .number = (n), .name = (text), .kind = (k), COLUMN_PLACE(row, member),             \
                .labels = (l)                                                                      \
        }

#define UNSIGNED32(n, text, row, member)                                                           \
        COLUMN(n, text, COLUMN_UNSIGNED(row, member, COLUMN_UNSIGNED32), row, member)
#define UNSIGNED32_OR_NONE(n, text, row, member)                                                   \
        COLUMN_FLAGGED(n, text, COLUMN_UNSIGNED(row, member, COLUMN_UNSIGNED32),                   \
                       COLUMN_ZERO_IS_NONE, row, member)
#define HEXADECIMAL(n, text, row, member)                                                          \
        COLUMN_FLAGGED(n, text, COLUMN_UNSIGNED(row, member, COLUMN_UNSIGNED32),                   \
                       COLUMN_HEXADECIMAL, row, member)
#define INTEGER32(n, text, row, member)                                                            \
        COLUMN(n, text,                                                                            \
               _Generic(COLUMN_MEMBER(row, member), int32_t                                        \
                        : COLUMN_INTEGER32),                                                       \
               row, member)
#define IF_INDEX(n, text, row, member)                                                             \
        COLUMN_FLAGGED(n, text,                                                                    \
                       _Generic(COLUMN_MEMBER(row, member), uint32_t                               \
                                : COLUMN_IF_INDEX),                                                \
                       COLUMN_ZERO_IS_NONE, row, member)
#define ENUMERATION(n, text, row, member, l)                                                       \
        COLUMN_LABELLED(n, text,                                                                   \
                        _Generic(COLUMN_MEMBER(row, member), uint8_t                               \
                                 : COLUMN_ENUMERATION),                                            \
                        row, member, l)
#define TRUTH(n, text, row, member)                                                                \
        COLUMN(n, text, _Generic(COLUMN_MEMBER(row, member), bool : COLUMN_TRUTH), row, member)
#define FLAGS(n, text, row, member, l)                                                             \
        COLUMN_LABELLED(n, text,                                                                   \
                        _Generic(COLUMN_MEMBER(row, member), uint16_t                              \
                                 : COLUMN_BITS),                                                   \
                        row, member, l)
#define COUNTER64(n, text, row, member)                                                            \
        COLUMN(n, text, COLUMN_UNSIGNED64(row, member, COLUMN_COUNTER64), row, member)
#define GAUGE64(n, text, row, member)                                                              \
        COLUMN(n, text, COLUMN_UNSIGNED64(row, member, COLUMN_GAUGE64), row, member)
#define GAUGE64_OR_NONE(n, text, row, member)                                                      \
        COLUMN_FLAGGED(n, text, COLUMN_UNSIGNED64(row, member, COLUMN_GAUGE64),                    \
                       COLUMN_ZERO_IS_NONE, row, member)
#define STRING(n, text, row, member)                                                               \
        COLUMN(n, text, _Generic(COLUMN_MEMBER(row, member), const char * : COLUMN_STRING), row,   \
               member)
#define ROW_POINTER(n, text, row, member)                                                          \
        COLUMN(n, text, _Generic(COLUMN_MEMBER(row, member), const char * : COLUMN_ROW_POINTER),   \
               row, member)
#define OCTETS(n, text, row, member)                                                               \
        COLUMN(n, text,                                                                            \
               _Generic(&COLUMN_MEMBER(row, member)[0], uint8_t *                                  \
                        : COLUMN_OCTETS),                                                          \
               row, member)
#define ADDRESS_TYPE(n, text, row, member)                                                         \
        COLUMN(n, text, COLUMN_INET(row, member, COLUMN_ADDRESS_TYPE), row, member)
#define ADDRESS(n, text, row, member)                                                              \
        COLUMN(n, text, COLUMN_INET(row, member, COLUMN_ADDRESS), row, member)
#define ADDRESS_TEXT(n, text, row, member)                                                         \
        COLUMN(n, text, COLUMN_INET(row, member, COLUMN_ADDRESS_TEXT), row, member)
#define PREFIX_TEXT(n, text, row, member)                                                          \
        COLUMN(n, text, COLUMN_INET(row, member, COLUMN_PREFIX_TEXT), row, member)
#define PREFIX_LENGTH(n, text, row, member)                                                        \
        COLUMN(n, text, COLUMN_INET(row, member, COLUMN_PREFIX_LENGTH), row, member)
#define AGE(n, text, row, member)                                                                  \
        COLUMN(n, text, COLUMN_SIGNED64(row, member, COLUMN_AGE), row, member)
#define SECONDS_LEFT(n, text, row, member)                                                         \
        COLUMN(n, text, COLUMN_SIGNED64(row, member, COLUMN_SECONDS_LEFT), row, member)
#define DAYS_LEFT(n, text, row, member)                                                            \
        COLUMN(n, text, COLUMN_SIGNED64(row, member, COLUMN_DAYS_LEFT), row, member)
#define DATE(n, text, row, member)                                                                 \
        COLUMN(n, text, COLUMN_SIGNED64(row, member, COLUMN_DATE), row, member)
#define TIMESTAMP(n, text, row, member)                                                            \
        COLUMN(n, text, COLUMN_SIGNED64(row, member, COLUMN_TIMESTAMP), row, member)

/* The wire type of the column. */
enum value_type column_value_type(const struct column *column);

/* Gives the column's value in this row. Never fails, never allocates. */
void column_encode(const struct column *column, const void *row, const struct moment *now,
                   struct value *value);

/*
 * Sets the column's member in row from a value as column_encode() gave it. Strings are retained
 * from pool, and what the member held before is released. Returns 0, or -EINVAL for a value of
 * another type or outside of the column's range: the member is then as it was.
 */
int column_decode(const struct column *column, void *row, const struct moment *now,
                  const struct value *value, struct strings *pool);

/* The label of a number, or NULL. */
const char *label_of(const struct label *labels, int32_t value);

/* The enumeration's number that is told: value itself, or the last label's where it has none. */
int32_t label_known(const struct label *labels, int32_t value);

/* Whether the member is a string of the table's pool. */
bool column_is_string(const struct column *column);

/* The member as text, NULL when it is empty (columns that are strings). */
const char *column_string(const struct column *column, const void *row);

#endif
