/*
 * What the kernel does to the packets of each flow: fills of a flow its action, the policy that
 * decides, and the SA. The kernel does not tell; so its policies, templates and SAs are gone
 * through as it would.
 */
#ifndef IPSEC_REPORT_JOINS_FLOW_VERDICTS_H
#define IPSEC_REPORT_JOINS_FLOW_VERDICTS_H

#include "collectors/loop.h"
#include "tables/store.h"

struct flow_verdicts;

/* Follows the store's tables from now on. NULL without memory. */
struct flow_verdicts *flow_verdicts_new(struct store *store, struct loop *loop);
void flow_verdicts_free(struct flow_verdicts *v);

#endif
