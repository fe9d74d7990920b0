#include "config.h"

#include "journal_line.h"

#include "cell.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct journal_line {
        json_t *object;
};

/* Moments of the monotonic clock are told as dates: with clocks that begin in 1970 they are these.
 */
const struct moment journal_moment = { .wall = 0, .monotonic = 0, .snmp_start = -1 };

static void *member_of(const struct column *column, void *row)
{
        return (char *)row + column->offset;
}

static bool set_unsigned(const struct column *column, void *row, uint64_t number)
{
        uint8_t octet = (uint8_t)number;
        uint16_t half = (uint16_t)number;
        uint32_t word = (uint32_t)number;

        if (column->size < sizeof(number) && number >> 8 * column->size != 0)
                return false;
        switch (column->size) {
        case sizeof(octet):
                memcpy(member_of(column, row), &octet, sizeof(octet));
                return true;
        case sizeof(half):
                memcpy(member_of(column, row), &half, sizeof(half));
                return true;
        case sizeof(word):
                memcpy(member_of(column, row), &word, sizeof(word));
                return true;
        default:
                memcpy(member_of(column, row), &number, sizeof(number));
                return true;
        }
}

static bool take_number(const struct column *column, void *row, const json_t *value)
{
        const char *text = json_string_value(value);
        char *end;
        unsigned long long number;

        if (json_is_integer(value) && json_integer_value(value) >= 0)
                return set_unsigned(column, row, (uint64_t)json_integer_value(value));
        if (!text || strncmp(text, "0x", 2) != 0 || strlen(text) > 18)
                return false;
        number = strtoull(text + 2, &end, 16);
        return end > text + 2 && *end == '\0' && set_unsigned(column, row, number);
}

/* A label of a later version is the last one: unknown. */
static bool take_label(const struct column *column, void *row, const json_t *value)
{
        const char *text = json_string_value(value);
        const struct label *l = column->labels;

        if (!text)
                return false;
        while (l[1].label && strcmp(l->label, text) != 0)
                l++;
        return set_unsigned(column, row, (uint64_t)l->value);
}

/* "2026-11-24T14:02:03Z" */
static bool read_date(const char *text, int64_t *seconds)
{
        struct tm tm = { 0 };
        const char *end = text ? strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm) : NULL;

        if (!end || *end != '\0')
                return false;
        *seconds = timegm(&tm);
        return true;
}

static bool take_date(const struct column *column, void *row, const json_t *value, int64_t unit)
{
        int64_t seconds;

        if (!read_date(json_string_value(value), &seconds))
                return false;
        seconds *= unit;
        memcpy(member_of(column, row), &seconds, sizeof(seconds));
        return true;
}

static bool take_string(const struct column *column, void *row, const json_t *value)
{
        const char *text = json_string_value(value);

        memcpy(member_of(column, row), &text, sizeof(text));
        return text != NULL;
}

static bool take_address(const struct column *column, void *row, const json_t *value)
{
        const char *text = json_string_value(value);

        return text && inet_addr_parse(member_of(column, row), text, strlen(text));
}

static bool take(const struct column *column, void *row, const json_t *value)
{
        switch (column->kind) {
        case COLUMN_UNSIGNED32:
        case COLUMN_COUNTER64:
        case COLUMN_GAUGE64:
                return take_number(column, row, value);
        case COLUMN_ENUMERATION:
                return take_label(column, row, value);
        case COLUMN_DATE:
                return take_date(column, row, value, 1);
        case COLUMN_TIMESTAMP:
                return take_date(column, row, value, 1000);
        case COLUMN_STRING:
        case COLUMN_ROW_POINTER:
                return take_string(column, row, value);
        case COLUMN_ADDRESS_TEXT:
                return take_address(column, row, value);
        default:
                return true; /* another column tells the same */
        }
}

/* What a line leaves out is none; without such a label it is not known. */
static void set_absent(const struct column *column, void *row)
{
        const struct label *l = column->labels;

        if (column->kind != COLUMN_ENUMERATION)
                return;
        while (l[1].label && strcmp(l->label, "none") != 0)
                l++;
        set_unsigned(column, row, (uint64_t)l->value);
}

static bool take_column(const struct column *column, struct event *event, const json_t *object)
{
        char key[CELL_NAME_SIZE];
        const json_t *value;

        if (!cell_is_written(&event_type, column))
                return true;
        cell_key(&event_type, column, key);
        value = json_object_get(object, key);
        if (value)
                return take(column, event, value);
        set_absent(column, event);
        return true;
}

static bool take_columns(struct event *event, const json_t *object)
{
        bool good = true;

        for (size_t i = 0; i < event_type.n_index; i++)
                good = take_column(&event_type.index[i], event, object) && good;
        for (size_t i = 0; i < event_type.n_columns; i++)
                good = take_column(&event_type.columns[i], event, object) && good;
        return good && json_object_get(object, "kind") && json_object_get(object, "time");
}

static json_t *parse(const char *text, size_t length)
{
        json_error_t error;
        json_t *object = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);

        if (json_is_object(object))
                return object;
        json_decref(object);
        return NULL;
}

int journal_line_read(struct journal_line **line, const char *text, size_t length,
                      struct event *event)
{
        if (!*line)
                *line = calloc(1, sizeof(**line));
        if (!*line)
                return -ENOMEM;
        json_decref((*line)->object);
        memset(event, 0, sizeof(*event));
        (*line)->object = parse(text, length);
        return (*line)->object && take_columns(event, (*line)->object) ? 0 : -EBADMSG;
}

void journal_line_free(struct journal_line *line)
{
        if (!line)
                return;
        json_decref(line->object);
        free(line);
}
