#include "vici_message.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The elements' types on the wire. */
enum element {
        SECTION_START = 1,
        SECTION_END = 2,
        KEY_VALUE = 3,
        LIST_START = 4,
        LIST_ITEM = 5,
        LIST_END = 6,
};

#define LENGTH_SIZE 4 /* octets before each packet */

size_t vici_length(struct vici_slice slice)
{
        return (size_t)(slice.end - slice.at);
}

/* ---- one element ---- */

static bool has_name(uint8_t type)
{
        return type == SECTION_START || type == KEY_VALUE || type == LIST_START;
}

static bool has_value(uint8_t type)
{
        return type == KEY_VALUE || type == LIST_ITEM;
}

static bool take(struct vici_slice *rest, size_t length, struct vici_slice *taken)
{
        if (vici_length(*rest) < length)
                return false;
        taken->at = rest->at;
        taken->end = rest->at += length;
        return true;
}

/* Reads one element; 0 for its type where the octets are none. */
static uint8_t read_element(struct vici_slice *rest, struct vici_slice *name,
                            struct vici_slice *value)
{
        struct vici_slice head;
        uint8_t type;

        *name = *value = (struct vici_slice){ rest->at, rest->at };
        if (!take(rest, 1, &head))
                return 0;
        type = *head.at;
        if (type < SECTION_START || type > LIST_END)
                return 0;
        if (has_name(type) && (!take(rest, 1, &head) || !take(rest, *head.at, name)))
                return 0;
        if (has_value(type) &&
            (!take(rest, 2, &head) || !take(rest, (size_t)(head.at[0] << 8 | head.at[1]), value)))
                return 0;
        return type;
}

/* ---- the whole ---- */

int vici_check(struct vici_slice message)
{
        struct vici_slice name, value;
        unsigned int depth = 0;
        bool in_list = false;

        while (message.at < message.end) {
                uint8_t type = read_element(&message, &name, &value);

                if (type == 0 || (in_list != (type == LIST_ITEM || type == LIST_END)))
                        return -EBADMSG;
                if (type == LIST_START || type == LIST_END)
                        in_list = type == LIST_START;
                if (type == SECTION_START && ++depth > VICI_DEPTH_MAX)
                        return -EBADMSG;
                if (type == SECTION_END && depth-- == 0)
                        return -EBADMSG;
        }
        return depth > 0 || in_list ? -EBADMSG : 0;
}

/* Passes over the inside of a section or a list that has just begun, and its end. */
static struct vici_slice take_body(struct vici_slice *rest)
{
        struct vici_slice body = { rest->at, rest->at }, name, value;
        unsigned int depth = 1;

        while (depth > 0 && rest->at < rest->end) {
                uint8_t type;

                body.end = rest->at;
                type = read_element(rest, &name, &value);
                depth += type == SECTION_START || type == LIST_START;
                depth -= type == SECTION_END || type == LIST_END;
        }
        return body;
}

bool vici_next(struct vici_slice *rest, struct vici_item *item)
{
        struct vici_slice name;

        if (rest->at >= rest->end)
                return false;
        switch (read_element(rest, &name, &item->body)) {
        case SECTION_START:
                item->kind = VICI_SECTION;
                item->body = take_body(rest);
                break;
        case LIST_START:
                item->kind = VICI_LIST;
                item->body = take_body(rest);
                break;
        case KEY_VALUE:
                item->kind = VICI_VALUE;
                break;
        case LIST_ITEM:
                item->kind = VICI_LIST_ITEM;
                break;
        default:
                return false;
        }
        item->name = (const char *)name.at;
        item->name_length = vici_length(name);
        return true;
}

bool vici_is_named(const struct vici_item *item, const char *name)
{
        return item->name_length == strlen(name) &&
               memcmp(item->name, name, item->name_length) == 0;
}

bool vici_equals(const struct vici_item *item, const char *value)
{
        return vici_length(item->body) == strlen(value) &&
               memcmp(item->body.at, value, strlen(value)) == 0;
}

bool vici_find(struct vici_slice slice, const char *name, struct vici_item *item)
{
        while (vici_next(&slice, item))
                if (vici_is_named(item, name))
                        return true;
        return false;
}

/* The longest is the smallest of 64 bits; white space and "0x" are strtoll's, not VICI's. */
int vici_number(const struct vici_item *item, int base, int64_t *number)
{
        char text[24], *end;
        size_t length = vici_length(item->body);
        long long value;

        if (item->kind != VICI_VALUE || length == 0 || length >= sizeof(text))
                return -EINVAL;
        memcpy(text, item->body.at, length);
        text[length] = '\0';
        if (strspn(text, base == 16 ? "0123456789abcdefABCDEF" : "-0123456789") != length)
                return -EINVAL;
        errno = 0;
        value = strtoll(text, &end, base);
        if (errno != 0 || *end != '\0' || end == text)
                return -EINVAL;
        *number = value;
        return 0;
}

/* ---- writing ---- */

static void append(struct vici_writer *w, const void *octets, size_t length)
{
        if (w->length + length > w->room) {
                size_t room = 2 * (w->length + length) + 64;
                uint8_t *grown = realloc(w->octets, room);

                if (!grown) {
                        w->failed = true;
                        return;
                }
                w->octets = grown;
                w->room = room;
        }
        memcpy(w->octets + w->length, octets, length);
        w->length += length;
}

static void append_name(struct vici_writer *w, const char *name)
{
        size_t length = strlen(name);
        uint8_t octet = length > UINT8_MAX ? UINT8_MAX : (uint8_t)length;

        append(w, &octet, 1);
        append(w, name, octet);
}

void vici_packet_begin(struct vici_writer *w, uint8_t type, const char *name)
{
        static const uint8_t length[LENGTH_SIZE];

        w->length = 0;
        append(w, length, sizeof(length));
        append(w, &type, 1);
        append_name(w, name);
}

void vici_packet_value(struct vici_writer *w, const char *name, const char *value)
{
        size_t length = strlen(value) > UINT16_MAX ? UINT16_MAX : strlen(value);
        const uint8_t type = KEY_VALUE;
        const uint8_t size[2] = { (uint8_t)(length >> 8), (uint8_t)length };

        append(w, &type, 1);
        append_name(w, name);
        append(w, size, sizeof(size));
        append(w, value, length);
}

void vici_packet_end(struct vici_writer *w)
{
        size_t length = w->length - LENGTH_SIZE;

        if (w->failed)
                return;
        for (int i = 0; i < LENGTH_SIZE; i++)
                w->octets[i] = (uint8_t)(length >> (8 * (LENGTH_SIZE - 1 - i)));
}
