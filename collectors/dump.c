#include "dump.h"

#include "messages.h"

#include <errno.h>
#include <string.h>

/* A message of a datagram, and whether its sequence number tells nothing. */
struct walk {
        struct dump *dump;
        const char *stream; /* of the datagram: another dump may begin in its midst */
        bool replayed;
};

/* The errno in NLMSG_ERROR and NLMSG_DONE; without one, what is said when there is none. */
static int error_in(const struct nlmsghdr *nlh, int without)
{
        int err;

        if (nlh->nlmsg_len < NLMSG_HDRLEN + sizeof(err))
                return without;
        memcpy(&err, (const char *)nlh + NLMSG_HDRLEN, sizeof(err));
        return err > 0 ? -EBADMSG : err;
}

static void end(struct dump *d, int err)
{
        d->stream = NULL;
        d->owner->done(d->context, err);
}

static void handle(void *context, const struct nlmsghdr *nlh)
{
        struct walk *walk = context;
        struct dump *d = walk->dump;

        if (d->stream != walk->stream && !walk->replayed)
                return; /* a recorded datagram may hold several answers */
        if (!walk->replayed && nlh->nlmsg_seq != d->socket.sequence)
                return; /* the rest of a dump that was given up */
        if (nlh->nlmsg_type == NLMSG_ERROR)
                end(d, error_in(nlh, -EBADMSG));
        else if (nlh->nlmsg_type == NLMSG_DONE)
                end(d, error_in(nlh, 0));
        else
                d->owner->message(d->context, nlh);
}

static void take(struct dump *d, const void *octets, size_t length, bool replayed)
{
        struct walk walk = { d, d->stream, replayed };

        if (!messages_each(octets, length, handle, &walk))
                d->owner->damaged(d->context);
}

static bool is_current(const struct dump *d, size_t length)
{
        const struct nlmsghdr *nlh = (const struct nlmsghdr *)d->socket.buffer;

        return d->stream && length >= sizeof(*nlh) && nlh->nlmsg_seq == d->socket.sequence;
}

static void ready(void *context, int fd)
{
        struct dump *d = context;
        ssize_t length = netlink_receive(&d->socket);

        (void)fd;
        if (length == -EAGAIN || length == 0)
                return;
        if (length < 0) {
                if (d->stream)
                        end(d, (int)length);
                return;
        }
        if (!is_current(d, (size_t)length))
                return;
        recording_write(d->recording, d->stream, d->socket.buffer, (size_t)length);
        take(d, d->socket.buffer, (size_t)length, false);
}

int dump_open(struct dump *d, int bus)
{
        int err = netlink_open(&d->socket, bus, 0);

        if (err == 0)
                err = d->loop->watch(d->loop, d->socket.fd, ready, d);
        if (err < 0)
                netlink_close(&d->socket);
        return err;
}

void dump_close(struct dump *d)
{
        d->stream = NULL;
        if (dump_is_open(d))
                d->loop->unwatch(d->loop, d->socket.fd);
        netlink_close(&d->socket);
}

bool dump_is_open(const struct dump *d)
{
        return d->socket.fd >= 0;
}

int dump_ask(struct dump *d, uint16_t type, const void *payload, size_t length, const char *stream)
{
        int err = netlink_request(&d->socket, type, NLM_F_DUMP, payload, length);

        d->stream = err == 0 ? stream : NULL;
        return err;
}

void dump_abort(struct dump *d)
{
        d->stream = NULL;
}

void dump_replay(struct dump *d, const char *stream, const void *octets, size_t length)
{
        d->stream = stream;
        take(d, octets, length, true);
}
