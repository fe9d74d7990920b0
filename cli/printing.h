/* From the walk to the format: reports whose rows are printed as they come, and those over several
 * tables, which are read first. */
#ifndef CLI_PRINTING_H
#define CLI_PRINTING_H

#include "history.h"
#include "peer.h"
#include "session.h"
#include "writer.h"

/* What is to be printed. */
struct request {
        const bool *selected; /* REPORTS_MAX of them, in the order of reports[] */
        const struct filter *filter;
        struct history *history; /* of the round before; NULL: there is one round */
};

/*
 * Prints the reports that are selected, in the order of reports[], with what the filter wants of
 * them: all where it has nothing given, as it must for a report that it does not fit. What the
 * agent reads on demand is asked for first, so that it is read meanwhile. 0, or a negative errno.
 */
int print_reports(struct session *session, const struct agent_scalars *agent, struct writer *w,
                  const struct request *request);

#endif
