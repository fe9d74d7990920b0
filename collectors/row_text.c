#include "row_text.h"

#include <string.h>

#define MORE "..."

/* The length of the UTF-8 character (RFC 3629) that begins here; 0 when none does. */
static size_t character_length(const uint8_t *c, size_t left)
{
        static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
        uint32_t code;
        size_t length;

        if (c[0] < 0x80)
                return c[0] >= 0x20 && c[0] != 0x7f ? 1 : 0;
        length = c[0] >= 0xf0 ? 4 : c[0] >= 0xe0 ? 3 : 2;
        if (c[0] < 0xc2 || c[0] > 0xf4 || length > left)
                return 0;
        code = c[0] & (0x7fu >> length);
        for (size_t i = 1; i < length; i++) {
                if ((c[i] & 0xc0) != 0x80)
                        return 0;
                code = code << 6 | (c[i] & 0x3fu);
        }
        if (code < least[length] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
                return 0;
        return code >= 0x80 && code < 0xa0 ? 0 : length; /* control characters of Latin-1 */
}

static void append(struct row_text *t, const void *octets, size_t length)
{
        memcpy(t->octets + t->length, octets, length);
        t->length = (uint8_t)(t->length + length);
}

void row_text_add(struct row_text *t, const void *octets, size_t length)
{
        const uint8_t *c = octets;

        while (length > 0 && !t->full) {
                size_t n = character_length(c, length), taken = n > 0 ? n : 1;

                if (t->length + taken > ROW_TEXT_MAX) {
                        t->full = true;
                        return;
                }
                append(t, n > 0 ? (const void *)c : "?", taken);
                c += taken;
                length -= taken;
        }
}

void row_text_item(struct row_text *t, const char *separator, const void *octets, size_t length)
{
        struct row_text before = *t;

        if (t->full)
                return;
        if (t->length > 0)
                row_text_add(t, separator, strlen(separator));
        row_text_add(t, octets, length);
        if (!t->full && t->length + strlen(separator) + strlen(MORE) <= ROW_TEXT_MAX)
                return;
        /* Nothing may follow it: it has to be the last one, or to make room for what says so. */
        *t = before;
        if (t->length > 0)
                row_text_add(t, separator, strlen(separator));
        row_text_add(t, MORE, strlen(MORE));
        t->full = true;
}

const char *row_text_keep(const struct row_text *t, struct scratch *s)
{
        return t->length > 0 ? scratch_text(s, t->octets, t->length) : NULL;
}

const char *row_text_of(const void *octets, size_t length, struct scratch *s)
{
        struct row_text t = { 0 };

        row_text_add(&t, octets, length);
        return row_text_keep(&t, s);
}
