#include "column.h"

#include <errno.h>
#include <string.h>
#include <time.h>

/* Octets of a DateAndTime with its zone (RFC 2579). */
#define DATE_LENGTH 11
#define DAY 86400 /* seconds */

static const void *member_of(const struct column *column, const void *row)
{
        return (const char *)row + column->offset;
}

static uint32_t get_unsigned(const struct column *column, const void *row)
{
        const void *member = member_of(column, row);

        switch (column->size) {
        case 1:
                return *(const uint8_t *)member;
        case 2:
                return *(const uint16_t *)member;
        default:
                return *(const uint32_t *)member;
        }
}

static int64_t get_signed64(const struct column *column, const void *row)
{
        return *(const int64_t *)member_of(column, row);
}

static const struct inet_addr *get_address(const struct column *column, const void *row)
{
        return member_of(column, row);
}

bool column_is_string(const struct column *column)
{
        return column->kind == COLUMN_STRING || column->kind == COLUMN_ROW_POINTER;
}

const char *column_string(const struct column *column, const void *row)
{
        return *(const char *const *)member_of(column, row);
}

const char *label_of(const struct label *labels, int32_t value)
{
        for (; labels->label; labels++)
                if (labels->value == value)
                        return labels->label;
        return NULL;
}

int32_t label_known(const struct label *labels, int32_t value)
{
        for (;; labels++)
                if (labels->value == value || !labels[1].label)
                        return labels->value;
}

enum value_type column_value_type(const struct column *column)
{
        switch (column->kind) {
        case COLUMN_INTEGER32:
        case COLUMN_IF_INDEX:
        case COLUMN_ENUMERATION:
        case COLUMN_TRUTH:
        case COLUMN_ADDRESS_TYPE:
        case COLUMN_AGE:
        case COLUMN_SECONDS_LEFT:
        case COLUMN_DAYS_LEFT:
                return VALUE_INTEGER32;
        case COLUMN_UNSIGNED32:
        case COLUMN_PREFIX_LENGTH:
                return VALUE_UNSIGNED32;
        case COLUMN_COUNTER64:
        case COLUMN_GAUGE64:
                return VALUE_COUNTER64;
        case COLUMN_TIMESTAMP:
                return VALUE_TIMETICKS;
        case COLUMN_ROW_POINTER:
                return VALUE_ROW;
        case COLUMN_BITS:
        case COLUMN_STRING:
        case COLUMN_OCTETS:
        case COLUMN_ADDRESS:
        case COLUMN_ADDRESS_TEXT:
        case COLUMN_PREFIX_TEXT:
        case COLUMN_DATE:
                return VALUE_OCTETS;
        }
        return VALUE_OCTETS;
}

static int32_t cap_positive(int64_t number)
{
        if (number < 0)
                return 0;
        return number > INT32_MAX ? INT32_MAX : (int32_t)number;
}

/* A part of a day counts as a whole one. */
static int32_t days_left(int64_t seconds)
{
        return seconds <= 0 ? 0 : cap_positive((seconds - 1) / DAY + 1);
}

/* As many octets as the labels need, the first bit highest (RFC 2578, 7.1.4). */
static size_t encode_bits(const struct label *labels, uint16_t bits, uint8_t octets[2])
{
        size_t length = 1;

        octets[0] = octets[1] = 0;
        for (; labels->label; labels++) {
                if (labels->value >= 8)
                        length = 2;
                if (bits & (1u << labels->value))
                        octets[labels->value / 8] |= (uint8_t)(0x80u >> (labels->value % 8));
        }
        return length;
}

static size_t encode_date(int64_t seconds, uint8_t octets[DATE_LENGTH])
{
        time_t wall = (time_t)seconds;
        struct tm tm;

        if (seconds == 0 || !gmtime_r(&wall, &tm))
                return 0;
        octets[0] = (uint8_t)((tm.tm_year + 1900) >> 8);
        octets[1] = (uint8_t)(tm.tm_year + 1900);
        octets[2] = (uint8_t)(tm.tm_mon + 1);
        octets[3] = (uint8_t)tm.tm_mday;
        octets[4] = (uint8_t)tm.tm_hour;
        octets[5] = (uint8_t)tm.tm_min;
        octets[6] = (uint8_t)tm.tm_sec;
        octets[7] = 0;
        octets[8] = '+';
        octets[9] = octets[10] = 0;
        return DATE_LENGTH;
}

/* Moments before snmpd's start are 0, as RFC 2579 has it. */
static uint32_t encode_timestamp(int64_t moment, const struct moment *now)
{
        int64_t ticks = (moment - now->snmp_start) / 10;

        return moment == 0 || ticks < 0 ? 0 : (uint32_t)ticks;
}

static void set_octets(struct value *value, const void *octets, size_t length)
{
        value->octets = octets;
        value->length = length;
}

void column_encode(const struct column *column, const void *row, const struct moment *now,
                   struct value *value)
{
        const char *string;
        int64_t moment;

        value->type = column_value_type(column);
        switch (column->kind) {
        case COLUMN_UNSIGNED32:
                value->unsigned32 = get_unsigned(column, row);
                break;
        case COLUMN_INTEGER32:
                value->integer32 = *(const int32_t *)member_of(column, row);
                break;
        case COLUMN_IF_INDEX:
                value->integer32 = cap_positive(get_unsigned(column, row));
                break;
        case COLUMN_ENUMERATION:
                value->integer32 = label_known(column->labels, (int32_t)get_unsigned(column, row));
                break;
        case COLUMN_TRUTH:
                value->integer32 = *(const bool *)member_of(column, row) ? 1 : 2;
                break;
        case COLUMN_BITS:
                set_octets(value, value->scratch,
                           encode_bits(column->labels, *(const uint16_t *)member_of(column, row),
                                       (uint8_t *)value->scratch));
                break;
        case COLUMN_COUNTER64:
        case COLUMN_GAUGE64:
                value->counter64 = *(const uint64_t *)member_of(column, row);
                break;
        case COLUMN_STRING:
        case COLUMN_ROW_POINTER:
                string = column_string(column, row);
                set_octets(value, string ? string : "", string ? strlen(string) : 0);
                break;
        case COLUMN_OCTETS:
                set_octets(value, member_of(column, row), column->size);
                break;
        case COLUMN_ADDRESS_TYPE:
                value->integer32 = get_address(column, row)->type;
                break;
        case COLUMN_ADDRESS:
                set_octets(value, get_address(column, row)->octets,
                           inet_addr_length(get_address(column, row)));
                break;
        case COLUMN_ADDRESS_TEXT:
                set_octets(value, value->scratch,
                           inet_addr_text(get_address(column, row), value->scratch));
                break;
        case COLUMN_PREFIX_TEXT:
                set_octets(value, value->scratch,
                           inet_addr_prefix_text(get_address(column, row), value->scratch));
                break;
        case COLUMN_PREFIX_LENGTH:
                value->unsigned32 = get_address(column, row)->prefix;
                break;
        case COLUMN_AGE:
                moment = get_signed64(column, row);
                value->integer32 = moment == 0 ? -1 : cap_positive(now->wall - moment);
                break;
        case COLUMN_SECONDS_LEFT:
                moment = get_signed64(column, row);
                value->integer32 = moment == 0 ? -1 : cap_positive(moment - now->wall);
                break;
        case COLUMN_DAYS_LEFT:
                moment = get_signed64(column, row);
                value->integer32 = moment == 0 ? -1 : days_left(moment - now->wall);
                break;
        case COLUMN_DATE:
                set_octets(value, value->scratch,
                           encode_date(get_signed64(column, row), (uint8_t *)value->scratch));
                break;
        case COLUMN_TIMESTAMP:
                value->unsigned32 = encode_timestamp(get_signed64(column, row), now);
                break;
        }
}

static int set_unsigned(const struct column *column, void *member, uint32_t number)
{
        if (column->size < sizeof(uint32_t) && number >> (8 * column->size) != 0)
                return -EINVAL;
        switch (column->size) {
        case 1:
                *(uint8_t *)member = (uint8_t)number;
                break;
        case 2:
                *(uint16_t *)member = (uint16_t)number;
                break;
        default:
                *(uint32_t *)member = number;
                break;
        }
        return 0;
}

static int decode_bits(const struct column *column, const struct value *value, uint16_t *bits)
{
        const uint8_t *octets = value->octets;

        *bits = 0;
        for (const struct label *l = column->labels; l->label; l++)
                if ((size_t)l->value / 8 < value->length &&
                    octets[l->value / 8] & (0x80u >> (l->value % 8)))
                        *bits |= (uint16_t)(1u << l->value);
        return 0;
}

static int decode_date(const struct value *value, int64_t *seconds)
{
        const uint8_t *o = value->octets;
        struct tm tm = { 0 };

        if (value->length == 0) {
                *seconds = 0;
                return 0;
        }
        if (value->length != DATE_LENGTH && value->length != DATE_LENGTH - 3)
                return -EINVAL;
        if (o[2] < 1 || o[2] > 12 || o[3] < 1 || o[3] > 31 || o[4] > 23 || o[5] > 59 || o[6] > 60)
                return -EINVAL;
        tm.tm_year = (o[0] << 8 | o[1]) - 1900;
        tm.tm_mon = o[2] - 1;
        tm.tm_mday = o[3];
        tm.tm_hour = o[4];
        tm.tm_min = o[5];
        tm.tm_sec = o[6];
        *seconds = timegm(&tm);
        if (value->length == DATE_LENGTH)
                *seconds -= (o[8] == '-' ? -1 : 1) * (o[9] * 3600 + o[10] * 60);
        return 0;
}

static int decode_string(void *member, const struct value *value, struct strings *pool)
{
        const char **string = member;
        const char *copy = strings_retain(pool, value->octets, value->length);

        if (!copy && value->length > 0)
                return -EINVAL;
        strings_release(pool, *string);
        *string = copy;
        return 0;
}

/* The octets say the family by their number. */
static int decode_address(struct inet_addr *address, const struct value *value)
{
        if (value->length != 0 && value->length != 4 && value->length != 16)
                return -EINVAL;
        memset(address->octets, 0, sizeof(address->octets));
        if (value->length == 0)
                address->type = INET_ADDR_UNKNOWN;
        else
                address->type = value->length == 4 ? INET_ADDR_IPV4 : INET_ADDR_IPV6;
        if (value->length > 0)
                memcpy(address->octets, value->octets, value->length);
        return 0;
}

static int decode_address_text(struct inet_addr *address, const struct value *value)
{
        struct inet_addr parsed;

        if (!inet_addr_parse(&parsed, value->octets, value->length))
                return -EINVAL;
        *address = parsed;
        return 0;
}

static int decode_prefix_length(struct inet_addr *address, uint32_t prefix)
{
        if (prefix > 128)
                return -EINVAL;
        address->prefix = (uint8_t)prefix;
        return 0;
}

static int decode_integer(const struct column *column, void *member, int32_t number,
                          const struct moment *now)
{
        switch (column->kind) {
        case COLUMN_INTEGER32:
                *(int32_t *)member = number;
                return 0;
        case COLUMN_IF_INDEX:
                if (number < 0)
                        return -EINVAL;
                *(uint32_t *)member = (uint32_t)number;
                return 0;
        case COLUMN_ENUMERATION:
                /* A number that a newer agent has given a meaning is "unknown" here. */
                *(uint8_t *)member = (uint8_t)label_known(column->labels, number);
                return 0;
        case COLUMN_TRUTH:
                if (number != 1 && number != 2)
                        return -EINVAL;
                *(bool *)member = number == 1;
                return 0;
        case COLUMN_AGE:
                *(int64_t *)member = number < 0 ? 0 : now->wall - number;
                return 0;
        case COLUMN_SECONDS_LEFT:
                *(int64_t *)member = number < 0 ? 0 : now->wall + number;
                return 0;
        default: /* COLUMN_ADDRESS_TYPE, COLUMN_DAYS_LEFT: the octets, the date tell it too */
                return 0;
        }
}

static int decode_octets(const struct column *column, void *member, const struct value *value,
                         struct strings *pool)
{
        switch (column->kind) {
        case COLUMN_BITS:
                return decode_bits(column, value, member);
        case COLUMN_STRING:
                return decode_string(member, value, pool);
        case COLUMN_ADDRESS:
                return decode_address(member, value);
        case COLUMN_OCTETS:
                if (value->length != column->size)
                        return -EINVAL;
                memcpy(member, value->octets, column->size);
                return 0;
        case COLUMN_DATE:
                return decode_date(value, member);
        default: /* COLUMN_ADDRESS_TEXT, COLUMN_PREFIX_TEXT */
                return decode_address_text(member, value);
        }
}

int column_decode(const struct column *column, void *row, const struct moment *now,
                  const struct value *value, struct strings *pool)
{
        void *member = (char *)row + column->offset;

        if (value->type != column_value_type(column))
                return -EINVAL;
        switch (value->type) {
        case VALUE_INTEGER32:
                return decode_integer(column, member, value->integer32, now);
        case VALUE_UNSIGNED32:
                if (column->kind == COLUMN_PREFIX_LENGTH)
                        return decode_prefix_length(member, value->unsigned32);
                return set_unsigned(column, member, value->unsigned32);
        case VALUE_TIMETICKS:
                *(int64_t *)member = value->unsigned32 == 0
                                             ? 0
                                             : now->snmp_start + (int64_t)value->unsigned32 * 10;
                return 0;
        case VALUE_COUNTER64:
                *(uint64_t *)member = value->counter64;
                return 0;
        case VALUE_ROW:
                return decode_string(member, value, pool);
        case VALUE_OCTETS:
                return decode_octets(column, member, value, pool);
        }
        return -EINVAL;
}
