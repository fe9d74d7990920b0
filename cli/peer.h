/* Who answers: is our agent there, does it speak our MIB, and are its sources well? */
#ifndef CLI_PEER_H
#define CLI_PEER_H

#include "session.h"
#include "tables/agent_scalars.h"
#include "tables/collector_row.h"

/*
 * Reads the agent's scalars and sets the session's uptime. 0, or negative after a sentence on
 * standard error that says why there is no agent to ask.
 */
int peer_check(struct session *session, struct agent_scalars *agent, struct strings *pool);

/*
 * Reads the collectors, sets the session's wall clock, and says of each of the sources (keys of
 * collectors, n of them, at most 32) that is not well so in one line on standard error. 0, or
 * negative after a sentence. An IKE daemon that is not there is well; SOURCE_ANY_DAEMON (report.h)
 * wants one of them.
 */
int peer_check_sources(struct session *session, const struct agent_scalars *agent,
                       const char *const *sources, size_t n);

/*
 * Asks for a table of which the agent reads the source only while somebody does; comes back with
 * the answer, whatever it is. 0, or negative after a sentence.
 */
int peer_ask_for(struct session *session, const struct table_type *type);

/*
 * Waits, some seconds at most, until a source (its key) that was idle has been read. What it says
 * of its health is left to peer_check_sources(). 0, or negative after a sentence.
 */
int peer_wait_for(struct session *session, const char *source);

/*
 * Is a source that was last read in full age seconds ago overdue? It is, when the readings before
 * came much faster: polls readings in uptime seconds.
 */
bool peer_is_overdue(int64_t age, int64_t uptime, uint64_t polls);

#endif
