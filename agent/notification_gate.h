/*
 * Which notifications are sent, and when: times and events in, decisions out. It knows neither
 * tables nor Net-SNMP, reads no clock, and waits for nothing.
 *
 * A subject is told of at once. What tells the same of it again within the interval is withheld; a
 * state that it had before, within the interval, is told at the end of that. A subject that flaps
 * (alarm, recovery, alarm within the hold-down) is held until it is quiet: then its last state is
 * told, whatever was told before. In a burst, beyond so many in so many seconds,
 * the rest is withheld and told as a digest at the end of that time; of subjects told of before,
 * the last state is told afterwards: no alarm that was told is left standing by a burst.
 */
#ifndef IPSEC_REPORT_AGENT_NOTIFICATION_GATE_H
#define IPSEC_REPORT_AGENT_NOTIFICATION_GATE_H

#include "tables/event.h"

/* Bits of struct gate_settings.kinds: 1u << enum event_kind. */
#define GATE_KINDS ((1u << (EVENT_NOTIFICATION_DIGEST + 1)) - 2)

struct gate_settings {
        bool on;                 /* else all are withheld */
        uint32_t kinds;          /* those that are sent, by bit */
        uint32_t interval;       /* seconds between two of a kind and subject; 0 none */
        uint32_t hold_down;      /* seconds until a subject that flaps is quiet; 0: none flaps */
        uint32_t burst;          /* notifications in burst_interval; 0: any number */
        uint32_t burst_interval; /* seconds, from 1 */
};

/* States below this. Another one than the last that was told is never left untold. */
#define GATE_STATES 8
#define GATE_ALARM 0
#define GATE_RECOVERY 1

struct gate_event {
        uint32_t number;     /* of the event: what decisions are about */
        uint8_t kind;        /* enum event_kind, with a notification */
        uint8_t state;       /* what it tells of the subject: GATE_ALARM and so on */
        const char *subject; /* tells subjects from one another; copied */
};

enum gate_verdict {
        GATE_SEND,
        GATE_WITHHOLD,
        GATE_HOLD, /* one of the operations below will say */
};

/* What was withheld in a burst. */
struct gate_digest {
        uint32_t counts[EVENT_NOTIFICATION_DIGEST + 1]; /* by kind */
        uint32_t total;
        uint32_t seconds; /* in which they were due */
        uint32_t newest;  /* number of the newest of them */
};

/* Puts two into one. */
void gate_digest_add(struct gate_digest *to, const struct gate_digest *from);

/* What becomes of those that were held, and the digests. They must not call the gate. */
struct gate_ops {
        void *context;
        /* suppressed: how many of this kind and subject were withheld since one was sent. */
        void (*send)(void *context, uint32_t number, uint32_t suppressed);
        void (*withhold)(void *context, uint32_t number);
        void (*digest)(void *context, const struct gate_digest *digest); /* by gate_run() alone */
};

struct gate;

/* NULL without memory. */
struct gate *gate_new(const struct gate_settings *settings, const struct gate_ops *ops);

/* What is held is forgotten. NULL is allowed. */
void gate_free(struct gate *g);

void gate_configure(struct gate *g, const struct gate_settings *settings);

/*
 * An event has a notification; now in milliseconds, never falling. suppressed is set for GATE_SEND,
 * as in struct gate_ops. What is held of the same subject may be withheld by this.
 */
enum gate_verdict gate_tell(struct gate *g, int64_t now, const struct gate_event *event,
                            uint32_t *suppressed);

/* Decides what is due. */
void gate_run(struct gate *g, int64_t now);

/* When something will be due; -1: nothing is waited for. */
int64_t gate_due(const struct gate *g);

/* Subjects that are remembered at the most: the one not told of for longest is forgotten first. */
#define GATE_SUBJECTS_MAX 10000

#endif
