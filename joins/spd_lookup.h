/*
 * Which policy the kernel applies to a packet (xfrm_policy_lookup_bytype()): of those whose
 * selector, mark and interface id fit, the one with the lowest priority, and of several the one
 * that stands first.
 *
 * Policies that mask the same parts of a packet are one space, a hash by what is left of these
 * parts; so a packet is looked up once for each space, not for each policy, and in ascending order
 * of their best priorities until none can be better.
 */
#ifndef IPSEC_REPORT_JOINS_SPD_LOOKUP_H
#define IPSEC_REPORT_JOINS_SPD_LOOKUP_H

#include "tables/flow.h"

/* What selectors see of a packet. Numbers are in host order. */
struct packet {
        struct inet_addr source;
        struct inet_addr destination;
        struct flow_ports ports;
        uint8_t protocol;
        uint32_t mark;
        uint32_t if_index; /* 0 none */
        uint32_t if_id;    /* of the XFRM interface that it passes; 0 none */
};

struct spd;

/* No policies yet. NULL without memory. */
struct spd *spd_new(void);
void spd_free(struct spd *spd);

/* Adds the policy, or puts it in place of the one with its type and index. 0 or -ENOMEM. */
int spd_put(struct spd *spd, const struct policy *policy);

/* Takes it out, by type and index; one that is not there is no error. */
void spd_remove(struct spd *spd, const struct policy *policy);

/* How many policies there are. */
size_t spd_count(const struct spd *spd);

/*
 * The index of the policy that decides, of this type (enum spd_type) and direction (enum
 * ipsec_direction); 0: none does.
 */
uint32_t spd_find(struct spd *spd, uint8_t type, uint8_t direction, const struct packet *packet);

#endif
