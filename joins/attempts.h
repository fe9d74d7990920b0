/*
 * Negotiations that fail, each counted once. Two tell of one: the kernel, that packets waited for
 * an SA in vain (an acquire expired), and the IKE daemon, that its IKE SA was given up.
 */
#ifndef IPSEC_REPORT_JOINS_ATTEMPTS_H
#define IPSEC_REPORT_JOINS_ATTEMPTS_H

#include <stdbool.h>
#include <stdint.h>

/* What is known of each IKE policy, by its key. Zero-filled, it is empty. */
struct attempts {
        struct attempt *list;
};

void attempts_clear(struct attempts *a);

/* An IKE SA of the policy is half-open from now on; or not any more. */
void attempt_begins(struct attempts *a, const char *policy);
void attempt_ends(struct attempts *a, const char *policy);

/*
 * Told by one of the two, seconds since 1970; policy may be NULL, when it is not known. True: it is
 * to be counted; false: the other one has told of it.
 *
 * Of an acquire: the daemon has told of a failure since the acquire came. Of the daemon, before its
 * IKE SA is half-open no more: an acquire has expired since then.
 */
bool attempt_acquire_failed(struct attempts *a, const char *policy, int64_t came);
bool attempt_daemon_failed(struct attempts *a, const char *policy, int64_t now);

#endif
