/* How text looks: on a terminal, and again and again (-watch). */
#ifndef CLI_LOOK_H
#define CLI_LOOK_H

#include "tables/rows.h"

/* All zero is what a file gets. */
struct look {
        bool color;   /* which never tells what the text does not */
        size_t width; /* columns of the terminal; 0: lines are as long as they are */
        bool rates;   /* growth per second, where a report has it, instead of totals */
        const struct rows *const *before; /* the report's parts of the round before; NULL: none */
        double seconds;                   /* since then */
};

/* A counter's growth per second, and whether it is known: not where it began anew. */
struct rate {
        bool known;
        double value;
};

/*
 * The rate of a counter that was before and is now; the moments (monotonic, ms) are those at which
 * the counter began. They are made of the agent's uptime, so they may be a little off.
 */
struct rate look_rate(const struct look *look, uint64_t before, int64_t began_before, uint64_t now,
                      int64_t began);

/* The terminal's codes (ECMA-48, SGR). */
#define COLOR_GOOD "\033[32m"
#define COLOR_BAD "\033[1;31m"
#define COLOR_DOUBTFUL "\033[33m"
#define COLOR_TITLE "\033[1m"
#define COLOR_END "\033[0m"

#endif
