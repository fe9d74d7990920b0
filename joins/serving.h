/*
 * Which SAs serve which policy, as the kernel's xfrm_state_find() decides it: reqid first, then
 * protocol, mode, ends, SPI, mark and interface id. Only looks; changes nothing.
 */
#ifndef IPSEC_REPORT_JOINS_SERVING_H
#define IPSEC_REPORT_JOINS_SERVING_H

#include "tables/ipsec_sa.h"
#include "tables/policy.h"
#include "tables/policy_template.h"

/* What SAs are sought by; an address that is NULL may be any. */
struct ends {
        uint32_t reqid;
        uint8_t protocol;
        uint8_t mode;
        const struct inet_addr *destination;
        const struct inet_addr *source;
};

/* A place in sa_by_ends_type: behind the SA looked at last. */
struct place_of_ends {
        uint32_t oid[INDEX_MAX];
        size_t length;
};

/* The policy's first template, or the one behind a template; NULL: none. */
const struct policy_template *next_template(struct table *templates, const struct policy *policy,
                                            const struct policy_template *template);

/*
 * The ends of the SAs that a template of the policy takes. Templates must be asked for in order:
 * *outer, NULL before the first, is the last one that names the ends of a tunnel.
 */
struct ends ends_of(const struct policy *policy, const struct policy_template *template,
                    const struct policy_template **outer);

/* The place before all SAs with these ends. */
void ends_begin(const struct ends *ends, struct place_of_ends *place);

/* The next SA with these ends, and moves the place behind it; NULL: there is none. */
const struct ipsec_sa *ends_next(struct table *sas, const struct ends *ends,
                                 struct place_of_ends *place);

/* Whether an SA with the template's ends has all else that the template asks for. */
bool serves(const struct ipsec_sa *sa, const struct policy *policy,
            const struct policy_template *template, const struct policy_template *outer);

/* Whether any template of the policy takes the SA. */
bool policy_uses(struct table *templates, const struct policy *policy, const struct ipsec_sa *sa);

/* The newest SA of the other direction; NULL: none. A rekey leaves old ones behind for a while. */
const struct ipsec_sa *newest_opposite(const struct table *sas, const struct ipsec_sa *sa);

#endif
