/*
 * A connection to strongSwan's VICI socket that never waits: what is asked is queued, one question
 * is on its way at a time, answers and events come by callback. Everything is bounded: the length
 * of packets, the time that an answer takes, the octets of one answer.
 */
#ifndef IPSEC_REPORT_COLLECTORS_VICI_H
#define IPSEC_REPORT_COLLECTORS_VICI_H

#include "loop.h"
#include "opener.h"
#include "vici_message.h"

/* The types of packets. */
enum vici_packet_type {
        VICI_CMD_REQUEST = 0,
        VICI_CMD_RESPONSE = 1,
        VICI_CMD_UNKNOWN = 2,
        VICI_EVENT_REGISTER = 3,
        VICI_EVENT_UNREGISTER = 4,
        VICI_EVENT_CONFIRM = 5,
        VICI_EVENT_UNKNOWN = 6,
        VICI_EVENT = 7,
};

/* What a packet has at the most, its length not counted; strongSwan sends no longer ones. */
#define VICI_PACKET_MAX (512 * 1024)

struct vici_packet {
        enum vici_packet_type type;
        const char *name; /* of an event; not terminated */
        size_t name_length;
        struct vici_slice message; /* checked; empty where the type has none */
};

/* Reads what the daemon sends: octets without the length before them. 0 or -EBADMSG. */
int vici_packet_parse(const uint8_t *octets, size_t length, struct vici_packet *packet);

struct vici;

/*
 * Told by a connection, never from within vici_ask() or vici_watch(). None may free it, or open it
 * again; vici_close() is allowed in all of them.
 */
struct vici_owner {
        /* It is open: questions may be asked. */
        void (*opened)(void *context);
        /* It could not be opened, or it is over; nothing that was asked is answered any more. */
        void (*lost)(void *context, int err);
        /* An event that vici_watch() asked for. */
        void (*event)(void *context, const struct vici_packet *packet);
        /* Each packet as it came, without its length; command: of the answer, NULL for an event. */
        void (*heard)(void *context, const char *command, const uint8_t *octets, size_t length);
};

/* Called for each event that is a part of the answer. */
typedef void vici_part(void *context, const struct vici_packet *packet);

/* err: 0 and the answer; -EOPNOTSUPP when the daemon knows no such command. */
typedef void vici_answer(void *context, int err, struct vici_slice message);

struct vici_question {
        const char *command; /* of program text: kept as it is */
        const char *stream;  /* event that the answer comes in, or NULL; of program text */
        const char *const (*parameters)[2]; /* names and values; copied */
        size_t n_parameters;
        vici_part *part;
        vici_answer *answered;
        void *context;
};

/* A connection that is not open. NULL without memory. */
struct vici *vici_new(struct loop *loop, struct opener *opener, const struct vici_owner *owner,
                      void *context);
void vici_free(struct vici *v);

/* Begins to open it; opened() or lost() follows. Nothing when it is open, or being opened. */
void vici_open(struct vici *v);
void vici_close(struct vici *v);
bool vici_is_open(const struct vici *v);

/* Queues a question. 0, -ENOMEM, or -ENOTCONN. */
int vici_ask(struct vici *v, const struct vici_question *question);

/* Queues a request for an event, a name of program text; answered may be NULL. As vici_ask(). */
int vici_watch(struct vici *v, const char *event, vici_answer *answered, void *context);

/* Whether everything that was asked has been answered. */
bool vici_is_idle(const struct vici *v);

#endif
