/* Where the configuration is looked for, and whether it may be read there. */
#ifndef IPSEC_REPORT_AGENT_CONFIG_FILES_H
#define IPSEC_REPORT_AGENT_CONFIG_FILES_H

#include "options.h"

#include <limits.h>

/*
 * Net-SNMP passes over a file that it may not read, without a word. Returns 0, or the negative
 * errno of the first file that is there and cannot be read (or that -c names and is not there); its
 * name is then in file.
 */
int config_files_check(const struct options *options, char file[PATH_MAX]);

#endif
