/* Which SA takes over from which: what tells a rekey from an end. */
#ifndef IPSEC_REPORT_JOINS_SUCCESSOR_H
#define IPSEC_REPORT_JOINS_SUCCESSOR_H

#include "tables/ipsec_sa.h"

/* Seconds behind a soft limit in which a rekey ought to be over. */
#define REKEY_PATIENCE 30

/*
 * A usable newer SA between the same ends, with the same reqid, protocol, mode and interface id,
 * that ends later than this one (or never). The SA itself may be gone. NULL: there is none.
 */
const struct ipsec_sa *successor_of(struct table *sas, const struct ipsec_sa *sa);

/* A usable older one that this one takes over from, in the same sense; NULL: none. */
const struct ipsec_sa *predecessor_of(struct table *sas, const struct ipsec_sa *sa);

#endif
