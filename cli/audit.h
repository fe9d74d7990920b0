/* -audit: the records of a journal of the agent, or of a Linux audit log. No agent is asked. */
#ifndef CLI_AUDIT_H
#define CLI_AUDIT_H

#include "audit_entity.h"
#include "writer.h"

#include <signal.h>

struct audit_sources {
        const char *const *paths; /* in the order in which they are read; "-": standard input */
        size_t n_paths;
        const struct audit_entity *entity; /* NULL: all */
        /* Reading ends when it is not 0; signals, unless NULL, is the mask while waiting. */
        const volatile sig_atomic_t *interrupted;
        const sigset_t *signals;
};

/*
 * Reads the files, which are all of one kind, and writes their records. 0; -EINTR; what writing
 * failed with; or what reading failed with, after a sentence on standard error.
 */
int audit_print(const struct audit_sources *sources, struct writer *writer);

#endif
