/* What joins/events_*.c share. For them alone. */
#ifndef IPSEC_REPORT_JOINS_EVENTS_DESK_H
#define IPSEC_REPORT_JOINS_EVENTS_DESK_H

#include "attempts.h"
#include "events.h"
#include "tables/certificate.h"
#include "tables/collector_row.h"
#include "tables/ike_sa.h"
#include "tables/ipsec_sa.h"
#include "tables/occurrence.h"
#include "tables/policy.h"
#include "tables/tunnel.h"

/* Who changes SAs and policies is told by a number; so many of IKE daemons are remembered. */
#define REQUESTERS 8

/* The longest text of an event that is made; what is told has 255 octets. */
#define EVENT_TEXT_SIZE 512

/* What is known of a source. */
struct source_state {
        uint8_t state; /* enum collector_state; 0 not told yet */
        bool read;     /* it was up in this run */
        bool gone;     /* it went, and is not up again */
};

struct desk {
        struct store *store;
        struct loop *loop;
        struct journal *journal;
        struct events_config config;
        int64_t started; /* seconds since 1970 */
        struct source_state kernel;
        struct source_state strongswan;
        struct source_state libreswan;
        uint32_t requesters[REQUESTERS]; /* of IKE daemons; 0 none */
        unsigned int next_requester;
        struct attempts attempts; /* so that a negotiation fails once */
};

/* Begins an event; all else is nothing. */
void desk_begin(struct event *event, enum event_kind kind, enum event_entity entity,
                enum severity severity, enum reason reason);

/* Tells it with this text, as printf has it. details may be NULL. */
void desk_tell(struct desk *d, struct event *event, struct notify *details, const char *format, ...)
        __attribute__((format(printf, 4, 5)));

struct moment desk_now(const struct desk *d);

/* The source that an IKE daemon's rows are from; kind: enum ike_daemon. */
const struct source_state *desk_daemon(const struct desk *d, uint8_t kind);

/* Whether it has rows that are current. */
bool source_is_read(const struct source_state *s);

/* An IKE daemon is known to ask the kernel with this number. 0 is nobody's. */
void desk_learn(struct desk *d, uint32_t requester);
bool desk_is_daemon(const struct desk *d, uint32_t requester);

/* The tunnel with these keys; NULL: none. */
const struct tunnel *desk_tunnel(const struct desk *d, const char *policy_key,
                                 const char *child_key, uint32_t instance);

/* The only tunnel below this IKE policy; NULL: none, or more than one. */
const struct tunnel *desk_only_tunnel(const struct desk *d, const char *policy_key);

/* The members that a notification about a tunnel has; NULL leaves them empty. */
void desk_set_tunnel(struct event *event, struct notify *details, const struct tunnel *tunnel);

/* That of the SA, as long as it has a row. */
const struct tunnel *desk_tunnel_of_sa(const struct desk *d, const struct ipsec_sa *sa);

/* The members that an event and a notification about an SA have; all others of details are none. */
void desk_set_sa(const struct desk *d, const struct ipsec_sa *sa, struct event *event,
                 struct notify *details);

/* Why, in words: "the peer does not answer any more". */
const char *reason_words(enum reason reason);

/* An acquire has no SPI: "ESP SA from ...". "ESP SA 0x001fe472 from 192.0.2.1 to 192.0.2.2" */
#define SA_WORDS_SIZE 160
void sa_words(const struct ipsec_sa *sa, char words[SA_WORDS_SIZE]);

/* "2026-11-24 00:00:00 UTC" */
#define DATE_WORDS_SIZE 32
void date_words(int64_t seconds, char words[DATE_WORDS_SIZE]);

/* ---- the subjects; each NULL without memory ---- */

struct events_tunnels *events_tunnels_new(struct desk *d);
void events_tunnels_free(struct events_tunnels *t);

struct events_ike *events_ike_new(struct desk *d);
void events_ike_free(struct events_ike *i);

struct events_sas *events_sas_new(struct desk *d);
void events_sas_free(struct events_sas *s);

struct events_limits *events_limits_new(struct desk *d);
void events_limits_configure(struct events_limits *l);
void events_limits_free(struct events_limits *l);

struct events_failures *events_failures_new(struct desk *d);
void events_failures_free(struct events_failures *f);

struct events_policies *events_policies_new(struct desk *d);
void events_policies_free(struct events_policies *p);

struct events_certificates *events_certificates_new(struct desk *d);
void events_certificates_configure(struct events_certificates *c);
void events_certificates_free(struct events_certificates *c);

/* Comes last: the others see a source as it was when rows of it went. */
struct events_sources *events_sources_new(struct desk *d);
void events_sources_free(struct events_sources *s);

#endif
