/* -watch: the reports again and again, on a terminal one over the other. */
#ifndef CLI_WATCH_H
#define CLI_WATCH_H

#include "options.h"

/*
 * Prints them until a signal ends it, which is no error: 0; or a negative errno where it could not
 * begin or nobody reads any more. An agent that goes away meanwhile is told of, and waited for.
 */
int watch_run(const struct options *options);

#endif
