/*
 * A full read of the kernel's XFRM state: one question after the other on a socket of its own, the
 * answers into the tables, at the end the kernel's own counts.
 */
#ifndef IPSEC_REPORT_COLLECTORS_FULL_READ_H
#define IPSEC_REPORT_COLLECTORS_FULL_READ_H

#include "loop.h"
#include "netlink.h"
#include "recording.h"
#include "xfrm_parse.h"
#include "xfrm_policies.h"
#include "xfrm_sas.h"

/* The questions, in their order. The counts are asked for by themselves as well. */
enum full_read_step {
        FULL_READ_SAS,
        FULL_READ_POLICIES, /* of both types: the kernel tells them in one dump */
        FULL_READ_DEFAULTS,
        FULL_READ_SAD_INFO,
        FULL_READ_SPD_INFO,
        FULL_READ_IDLE, /* none is under way */
};

/* The kernel's own counts; those that it refused to tell are left out. */
struct full_read_counts {
        bool sas_told;
        bool policies_told;
        struct xfrm_sad_info sas;
        struct xfrm_spd_info policies;
};

/* Who is told what becomes of it. */
struct full_read_owner {
        /*
         * Whether events wait that are not handled yet: a dump is not to end before what happened
         * during it has been heard, or what an event tells is taken for what no message told of.
         */
        bool (*events_wait)(void *context);
        /* The tables have what the kernel has; the counts follow. */
        void (*read)(void *context);
        /* The default policies, or one of the counts, came. */
        void (*told)(void *context, const struct full_read_counts *counts);
        /* The counts are there, and all is done. A new read may be begun. */
        void (*counted)(void *context, const struct full_read_counts *counts);
        /* It is given up, as if it had not been begun; err is a negative errno. */
        void (*failed)(void *context, const char *what, int err);
        /* A message was passed over. */
        void (*damaged)(void *context, uint16_t type);
};

struct full_read {
        struct loop *loop;
        struct xfrm_sas *sas;
        struct xfrm_policies *policies;
        struct recording *recording; /* NULL: none */
        bool replay;                 /* answers come from a recording: nothing is asked */
        const struct full_read_owner *owner;
        void *context;

        struct netlink socket;
        enum full_read_step step;
        struct loop_timer *ending; /* runs while events wait, then while the new rows are shown,
                                    * some in each turn */
        int64_t patient_until;     /* monotonic, ms: events that come without end are not waited for
                                    */
        struct full_read_counts counts;
};

/* 0 or a negative errno. */
int full_read_open(struct full_read *r);
void full_read_close(struct full_read *r);
bool full_read_is_open(const struct full_read *r);

/* Begin, where none is under way; return at once. */
void full_read_begin(struct full_read *r);
void full_read_count(struct full_read *r);

/* Gives up what is under way; the tables go on serving what they have. */
void full_read_abort(struct full_read *r);

/* Takes a datagram of a recording. */
void full_read_replay(struct full_read *r, enum full_read_step step, const void *octets,
                      size_t length);

#endif
