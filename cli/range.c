#include "config.h"

#include "range.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A decimal number up to the first of the characters in ends, or the end: strtod() alone takes
 * hexadecimal, blanks and "infinity". */
static int parse_number(const char *text, size_t length, double *number)
{
        size_t digits = 0, points = 0, sign = length > 0 && text[0] == '-' ? 1 : 0;
        char copy[32];

        for (size_t i = sign; i < length; i++) {
                if (text[i] == '.')
                        points++;
                else if (text[i] >= '0' && text[i] <= '9')
                        digits++;
                else
                        return -EINVAL;
        }
        if (digits == 0 || points > 1 || length >= sizeof(copy))
                return -EINVAL;
        memcpy(copy, text, length);
        copy[length] = '\0';
        *number = strtod(copy, NULL);
        return 0;
}

int range_parse(struct range *range, const char *text)
{
        struct range r = { .text = text, .end = INFINITY };
        const char *at = text, *colon;
        int err = 0;

        if (*at == '@') {
                r.inside = true;
                at++;
        }
        colon = strchr(at, ':');
        if (colon && colon == at + 1 && *at == '~')
                r.start = -INFINITY;
        else if (colon && colon > at)
                err = parse_number(at, (size_t)(colon - at), &r.start);
        at = colon ? colon + 1 : at;
        /* A lone colon, or "@:", says nothing. */
        if (err == 0 && (!colon || *at != '\0' || colon == text + r.inside))
                err = parse_number(at, strlen(at), &r.end);
        if (err < 0 || r.start > r.end)
                return -EINVAL;
        *range = r;
        return 0;
}

bool range_alerts(const struct range *range, double value)
{
        if (!range->text)
                return false;
        return (value >= range->start && value <= range->end) == range->inside;
}
