/*
 * What snmpd answers behind a connection that the library has given up: one that hangs reads what
 * was written to it when it goes on, and says so; one that is killed never does.
 */
#ifndef IPSEC_REPORT_AGENT_OLD_CONNECTION_H
#define IPSEC_REPORT_AGENT_OLD_CONNECTION_H

#include "collectors/loop.h"

struct old_connection;

/* What became of the request that was under way. */
enum old_answer {
        OLD_ANSWER_NONE, /* the other end went, or time ran out: nobody knows of it */
        OLD_ANSWER_TAKEN,
        OLD_ANSWER_REFUSED,
};

/* The connection is freed by then. error: AgentX's, of one that was refused. */
typedef void old_connection_ended(void *context, enum old_answer answer, unsigned int error);

/*
 * Waits for the answer to the AgentX packet of that number. fd: a descriptor of the connection
 * beside the library's own, closed in the end, also where this fails. NULL without memory.
 */
struct old_connection *old_connection_new(struct loop *loop, int fd, uint32_t packet,
                                          old_connection_ended *ended, void *context);

/* It ends after so many milliseconds at the most; asked again it changes nothing. */
void old_connection_limit(struct old_connection *o, uint32_t milliseconds);

/* Nobody is told. NULL is allowed. */
void old_connection_free(struct old_connection *o);

#endif
