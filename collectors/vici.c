#include "vici.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LENGTH_SIZE 4
#define READ_SIZE (64 * 1024) /* octets read in one turn of the loop */

/* Milliseconds without a whole packet of the answer until the daemon is given up. */
#define PATIENCE 10000

/* Octets of one answer: 200,000 IKE SAs. */
#define ANSWER_MAX (256 * 1024 * 1024)

enum step {
        STEP_QUEUED,
        STEP_REGISTERING, /* the stream's event, or a watched one */
        STEP_ASKED,
        STEP_UNREGISTERING,
};

/* One thing asked. */
struct exchange {
        struct exchange *next;
        struct vici_question question; /* without its parameters */
        struct vici_writer request;    /* empty for a watched event */
        enum step step;
        size_t octets; /* of the answer so far */
        bool failed;   /* the daemon knows no such event */
};

struct vici {
        struct loop *loop;
        struct opener *opener;
        const struct vici_owner *owner;
        void *context;
        int fd;                 /* -1: not open */
        bool opening;           /* the opener has been asked */
        struct exchange *first; /* on its way */
        struct exchange *last;
        const char *stream; /* registered for the last question, and the next one wants it, too */
        struct loop_timer *timer; /* until the daemon is given up */
        int failure;              /* what sending came to; the timer tells it */
        uint8_t *buffer;          /* what came and is no whole packet yet */
        size_t held;
        size_t room;
};

/* ---- packets ---- */

static bool has_name(enum vici_packet_type type)
{
        return type == VICI_EVENT;
}

static bool has_message(enum vici_packet_type type)
{
        return type == VICI_CMD_RESPONSE || type == VICI_EVENT;
}

int vici_packet_parse(const uint8_t *octets, size_t length, struct vici_packet *packet)
{
        const uint8_t *end = octets + length;

        memset(packet, 0, sizeof(*packet));
        if (length == 0 || *octets == VICI_CMD_REQUEST || *octets == VICI_EVENT_REGISTER ||
            *octets == VICI_EVENT_UNREGISTER || *octets > VICI_EVENT)
                return -EBADMSG;
        packet->type = *octets++;
        packet->message.at = packet->message.end = end;
        if (has_name(packet->type)) {
                if (octets == end || (size_t)(end - octets - 1) < *octets)
                        return -EBADMSG;
                packet->name_length = *octets++;
                packet->name = (const char *)octets;
                octets += packet->name_length;
        }
        if (!has_message(packet->type))
                return octets == end ? 0 : -EBADMSG;
        packet->message.at = octets;
        return vici_check(packet->message);
}

/* ---- what is asked ---- */

static void free_exchange(struct exchange *e)
{
        free(e->request.octets);
        free(e);
}

static void forget_all(struct vici *v)
{
        while (v->first) {
                struct exchange *next = v->first->next;

                free_exchange(v->first);
                v->first = next;
        }
        v->last = NULL;
}

static void lose(struct vici *v, int err)
{
        vici_close(v);
        v->owner->lost(v->context, err);
}

static void patience_ended(void *context)
{
        struct vici *v = context;

        v->timer = NULL;
        lose(v, v->failure < 0 ? v->failure : -ETIMEDOUT);
}

static void wait_for_answer(struct vici *v)
{
        if (v->failure < 0)
                return;
        v->loop->cancel(v->loop, v->timer);
        v->timer = v->first ? v->loop->after(v->loop, PATIENCE, patience_ended, v) : NULL;
}

/* Not at once: whoever asks must not find the connection closed below his feet. */
static void fail_soon(struct vici *v, int err)
{
        v->failure = err;
        v->loop->cancel(v->loop, v->timer);
        v->timer = v->loop->after(v->loop, 0, patience_ended, v);
}

/* One question is on its way at a time, so that the socket always has room for it. */
static int send_packet(struct vici *v, const struct vici_writer *packet)
{
        ssize_t sent;

        if (packet->failed)
                return -ENOMEM;
        sent = send(v->fd, packet->octets, packet->length, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0)
                return -errno;
        return (size_t)sent == packet->length ? 0 : -ENOBUFS;
}

static int send_name(struct vici *v, uint8_t type, const char *name)
{
        struct vici_writer packet = { .octets = NULL };
        int err;

        vici_packet_begin(&packet, type, name);
        vici_packet_end(&packet);
        err = send_packet(v, &packet);
        free(packet.octets);
        return err;
}

static bool same_stream(const char *one, const char *other)
{
        return one && other && strcmp(one, other) == 0;
}

static int begin(struct vici *v, struct exchange *e)
{
        if (e->question.stream && !same_stream(v->stream, e->question.stream)) {
                e->step = STEP_REGISTERING;
                return send_name(v, VICI_EVENT_REGISTER, e->question.stream);
        }
        e->step = STEP_ASKED;
        return send_packet(v, &e->request);
}

static void begin_first(struct vici *v)
{
        int err;

        if (v->first && v->first->step != STEP_QUEUED)
                return; /* it has begun when it was asked */
        err = v->first ? begin(v, v->first) : 0;
        wait_for_answer(v);
        if (err < 0)
                fail_soon(v, err);
}

/* The exchange goes before its owner is told: telling may ask anew, or end the connection. */
static void end_first(struct vici *v, int err, struct vici_slice message)
{
        struct exchange *e = v->first;
        struct vici_question question = e->question;

        v->first = e->next;
        if (!v->first)
                v->last = NULL;
        free_exchange(e);
        if (question.answered)
                question.answered(question.context, err, message);
        begin_first(v);
}

static int queue(struct vici *v, const struct vici_question *question,
                 const struct vici_writer *request)
{
        struct exchange *e;

        if (v->fd < 0)
                return -ENOTCONN;
        e = calloc(1, sizeof(*e));
        if (!e)
                return -ENOMEM;
        e->question = *question;
        e->question.parameters = NULL;
        e->request = *request;
        if (v->last)
                v->last->next = e;
        else
                v->first = e;
        v->last = e;
        if (v->first == e)
                begin_first(v);
        return 0;
}

int vici_ask(struct vici *v, const struct vici_question *question)
{
        struct vici_writer request = { .octets = NULL };
        int err;

        vici_packet_begin(&request, VICI_CMD_REQUEST, question->command);
        for (size_t i = 0; i < question->n_parameters; i++)
                vici_packet_value(&request, question->parameters[i][0], question->parameters[i][1]);
        vici_packet_end(&request);
        err = request.failed ? -ENOMEM : queue(v, question, &request);
        if (err < 0)
                free(request.octets);
        return err;
}

int vici_watch(struct vici *v, const char *event, vici_answer *answered, void *context)
{
        struct vici_question question = { .stream = event,
                                          .answered = answered,
                                          .context = context };

        return queue(v, &question, &(struct vici_writer){ .octets = NULL });
}

/* ---- what comes ---- */

static const struct vici_slice nothing;

/* The answer to an event asked for, or taken back. */
static int handle_confirmation(struct vici *v, struct exchange *e, bool known)
{
        if (e->step == STEP_UNREGISTERING) {
                end_first(v, e->failed ? -EOPNOTSUPP : 0, nothing);
                return 0;
        }
        if (e->step != STEP_REGISTERING)
                return -EPROTO;
        if (!known || !e->question.command) {
                end_first(v, known ? 0 : -EOPNOTSUPP, nothing);
                return 0;
        }
        e->step = STEP_ASKED;
        wait_for_answer(v);
        return send_packet(v, &e->request);
}

static int handle_response(struct vici *v, struct exchange *e, const struct vici_packet *packet)
{
        bool known = packet->type == VICI_CMD_RESPONSE;

        if (e->step != STEP_ASKED)
                return -EPROTO;
        if (!e->question.stream) {
                end_first(v, known ? 0 : -EOPNOTSUPP, packet->message);
                return 0;
        }
        if (known && e->next && e->next->question.command &&
            same_stream(e->question.stream, e->next->question.stream)) {
                v->stream = e->question.stream;
                end_first(v, 0, nothing);
                return 0;
        }
        v->stream = NULL;
        e->failed = !known;
        e->step = STEP_UNREGISTERING;
        wait_for_answer(v);
        return send_name(v, VICI_EVENT_UNREGISTER, e->question.stream);
}

static bool is_part(const struct exchange *e, const struct vici_packet *packet)
{
        return e && e->question.command && e->question.stream && e->step != STEP_QUEUED &&
               packet->name_length == strlen(e->question.stream) &&
               memcmp(packet->name, e->question.stream, packet->name_length) == 0;
}

static int handle_packet(struct vici *v, const uint8_t *octets, size_t length)
{
        struct vici_packet packet;
        struct exchange *e = v->first;
        int err = vici_packet_parse(octets, length, &packet);
        bool part;

        if (err < 0)
                return err;
        part = packet.type == VICI_EVENT && is_part(e, &packet);
        if (packet.type != VICI_EVENT && !e)
                return -EPROTO;
        if (part || packet.type != VICI_EVENT)
                e->octets += length;
        if (e && e->octets > ANSWER_MAX)
                return -EFBIG;
        if (part) /* another type ends a step, and what follows it has its own time */
                wait_for_answer(v);
        if (v->owner->heard)
                v->owner->heard(v->context,
                                packet.type == VICI_EVENT && !part ? NULL : e->question.command,
                                octets, length);
        switch (packet.type) {
        case VICI_EVENT:
                if (part && e->question.part)
                        e->question.part(e->question.context, &packet);
                if (!part)
                        v->owner->event(v->context, &packet);
                return 0;
        case VICI_EVENT_CONFIRM:
        case VICI_EVENT_UNKNOWN:
                return handle_confirmation(v, e, packet.type == VICI_EVENT_CONFIRM);
        default:
                return handle_response(v, e, &packet);
        }
}

static size_t length_of(const uint8_t *octets)
{
        return (size_t)octets[0] << 24 | (size_t)octets[1] << 16 | (size_t)octets[2] << 8 |
               octets[3];
}

/* Handles every whole packet, and keeps the rest. Stops where the connection ends. */
static int handle_held(struct vici *v)
{
        size_t at = 0;
        int err = 0;

        while (err == 0 && v->held - at >= LENGTH_SIZE) {
                size_t length = length_of(v->buffer + at);

                if (length == 0 || length > VICI_PACKET_MAX)
                        return -EMSGSIZE;
                if (v->held - at - LENGTH_SIZE < length)
                        break;
                err = handle_packet(v, v->buffer + at + LENGTH_SIZE, length);
                at += LENGTH_SIZE + length;
                if (v->fd < 0)
                        return 0;
        }
        v->held -= at;
        memmove(v->buffer, v->buffer + at, v->held);
        return err;
}

/* Room for a whole packet that has begun, or else for a good deal. */
static int make_room(struct vici *v)
{
        size_t wanted = v->held + READ_SIZE;
        uint8_t *grown;

        if (v->room >= wanted)
                return 0;
        grown = realloc(v->buffer, wanted);
        if (!grown)
                return -ENOMEM;
        v->buffer = grown;
        v->room = wanted;
        return 0;
}

static int take_octets(struct vici *v)
{
        ssize_t got;
        int err = make_room(v);

        if (err < 0)
                return err;
        got = recv(v->fd, v->buffer + v->held, READ_SIZE, MSG_DONTWAIT);
        if (got < 0)
                return errno == EAGAIN || errno == EINTR ? 0 : -errno;
        if (got == 0)
                return -ECONNRESET;
        v->held += (size_t)got;
        return handle_held(v);
}

static void ready(void *context, int fd)
{
        struct vici *v = context;
        int err = take_octets(v);

        (void)fd;
        if (err < 0 && v->fd >= 0)
                lose(v, err);
}

/* ---- opening ---- */

static void given(void *context, int fd)
{
        struct vici *v = context;
        int err = fd;

        v->opening = false;
        if (fd >= 0) {
                v->fd = fd;
                err = v->loop->watch(v->loop, fd, ready, v);
                if (err < 0) {
                        v->fd = -1;
                        close(fd);
                }
        }
        if (err < 0)
                v->owner->lost(v->context, err);
        else
                v->owner->opened(v->context);
}

void vici_open(struct vici *v)
{
        int err;

        if (v->fd >= 0 || v->opening)
                return;
        v->opening = true;
        err = v->opener->ask(v->opener, OPENER_VICI, given, v);
        if (err < 0)
                given(v, err);
}

void vici_close(struct vici *v)
{
        if (v->opening)
                v->opener->forget(v->opener, v);
        v->opening = false;
        v->loop->cancel(v->loop, v->timer);
        v->timer = NULL;
        v->failure = 0;
        v->stream = NULL;
        forget_all(v);
        if (v->fd >= 0) {
                v->loop->unwatch(v->loop, v->fd);
                close(v->fd);
        }
        v->fd = -1;
        v->held = v->room = 0;
        free(v->buffer);
        v->buffer = NULL;
}

bool vici_is_open(const struct vici *v)
{
        return v->fd >= 0;
}

bool vici_is_idle(const struct vici *v)
{
        return !v->first;
}

struct vici *vici_new(struct loop *loop, struct opener *opener, const struct vici_owner *owner,
                      void *context)
{
        struct vici *v = calloc(1, sizeof(*v));

        if (!v)
                return NULL;
        v->loop = loop;
        v->opener = opener;
        v->owner = owner;
        v->context = context;
        v->fd = -1;
        return v;
}

void vici_free(struct vici *v)
{
        if (!v)
                return;
        vici_close(v);
        free(v);
}
