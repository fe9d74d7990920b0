/*
 * The way to one SNMP agent: Net-SNMP's options and configuration, requests of which several may be
 * under way, and the sentence that says why one failed.
 */
#ifndef CLI_SESSION_H
#define CLI_SESSION_H

#include "objects.h"

#include <signal.h>

struct session;

/* One request. */
struct exchange {
        struct exchange *next;            /* the session's list of all */
        bool waiting;                     /* no answer yet */
        bool held;                        /* by the library, which may call back */
        bool abandoned;                   /* nobody wants the answer any more */
        int failure;                      /* SNMPERR_* where there was no answer, else 0 */
        long error_status;                /* of the answer: SNMP_ERR_* */
        netsnmp_variable_list *variables; /* of the answer */
};

/*
 * Makes a session as argv says: Net-SNMP's own options, then an agent's address or none. argv[0] is
 * the program; argv must outlive the call only. What argv leaves open comes from ipsec_report.conf
 * and snmp.conf. Returns 0, 1 where an option was served and there is no more to do, or after a
 * sentence on standard error: -EINVAL for a wrong usage, -ECONNREFUSED for the rest.
 */
int session_open(int argc, char **argv, struct session **session);
void session_close(struct session *session);

/* Waiting ends with -EINTR when *interrupted is not 0; signals, unless NULL, is the mask meanwhile.
 */
void session_watch(struct session *session, const volatile sig_atomic_t *interrupted,
                   const sigset_t *signals);

/* Sends a request and takes the PDU. NULL after a sentence on standard error. */
struct exchange *session_ask(struct session *session, netsnmp_pdu *pdu);

/* Waits for the answer. 0 when there is one, maybe with an error_status, else -ECONNREFUSED or
 * -EINTR. */
int session_wait(struct session *session, struct exchange *exchange);

/* Ends with the exchange, answered or not. NULL is allowed. */
void session_release(struct session *session, struct exchange *exchange);

/* Says in one sentence why an exchange failed, by its failure or its error_status. */
void session_complain(const struct session *session, const struct exchange *exchange);

/*
 * Where nobody said whom to ask, and a configuration says it to others than to whoever runs this:
 * says that, and true.
 */
bool session_complain_unreadable(const struct session *session);

/* Says how far a walk that takes long is, on the terminal that standard error is? Not at first. */
void session_show_progress(struct session *session, bool show);
bool session_shows_progress(const struct session *session);

/* The agent's address, as it was given. */
const char *session_address(const struct session *session);

/* "the community" or "user alice": who asks, in the sentences. */
const char *session_identity(const struct session *session);

/*
 * The clocks of the agent's machine: until it is told what they show, the wall clock is this
 * machine's and the uptime is not known.
 */
struct moment session_moment(const struct session *session);
void session_set_uptime(struct session *session, uint32_t ticks);
void session_set_wall(struct session *session, int64_t seconds);
bool session_knows_uptime(const struct session *session);

#endif
