/*
 * Bounds what is told of things that somebody else can cause as often as he likes. Some are told at
 * once, and one more is allowed each minute; from the first that is not, all are counted, and told
 * as one after a pause, which doubles as long as it goes on.
 */
#ifndef IPSEC_REPORT_COLLECTORS_FLOOD_H
#define IPSEC_REPORT_COLLECTORS_FLOOD_H

#include <stdbool.h>
#include <stdint.h>

#define FLOOD_AT_ONCE 5
#define FLOOD_MINUTE 60000      /* ms */
#define FLOOD_PAUSE_MAX 3600000 /* ms */

struct flood {
        uint32_t allowed; /* that may be told at once */
        int64_t since;    /* monotonic, ms: when one more was last allowed */
        uint32_t held;    /* counted, not told yet */
        uint32_t pause;   /* ms until they are told */
        bool pausing;     /* all are counted */
};

void flood_init(struct flood *f);

/* One more at this moment (monotonic, ms). True: it is to be told. False: it is counted. */
bool flood_allows(struct flood *f, int64_t now);

/* The pause is over: how many were counted. 0: it was quiet, and no pause need follow. */
uint32_t flood_take(struct flood *f);

#endif
