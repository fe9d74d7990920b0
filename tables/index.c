/* A row's index as sub-identifiers, as RFC 2578 section 7.7 has it. */
#include "row.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const void *member_of(const struct column *column, const void *row)
{
        return (const char *)row + column->offset;
}

/* What a part of octets holds; numbers have one sub-identifier and give false. */
static bool octets_of(const struct column *column, const void *row, const uint8_t **octets,
                      size_t *length)
{
        const struct inet_addr *address;
        const char *string;

        switch (column->kind) {
        case COLUMN_STRING:
                string = column_string(column, row);
                *octets = (const uint8_t *)string;
                *length = string ? strlen(string) : 0;
                return true;
        case COLUMN_OCTETS:
                *octets = member_of(column, row);
                *length = column->size;
                return true;
        case COLUMN_ADDRESS:
                address = member_of(column, row);
                *octets = address->octets;
                *length = inet_addr_length(address);
                return true;
        default:
                return false;
        }
}

/* Octets of a fixed number have no length before them. */
static bool is_fixed(const struct column *column)
{
        return column->kind == COLUMN_OCTETS;
}

static uint32_t number_of(const struct column *column, const void *row)
{
        const void *member = member_of(column, row);

        if (column->kind == COLUMN_ADDRESS_TYPE)
                return ((const struct inet_addr *)member)->type;
        if (column->kind == COLUMN_ENUMERATION)
                return (uint32_t)label_known(column->labels, *(const uint8_t *)member);
        switch (column->size) {
        case 1:
                return *(const uint8_t *)member;
        case 2:
                return *(const uint16_t *)member;
        default:
                return *(const uint32_t *)member;
        }
}

size_t index_encode(const struct table_type *view, const void *row, uint32_t oid[INDEX_MAX])
{
        size_t n = 0;

        if (view->scalars)
                oid[n++] = 0;
        for (size_t i = 0; i < view->n_index; i++) {
                const uint8_t *octets;
                size_t length;

                if (!octets_of(&view->index[i], row, &octets, &length)) {
                        oid[n++] = number_of(&view->index[i], row);
                        continue;
                }
                if (length > INDEX_MAX - 1 - n)
                        length = INDEX_MAX - 1 - n;
                if (!is_fixed(&view->index[i]))
                        oid[n++] = (uint32_t)length;
                for (size_t j = 0; j < length; j++)
                        oid[n++] = octets[j];
        }
        return n;
}

static int compare_number(struct index *rest, uint32_t number)
{
        uint32_t sought;

        if (rest->length == 0)
                return -1;
        sought = *rest->oid;
        rest->oid++;
        rest->length--;
        return sought == number ? 0 : sought < number ? -1 : 1;
}

int index_compare(const void *sought, const void *item)
{
        struct index rest = *(const struct index *)sought;
        uint32_t oid[INDEX_MAX];
        size_t n;

        /* Most tables are indexed by one number: no need to write it out. */
        if (rest.view->given_index && rest.view->n_index == 1) {
                int order = compare_number(
                        &rest, *(const uint32_t *)((const char *)item + rest.view->given_index));

                return order != 0 ? order : rest.length > 0;
        }
        n = index_encode(rest.view, item, oid);
        for (size_t i = 0; i < n; i++) {
                int order = compare_number(&rest, oid[i]);

                if (order != 0)
                        return order;
        }
        return rest.length > 0;
}

void row_name(const struct table_type *view, const void *row, char text[ROW_NAME_SIZE])
{
        uint32_t oid[INDEX_MAX];
        size_t n = index_encode(view, row, oid);
        int length = snprintf(text, ROW_NAME_SIZE, "%u.1.%u", (unsigned int)view->number,
                              (unsigned int)view->columns[0].number);

        for (size_t i = 0; i < n; i++)
                length += snprintf(text + length, ROW_NAME_SIZE - (size_t)length, ".%u",
                                   (unsigned int)oid[i]);
}

static int decode_octets(const struct column *column, void *row, const uint32_t *oid, size_t length,
                         struct strings *pool)
{
        uint8_t octets[INDEX_MAX];
        struct value value = { .type = VALUE_OCTETS, .octets = octets, .length = length };

        for (size_t i = 0; i < length; i++) {
                if (oid[i] > UINT8_MAX)
                        return -EINVAL;
                octets[i] = (uint8_t)oid[i];
        }
        return column_decode(column, row, NULL, &value, pool);
}

static int decode_number(const struct column *column, void *row, uint32_t number)
{
        struct value value = { .type = column_value_type(column) };

        if (value.type == VALUE_INTEGER32)
                value.integer32 = (int32_t)number;
        else
                value.unsigned32 = number;
        return column_decode(column, row, NULL, &value, NULL);
}

int index_decode(const struct table_type *view, void *row, const uint32_t *oid, size_t length,
                 struct strings *pool)
{
        size_t n = 0;
        int err = 0;

        if (view->scalars)
                return length == 1 && oid[0] == 0 ? 0 : -EINVAL;
        for (size_t i = 0; i < view->n_index && err == 0; i++) {
                const struct column *column = &view->index[i];
                size_t octets;

                if (n == length)
                        return -EINVAL;
                if (column_value_type(column) != VALUE_OCTETS) {
                        err = decode_number(column, row, oid[n++]);
                        continue;
                }
                octets = is_fixed(column) ? column->size : oid[n++];
                if (octets > length - n || octets > INDEX_MAX)
                        return -EINVAL;
                err = decode_octets(column, row, oid + n, octets, pool);
                n += octets;
        }
        return err < 0 || n != length ? -EINVAL : 0;
}
