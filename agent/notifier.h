/*
 * Notifications of events: it listens to the table of events, lets notification_gate.c decide,
 * makes the varbinds of what is or may be sent in the moment of the event, and says in the journal
 * what became of each.
 */
#ifndef IPSEC_REPORT_AGENT_NOTIFIER_H
#define IPSEC_REPORT_AGENT_NOTIFIER_H

#include "collectors/loop.h"
#include "joins/journal.h"
#include "notification_gate.h"
#include "tables/store.h"

#include <stdbool.h>

#define NOTIFICATION_INTERVAL_DEFAULT 60
#define NOTIFICATION_HOLD_DOWN_DEFAULT 30
#define NOTIFICATION_BURST_DEFAULT 50
#define NOTIFICATION_BURST_INTERVAL_DEFAULT 10
#define NOTIFICATION_QUEUE_DEFAULT 1000

struct notifier;

struct notifier_config {
        struct gate_settings gate;
        uint32_t queue; /* notifications that are kept while snmpd is away, from 1 */
};

/* Who wants to know. Each may be NULL. They must not change the tables of events. */
struct notifier_ops {
        void *context;
        /* What became of the notification of an event: at once, or later. */
        void (*settled)(void *context, uint32_t number, enum event_notification fate);
        /* How many there were, since the notifier was made. */
        void (*counted)(void *context, uint64_t sent, uint64_t suppressed);
};

/*
 * standalone: as in notification_sender.h. To be made before snmpd is connected to; it tells the
 * journal when that comes and goes. NULL without memory.
 */
struct notifier *notifier_new(struct store *store, struct loop *loop, struct journal *journal,
                              bool standalone, const struct notifier_config *config,
                              const struct notifier_ops *ops);

/* What is not sent by now is suppressed, and events are passed over. NULL is allowed. */
void notifier_end(struct notifier *n);

/* The same. To be called before Net-SNMP ends. */
void notifier_free(struct notifier *n);

void notifier_configure(struct notifier *n, const struct notifier_config *config);

#endif
