/*
 * The kernel's own count of something beside ours: how what it does without a message is noticed.
 */
#ifndef IPSEC_REPORT_COLLECTORS_COUNT_CHECK_H
#define IPSEC_REPORT_COLLECTORS_COUNT_CHECK_H

#include <stdint.h>

/* All zero in the beginning. */
struct count_check {
        uint32_t strikes;   /* counts in a row that differed */
        int64_t difference; /* of the kernel's count from ours that a full read does not mend */
        int64_t mended;     /* the difference that the last full read was for */
};

/* Ascending: of several checks the highest verdict counts. */
enum count_verdict {
        COUNT_ACCEPTED,
        COUNT_ASK_AGAIN, /* soon: events may be on their way */
        COUNT_READ_ANEW,
};

/* Judges the kernel's count less ours. */
enum count_verdict count_check(struct count_check *c, int64_t difference);

#endif
