/* From the walk to the format: reports whose rows are printed as they come, and those over several
 * tables, which are read first. */
#ifndef CLI_PRINTING_H
#define CLI_PRINTING_H

#include "session.h"
#include "writer.h"

/* Prints the reports that are selected, in the order of reports[]. 0, or a negative errno. */
int print_reports(struct session *session, struct writer *w, const bool selected[REPORTS_MAX]);

#endif
