/* The lines that reports have in common of what IKE daemons have configured to be protected. */
#ifndef CLI_CONFIGURED_TEXT_H
#define CLI_CONFIGURED_TEXT_H

#include "rule_text.h"
#include "tables/configured_policy.h"

/* What the reports read: for struct report's parts. */
extern const struct report configured_policies;

/* A line for each selector of both sides, then "Network Protocol: TCP Action: Dynamic key SA". */
void configured_print_ends(FILE *file, const struct configured_policy *policy,
                           enum rule_ports ports);

/* "Proposal 1: Transform: ..." for each that the daemon tells, and lifetimes where it tells any. */
void configured_print_proposals(FILE *file, const struct configured_policy *policy);

/* A line where the kernel ought to have policies, and has not. */
void configured_print_drift(FILE *file, const struct configured_policy *policy);

/* What HP has not. */
void configured_print_more(FILE *file, const struct configured_policy *policy,
                           const struct moment *now);

#endif
