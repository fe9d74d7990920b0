/* The command line of ipsec-reportd. */
#ifndef IPSEC_REPORT_AGENT_OPTIONS_H
#define IPSEC_REPORT_AGENT_OPTIONS_H

#include <stdbool.h>

struct options {
        bool foreground;        /* -f */
        bool check;             /* -t */
        bool only_config;       /* -C: no file but -c's */
        const char *config;     /* -c FILE */
        const char *agentx;     /* -x ADDRESS */
        const char *user;       /* -u USER */
        const char *group;      /* -g GROUP: of the user's, besides its own */
        const char *record;     /* --record DIR */
        const char *replay;     /* --replay DIR */
        const char *standalone; /* --standalone ADDRESS */
        bool logging;           /* a -L option was given, and is in force */
};

/*
 * Reads the command line. -v and -h print and end the process with 0; a wrong word ends it with a
 * sentence and 1.
 */
void options_read(struct options *options, int argc, char **argv);

#endif
