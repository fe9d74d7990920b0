/* The reading half of recording.h. */
#include "recording.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

/* As much as the kernel puts into one datagram of a dump. */
#define DATAGRAM_SIZE 32768

/* The order in which a folder without an index is read. */
static const char *const streams_in_order[] = {
        STREAM_SA_DUMP, /* as the kernel is asked */
        STREAM_POLICY_DUMP,
        STREAM_DEFAULTS,
        STREAM_SAD_INFO,
        STREAM_SPD_INFO,
        STREAM_XFRM_EVENTS,
        STREAM_SYSCTL,
        STREAM_LINK_DUMP,
        STREAM_ADDRESS_DUMP,
        STREAM_ROUTE_EVENTS,
        STREAM_XFRM_STAT,
        STREAM_VICI_VERSION,
        STREAM_VICI_STATS,
        STREAM_VICI_CONNECTIONS,
        STREAM_VICI_POLICIES,
        STREAM_VICI_CERTIFICATES,
        STREAM_VICI_SAS,
        STREAM_VICI_EVENTS,
        STREAM_WHACK_VERSION,
        STREAM_WHACK_GLOBALSTATUS,
        STREAM_WHACK_STATUS,
        STREAM_WHACK_SHOWSTATES,
        STREAM_WHACK_TRAFFICSTATUS,
        STREAM_TCP_SOCKETS,
        STREAM_UDP_SOCKETS,
        STREAM_UDPLITE_SOCKETS,
        STREAM_SCTP_SOCKETS,
        STREAM_DCCP_SOCKETS,
        STREAM_RAW_SOCKETS,
        STREAM_CONNTRACK,
        STREAM_AUDIT,
};

#define N_STREAMS (sizeof(streams_in_order) / sizeof(streams_in_order[0]))

struct file {
        int fd; /* -1: the folder has no such file */
        size_t length;
        char *octets; /* mapped while the datagrams are found */
        replay_deliver *deliver;
        void *context;
};

struct datagram {
        size_t stream;
        size_t offset;
        size_t length;
};

struct replay {
        struct loop *loop;
        struct loop_timer *timer;
        int64_t recorded;
        struct file files[N_STREAMS];
        struct datagram *datagrams;
        size_t n_datagrams;
        size_t room;
        size_t next;
};

static int map_file(int folder, const char *name, struct file *file)
{
        struct stat status;
        void *octets;

        file->fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
        if (file->fd < 0)
                return errno == ENOENT ? 0 : -errno;
        if (fstat(file->fd, &status) < 0)
                return -errno;
        if (status.st_size == 0)
                return 0;
        octets = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, file->fd, 0);
        if (octets == MAP_FAILED)
                return -errno;
        file->octets = octets;
        file->length = (size_t)status.st_size;
        return 0;
}

static void unmap_files(struct replay *r)
{
        for (size_t i = 0; i < N_STREAMS; i++) {
                if (r->files[i].octets)
                        munmap(r->files[i].octets, r->files[i].length);
                r->files[i].octets = NULL;
        }
}

static int add_datagram(struct replay *r, size_t stream, size_t offset, size_t length)
{
        if (r->n_datagrams == r->room) {
                size_t room = r->room ? 2 * r->room : 256;
                struct datagram *datagrams = realloc(r->datagrams, room * sizeof(*datagrams));

                if (!datagrams)
                        return -ENOMEM;
                r->datagrams = datagrams;
                r->room = room;
        }
        r->datagrams[r->n_datagrams++] = (struct datagram){ stream, offset, length };
        return 0;
}

/* Cuts a file into datagrams at the ends of messages. A damaged rest goes as one, for the parser.
 */
static int split(struct replay *r, size_t stream)
{
        const struct file *file = &r->files[stream];
        size_t begin = 0, end = 0;

        while (end < file->length) {
                size_t left = file->length - end, step = left;
                uint32_t length = 0;

                if (left >= sizeof(struct nlmsghdr))
                        memcpy(&length, file->octets + end, sizeof(length));
                if (length >= sizeof(struct nlmsghdr) && length <= left)
                        step = NLMSG_ALIGN(length) < left ? NLMSG_ALIGN(length) : left;
                if (end > begin && end - begin + step > DATAGRAM_SIZE) {
                        if (add_datagram(r, stream, begin, end - begin) < 0)
                                return -ENOMEM;
                        begin = end;
                }
                end += step;
        }
        return end > begin ? add_datagram(r, stream, begin, end - begin) : 0;
}

/* VICI's packets have their length before them; each is a datagram of its own. */
static bool is_vici(size_t stream)
{
        return strstr(streams_in_order[stream], ".resp.bin") != NULL;
}

static int split_packets(struct replay *r, size_t stream)
{
        const struct file *file = &r->files[stream];
        size_t at = 0;
        int err = 0;

        while (err == 0 && at < file->length) {
                const uint8_t *head = (const uint8_t *)file->octets + at;
                size_t left = file->length - at, step = left;

                if (left >= 4)
                        step = 4 + ((size_t)head[0] << 24 | (size_t)head[1] << 16 |
                                    (size_t)head[2] << 8 | head[3]);
                if (step > left)
                        step = left;
                err = add_datagram(r, stream, at, step);
                at += step;
        }
        return err;
}

static int find_stream(const char *name)
{
        for (size_t i = 0; i < N_STREAMS; i++)
                if (strcmp(streams_in_order[i], name) == 0)
                        return (int)i;
        return -ENOENT;
}

/* One line of the index. A stream that this version does not know is passed over. */
static int read_line(struct replay *r, const char *line)
{
        int64_t seconds;
        uint64_t offset, length;
        char name[32];
        int stream;

        if (sscanf(line, "# recorded %" SCNd64, &r->recorded) == 1 || line[0] == '#')
                return 0;
        if (sscanf(line, "%" SCNd64 " %31s %" SCNu64 " %" SCNu64, &seconds, name, &offset,
                   &length) != 4)
                return -EBADMSG;
        stream = find_stream(name);
        if (stream < 0)
                return 0;
        if (offset > r->files[stream].length || length > r->files[stream].length - offset)
                return -EBADMSG;
        return add_datagram(r, (size_t)stream, (size_t)offset, (size_t)length);
}

static int read_index(struct replay *r, FILE *index)
{
        char line[256];
        int err = 0;

        while (err == 0 && fgets(line, sizeof(line), index))
                err = read_line(r, line);
        return err;
}

static int open_index(struct replay *r, int folder)
{
        int fd = openat(folder, "index.txt", O_RDONLY | O_CLOEXEC);
        FILE *index;
        int err = 0;

        if (fd < 0) {
                for (size_t i = 0; i < N_STREAMS && err == 0; i++)
                        err = is_vici(i) ? split_packets(r, i) : split(r, i);
                return err;
        }
        index = fdopen(fd, "r");
        if (!index) {
                close(fd);
                return -ENOMEM;
        }
        err = read_index(r, index);
        fclose(index);
        return err;
}

struct replay *replay_new(const char *folder, struct loop *loop, int *err)
{
        struct replay *r = calloc(1, sizeof(*r));
        int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        *err = fd < 0 ? -errno : r ? 0 : -ENOMEM;
        for (size_t i = 0; r && i < N_STREAMS; i++)
                r->files[i].fd = -1;
        for (size_t i = 0; i < N_STREAMS && *err == 0; i++)
                *err = map_file(fd, streams_in_order[i], &r->files[i]);
        if (*err == 0)
                *err = open_index(r, fd);
        if (*err == 0 && r->n_datagrams == 0)
                *err = -ENOENT;
        if (fd >= 0)
                close(fd);
        if (*err < 0) {
                replay_free(r);
                return NULL;
        }
        unmap_files(r);
        r->loop = loop;
        return r;
}

void replay_free(struct replay *r)
{
        if (!r)
                return;
        if (r->timer)
                r->loop->cancel(r->loop, r->timer);
        unmap_files(r);
        for (size_t i = 0; i < N_STREAMS; i++)
                if (r->files[i].fd >= 0)
                        close(r->files[i].fd);
        free(r->datagrams);
        free(r);
}

int64_t replay_recorded(const struct replay *r)
{
        return r->recorded;
}

int replay_subscribe(struct replay *r, const char *stream, replay_deliver *deliver, void *context)
{
        int i = find_stream(stream);

        if (i < 0)
                return i;
        r->files[i].deliver = deliver;
        r->files[i].context = context;
        return 0;
}

bool replay_has(const struct replay *r, const char *stream)
{
        int i = find_stream(stream);

        return i >= 0 && r->files[i].length > 0;
}

bool replay_done(const struct replay *r)
{
        return r->next == r->n_datagrams;
}

/* Read anew from the file: a mapping would count as the agent's own memory. */
static void deliver(struct replay *r, const struct datagram *datagram)
{
        const struct file *file = &r->files[datagram->stream];
        char *octets = malloc(datagram->length);

        if (octets && pread(file->fd, octets, datagram->length, (off_t)datagram->offset) ==
                              (ssize_t)datagram->length)
                file->deliver(file->context, octets, datagram->length);
        else
                r->loop->log(r->loop, LOG_ERR, "a datagram of the recording cannot be read");
        free(octets);
}

static void deliver_next(void *context)
{
        struct replay *r = context;
        const struct datagram *datagram = &r->datagrams[r->next++];

        r->timer = NULL;
        if (!replay_done(r))
                replay_start(r);
        if (r->files[datagram->stream].deliver)
                deliver(r, datagram);
}

int replay_start(struct replay *r)
{
        r->timer = r->loop->after(r->loop, 0, deliver_next, r);
        return r->timer ? 0 : -ENOMEM;
}
