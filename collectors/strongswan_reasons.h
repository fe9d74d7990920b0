/*
 * Why something failed, in strongSwan's words: the types of its alerts (from 6.0.3 on), and lines
 * of its log, which it tells in English whatever the locale. What is not known changes nothing.
 */
#ifndef IPSEC_REPORT_COLLECTORS_STRONGSWAN_REASONS_H
#define IPSEC_REPORT_COLLECTORS_STRONGSWAN_REASONS_H

#include "tables/reason.h"
#include "vici_message.h"

/* What a line of the log is about. */
enum strongswan_line {
        LINE_OTHER,
        LINE_BEGINS,         /* an IKE SA is begun, by either side */
        LINE_REASON,         /* an IKE SA, or what it negotiates, fails or ends */
        LINE_CONSEQUENCE,    /* the same: what comes of a reason that another line may tell */
        LINE_NO_ANSWER,      /* the same: the peer does not answer, now or any more */
        LINE_AGAIN,          /* the negotiation begins anew after a failure */
        LINE_CHILD_DELETED,  /* the peer has deleted a child SA, unasked or in its answer */
        LINE_CHILD_CLOSING,  /* this side deletes one, unasked or in its answer */
        LINE_CHILD_UNLOADED, /* one is to be closed, since its configuration changed or went */
        LINE_IKE_UNLOADED,   /* the same of an IKE SA, with its child SAs */
        LINE_CONFIGURATION,  /* connections, traps or certificates have changed */
};

struct strongswan_said {
        enum strongswan_line line;
        enum reason reason; /* of LINE_REASON */
        uint32_t spi;       /* host order: of LINE_CHILD_DELETED, the child's outbound one */
        uint32_t id;        /* the daemon's number of the child, or of LINE_IKE_UNLOADED's IKE SA */
};

/* By the msg of a log event. */
struct strongswan_said strongswan_said_in_log(const struct vici_item *msg);

/* By the type of an alert event. */
struct strongswan_said strongswan_said_in_alert(const struct vici_item *type);

#endif
