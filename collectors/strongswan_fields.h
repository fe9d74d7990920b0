/* Keys of a VICI section and the members of a row that they fill, one line for each. */
#ifndef IPSEC_REPORT_COLLECTORS_STRONGSWAN_FIELDS_H
#define IPSEC_REPORT_COLLECTORS_STRONGSWAN_FIELDS_H

#include "strongswan_parse.h"

enum field_kind {
        FIELD_TEXT,          /* const char * */
        FIELD_LIST,          /* const char *: a list's items, separated by ", " */
        FIELD_SELECTORS,     /* const char *: a list of traffic selectors */
        FIELD_NUMBER16,      /* uint16_t */
        FIELD_NUMBER32,      /* uint32_t */
        FIELD_NUMBER64,      /* uint64_t */
        FIELD_HEX32,         /* uint32_t */
        FIELD_YES,           /* bool */
        FIELD_ADDRESS,       /* struct inet_addr */
        FIELD_SECONDS_AGO,   /* int64_t, a moment */
        FIELD_SECONDS_TO_GO, /* int64_t, a moment */
        FIELD_WORD,          /* uint8_t, by words */
};

/* A word of the daemon and the number that the row has for it; ends with a NULL word. */
struct field_word {
        const char *word;
        uint8_t number;
};

struct field {
        const char *key;
        enum field_kind kind;
        uint16_t offset;
        const struct field_word *words; /* FIELD_WORD */
};

/* The number of a word; fallback for one that is not among them. */
uint8_t field_word(const struct field_word *words, const struct vici_item *item, uint8_t fallback);

/* Fills the member; an item that is nonsense leaves it as it is. False: no field has this key. */
bool field_set(const struct strongswan_context *context, const struct field *fields, size_t n,
               const struct vici_item *item, void *row);

/* The key of a connection's or a child's name (key_of_name()); NULL for none. */
const char *field_key(const struct strongswan_context *context, const char *name);

#endif
