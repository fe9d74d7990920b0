#include "config.h"

#include "configurations.h"

struct xfrm_config xfrm_config(const struct settings *settings, const struct sources *sources)
{
        return (struct xfrm_config){
                .redump_interval = settings->redump_interval,
                .check_interval = settings->check_interval,
                .receive_buffer = settings->receive_buffer,
                .recording = sources->recording,
                .replay = sources->replay,
        };
}

struct interfaces_config interfaces_config(const struct settings *settings,
                                           const struct sources *sources)
{
        return (struct interfaces_config){
                .interval = settings->interface_interval,
                .receive_buffer = settings->receive_buffer,
                .recording = sources->recording,
                .replay = sources->replay,
        };
}

struct statistics_config statistics_config(const struct settings *settings,
                                           const struct sources *sources)
{
        return (struct statistics_config){
                .interval = settings->statistics_interval,
                .recording = sources->recording,
                .replay = sources->replay,
        };
}

struct strongswan_config strongswan_config(const struct settings *settings,
                                           const struct sources *sources)
{
        return (struct strongswan_config){
                .interval = settings->ike_interval,
                .sa_interval = settings->ike_sa_interval,
                .opener = sources->opener,
                .recording = sources->recording,
                .replay = sources->replay,
        };
}

struct libreswan_config libreswan_config(const struct settings *settings,
                                         const struct sources *sources)
{
        return (struct libreswan_config){
                .interval = settings->libreswan_interval,
                .opener = sources->opener,
                .recording = sources->recording,
                .replay = sources->replay,
        };
}

struct flows_config flows_config(const struct settings *settings, const struct sources *sources)
{
        return (struct flows_config){
                .interval = settings->flow_interval,
                .idle = settings->flow_idle,
                .maximum = settings->flow_maximum,
                .recording = sources->recording,
                .replay = sources->replay,
        };
}

struct tunnels_config tunnels_config(const struct settings *settings)
{
        return (struct tunnels_config){
                .retention = settings->tunnel_retention,
                .maximum = settings->tunnel_maximum,
                .one_way = settings->one_way_seconds,
                .idle_patterns = settings->idle_tunnels.words,
                .n_idle_patterns = settings->idle_tunnels.n,
        };
}

struct notifier_config notifier_config(const struct settings *settings)
{
        return (struct notifier_config){
                .gate = {
                        .on = settings->notifications,
                        .kinds = settings->notification_kinds,
                        .interval = settings->notification_interval,
                        .hold_down = settings->notification_hold_down,
                        .burst = settings->notification_burst,
                        .burst_interval = settings->notification_burst_time,
                },
                .queue = settings->notification_queue,
        };
}

/* What is replayed belongs to another machine, or another time: it has a file of its own or none.
 */
struct journal_file_config journal_file_config(const struct settings *settings, bool replayed,
                                               char path[256])
{
        bool named = settings->journal_file[0] != '\0';

        return (struct journal_file_config){
                .path = named ? settings->journal_file : settings_default_journal(path),
                .size = replayed && !named ? 0 : settings->journal_size,
                .files = settings->journal_files,
                .sync = settings->journal_sync,
        };
}

/* Failures are counted no finer than counters are read. */
struct events_config events_config(const struct settings *settings)
{
        return (struct events_config){
                .expiry_seconds = settings->expiry_seconds,
                .expiry_percent = settings->expiry_percent,
                .integrity_failures = settings->integrity_failures,
                .replay_failures = settings->replay_failures,
                .failure_interval = settings->failure_interval > settings->redump_interval
                                            ? settings->failure_interval
                                            : settings->redump_interval,
                .drop_interval = settings->failure_interval,
                .certificate_days = settings->certificate_days,
                .idle_patterns = settings->idle_tunnels.words,
                .n_idle_patterns = settings->idle_tunnels.n,
        };
}
