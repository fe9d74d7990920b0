/* The agent's event loop: collectors/loop.h over Net-SNMP's register_readfd() and snmp_alarm. */
#ifndef IPSEC_REPORT_AGENT_EVENT_LOOP_H
#define IPSEC_REPORT_AGENT_EVENT_LOOP_H

#include "collectors/loop.h"

/* A loop, or NULL without memory. There is one Net-SNMP in a process, and so one loop. */
struct loop *event_loop_new(void);
void event_loop_free(struct loop *loop);

/* Tells this wall clock from now on: the time that a recording was made at. */
void event_loop_set_wall(struct loop *loop, int64_t seconds);

#endif
