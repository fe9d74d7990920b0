#include "recording.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#define INDEX_FILE "index.txt"
#define MAX_STREAMS 48

struct stream {
        char name[32];
        FILE *file;
        uint64_t length;
};

struct recording {
        struct loop *loop;
        int folder;
        FILE *index;
        struct stream streams[MAX_STREAMS];
        size_t n_streams;
};

/* Only the owner reads it: it tells who talks to whom. */
static FILE *create(int folder, const char *name)
{
        int fd = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
        FILE *file = fd < 0 ? NULL : fdopen(fd, "w");

        if (!file && fd >= 0)
                close(fd);
        return file;
}

struct recording *recording_new(const char *folder, struct loop *loop, int *err)
{
        struct recording *r = calloc(1, sizeof(*r));
        struct moment now;

        if (!r) {
                *err = -ENOMEM;
                return NULL;
        }
        r->loop = loop;
        if (mkdir(folder, 0700) < 0 && errno != EEXIST)
                goto fail;
        r->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (r->folder < 0)
                goto fail;
        r->index = create(r->folder, INDEX_FILE);
        if (!r->index) {
                *err = -errno;
                close(r->folder);
                free(r);
                return NULL;
        }
        loop->now(loop, &now);
        fprintf(r->index, "# recorded %" PRId64 "\n", now.wall);
        return r;
fail:
        *err = -errno;
        free(r);
        return NULL;
}

static int close_files(struct recording *r)
{
        int failed = 0;

        for (size_t i = 0; i < r->n_streams; i++)
                failed |= fclose(r->streams[i].file);
        r->n_streams = 0;
        if (r->index)
                failed |= fclose(r->index);
        r->index = NULL;
        return failed;
}

static void give_up(struct recording *r, const char *stream)
{
        char line[160];

        snprintf(line, sizeof(line), "recording of %s ended: %s", stream, strerror(errno));
        r->loop->log(r->loop, LOG_ERR, line);
        close_files(r);
}

void recording_free(struct recording *r)
{
        if (!r)
                return;
        if (r->index && close_files(r) != 0)
                give_up(r, INDEX_FILE);
        close(r->folder);
        free(r);
}

static struct stream *find_stream(struct recording *r, const char *name)
{
        struct stream *stream;

        for (size_t i = 0; i < r->n_streams; i++)
                if (strcmp(r->streams[i].name, name) == 0)
                        return &r->streams[i];
        if (r->n_streams == MAX_STREAMS)
                return NULL;
        stream = &r->streams[r->n_streams];
        stream->file = create(r->folder, name);
        if (!stream->file)
                return NULL;
        snprintf(stream->name, sizeof(stream->name), "%s", name);
        stream->length = 0;
        r->n_streams++;
        return stream;
}

/* Flushed datagram by datagram: what a crash is to be found by must be there after it. */
void recording_write(struct recording *r, const char *name, const void *octets, size_t length)
{
        struct stream *stream;
        struct moment now;

        if (!r || !r->index)
                return;
        stream = find_stream(r, name);
        if (!stream || fwrite(octets, 1, length, stream->file) != length ||
            fflush(stream->file) != 0) {
                give_up(r, name);
                return;
        }
        r->loop->now(r->loop, &now);
        fprintf(r->index, "%" PRId64 " %s %" PRIu64 " %zu\n", now.wall, name, stream->length,
                length);
        stream->length += length;
        if (fflush(r->index) != 0)
                give_up(r, INDEX_FILE);
}
