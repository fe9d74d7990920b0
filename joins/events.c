#include "config.h"

#include "events_desk.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct events {
        struct desk desk;
        struct events_tunnels *tunnels;
        struct events_ike *ike;
        struct events_sas *sas;
        struct events_limits *limits;
        struct events_failures *failures;
        struct events_policies *policies;
        struct events_certificates *certificates;
        struct events_sources *sources;
};

/* ---- telling ---- */

void desk_begin(struct event *event, enum event_kind kind, enum event_entity entity,
                enum severity severity, enum reason reason)
{
        memset(event, 0, sizeof(*event));
        event->kind = (uint8_t)kind;
        event->entity = (uint8_t)entity;
        event->severity = (uint8_t)severity;
        event->reason = (uint8_t)reason;
}

void desk_tell(struct desk *d, struct event *event, struct notify *details, const char *format, ...)
{
        char text[EVENT_TEXT_SIZE];
        va_list arguments;

        va_start(arguments, format);
        vsnprintf(text, sizeof(text), format, arguments);
        va_end(arguments);
        event->text = text;
        journal_tell(d->journal, event, details);
}

struct moment desk_now(const struct desk *d)
{
        struct moment now;

        d->loop->now(d->loop, &now);
        return now;
}

/* ---- sources ---- */

const struct source_state *desk_daemon(const struct desk *d, uint8_t kind)
{
        return kind == DAEMON_LIBRESWAN ? &d->libreswan : &d->strongswan;
}

bool source_is_read(const struct source_state *s)
{
        return s->state == COLLECTOR_UP || s->state == COLLECTOR_DEGRADED;
}

/* ---- who asked the kernel ---- */

bool desk_is_daemon(const struct desk *d, uint32_t requester)
{
        for (size_t i = 0; requester != 0 && i < REQUESTERS; i++)
                if (d->requesters[i] == requester)
                        return true;
        return false;
}

void desk_learn(struct desk *d, uint32_t requester)
{
        if (requester == 0 || desk_is_daemon(d, requester))
                return;
        d->requesters[d->next_requester++ % REQUESTERS] = requester;
}

/* ---- tunnels ---- */

const struct tunnel *desk_tunnel(const struct desk *d, const char *policy_key,
                                 const char *child_key, uint32_t instance)
{
        struct tunnel sought;

        if (!policy_key)
                return NULL;
        memset(&sought, 0, sizeof(sought));
        sought.policy_key = policy_key;
        sought.child_key = child_key;
        sought.instance = instance;
        return table_find(store_table(d->store, &tunnel_type), &sought);
}

static const struct tunnel *next_of_policy(struct table *tunnels, const char *policy_key,
                                           const struct tunnel *after)
{
        struct tunnel sought;
        uint32_t oid[INDEX_MAX];
        const struct tunnel *row;
        size_t length;

        memset(&sought, 0, sizeof(sought));
        sought.policy_key = policy_key;
        length = index_encode(&tunnel_type, after ? after : &sought, oid);
        row = table_next(tunnels, &tunnel_type, oid, length, false);
        return row && row->policy_key && strcmp(row->policy_key, policy_key) == 0 ? row : NULL;
}

const struct tunnel *desk_only_tunnel(const struct desk *d, const char *policy_key)
{
        struct table *tunnels = store_table(d->store, &tunnel_type);
        const struct tunnel *row = policy_key ? next_of_policy(tunnels, policy_key, NULL) : NULL;

        return row && !next_of_policy(tunnels, policy_key, row) ? row : NULL;
}

void desk_set_tunnel(struct event *event, struct notify *details, const struct tunnel *tunnel)
{
        if (!tunnel)
                return;
        event->subject = tunnel->name;
        if (event->peer.type == INET_ADDR_UNKNOWN)
                event->peer = tunnel->remote;
        details->tunnel_name = tunnel->name;
        details->tunnel_state = tunnel->state;
        details->ike_policy_name = tunnel->policy_name;
        details->remote_identity = tunnel->remote_identity;
        if (details->local.type == INET_ADDR_UNKNOWN)
                details->local = tunnel->local;
        if (details->remote.type == INET_ADDR_UNKNOWN)
                details->remote = tunnel->remote;
}

const struct tunnel *desk_tunnel_of_sa(const struct desk *d, const struct ipsec_sa *sa)
{
        return desk_tunnel(d, sa->tunnel_policy_key, sa->tunnel_child_key, sa->tunnel_instance);
}

static const struct inet_addr *peer_of(const struct ipsec_sa *sa, const struct tunnel *tunnel)
{
        uint8_t direction = sa->direction ? sa->direction : sa->last_direction;

        if (direction == DIRECTION_INBOUND)
                return &sa->source;
        if (direction == DIRECTION_OUTBOUND || !tunnel)
                return &sa->destination;
        return &tunnel->remote;
}

void desk_set_sa(const struct desk *d, const struct ipsec_sa *sa, struct event *event,
                 struct notify *details)
{
        const struct tunnel *tunnel = desk_tunnel_of_sa(d, sa);
        bool inbound = sa->direction == DIRECTION_INBOUND;

        memset(details, 0, sizeof(*details));
        event->spi = details->sa_spi = sa->spi;
        event->peer = *peer_of(sa, tunnel);
        details->local = inbound ? sa->destination : sa->source;
        details->remote = inbound ? sa->source : sa->destination;
        details->sa_protocol = sa->protocol;
        details->sa_direction = sa->direction ? sa->direction : DIRECTION_UNKNOWN;
        details->sa_state = sa->state;
        desk_set_tunnel(event, details, tunnel);
}

/* ---- words ---- */

const char *reason_words(enum reason reason)
{
        static const char *const words[] = {
                [REASON_NONE] = "no reason needed",
                [REASON_CLOSED_LOCALLY] = "it was closed on purpose",
                [REASON_CLOSED_BY_PEER] = "the peer closed it",
                [REASON_PEER_DEAD] = "the peer does not answer any more",
                [REASON_PEER_UNREACHABLE] = "the peer never answered",
                [REASON_EXPIRED] = "its SAs reached their hard limit without being rekeyed",
                [REASON_SOFT_LIMIT_PASSED] = "a soft limit passed",
                [REASON_HALF_OPEN_TIMEOUT] = "the peer began to negotiate and did not go on",
                [REASON_ACQUIRE_TIMEOUT] = "packets waited for an SA that was not negotiated",
                [REASON_LOCAL_AUTH_FAILED] = "the peer did not accept this side's authentication",
                [REASON_PEER_AUTH_FAILED] = "this side did not accept the peer's authentication",
                [REASON_PROPOSAL_MISMATCH] = "the two sides have no algorithms in common",
                [REASON_SELECTOR_MISMATCH] = "the two sides have no inner addresses in common",
                [REASON_INSTALL_FAILED] = "the kernel did not take an SA or policy",
                [REASON_CERTIFICATE_EXPIRED] = "a certificate has expired",
                [REASON_CERTIFICATE_REVOKED] = "a certificate is revoked",
                [REASON_REPLACED] = "a newer IKE SA of the same peer took over",
                [REASON_DELETED_OUTSIDE] = "somebody other than the IKE daemon removed its SAs",
                [REASON_FLUSHED] = "all SAs were removed at once",
                [REASON_DAEMON_GONE] = "the IKE daemon ended",
                [REASON_CONFIGURATION_CHANGED] = "the configuration changed",
        };
        const char *found =
                reason < sizeof(words) / sizeof(words[0]) && words[reason] ? words[reason] : NULL;

        return found ? found : "nobody told why";
}

static const char *protocol_words(uint8_t protocol)
{
        switch (protocol) {
        case PROTOCOL_ESP:
                return "ESP";
        case PROTOCOL_AH:
                return "AH";
        case PROTOCOL_IPCOMP:
                return "IPComp";
        default:
                return "IPsec";
        }
}

void sa_words(const struct ipsec_sa *sa, char words[SA_WORDS_SIZE])
{
        char source[INET_ADDR_TEXT_SIZE], destination[INET_ADDR_TEXT_SIZE], spi[16] = "";

        inet_addr_text(&sa->source, source);
        inet_addr_text(&sa->destination, destination);
        if (sa->spi != 0)
                snprintf(spi, sizeof(spi), " 0x%08x", (unsigned int)sa->spi);
        snprintf(words, SA_WORDS_SIZE, "%s SA%s from %s to %s", protocol_words(sa->protocol), spi,
                 source, destination);
}

void date_words(int64_t seconds, char words[DATE_WORDS_SIZE])
{
        time_t when = (time_t)seconds;
        struct tm tm;

        words[0] = '\0';
        if (gmtime_r(&when, &tm))
                strftime(words, DATE_WORDS_SIZE, "%Y-%m-%d %H:%M:%S UTC", &tm);
}

/* ---- what the header offers ---- */

static bool is_whole(const struct events *e)
{
        return e->tunnels && e->ike && e->sas && e->limits && e->failures && e->policies &&
               e->certificates && e->sources;
}

struct events *events_new(struct store *store, struct loop *loop, struct journal *journal,
                          const struct events_config *config)
{
        struct events *e = calloc(1, sizeof(*e));

        if (!e)
                return NULL;
        e->desk.store = store;
        e->desk.loop = loop;
        e->desk.journal = journal;
        e->desk.config = *config;
        e->desk.started = desk_now(&e->desk).wall;
        e->tunnels = events_tunnels_new(&e->desk);
        e->ike = events_ike_new(&e->desk);
        e->sas = events_sas_new(&e->desk);
        e->limits = events_limits_new(&e->desk);
        e->failures = events_failures_new(&e->desk);
        e->policies = events_policies_new(&e->desk);
        e->certificates = events_certificates_new(&e->desk);
        e->sources = events_sources_new(&e->desk);
        if (is_whole(e))
                return e;
        events_free(e);
        return NULL;
}

void events_configure(struct events *e, const struct events_config *config)
{
        e->desk.config = *config;
        events_limits_configure(e->limits);
        events_certificates_configure(e->certificates);
}

void events_free(struct events *e)
{
        if (!e)
                return;
        events_tunnels_free(e->tunnels);
        events_ike_free(e->ike);
        events_sas_free(e->sas);
        events_limits_free(e->limits);
        events_failures_free(e->failures);
        events_policies_free(e->policies);
        events_certificates_free(e->certificates);
        events_sources_free(e->sources);
        attempts_clear(&e->desk.attempts);
        free(e);
}
