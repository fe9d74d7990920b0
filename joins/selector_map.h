/*
 * Finds the child that a policy of the kernel was made for by its selector: the traps and shunts
 * that an IKE daemon has set, for which there are no SAs to tell.
 */
#ifndef IPSEC_REPORT_JOINS_SELECTOR_MAP_H
#define IPSEC_REPORT_JOINS_SELECTOR_MAP_H

#include "tables/configured_policy.h"
#include "tables/slots.h"

/* All zero is empty. */
struct selector_map {
        struct slots entries;
};

/* Adds every pair of selectors of a child. 0 or -ENOMEM. ike_policy: of the child; NULL unknown. */
int selector_map_add(struct selector_map *m, const struct configured_policy *child,
                     const struct ike_policy *ike_policy);

/*
 * The keys of a child with the policy's selector, of the same action and mode; false when there is
 * none. They are copies: KEY_MAX + 1 octets each.
 */
bool selector_map_find(const struct selector_map *m, const struct policy *policy, char *policy_key,
                       char *child_key);

void selector_map_clear(struct selector_map *m);

#endif
