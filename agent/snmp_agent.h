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

/*
 * Reads the configuration, and connects to snmpd or opens the standalone address. As a subagent it
 * goes on trying by itself; standalone: false when the address cannot be opened.
 */
bool snmp_agent_start(const struct options *options);

/* Whether the address is this host's own loopback (standalone). */
bool snmp_agent_is_loopback(const char *address);

/* Reads the configuration and opens nothing (options->check). */
void snmp_agent_read(void);

/* Reads the configuration anew. */
void snmp_agent_reread(void);

void snmp_agent_stop(void);

#endif
