#include "config.h"

#include "libreswan_text.h"

#include <string.h>

void text_skip(struct libreswan_text *text, size_t length)
{
        if (length > text->length)
                length = text->length;
        text->at += length;
        text->length -= length;
}

bool text_begins(struct libreswan_text text, const char *word)
{
        size_t length = strlen(word);

        return text.length >= length && memcmp(text.at, word, length) == 0;
}

bool text_equals(struct libreswan_text text, const char *word)
{
        return text.length == strlen(word) && text_begins(text, word);
}

bool text_take(struct libreswan_text *text, const char *word)
{
        if (!text_begins(*text, word))
                return false;
        text_skip(text, strlen(word));
        return true;
}

const char *text_find(struct libreswan_text text, const char *words)
{
        return text.length > 0 ? memmem(text.at, text.length, words, strlen(words)) : NULL;
}

bool text_after(struct libreswan_text text, const char *words, struct libreswan_text *rest)
{
        const char *found = text_find(text, words);

        if (!found)
                return false;
        *rest = text;
        text_skip(rest, (size_t)(found - text.at) + strlen(words));
        return true;
}

bool text_between(struct libreswan_text text, const char *words, const char *end,
                  struct libreswan_text *inside)
{
        const char *found;

        if (!text_after(text, words, inside))
                return false;
        found = text_find(*inside, end);
        if (found)
                inside->length = (size_t)(found - inside->at);
        return true;
}

static unsigned int digit_of(char c)
{
        if (c >= '0' && c <= '9')
                return (unsigned int)(c - '0');
        if (c >= 'a' && c <= 'f')
                return (unsigned int)(c - 'a') + 10;
        if (c >= 'A' && c <= 'F')
                return (unsigned int)(c - 'A') + 10;
        return UINT8_MAX;
}

bool text_number(struct libreswan_text *text, unsigned int base, uint64_t *number)
{
        uint64_t value = 0;
        size_t n = 0;

        for (; n < text->length; n++) {
                unsigned int digit = digit_of(text->at[n]);

                if (digit >= base)
                        break;
                if (value > (UINT64_MAX - digit) / base)
                        return false;
                value = value * base + digit;
        }
        if (n == 0)
                return false;
        text_skip(text, n);
        *number = value;
        return true;
}

bool text_word(struct libreswan_text *text, struct libreswan_text *word)
{
        while (text_take(text, " "))
                ;
        return text_piece(text, ' ', word);
}

bool text_piece(struct libreswan_text *text, char separator, struct libreswan_text *piece)
{
        const char *end;

        if (text->length == 0)
                return false;
        end = memchr(text->at, separator, text->length);
        piece->at = text->at;
        piece->length = end ? (size_t)(end - text->at) : text->length;
        text_skip(text, piece->length + (end ? 1 : 0));
        return true;
}
