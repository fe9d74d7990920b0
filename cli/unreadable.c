#include "config.h"

#include <net-snmp/net-snmp-config.h>

#include <net-snmp/net-snmp-includes.h>

#include "unreadable.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *describe(const char *path, const struct stat *file)
{
        const struct group *group = getgrgid(file->st_gid);
        unsigned int mode = file->st_mode & 07777;
        char *text;
        int n;

        if (group)
                n = asprintf(&text, "%s (mode %04o, group %s)", path, mode, group->gr_name);
        else
                n = asprintf(&text, "%s (mode %04o, group %u)", path, mode,
                             (unsigned int)file->st_gid);
        return n < 0 ? NULL : text;
}

static char *look_in(const char *folder, const char *type)
{
        struct stat file;
        char *path, *text = NULL;

        if (asprintf(&path, "%s/%s.conf", folder, type) < 0)
                return NULL;
        if (access(path, R_OK) < 0 && errno == EACCES && stat(path, &file) == 0)
                text = describe(path, &file);
        free(path);
        return text;
}

char *unreadable_configuration(const char *type)
{
        const char *configured = get_configuration_directory();
        char *folders = configured ? strdup(configured) : NULL, *rest = NULL, *text = NULL;
        static const char separator[] = { ENV_SEPARATOR_CHAR, '\0' };

        if (!folders)
                return NULL;
        for (char *folder = strtok_r(folders, separator, &rest); folder && !text;
             folder = strtok_r(NULL, separator, &rest))
                text = look_in(folder, type);
        free(folders);
        return text;
}
