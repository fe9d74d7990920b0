#include "config.h"

#include "config_files.h"

#include <net-snmp/net-snmp-config.h>

#include <net-snmp/net-snmp-includes.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Net-SNMP reads both in each folder of its path. */
static const char *const names[] = { "ipsec-reportd.conf", "ipsec-reportd.local.conf" };

static int check_folder(const char *folder, size_t length, char file[PATH_MAX])
{
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
                snprintf(file, PATH_MAX, "%.*s/%s", (int)length, folder, names[i]);
                if (access(file, F_OK) == 0 && access(file, R_OK) < 0)
                        return -errno;
        }
        return 0;
}

/* SNMPCONFPATH replaces the usual path. */
static const char *search_path(void)
{
        const char *path = netsnmp_getenv("SNMPCONFPATH");

        return path ? path : get_configuration_directory();
}

int config_files_check(const struct options *options, char file[PATH_MAX])
{
        if (options->config && access(options->config, R_OK) < 0) {
                snprintf(file, PATH_MAX, "%s", options->config);
                return -errno;
        }
        if (options->only_config)
                return 0;
        for (const char *folder = search_path(); *folder; folder += *folder == ':') {
                size_t length = strcspn(folder, ":");
                int err = check_folder(folder, length, file);

                if (err < 0)
                        return err;
                folder += length;
        }
        return 0;
}
