/*
 * What the parts of strongSwan's collector share: strongswan.c has the connections,
 * strongswan_reads.c what is read and when, strongswan_events.c what is told unasked. For these
 * alone.
 */
#ifndef IPSEC_REPORT_COLLECTORS_STRONGSWAN_SESSION_H
#define IPSEC_REPORT_COLLECTORS_STRONGSWAN_SESSION_H

#include "strongswan.h"
#include "strongswan_rows.h"
#include "vici.h"
#include "vici_delay.h"

/* A read takes at most this part of the time, when the daemon's own word is what calls for it. */
#define READ_SHARE 20

/* Filtered by a child SA that no daemon has, IKE SAs are told without children: the kernel is not
 * asked, and no message is too long. */
#define NO_CHILD "2147483647"

/* What a read is to bring. */
enum part {
        PART_CONFIGURATION = 1,
        PART_IKE_SAS = 2, /* without children */
        PART_CHILDREN = 4,
        PART_ALL = 7,
};

/* What is asked for in a read, in this order. */
enum phase {
        PHASE_IDLE,
        PHASE_NAMES,
        PHASE_CONNECTIONS,
        PHASE_POLICIES,
        PHASE_CERTIFICATES,
        PHASE_IKE_SAS,
        PHASE_CHILDREN,
        PHASE_MISSING, /* IKE SAs that PHASE_CHILDREN left out, one by one */
        PHASE_PIECES,  /* those of them that are too large for a message, child by child */
};

/* An SA whose end is expected: asked for by its number until the daemon does not know it. */
struct fading {
        uint32_t id;
        bool child;
        bool asked;       /* the answer is awaited */
        uint8_t misses;   /* a busy SA may be left out once */
        uint8_t wait;     /* seconds until it is asked for again */
        int64_t due;      /* seconds since 1970 */
        int64_t asked_at; /* seconds since 1970 */
};

struct strongswan {
        struct collector base;
        struct strongswan_config config;
        struct strongswan_rows rows;
        struct vici *commands;
        struct vici *events; /* a connection of its own: answers never wait behind events */
        enum phase phase;
        unsigned int parts; /* enum part: of the read under way */
        int64_t begun_us;
        int64_t begun;              /* seconds since 1970: this phase */
        int64_t ike_sas_begun;      /* seconds since 1970: the last list of IKE SAs */
        int64_t first_look;         /* the first of several in a row that did not show all */
        unsigned int looks;         /* how many of these there were so far */
        int64_t configuration_read; /* seconds since 1970; 0: not since it was opened */
        int64_t children_read;      /* the same */
        int64_t children_read_before;
        int64_t begun_ms;      /* milliseconds of the loop's clock: the last read */
        int64_t ended_ms;      /* the same */
        size_t names;          /* connections that get-conns told */
        size_t connections;    /* of these, how many list-conns showed */
        size_t sas_total;      /* IKE SAs that the daemon says it has */
        struct id_set whole;   /* IKE SAs that this read has told with all their children */
        struct id_set missing; /* those that it has not */
        struct id_set
                large;  /* too large for a message; their children are known, and go by events */
        size_t asked;   /* questions of PHASE_MISSING and PHASE_PIECES without an answer */
        bool was_up;    /* the daemon has answered since the agent's start */
        char since[64]; /* when the daemon was started, in its words */
        char source_version[96];
        uint32_t retry; /* milliseconds */
        struct fading *fading;
        size_t n_fading;
        size_t fading_room;
        size_t fading_asked;   /* questions without an answer */
        const char *replaying; /* command whose answer is being replayed */
        struct loop_timer *read_timer;
        struct loop_timer *heartbeat_timer;
        struct loop_timer *fading_timer;
        bool log_is_told; /* the daemon tells lines of its log */
        struct vici_delay delay;
        struct loop_timer *delay_timer;
        bool configuration_changed; /* since it was last asked for */
};

/* ---- strongswan.c ---- */

void session_set_timer(struct strongswan *s, struct loop_timer **timer, uint32_t milliseconds,
                       loop_expired *expired);
void session_clear_timer(struct strongswan *s, struct loop_timer **timer);

/* Of the loop's clock. */
int64_t session_milliseconds(const struct strongswan *s);

/* Of all tables. */
uint32_t session_count_rows(const struct strongswan *s);

/* What came of a message goes to the daemon's row; err: 0 or negative. */
void session_taken(struct strongswan *s, const char *what, int err);

/* ---- strongswan_reads.c ---- */

void session_ask(struct strongswan *s, const struct vici_question *question);

/* One IKE SA; of its children all, or those that the filter lets through. 0, or as vici_ask(). */
int session_ask_for(struct strongswan *s, uint32_t ike_id, const char *filter, const char *value,
                    vici_part *part, vici_answer *answered);

/* Reads what parts (enum part) say, unless a read is under way. */
void session_begin_read(struct strongswan *s, unsigned int parts);

/* When configuration or children are due again, and then. */
void session_read_later(struct strongswan *s);
void session_read_expired(void *context);

/* Without a sweep a message that has waited would undo what events have told since. */
void session_sweep_begin(struct strongswan *s);

/* What goes is judged by the collector, not by the sweep: a busy SA is left out of an answer. */
void session_sweep_abort(struct strongswan *s);

/* Parts and ends of answers, whether the daemon gives them or a recording. */
void session_piece_told(void *context, const struct vici_packet *packet);
void session_connection_told(void *context, const struct vici_packet *packet);
void session_connections_answered(void *context, int err, struct vici_slice message);
void session_policy_told(void *context, const struct vici_packet *packet);
void session_policies_answered(void *context, int err, struct vici_slice message);
void session_certificate_told(void *context, const struct vici_packet *packet);
void session_certificates_answered(void *context, int err, struct vici_slice message);
void session_ike_sa_told(void *context, const struct vici_packet *packet);
void session_children_answered(void *context, int err, struct vici_slice message);

/* ---- strongswan_events.c ---- */

/* Asks for an SA whose end is expected, until the daemon does not know it. */
void session_add_fading(struct strongswan *s, uint32_t id, bool child);

/* 0: the section has none. */
uint32_t session_id_of(struct vici_slice section);

/* An event, or a line of the log. */
void session_event_told(void *context, const struct vici_packet *packet);

/* Events that wait, and have come so long ago, in milliseconds of the loop's clock. */
void session_take_delayed(struct strongswan *s, int64_t until);

/* Registers all; last_watched is told when that is done. */
void session_watch_events(struct strongswan *s, vici_answer *last_watched);

#endif
