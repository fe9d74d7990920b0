#include "config.h"

#include "varbind.h"

#include <string.h>

static const oid objects_oid[] = { VARBIND_OBJECTS };

#define OBJECTS_LENGTH OID_LENGTH(objects_oid)

size_t varbind_name(const struct table_type *view, const struct column *column, const void *row,
                    oid name[MAX_OID_LEN])
{
        uint32_t index[INDEX_MAX];
        size_t n = OBJECTS_LENGTH, n_index = index_encode(view, row, index);

        memcpy(name, objects_oid, sizeof(objects_oid));
        name[n++] = view->number;
        if (!view->scalars)
                name[n++] = 1;
        name[n++] = column->number;
        for (size_t i = 0; i < n_index && n < MAX_OID_LEN; i++)
                name[n++] = index[i];
        return n;
}

static void set_counter64(netsnmp_variable_list *vb, uint64_t number)
{
        struct counter64 counter = {
                .high = (u_long)(number >> 32),
                .low = (u_long)(number & UINT32_MAX),
        };

        snmp_set_var_typed_value(vb, ASN_COUNTER64, &counter, sizeof(counter));
}

/* The name of an object below ipsrObjects, from its dotted sub-identifiers. */
static void set_row(netsnmp_variable_list *vb, const char *dotted, size_t length)
{
        static const oid none[] = { 0, 0 };
        oid name[MAX_OID_LEN];
        size_t n = OBJECTS_LENGTH;

        memcpy(name, objects_oid, sizeof(objects_oid));
        for (size_t i = 0; i < length && n < MAX_OID_LEN; n++) {
                for (name[n] = 0; i < length && dotted[i] != '.'; i++)
                        name[n] = name[n] * 10 + (oid)(dotted[i] - '0');
                i++;
        }
        if (length == 0)
                snmp_set_var_typed_value(vb, ASN_OBJECT_ID, none, sizeof(none));
        else
                snmp_set_var_typed_value(vb, ASN_OBJECT_ID, name, n * sizeof(oid));
}

void varbind_set(netsnmp_variable_list *vb, const struct column *column, const void *row,
                 const struct moment *now)
{
        struct value value;
        u_long unsigned32;
        long integer32;

        column_encode(column, row, now, &value);
        switch (value.type) {
        case VALUE_INTEGER32:
                integer32 = value.integer32;
                snmp_set_var_typed_value(vb, ASN_INTEGER, &integer32, sizeof(integer32));
                break;
        case VALUE_UNSIGNED32:
        case VALUE_TIMETICKS:
                unsigned32 = value.unsigned32;
                snmp_set_var_typed_value(
                        vb, value.type == VALUE_TIMETICKS ? ASN_TIMETICKS : ASN_UNSIGNED,
                        &unsigned32, sizeof(unsigned32));
                break;
        case VALUE_COUNTER64:
                set_counter64(vb, value.counter64);
                break;
        case VALUE_OCTETS:
                snmp_set_var_typed_value(vb, ASN_OCTET_STR, value.octets, value.length);
                break;
        case VALUE_ROW:
                set_row(vb, value.octets, value.length);
                break;
        }
}
