#include "complain.h"

#include <stdarg.h>
#include <stdbool.h>

/* Standard error is one for the whole program, and so is what it shows. */
static FILE *sink;
static bool shows_progress;

static void clear_progress(void)
{
        if (shows_progress)
                fputs("\r\033[K", stderr);
        shows_progress = false;
}

void complain(const char *format, ...)
{
        FILE *file = sink ? sink : stderr;
        va_list arguments;

        fflush(stdout);
        clear_progress();
        if (!sink)
                fputs("ipsec_report: ", file);
        va_start(arguments, format);
        vfprintf(file, format, arguments);
        va_end(arguments);
        fputc('\n', file);
}

void complain_into(FILE *file)
{
        sink = file;
}

void complain_progress(const char *line)
{
        clear_progress();
        fputs(line, stderr);
        shows_progress = *line != '\0';
}
