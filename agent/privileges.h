/* What the agent gives up once it runs. */
#ifndef IPSEC_REPORT_AGENT_PRIVILEGES_H
#define IPSEC_REPORT_AGENT_PRIVILEGES_H

#include <stdbool.h>

/*
 * Keeps CAP_NET_ADMIN alone of all capabilities, and CAP_AUDIT_READ if the audit is read and it is
 * there, and becomes the user named, if one is, in that user's groups and the one named, if one is.
 * A process that has no privileges is left as it is. 0; -ENOENT: no such user; -ESRCH: no such
 * group; -EPERM: not allowed.
 */
int privileges_drop(const char *user, const char *group, bool audit);

/* No core dump ever holds what the kernel told: keys pass through the memory. */
void privileges_forbid_core_dumps(void);

#endif
