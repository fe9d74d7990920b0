/* Ranges of thresholds as monitoring plugins have them: [@]start:end. */
#ifndef CLI_RANGE_H
#define CLI_RANGE_H

#include <stdbool.h>

/* What is outside alerts; both ends belong to it. */
struct range {
        const char *text; /* as it was written; NULL: there is none, and nothing alerts */
        double start;     /* -INFINITY: no limit */
        double end;       /* INFINITY: no limit */
        bool inside;      /* what is inside alerts, instead */
};

/*
 * Reads "10" (0 to 10), "10:", "~:10", "5:10", "@5:10". The text must stay. 0, or -EINVAL.
 */
int range_parse(struct range *range, const char *text);

bool range_alerts(const struct range *range, double value);

#endif
