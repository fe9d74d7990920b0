#include "config.h"

#include "old_connection.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* AgentX (RFC 2741, sections 6.1 and 6.2.16). */
#define AGENTX_VERSION 1
#define AGENTX_RESPONSE 18
#define NETWORK_BYTE_ORDER 0x10
#define HEADER 20      /* octets */
#define UP_TO_ERROR 26 /* the header, sysUpTime and the error */

struct old_connection {
        struct loop *loop;
        int fd;
        uint32_t packet;
        old_connection_ended *ended;
        void *context;
        struct loop_timer *close_timer;
        struct loop_timer *limit;
        uint8_t head[UP_TO_ERROR]; /* of the packet that is being read */
        size_t have;
        uint32_t rest; /* octets of it that are passed over */
};

static void end(struct old_connection *o, enum old_answer answer, unsigned int error)
{
        old_connection_ended *ended = o->ended;
        void *context = o->context;

        old_connection_free(o);
        ended(context, answer, error);
}

static uint32_t number_at(const struct old_connection *o, size_t at, size_t length)
{
        bool big = o->head[2] & NETWORK_BYTE_ORDER;
        uint32_t number = 0;

        for (size_t i = 0; i < length; i++)
                number = number << 8 | o->head[big ? at + i : at + length - 1 - i];
        return number;
}

/* The header is there: is this the answer? */
static bool is_answer(const struct old_connection *o)
{
        return o->head[1] == AGENTX_RESPONSE && number_at(o, 12, 4) == o->packet &&
               number_at(o, 16, 4) >= UP_TO_ERROR - HEADER;
}

/* False: it has ended. */
static bool take(struct old_connection *o, uint8_t octet)
{
        unsigned int error;

        if (o->rest > 0) {
                o->rest--;
                return true;
        }
        o->head[o->have++] = octet;
        if (o->have < HEADER)
                return true;
        if (o->have == HEADER && o->head[0] != AGENTX_VERSION) { /* the library has read a part */
                end(o, OLD_ANSWER_NONE, 0);
                return false;
        }
        if (!is_answer(o)) {
                o->rest = number_at(o, 16, 4);
                o->have = 0;
                return true;
        }
        if (o->have < UP_TO_ERROR)
                return true;
        error = number_at(o, UP_TO_ERROR - 2, 2);
        end(o, error == 0 ? OLD_ANSWER_TAKEN : OLD_ANSWER_REFUSED, error);
        return false;
}

static void readable(void *context, int fd)
{
        struct old_connection *o = context;
        uint8_t octets[4096];
        ssize_t n = recv(fd, octets, sizeof(octets), MSG_DONTWAIT);

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return;
        if (n <= 0) {
                end(o, OLD_ANSWER_NONE, 0);
                return;
        }
        for (ssize_t i = 0; i < n; i++)
                if (!take(o, octets[i]))
                        return;
}

/* As far as snmpd can see the connection is closed, behind all that was written to it. */
static void close_this_side(void *context)
{
        struct old_connection *o = context;

        o->close_timer = NULL;
        shutdown(o->fd, SHUT_WR);
}

static void limit_passed(void *context)
{
        struct old_connection *o = context;

        o->limit = NULL;
        end(o, OLD_ANSWER_NONE, 0);
}

struct old_connection *old_connection_new(struct loop *loop, int fd, uint32_t packet,
                                          old_connection_ended *ended, void *context)
{
        struct old_connection *o = fd < 0 ? NULL : calloc(1, sizeof(*o));

        if (!o)
                goto failed;
        *o = (struct old_connection){
                .loop = loop, .fd = fd, .packet = packet, .ended = ended, .context = context
        };
        if (loop->watch(loop, fd, readable, o) < 0)
                goto failed;
        /* The library still writes to it, in what it is doing now. */
        o->close_timer = loop->after(loop, 0, close_this_side, o);
        if (o->close_timer)
                return o;
        loop->unwatch(loop, fd);
failed:
        free(o);
        if (fd >= 0)
                close(fd);
        return NULL;
}

void old_connection_limit(struct old_connection *o, uint32_t milliseconds)
{
        if (!o->limit)
                o->limit = o->loop->after(o->loop, milliseconds, limit_passed, o);
}

void old_connection_free(struct old_connection *o)
{
        if (!o)
                return;
        o->loop->cancel(o->loop, o->close_timer);
        o->loop->cancel(o->loop, o->limit);
        o->loop->unwatch(o->loop, o->fd);
        close(o->fd);
        free(o);
}
