#include "config.h"

#include "objects.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Sub-identifiers below the root and below a table (RFC 2578). */
enum { OBJECTS = 1, ENTRY = 1 };

const oid mib_root[] = { MIB_ROOT };
const size_t mib_root_length = sizeof(mib_root) / sizeof(mib_root[0]);

size_t object_entry(const struct table_type *type, oid name[MAX_OID_LEN])
{
        size_t length = mib_root_length;

        memcpy(name, mib_root, sizeof(mib_root));
        name[length++] = OBJECTS;
        name[length++] = type->number;
        if (!type->scalars)
                name[length++] = ENTRY;
        return length;
}

static int integer_value(const netsnmp_variable_list *variable, struct value *value)
{
        long number = *variable->val.integer;

        if (number < INT32_MIN || number > INT32_MAX)
                return -EINVAL;
        value->type = VALUE_INTEGER32;
        value->integer32 = (int32_t)number;
        return 0;
}

static int unsigned_value(const netsnmp_variable_list *variable, enum value_type type,
                          struct value *value)
{
        unsigned long number = (unsigned long)*variable->val.integer;

        if (number > UINT32_MAX)
                return -EINVAL;
        value->type = type;
        value->unsigned32 = (uint32_t)number;
        return 0;
}

static int row_value(const netsnmp_variable_list *variable, struct value *value,
                     char row[OBJECT_ROW_SIZE])
{
        const oid *name = variable->val.objid;
        size_t length = variable->val_len / sizeof(oid), n = 0;

        value->type = VALUE_ROW;
        value->octets = row;
        value->length = 0;
        if (length > MAX_OID_LEN)
                return -EINVAL;
        if (length <= mib_root_length + 1 ||
            snmp_oid_compare(name, mib_root_length, mib_root, mib_root_length) != 0 ||
            name[mib_root_length] != OBJECTS)
                return 0;
        for (size_t i = mib_root_length + 1; i < length; i++)
                n += (size_t)snprintf(row + n, OBJECT_ROW_SIZE - n, "%s%u", n > 0 ? "." : "",
                                      (uint32_t)name[i]);
        value->length = n;
        return 0;
}

int object_value(const netsnmp_variable_list *variable, struct value *value,
                 char row[OBJECT_ROW_SIZE])
{
        switch (variable->type) {
        case ASN_INTEGER:
                return integer_value(variable, value);
        case ASN_UNSIGNED:
                return unsigned_value(variable, VALUE_UNSIGNED32, value);
        case ASN_TIMETICKS:
                return unsigned_value(variable, VALUE_TIMETICKS, value);
        case ASN_COUNTER64:
                value->type = VALUE_COUNTER64;
                value->counter64 = (uint64_t)variable->val.counter64->high << 32 |
                                   (variable->val.counter64->low & UINT32_MAX);
                return 0;
        case ASN_OCTET_STR:
                value->type = VALUE_OCTETS;
                value->octets = variable->val.string;
                value->length = variable->val_len;
                return 0;
        case ASN_OBJECT_ID:
                return row_value(variable, value, row);
        default:
                return -EINVAL;
        }
}
