/* Why a negotiation failed: what the daemon said of it, else what the IKE SA shows. */
#ifndef IPSEC_REPORT_JOINS_FAILURE_H
#define IPSEC_REPORT_JOINS_FAILURE_H

#include "tables/ike_sa.h"

struct failure {
        bool authentication;
        uint8_t reason;   /* enum reason */
        const char *text; /* constant */
        bool counted;     /* it is told once more, with a better reason */
};

struct failure failure_of(const struct ike_sa *row);

/* Whether what the daemon said of an IKE SA that is up is that a child SA failed. */
bool failure_is_of_child(const struct ike_sa *row);

#endif
