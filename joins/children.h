/* Which child SA of an IKE daemon an SA of the kernel is one half of, and the other way round. */
#ifndef IPSEC_REPORT_JOINS_CHILDREN_H
#define IPSEC_REPORT_JOINS_CHILDREN_H

#include "tables/child_sa.h"
#include "tables/ipsec_sa.h"

/*
 * The child SA that has this SA's SPI on the side of its direction, and its reqid where the daemon
 * tells that; for IPComp, whose numbers are no SPIs, the newest of its reqid. NULL: no daemon knows
 * it.
 */
const struct child_sa *child_of_sa(struct table *children, const struct ipsec_sa *sa);

/* The SAs of a child, one by one: begin with NULL. At most one in each direction, as a rule. */
const struct ipsec_sa *next_sa_of_child(struct table *sas, const struct child_sa *child,
                                        const struct ipsec_sa *sa);

/* The newest child SA of a reqid, by any daemon; NULL none. */
const struct child_sa *child_of_reqid(struct table *children, uint32_t reqid);

/* The next child SA behind this one (NULL: the first) of a policy's child, older ones first. */
const struct child_sa *next_child_of_name(struct table *children, const char *policy_key,
                                          const char *child_key, const struct child_sa *child);

/* Whether it carries traffic. */
bool child_is_up(const struct child_sa *child);

#endif
