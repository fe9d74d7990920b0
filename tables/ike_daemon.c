#include "ike_daemon.h"

#include <stddef.h>
#include <string.h>

static const char *const names[IKE_DAEMONS] = { IKE_DAEMON_NAMES };

const char *ike_daemon_name(uint8_t daemon)
{
        return daemon >= 1 && daemon <= IKE_DAEMONS ? names[daemon - 1] : NULL;
}

uint8_t ike_daemon_of_name(const char *name)
{
        for (uint8_t daemon = 1; name && daemon <= IKE_DAEMONS; daemon++)
                if (strcmp(name, ike_daemon_name(daemon)) == 0)
                        return daemon;
        return 0;
}
