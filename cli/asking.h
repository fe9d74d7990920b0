/* From the command line to an agent that answers. */
#ifndef CLI_ASKING_H
#define CLI_ASKING_H

#include "options.h"
#include "peer.h"

/* Makes a session as the command line says: as session_open() does. */
int asking_open(const struct options *options, struct session **session);

/*
 * Is our agent there, and are the sources of the reports that are selected well? Reads the agent's
 * scalars, their texts in pool. 0, or negative after a sentence; of a source there is just a
 * sentence.
 */
int asking_check(struct session *session, const struct options *options,
                 struct agent_scalars *agent, struct strings *pool);

#endif
