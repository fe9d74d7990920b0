/*
 * What the whole machine has and had: gauges and totals of ipsrGlobal, out of the tables of SAs,
 * policies and the kernel's counters. All is counted as rows change, nothing is ever summed up.
 *
 * A total never falls. What an SA counted is in it from the moment its direction is known, the last
 * packets of one that is gone too: its last counters come before it goes.
 */
#ifndef IPSEC_REPORT_JOINS_TOTALS_H
#define IPSEC_REPORT_JOINS_TOTALS_H

#include "collectors/loop.h"
#include "tables/global_scalars.h"
#include "tables/ipsec_sa.h"
#include "tables/store.h"

struct totals;

/* Makes the row of ipsrGlobal and follows the store's tables, which are empty yet. NULL without
 * memory. */
struct totals *totals_new(struct store *store, struct loop *loop);
void totals_free(struct totals *t);

/* What an earlier run of the agent has counted. */
struct totals_saved {
        struct global_totals totals;
        uint64_t in_no_states;  /* the kernel's XfrmInNoStates and XfrmOutNoStates, */
        uint64_t out_no_states; /* as far as they are in the totals */
};

/* What is to be saved now. The rest of *saved stays as it is. */
void totals_save(const struct totals *t, struct totals_saved *saved);

/* Goes on from there. To be called before there are any rows. */
void totals_restore(struct totals *t, const struct totals_saved *saved);

/*
 * This SA, created and not removed, and what it has counted are in the totals: if it is found, the
 * same one by its key and add time, just what it counted since is added; if it is not there when
 * all have been read, it went, with the value last seen. direction_known: its octets and packets
 * are in them as well. said is whatever says so, for totals_drop(). 0 or -ENOMEM.
 */
int totals_remember(struct totals *t, const struct ipsec_sa *sa, bool direction_known,
                    uint64_t said);

/* Takes that back: of this SA; or of all that were remembered by what is_void is true of. */
void totals_forget(struct totals *t, const struct ipsec_sa *sa);
void totals_drop(struct totals *t, bool (*is_void)(const void *context, uint64_t said),
                 const void *context);

/* At most so many SAs are remembered that a full read did not show, the latest ones. */
enum { TOTALS_REMEMBERED = 1 << 16 };

#endif
