#include "config.h"

#include "error_rate.h"

#include "complain.h"
#include "output.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The file's first line, "moment counter", and then what it is of. */
#define TITLE "# state of ipsec_report -check\n"

enum { LINE_SIZE = 4096 };

struct sample {
        double moment; /* seconds since 1970 */
        uint64_t counter;
};

static double wall(void)
{
        struct timespec t;

        clock_gettime(CLOCK_REALTIME, &t);
        return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* What the counter is of; freed by the caller. */
static char *describe(const char *address, const struct filter *filter)
{
        char peer[INET_ADDR_TEXT_SIZE] = "";
        char *text = NULL;

        if (filter->given & FILTER_PEER)
                inet_addr_text(&filter->peer, peer);
        if (asprintf(&text, "%s peer=%s name=%s", address, peer,
                     filter->given & FILTER_NAME ? filter->name : "") < 0)
                return NULL;
        /* It is one line. */
        for (char *at = text; *at; at++)
                if (*at == '\n')
                        *at = ' ';
        return text;
}

static bool read_line(FILE *file, char line[LINE_SIZE])
{
        size_t n;

        if (!fgets(line, LINE_SIZE, file))
                return false;
        n = strlen(line);
        if (n > 0 && line[n - 1] == '\n')
                line[n - 1] = '\0';
        return true;
}

static bool read_numbers(const char *line, struct sample *sample)
{
        char *end;

        sample->moment = strtod(line, &end);
        if (end == line || *end != ' ')
                return false;
        line = end + 1;
        sample->counter = strtoumax(line, &end, 10);
        return end != line && *end == '\0';
}

/* 1 and *sample; 0 where there is none of this kind. */
static int read_sample(FILE *file, const char *path, const char *description, struct sample *sample)
{
        char line[LINE_SIZE];

        if (!fgets(line, LINE_SIZE, file))
                return 0;
        if (strcmp(line, TITLE) != 0) {
                complain("%s is no state of -check: say another file by -state", path);
                return -EEXIST;
        }
        if (!read_line(file, line) || !read_numbers(line, sample))
                return 0;
        return read_line(file, line) && strcmp(line, description) == 0;
}

static int read_file(const char *path, const char *description, struct sample *sample)
{
        FILE *file = fopen(path, "re");
        int err;

        if (!file && errno == ENOENT)
                return 0;
        if (!file) {
                err = -errno;
                complain("cannot read %s: %s", path, strerror(-err));
                return err;
        }
        err = read_sample(file, path, description, sample);
        fclose(file);
        return err;
}

static int write_file(const char *path, const char *description, const struct sample *sample)
{
        struct output *output;
        int err = output_open(path, &output);

        if (err < 0)
                return err;
        fprintf(output_file(output), TITLE "%.3f %" PRIu64 "\n%s\n", sample->moment,
                sample->counter, description);
        return output_close(output, 0);
}

int error_rate(const char *path, const char *address, const struct filter *filter, uint64_t counter,
               double *rate)
{
        struct sample now = { wall(), counter }, before = { 0, 0 };
        char *description = describe(address, filter);
        int found, err;

        if (!description) {
                complain("no memory");
                return -ENOMEM;
        }
        found = read_file(path, description, &before);
        err = found < 0 ? found : write_file(path, description, &now);
        free(description);
        if (err < 0)
                return err;
        if (!found || before.counter > now.counter || !(before.moment < now.moment))
                return 0;
        *rate = (double)(now.counter - before.counter) / (now.moment - before.moment);
        return 1;
}
