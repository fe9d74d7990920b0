/*
 * ipsrTunnelTable: a row for each child of an IKE daemon's configuration and each of its peers, for
 * child SAs that are in no configuration, and for each reqid of SAs with manual keys.
 *
 * A row outlives what it is made of: SAs are rekeyed, daemons restart, and so does the agent. Its
 * counters are made of what its SAs add to theirs, so that they never fall. What happens within one
 * turn of the loop is judged at its end: an update that removes first and adds then is no outage.
 */
#ifndef IPSEC_REPORT_JOINS_TUNNELS_H
#define IPSEC_REPORT_JOINS_TUNNELS_H

#include "collectors/loop.h"
#include "tables/ipsec_sa.h"
#include "tables/store.h"

#include <stdio.h>

#define TUNNEL_RETENTION_DEFAULT (30 * 86400)
#define TUNNEL_MAXIMUM_DEFAULT 100000
#define ONE_WAY_DEFAULT 60

struct tunnels_config {
        uint32_t retention; /* seconds that a road warrior's row is kept when it left */
        uint32_t maximum;   /* rows of road warriors; more are kept only while up */
        uint32_t one_way;   /* seconds of packets going out and none coming in */
        const char *const *idle_patterns; /* of names of tunnels that may be down; fnmatch(3) */
        size_t n_idle_patterns;
};

/* A restored line that tells of SAs: of a tunnel, and the how manieth of it; all 0: of none. */
struct tunnels_line {
        uint32_t tunnel;
        uint32_t generation;
};

/* Who keeps the rows for the agent's next run. */
struct tunnels_keeper {
        void *context;
        /* Some row has changed. urgent: SAs went whose last packets only this row has. */
        void (*changed)(void *context, bool urgent);
        /* A line that is to be kept before those of rows that change from now on: a row went. */
        void (*line)(void *context, const char *text);
        /*
         * Of a line that is restored: an SA that was there, with what it had counted, whether its
         * direction was known, and which line that is (tunnels_line_counts()).
         */
        void (*counted)(void *context, const struct ipsec_sa *sa, bool direction_known,
                        const struct tunnels_line *line);
        /* The same: an SA that belonged to no tunnel, and went. */
        void (*gone)(void *context, const struct ipsec_sa *sa);
};

struct tunnels;

/* Follows the store's tables from now on, which are empty yet. NULL without memory. */
struct tunnels *tunnels_new(struct store *store, struct loop *loop,
                            const struct tunnels_config *config);
void tunnels_free(struct tunnels *t);

/* Takes new settings; the patterns must stay where they are until the next call. */
void tunnels_configure(struct tunnels *t, const struct tunnels_config *config);

void tunnels_keep(struct tunnels *t, const struct tunnels_keeper *keeper);

/* How far all rows have been saved; all 0 at first. */
struct tunnels_place {
        uint32_t tunnel;
        uint32_t sa;
};

/*
 * One row as a line of text without the newline: what is needed to go on with it in another run,
 * and what of its SAs is in its counters. SAs that belong to no tunnel have lines of their own.
 * tunnels_save_changed(): the next one that changed since it was last saved; false when there is
 * none. tunnels_save_next(): all of them one by one, changed or not, behind *place.
 */
bool tunnels_save_changed(struct tunnels *t, FILE *out);
bool tunnels_save_next(struct tunnels *t, struct tunnels_place *place, FILE *out);

/*
 * Whether the sources have been read, and it is known what of their SAs belongs to what. Before
 * that, what is restored knows more than what could be saved.
 */
bool tunnels_can_be_saved(const struct tunnels *t);

/*
 * Takes a line of an earlier run, in the order written: a later one replaces an earlier one. To be
 * called before there are any rows. 0, -EINVAL for one that is not understood, or -ENOMEM.
 */
int tunnels_restore(struct tunnels *t, const char *line);

/* Whether no later line has taken its place: what SAs it told of are those that were there last. */
bool tunnels_line_counts(const struct tunnels *t, const struct tunnels_line *line);

#endif
