/* What joins/tunnel*.c share: what is known of a tunnel beside its row. For them alone. */
#ifndef IPSEC_REPORT_JOINS_TUNNEL_RECORD_H
#define IPSEC_REPORT_JOINS_TUNNEL_RECORD_H

#include "agenda.h"
#include "queue.h"
#include "tables/child_sa.h"
#include "tables/configured_policy.h"
#include "tables/key.h"
#include "tables/policy.h"
#include "tables/tunnel.h"
#include "tunnels.h"

#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(element) ((void)((element)->unhashed = true))
#include <uthash.h>

/* The counters of a tunnel; a template's are its peers' sums. */
enum tunnel_count {
        COUNT_OCTETS_IN,
        COUNT_OCTETS_OUT,
        COUNT_PACKETS_IN,
        COUNT_PACKETS_OUT,
        COUNT_REPLAY_WINDOW_ERRORS,
        COUNT_REPLAY_ERRORS,
        COUNT_INTEGRITY_ERRORS,
        COUNT_REKEYS,
        COUNT_NEGOTIATION_FAILURES,
        COUNT_AUTHENTICATION_FAILURES,
        COUNTS,
};

/* The index of a row, all of it zero-filled: it is hashed. */
struct tunnel_key {
        char policy[KEY_MAX + 1];
        char child[KEY_MAX + 1];
        uint32_t instance;
};

struct tunnel_record {
        struct tunnel_key key;
        uint32_t number;
        struct tunnel_record *template; /* of a peer; NULL: none, or it is gone */
        char *identity;                 /* of a peer: what t->by_peer knows it by; else NULL */
        size_t identity_length;         /* policy, child and identity, each with its NUL */
        uint64_t counts[COUNTS];
        uint64_t forgotten[COUNTS]; /* of a template: those of its peers that are no more */
        uint32_t usable[3];         /* SAs with keys, by tunnel_direction */
        uint32_t larval;            /* SAs that are asked for */
        uint32_t users;             /* of a template: its peers that are up */
        uint32_t next_instance;     /* of a template: for the next new peer */
        uint32_t generation;        /* of what t->counted has of its SAs */
        uint32_t reqid;             /* whose policies have been told of this tunnel; 0 none */
        uint8_t daemon;             /* enum ike_daemon: whose it is; 0 nobody's, or not known */
        bool up;                    /* as judged last */
        bool judged;                /* at least once in this run */
        bool restored;              /* from an earlier run, and not judged in this one */
        bool both_ways;             /* it had SAs in both directions since it had none at all */
        bool due;                   /* stands in t->due */
        bool changed;               /* stands in t->unsaved */
        bool word_is_last;          /* what the kernel told does not change word any more */
        bool one_way;
        bool listed;            /* stands among t->absent */
        bool unhashed;          /* uthash had no memory for it */
        uint8_t word;           /* enum reason: why it went down, if it did */
        uint8_t failure;        /* enum reason: why it did not come up */
        int64_t daemon_failed;  /* seconds since 1970: its daemon said so; 0 never */
        const char *error;      /* a new last_error, constant; NULL: none */
        int64_t error_time;     /* seconds since 1970 */
        int64_t trusted_until;  /* monotonic, ms: the daemon's word counts without SAs */
        int64_t deleted_at;     /* monotonic, ms: when somebody removed its SAs last */
        int64_t wake;           /* monotonic, ms: when the agenda has it; 0 not at all */
        int64_t last_packet_in; /* seconds since 1970; 0 never */
        int64_t last_packet_out;
        int64_t lingers_until; /* monotonic, ms: it is down, and its row stays until then; 0 not */
        int64_t silent_since;  /* the same: first packet out behind the last one in */
        int64_t duplicates_since; /* monotonic, ms: more than one pair of SAs; 0 not */
        int64_t last_told;        /* seconds since 1970: the kernel told of one of its SAs */
        int64_t left;             /* seconds since 1970; for sorting t->absent alone */
        struct tunnel_record *prev, *next; /* among t->absent */
        UT_hash_handle by_key;
        UT_hash_handle by_number;
        UT_hash_handle by_peer;
};

/* One life of an SA: a later one with the same SPI was added at another time. */
struct sa_life {
        char sa[offsetof(struct ipsec_sa, source)]; /* the SA's own key */
        int64_t add_time;
};

/* What is counted already of an SA that may be found again. */
struct counted_sa {
        struct sa_life life;
        uint32_t tunnel;     /* number of the record */
        uint32_t generation; /* another one than the record's: it is not so any more */
        uint64_t octets;
        uint64_t packets;
        uint64_t replay_window_errors;
        uint64_t replay_errors;
        uint64_t integrity_errors;
        bool lost; /* by the table in this run; else it is of an earlier one */
        bool unhashed;
        UT_hash_handle hh; /* in the order in which they were remembered */
};

/* Two daemons may have one name. Zero-filled: it is hashed. */
struct negotiation_key {
        char name[KEY_MAX + 1]; /* key_of_name() of the connection's name */
        uint8_t daemon;         /* enum ike_daemon */
};

/* IKE SAs of one connection that are being negotiated. */
struct negotiation {
        struct negotiation_key key;
        uint32_t ike_sas;
        bool unhashed;
        UT_hash_handle hh;
};

/* What is known of an IKE daemon by its collector and its rows. */
struct daemon_source {
        uint8_t state;   /* enum collector_state; 0 not told yet */
        bool read;       /* it told its configuration and its SAs in this run */
        bool was_gone;   /* it did not answer for a while, and has not been read since */
        uint32_t run;    /* the latest of its starts that rows are of */
        int64_t gone_at; /* monotonic, ms: when it was lost last; meaningless while it is there */
};

/* A look at all rows of a table, so many in one turn. */
struct pass {
        bool going;
        bool again; /* begin anew when this one has ended */
        uint32_t oid[INDEX_MAX];
        size_t length;
};

struct tunnels {
        struct loop *loop;
        struct loop_timer *timer;
        int64_t when; /* monotonic, ms: when the timer expires; 0 at once */
        struct tunnels_config config;
        struct tunnels_keeper keeper;
        struct table *rows;
        struct table *sas;
        struct table *children;
        struct table *ike_sas;
        struct table *ike_policies;
        struct table *configured;
        struct table *policies;
        struct table *templates;
        struct queue children_due; /* indexes of child SAs */
        struct queue sas_due;      /* indexes of SAs */
        struct queue policies_due; /* their type, then their index */
        struct queue due;          /* numbers of records that are to be judged */
        struct queue unsaved;      /* numbers of records */
        struct queue unsaved_sas;  /* indexes of SAs that belong to no tunnel */
        struct pass children_pass;
        struct pass rows_pass;
        struct agenda agenda;
        struct tunnel_record *by_key;
        struct tunnel_record *by_number;
        struct tunnel_record *by_peer;
        struct tunnel_record *absent; /* peers that are not up, the first to have left first */
        bool absent_mixed;            /* they are to be sorted */
        size_t n_peers;
        uint32_t next_number;
        struct counted_sa *counted;
        size_t n_lost;   /* of these, those that the table lost in this run */
        size_t to_check; /* of these, whether they went while the agent was not running */
        struct negotiation *negotiations;
        uint8_t xfrm_state; /* enum collector_state; 0 not told yet */
        bool sas_read;      /* the kernel\'s SAs have been read in this run */
        struct daemon_source daemons[IKE_DAEMONS + 1]; /* by enum ike_daemon; 0 is none */
        bool settled; /* the sources have been read, or are not there */
};

/* Items of the agenda: the kind, then a number. */
enum tunnel_wake {
        WAKE_RECORD, /* number of the record: to be judged */
        WAKE_SA,     /* index of the SA: whose it is */
        WAKE_TRIM,   /* peers to be forgotten */
        WAKE_SETTLE, /* whoever has not been read until now is not waited for */
};

/* ---- tunnel_records.c: which there are ---- */

struct tunnel_record *tunnel_by_number(const struct tunnels *t, uint32_t number);
struct tunnel_record *tunnel_by_key(const struct tunnels *t, const char *policy, const char *child,
                                    uint32_t instance);

/* Finds it, or makes it and its row. NULL without memory. */
struct tunnel_record *tunnel_make(struct tunnels *t, const char *policy, const char *child,
                                  uint32_t instance);

/* The same of a road warrior, by its identity. */
struct tunnel_record *tunnel_of_peer(struct tunnels *t, const char *policy, const char *child,
                                     const char *identity);

/* Makes it known by its identity, as that of a peer. 0 or -ENOMEM. */
int tunnel_identify(struct tunnels *t, struct tunnel_record *r, const char *identity);

/* NULL: it is no peer. */
const char *tunnel_identity(const struct tunnel_record *r);

bool tunnel_is_manual(const struct tunnel_record *r);
bool tunnel_is_template(const struct tunnel_record *r);

/* Removes the row and all links to it. */
void tunnel_forget(struct tunnels *t, struct tunnel_record *r);

/* Puts a peer behind those that left before it; or takes it out of them. */
void tunnel_left(struct tunnels *t, struct tunnel_record *r);
void tunnel_returned(struct tunnels *t, struct tunnel_record *r);

/* Forgets the peers that have been away for too long, or are too many. */
void tunnels_trim(struct tunnels *t);

/* The row; never NULL. */
const struct tunnel *tunnel_row(const struct tunnels *t, const struct tunnel_record *r);

/* ---- tunnel_links.c: what belongs to which ---- */

/* Whose tunnel the child is; makes it. NULL: not known yet. */
struct tunnel_record *tunnel_of_child(struct tunnels *t, const struct child_sa *child);

/* Whose tunnel the SA is; makes it. NULL: nobody's, or not known yet. */
struct tunnel_record *tunnel_of_sa(struct tunnels *t, const struct ipsec_sa *sa);

/* In which direction it counts; 0 not known yet. */
uint8_t tunnel_direction_of(const struct tunnels *t, const struct ipsec_sa *sa);

/* Each sets the links of one row. */
void tunnel_link_child(struct tunnels *t, uint32_t index);
void tunnel_link_sa(struct tunnels *t, uint32_t index);
void tunnel_link_policy(struct tunnels *t, uint64_t item);

/*
 * An SA of the tunnel has gone, and newer ones between the same ends that came in the same turn are
 * not known as its own yet: they are its successors.
 */
void tunnel_inherit(struct tunnels *t, const struct tunnel_record *r, const struct ipsec_sa *gone);

/* Makes the policies of a reqid due. */
void tunnel_policies_due(struct tunnels *t, uint32_t reqid);

/* The row of the configuration that the keys name, if SAs are negotiated for it; or NULL. */
const struct configured_policy *tunnel_configured(const struct tunnels *t, const char *policy,
                                                  const char *child);
const struct ike_policy *tunnel_ike_policy(const struct tunnels *t, const char *policy);
const struct ike_sa *tunnel_ike_sa_of(const struct tunnels *t, const struct child_sa *child);

/* Calls each for every row of the configuration below an IKE policy. */
void tunnel_each_configured(struct tunnels *t, const char *policy,
                            void (*each)(struct tunnels *t, const struct configured_policy *row,
                                         const void *context),
                            const void *context);

/* ---- tunnel_traffic.c: what its SAs count ---- */

/* Adds what the SA counted since before; before is NULL for one that is new. */
void tunnel_count_sa(struct tunnels *t, struct tunnel_record *r, const struct ipsec_sa *before,
                     const struct ipsec_sa *sa, uint8_t direction);
void tunnel_count(struct tunnels *t, struct tunnel_record *r, enum tunnel_count count,
                  uint64_t more);

/* What is counted of an SA that may come again. */
struct counted_sa *tunnel_counted(const struct tunnels *t, const struct ipsec_sa *sa);
int tunnel_remember(struct tunnels *t, const struct ipsec_sa *sa, const struct tunnel_record *r,
                    bool lost);

/* All SAs have been read: what an earlier run had counted, and is not there, will not come. */
void tunnels_check_counted(struct tunnels *t, size_t *rows);

/* In whose counters that is; NULL: nobody's any more. */
struct tunnel_record *tunnel_of_counted(const struct tunnels *t, const struct counted_sa *counted);
void tunnel_forget_counted(struct tunnels *t, struct counted_sa *counted);

/* ---- tunnel_state.c ---- */

void tunnel_judge(struct tunnels *t, struct tunnel_record *r);

/* Writes the counters into a row. */
void tunnel_set_counters(const struct tunnel_record *r, struct tunnel *row);

/* ---- tunnels.c ---- */

void tunnel_due(struct tunnels *t, struct tunnel_record *r);
void tunnel_changed(struct tunnels *t, struct tunnel_record *r, bool urgent);
void tunnel_wake_at(struct tunnels *t, struct tunnel_record *r, int64_t when);
void tunnels_put_agenda(struct tunnels *t, int64_t when, enum tunnel_wake kind, uint32_t number);
struct moment tunnels_now(const struct tunnels *t);
bool tunnels_can_read(uint8_t collector_state);

/* Whether the daemon can be asked now, or has been read in this run; of daemon 0: whether any. */
bool tunnels_can_ask(const struct tunnels *t, uint8_t daemon);
bool tunnels_have_read(const struct tunnels *t, uint8_t daemon);

/* Runs what is due at that moment, or sooner; 0: in the next turn of the loop. */
void tunnels_run_at(struct tunnels *t, int64_t when);

/* Why it goes down, if it does. A last word is better than what the kernel shows; of two the first.
 */
void tunnel_set_word(struct tunnel_record *r, enum reason reason, bool last);

/* A row of a daemon is of this one of its starts. */
void tunnels_note_run(struct tunnels *t, uint8_t daemon, uint32_t run);

/* ---- tunnel_ike.c ---- */

/* The listener of ipsrIkeSaTable; the context is struct tunnels. */
table_listener tunnel_ike_sa_changed;

/* The negotiations of a daemon's connections of this name; NULL: none goes on. */
struct negotiation *tunnel_negotiation(const struct tunnels *t, const char *name, uint8_t daemon);

/* ---- tunnel_saved.c ---- */

/* Writes the line that restores the record and its row. */
void tunnel_save(struct tunnels *t, const struct tunnel_record *r, FILE *out);

/* Of an SA of no tunnel that went. */
void tunnel_save_sa_gone(const struct ipsec_sa *sa, FILE *out);

/* Writes the line that takes them away. */
void tunnel_save_gone(const struct tunnel_record *r, FILE *out);

#endif
