#include "config.h"

#include "selectors.h"

#include "tables/inet_addr.h"
#include "text.h"

#include <string.h>

/* Longer than any list of the module. */
enum { PIECE_SIZE = 256 };

static struct piece cut(const char *from, const char *to)
{
        return (struct piece){ from, (size_t)(to - from) };
}

/* The first of these characters, or the end. */
static const char *find(const char *from, const char *end, char c)
{
        const char *found = memchr(from, c, (size_t)(end - from));

        return found ? found : end;
}

bool selector_next(const char **list, struct selector *selector)
{
        const char *item = *list, *end, *bracket, *close, *slash;

        memset(selector, 0, sizeof(*selector));
        while (item && (*item == ',' || *item == ' '))
                item++;
        if (!item || !*item)
                return false;
        end = item + strcspn(item, ",");
        *list = end;
        bracket = find(item, end, '[');
        selector->address = cut(item, bracket);
        if (bracket == end)
                return true;
        close = find(bracket, end, ']');
        slash = find(bracket, close, '/');
        selector->protocol = cut(bracket + 1, slash);
        if (slash < close)
                selector->port = cut(slash + 1, close);
        return true;
}

bool selector_is_cut(const struct selector *selector)
{
        static const char cut_mark[] = "...";

        return selector->address.length == strlen(cut_mark) &&
               memcmp(selector->address.at, cut_mark, strlen(cut_mark)) == 0;
}

int selector_protocol(const struct selector *selector)
{
        const struct piece *p = &selector->protocol;
        int number = 0;

        for (size_t i = 0; i < p->length; i++) {
                if (p->at[i] < '0' || p->at[i] > '9')
                        return -1;
                number = 10 * number + (p->at[i] - '0');
                if (number > UINT8_MAX)
                        return -1;
        }
        return number;
}

void piece_print(FILE *file, const struct piece *piece)
{
        char text[PIECE_SIZE];
        size_t length = piece->length < sizeof(text) ? piece->length : sizeof(text) - 1;

        if (length == 0)
                return;
        memcpy(text, piece->at, length);
        text[length] = '\0';
        text_string(file, text);
}

void piece_print_address(FILE *file, const struct piece *piece)
{
        struct inet_addr address;

        if (piece->length == 0 || !inet_addr_parse(&address, piece->at, piece->length)) {
                piece_print(file, piece);
                return;
        }
        text_address(file, &address);
        if (address.prefix == 0 || address.prefix >= 8 * inet_addr_length(&address))
                return;
        text_plain(file, "/");
        text_number(file, address.prefix);
}
