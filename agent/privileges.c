#include "privileges.h"

#include "config.h"

#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

static void keep(unsigned int capability)
{
        capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_INHERITABLE, capability);
}

/* The capabilities' numbers are an enumeration of linux/capability.h. Many a container's root may
 * not read the audit, and cannot keep what it does not have. */
static void choose(bool audit)
{
        audit = audit && capng_get_caps_process() == 0 &&
                capng_have_capability(CAPNG_PERMITTED, CAP_AUDIT_READ);
        capng_clear(CAPNG_SELECT_CAPS);
        keep(CAP_NET_ADMIN);
        if (audit)
                keep(CAP_AUDIT_READ);
}

static int add_group(const char *name)
{
        const struct group *entry = getgrnam(name);
        gid_t groups[NGROUPS_MAX + 1];
        int n;

        if (!entry)
                return -ESRCH;
        n = getgroups(NGROUPS_MAX, groups);
        if (n < 0)
                return -errno;
        groups[n] = entry->gr_gid;
        return setgroups((size_t)n + 1, groups) < 0 ? -errno : 0;
}

/* The user's own groups are kept: membership of snmpd's group opens the AgentX socket. */
static int become(const struct passwd *entry, const char *group)
{
        int err;

        if (initgroups(entry->pw_name, entry->pw_gid) < 0)
                return -errno;
        err = group ? add_group(group) : 0;
        if (err < 0)
                return err;
        if (capng_change_id((int)entry->pw_uid, (int)entry->pw_gid, CAPNG_CLEAR_BOUNDING) != 0)
                return -EPERM;
        return 0;
}

int privileges_drop(const char *user, const char *group, bool audit)
{
        const struct passwd *entry;

        if (geteuid() != 0)
                return user ? -EPERM : 0;
        choose(audit);
        if (!user)
                return capng_apply(CAPNG_SELECT_CAPS) == 0 ? 0 : -EPERM;
        entry = getpwnam(user);
        if (!entry)
                return -ENOENT;
        return become(entry, group);
}

void privileges_forbid_core_dumps(void)
{
        static const struct rlimit none;

        setrlimit(RLIMIT_CORE, &none);
#ifndef ENABLE_SANITIZERS /* the leak check at exit traces the process */
        prctl(PR_SET_DUMPABLE, 0);
#endif
}
