/* Events of VICI that wait a moment, in their order: for what is told of them behind them. */
#ifndef IPSEC_REPORT_COLLECTORS_VICI_DELAY_H
#define IPSEC_REPORT_COLLECTORS_VICI_DELAY_H

#include "vici.h"

struct vici_delayed;

/* {0} is empty. */
struct vici_delay {
        struct vici_delayed *first;
        struct vici_delayed *last;
        size_t octets; /* of all that waits */
};

/* Keeps a copy until due, in whatever unit the caller has. 0 or -ENOMEM. */
int vici_delay_put(struct vici_delay *d, const struct vici_packet *packet, int64_t due);

/* When the first one is due; INT64_MAX: none waits. */
int64_t vici_delay_next(const struct vici_delay *d);

/* Takes the first one out, tells take of it, and frees it. */
void vici_delay_take(struct vici_delay *d,
                     void (*take)(void *context, const struct vici_packet *packet), void *context);

void vici_delay_free(struct vici_delay *d);

#endif
