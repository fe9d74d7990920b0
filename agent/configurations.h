/* What the settings come to for each of the parts that have a configuration of their own. */
#ifndef IPSEC_REPORT_AGENT_CONFIGURATIONS_H
#define IPSEC_REPORT_AGENT_CONFIGURATIONS_H

#include "collectors/flows.h"
#include "collectors/interfaces.h"
#include "collectors/libreswan.h"
#include "collectors/statistics.h"
#include "collectors/strongswan.h"
#include "collectors/xfrm.h"
#include "joins/events.h"
#include "joins/tunnels.h"
#include "journal_file.h"
#include "notifier.h"
#include "settings.h"

/* Where collectors have what they read from, and where it goes as well. */
struct sources {
        struct opener *opener;       /* NULL: in a replay */
        struct recording *recording; /* NULL: none */
        struct replay *replay;       /* NULL: this machine itself is looked at */
};

struct xfrm_config xfrm_config(const struct settings *settings, const struct sources *sources);
struct interfaces_config interfaces_config(const struct settings *settings,
                                           const struct sources *sources);
struct statistics_config statistics_config(const struct settings *settings,
                                           const struct sources *sources);
struct strongswan_config strongswan_config(const struct settings *settings,
                                           const struct sources *sources);
struct libreswan_config libreswan_config(const struct settings *settings,
                                         const struct sources *sources);
struct flows_config flows_config(const struct settings *settings, const struct sources *sources);

/* The patterns are the settings' own. */
struct tunnels_config tunnels_config(const struct settings *settings);
struct events_config events_config(const struct settings *settings);

struct notifier_config notifier_config(const struct settings *settings);

/* path has room for where the journal is by default. replayed: it is kept only where it is named.
 */
struct journal_file_config journal_file_config(const struct settings *settings, bool replayed,
                                               char path[256]);

#endif
