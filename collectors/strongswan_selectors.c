/* Traffic selectors: strongSwan's text with IANA's numbers in place of the names of services. */
#include "strongswan_parse.h"

#include <ctype.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORD_MAX 64

static bool is_number(const char *word)
{
        return *word != '\0' && strspn(word, "0123456789") == strlen(word);
}

/* The protocol's number in digits; a word that nobody knows stays. */
static int put_protocol(char *out, size_t room, const char *word, const char **name)
{
        const struct protoent *entry =
                is_number(word) ? getprotobynumber(atoi(word)) : getprotobyname(word);

        *name = entry ? entry->p_name : word;
        return entry ? snprintf(out, room, "%d", entry->p_proto) : snprintf(out, room, "%s", word);
}

static int put_port(char *out, size_t room, const char *word, const char *protocol)
{
        const struct servent *entry = NULL;

        if (isalpha((unsigned char)*word) && strcmp(word, "OPAQUE") != 0)
                entry = getservbyname(word, protocol);
        return entry ? snprintf(out, room, "%d", ntohs((uint16_t)entry->s_port))
                     : snprintf(out, room, "%s", word);
}

/* "tcp/telnet" becomes "6/23"; false where it is longer than any that a daemon writes. */
static bool convert(const char *inside, size_t length, char *out, size_t room)
{
        char words[WORD_MAX], *slash;
        const char *protocol;
        int n;

        if (length >= sizeof(words))
                return false;
        memcpy(words, inside, length);
        words[length] = '\0';
        slash = strchr(words, '/');
        if (slash)
                *slash = '\0';
        n = put_protocol(out, room, words, &protocol);
        if (n < 0 || (size_t)n >= room)
                return false;
        if (!slash)
                return true;
        out[n++] = '/';
        return put_port(out + n, room - (size_t)n, slash + 1, protocol) < (int)(room - (size_t)n);
}

static void add_selector(struct row_text *text, struct vici_slice selector)
{
        const char *at = (const char *)selector.at;
        size_t length = vici_length(selector);
        const char *open = memchr(at, '[', length);
        char numbers[WORD_MAX], whole[ROW_TEXT_MAX + 1];
        size_t inside = open ? length - (size_t)(open - at) - 1 : 0;

        if (!open || inside == 0 || open[inside] != ']' ||
            !convert(open + 1, inside - 1, numbers, sizeof(numbers)) ||
            (size_t)(open - at) + strlen(numbers) + 3 > sizeof(whole)) {
                row_text_item(text, ", ", at, length);
                return;
        }
        snprintf(whole, sizeof(whole), "%.*s[%s]", (int)(open - at), at, numbers);
        row_text_item(text, ", ", whole, strlen(whole));
}

const char *strongswan_selectors(struct vici_slice list, struct scratch *scratch)
{
        struct row_text text = { .length = 0 };
        struct vici_item item;

        while (vici_next(&list, &item))
                add_selector(&text, item.body);
        return row_text_keep(&text, scratch);
}
