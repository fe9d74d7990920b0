/*
 * Hands notifications to snmpd, or to this agent's own sinks where it stands alone, one after
 * another. Nothing waits: the next one goes when snmpd has answered for the last. While snmpd is
 * away they are kept, the newest of them.
 */
#ifndef IPSEC_REPORT_AGENT_NOTIFICATION_SENDER_H
#define IPSEC_REPORT_AGENT_NOTIFICATION_SENDER_H

#include "collectors/loop.h"

#include <stdbool.h>

#include <net-snmp/net-snmp-config.h>
/* The library's headers build on the line above. */
#include <net-snmp/net-snmp-includes.h>

struct notification_sender;

/* How it ends, and what becomes of snmpd. They must not call the sender. */
struct sender_ops {
        void *context;
        /* sent: snmpd has it. Else there was no room, or snmpd refused it. */
        void (*settled)(void *context, uint32_t number, uint8_t kind, bool sent);
        void (*connected)(void *context);
        void (*disconnected)(void *context);
        void (*idle)(void *context); /* none is left to be sent */
};

/*
 * standalone: this agent has sinks of its own. maximum: how many are kept at the most, the oldest
 * of more are given up. NULL without memory. To be made before snmpd is connected to.
 */
struct notification_sender *sender_new(struct loop *loop, bool standalone, uint32_t maximum,
                                       const struct sender_ops *ops);

/* Those that are kept are given up. NULL is allowed. */
void sender_free(struct notification_sender *s);

void sender_configure(struct notification_sender *s, uint32_t maximum);

/*
 * Takes the varbinds of a notification, snmpTrapOID first. number and kind: of its event; moment:
 * in milliseconds of CLOCK_MONOTONIC, which becomes sysUpTime.
 */
void sender_put(struct notification_sender *s, uint32_t number, uint8_t kind, int64_t moment,
                netsnmp_variable_list *varbinds);

/* How many are kept. */
uint32_t sender_count(const struct notification_sender *s);

#endif
