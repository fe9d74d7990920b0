/* The rows of libreswan: what whack's answers change in the tables. */
#ifndef IPSEC_REPORT_COLLECTORS_LIBRESWAN_ROWS_H
#define IPSEC_REPORT_COLLECTORS_LIBRESWAN_ROWS_H

#include "libreswan_ends.h"
#include "libreswan_parse.h"
#include "loop.h"
#include "tables/store.h"

/* Counters that begin anew with the daemon. */
struct libreswan_totals {
        uint64_t all; /* the sum of every one */
        uint64_t auth_failed;
        uint64_t auth_refused;
};

struct libreswan_rows {
        struct loop *loop;
        struct table *ike_sas;
        struct table *occurrences;
        struct table *children;
        struct table *policies;
        struct table *configured;
        struct scratch conn_scratch;  /* until the next --status */
        struct scratch state_scratch; /* until the next answer with states */
        struct scratch row_scratch;   /* of one row */
        struct libreswan_conn *conns; /* of the last --status */
        size_t n_conns;
        size_t conns_room;
        struct libreswan_conn **by_name; /* the same, sorted; NULL: not yet */
        struct libreswan_state *states;  /* of the last answer with states */
        size_t n_states;
        size_t states_room;
        uint32_t run;                      /* counts the daemon's starts */
        struct libreswan_totals total;     /* as last read */
        struct libreswan_totals total_now; /* of the answer that is being read */
        bool total_known;                  /* it has been read in this run of the agent */
        struct libreswan_ends ends;        /* what is known of how IKE SAs ended */
        uint8_t uniqueness;                /* enum ike_uniqueness */
        char version[64];                  /* of the daemon; empty: not told yet */
        bool with_conns;                   /* the answer tells of connections, too */
        int64_t begun;                     /* seconds since 1970: when the answer was asked for */
        size_t kept;                       /* rows of this answer that are in the tables */
        bool changed; /* SAs came or went, or are of a connection that is not known */
};

void libreswan_rows_init(struct libreswan_rows *r, struct loop *loop, struct store *store);
void libreswan_rows_free(struct libreswan_rows *r);

/* Seconds since 1970. */
int64_t libreswan_rows_now(const struct libreswan_rows *r);

/* How many rows there are of libreswan, in all tables. */
uint32_t libreswan_rows_count(const struct libreswan_rows *r);

/* --globalstatus: begin, its lines, end. One counter that fell means another run of the daemon. */
void libreswan_begin_totals(struct libreswan_rows *r);
bool libreswan_take_total(struct libreswan_rows *r, struct libreswan_text line);
void libreswan_end_totals(struct libreswan_rows *r);

/*
 * --status (with_conns) or --showstates: begin, its lines, and end until it returns true, some rows
 * at a time. Only then the tables are changed: what the answer did not tell goes. Lines: 1
 * understood, 0 not, or -ENOMEM. *err: -ENOMEM where a row could not be kept.
 */
void libreswan_begin_states(struct libreswan_rows *r, bool with_conns);
int libreswan_take_line(struct libreswan_rows *r, struct libreswan_text line);
bool libreswan_end_states(struct libreswan_rows *r, size_t rows, int *err);

/*
 * Removes what that answer did not tell. whack does not say when pluto ended in the midst of it: so
 * pluto must have answered something else since.
 */
void libreswan_forget(struct libreswan_rows *r);

/* Whether the last answer with states did not tell of that row, an IKE SA; context: these rows. */
bool libreswan_is_bygone(const void *row, const void *context);

/* A line of --trafficstatus: 1 understood, 0 not, or -ENOMEM. */
int libreswan_take_traffic(struct libreswan_rows *r, struct libreswan_text line);

/* The daemon does not answer any more: its rows stay, and say that they are old. */
void libreswan_rows_grow_old(struct libreswan_rows *r);

#endif
