#include "config.h"

#include "terminal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* xterm's codes, which all others have, too: the alternate screen, the cursor, and whether lines
 * that are too long go on in the next one. */
#define SCREEN_ON "\033[?1049h\033[?25l\033[?7l"
#define SCREEN_OFF "\033[?7h\033[?25h\033[?1049l"
#define HOME "\033[H"
#define CLEAR_LINE "\033[K"
#define CLEAR_BELOW "\033[J"

bool terminal_is_screen(int fd)
{
        const char *kind = getenv("TERM");

        return fd >= 0 && isatty(fd) && kind && *kind && strcmp(kind, "dumb") != 0;
}

static struct winsize size_of(int fd)
{
        struct winsize size = { 0 };

        if (fd < 0 || ioctl(fd, TIOCGWINSZ, &size) < 0)
                size = (struct winsize){ 0 };
        return size;
}

size_t terminal_height(int fd)
{
        return size_of(fd).ws_row;
}

struct look terminal_look(int fd, bool color)
{
        const char *no_color = getenv("NO_COLOR");
        struct look look = { 0 };

        if (fd < 0 || !isatty(fd))
                return look;
        look.width = size_of(fd).ws_col;
        look.color = color && !(no_color && *no_color) && terminal_is_screen(fd);
        return look;
}

int terminal_write(int fd, const char *text, size_t length)
{
        while (length > 0) {
                ssize_t n = write(fd, text, length);

                if (n < 0 && errno != EINTR)
                        return -errno;
                if (n > 0) {
                        text += n;
                        length -= (size_t)n;
                }
        }
        return 0;
}

int terminal_take(int fd)
{
        return terminal_write(fd, SCREEN_ON, strlen(SCREEN_ON));
}

int terminal_give_back(int fd)
{
        return terminal_write(fd, SCREEN_OFF, strlen(SCREEN_OFF));
}

static size_t count_lines(const char *text)
{
        size_t n = 0;

        for (; *text; text++)
                n += *text == '\n' || text[1] == '\0';
        return n;
}

/* What there is no room for is counted in the last line. */
static void put_lines(FILE *frame, const char *text, size_t room)
{
        size_t n = count_lines(text), shown = room == 0 || n <= room ? n : room - 1;

        fputs(HOME, frame);
        for (size_t i = 0; i < shown; i++) {
                size_t length = strcspn(text, "\n");

                fwrite(text, 1, length, frame);
                fputs(i + 1 < n ? CLEAR_LINE "\r\n" : CLEAR_LINE, frame);
                text += length + (text[length] == '\n');
        }
        if (shown < n)
                fprintf(frame, "... and %zu more lines" CLEAR_LINE, n - shown);
        fputs(CLEAR_BELOW, frame);
}

int terminal_draw(int fd, const char *text)
{
        char *octets = NULL;
        size_t length = 0;
        FILE *frame = open_memstream(&octets, &length);
        int err;

        if (!frame)
                return -ENOMEM;
        put_lines(frame, text, terminal_height(fd));
        err = fclose(frame) == 0 ? terminal_write(fd, octets, length) : -ENOMEM;
        free(octets);
        return err;
}
