#include "text.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

size_t text_sequence(const char *text, uint32_t *number)
{
        static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
        const unsigned char *c = (const unsigned char *)text;
        size_t length = c[0] < 0x80   ? 1
                        : c[0] < 0xc0 ? 0
                        : c[0] < 0xe0 ? 2
                        : c[0] < 0xf0 ? 3
                        : c[0] < 0xf8 ? 4
                                      : 0;

        if (length < 2) {
                *number = c[0];
                return length;
        }
        *number = c[0] & (0x7fu >> length);
        for (size_t i = 1; i < length; i++) {
                if ((c[i] & 0xc0) != 0x80)
                        return 0;
                *number = *number << 6 | (c[i] & 0x3fu);
        }
        if (*number < least[length] || *number > 0x10ffff || (*number & 0x1ff800) == 0xd800)
                return 0;
        return length;
}

char *text_utf8(const char *text)
{
        static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */
        char *valid = malloc(3 * strlen(text) + 1);
        size_t n = 0, length;
        uint32_t number;

        if (!valid)
                return NULL;
        while (*text) {
                length = text_sequence(text, &number);
                memcpy(valid + n, length > 0 ? text : replacement, length > 0 ? length : 3);
                n += length > 0 ? length : 3;
                text += length > 0 ? length : 1;
        }
        valid[n] = '\0';
        return valid;
}

bool text_date(int64_t seconds, char date[TEXT_DATE_SIZE])
{
        time_t wall = (time_t)seconds;
        struct tm tm;

        if (!gmtime_r(&wall, &tm) || tm.tm_year < -1900 || tm.tm_year > 9999 - 1900)
                return false;
        return strftime(date, TEXT_DATE_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm) > 0;
}
