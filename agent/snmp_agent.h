/* How Net-SNMP runs in this process: as a subagent of snmpd, or as an agent of its own. */
#ifndef IPSEC_REPORT_AGENT_SNMP_AGENT_H
#define IPSEC_REPORT_AGENT_SNMP_AGENT_H

#include "options.h"

#include <stdbool.h>

/* Seconds between attempts to reach snmpd, and between pings; Net-SNMP itself has 15. */
#define AGENTX_PING_INTERVAL_DEFAULT 2

/*
 * Sets Net-SNMP up before any configuration is read: the role, the addresses, where tokens come
 * from. Tokens and handlers are registered after it.
 */
void snmp_agent_prepare(const struct options *options);

/* Reads the configuration. A subagent connects to snmpd, and goes on trying by itself. */
void snmp_agent_read(void);

/* Opens the standalone address, if there is one. False: it cannot be opened. */
bool snmp_agent_open(const struct options *options);

/* Whether the address is this host's own loopback (standalone). */
bool snmp_agent_is_loopback(const char *address);

/* Reads the configuration anew. */
void snmp_agent_reread(void);

void snmp_agent_stop(void);

#endif
