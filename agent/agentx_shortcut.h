/*
 * A shorter way for GET and GETNEXT from snmpd to the handler.
 *
 * The library's subagent sends every request once more through a session with itself, which costs
 * most of its time. Here those two are answered as they arrive; whatever else comes, and whatever
 * is not wholly below ipsrObjects, goes the library's way.
 */
#ifndef IPSEC_REPORT_AGENT_AGENTX_SHORTCUT_H
#define IPSEC_REPORT_AGENT_AGENTX_SHORTCUT_H

#include "handler.h"

/*
 * Takes effect at each connection with snmpd from now on. The handler must live as long as there
 * are any. 0 or -ENOMEM.
 */
int agentx_shortcut_install(const struct handler *handler);

#endif
