/*
 * IKE SAs that come up, end, or are rekeyed, and negotiations that fail.
 *
 * What counts is whether there is any IKE SA with a peer: one that takes over from another is no
 * event, in whatever order the two are told within a turn of the loop; where the daemon says that
 * one takes over, within a second.
 */
#include "config.h"

#include "events_desk.h"

#include "tables/ike_policy.h"
#include "tables/key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(element) ((void)((element)->unhashed = true))
#include <uthash.h>

#include <utlist.h>

/* Milliseconds in which the daemon may still say why a negotiation failed. */
#define WORD_WITHIN 1000

/* Milliseconds in which whoever took over from an IKE SA is seen: it ends before that one is up. */
#define SUCCESSOR_WITHIN 1000

/* So many failures wait for that word; more are told at once. */
#define FAILURES_MAX 256

/* Whom the IKE SAs are with; zero-filled: it is hashed. Its strings are the pool's. */
struct peer_key {
        const char *policy_name;
        const char *identity;    /* NULL: the address stands for it */
        struct inet_addr remote; /* only where there is no identity */
        uint8_t daemon_kind;
};

/* The IKE SA that an event is about, in words that outlive its row. */
struct last_sa {
        uint32_t index;            /* ipsrIkeSaIndex */
        uint8_t state;             /* enum ike_state */
        enum reason reason;        /* why it ended */
        const char *initiator_spi; /* the pool's, retained */
        const char *responder_spi;
        struct inet_addr local;
        struct inet_addr remote;
        int64_t established; /* seconds since 1970 */
};

struct peer {
        struct peer_key key;
        uint32_t up;        /* IKE SAs with it */
        bool was_up;        /* before this turn */
        bool due;           /* stands among those that are looked at */
        int64_t settled_at; /* monotonic, ms: not before that, unless one is up; 0: at once */
        struct last_sa last;
        bool unhashed;
        UT_hash_handle hh;
        struct peer *next_due;
};

/* A negotiation that failed. All strings are the pool's, retained. */
struct failure {
        int64_t when;   /* monotonic, ms: to be told */
        bool from_word; /* the daemon's own word */
        bool foretold;  /* packets waited in vain for it: that it failed was told with them */
        uint8_t kind;   /* enum event_kind */
        uint8_t reason;
        uint32_t count; /* IKE SAs of which nothing but that is known; 0 it is one */
        const char *policy_key;
        const char *policy_name;
        const char *child_key;
        const char *identity;
        const char *initiator_spi;
        const char *responder_spi;
        const char *text;
        struct inet_addr local;
        struct inet_addr remote;
        struct failure *prev, *next;
};

struct events_ike {
        struct desk *desk;
        struct strings *pool;
        struct table *ike_sas;
        struct loop_timer *turn; /* the end of this turn, or later: */
        bool resting;            /* all that are due wait for a successor */
        struct loop_timer *word; /* when the first failure is due */
        struct peer *peers;
        struct peer *due;
        struct failure *failures; /* in the order of their moments */
        size_t n_failures;
};

static const char *retain(const struct events_ike *i, const char *text)
{
        return text ? strings_retain(i->pool, text, strlen(text)) : NULL;
}

static bool is_up(const struct ike_sa *row)
{
        return row && !row->ended &&
               (row->state == IKE_ESTABLISHED || row->state == IKE_PASSIVE ||
                row->state == IKE_REKEYING);
}

/* The state of one that ended is that of before. */
static bool was_half_open(const struct ike_sa *row)
{
        return row->state == IKE_CREATED || row->state == IKE_CONNECTING;
}

static bool is_half_open(const struct ike_sa *row)
{
        return row && !row->ended && was_half_open(row);
}

static const char *identity_of(const struct ike_sa *row)
{
        return row->remote_eap_identity ? row->remote_eap_identity : row->remote_identity;
}

/* ---- peers ---- */

static void set_key(struct peer_key *key, const struct ike_sa *row)
{
        memset(key, 0, sizeof(*key));
        key->daemon_kind = row->daemon_kind;
        key->policy_name = row->policy_name;
        key->identity = identity_of(row);
        if (!key->identity)
                key->remote = row->remote;
}

static struct peer *find_peer(const struct events_ike *i, const struct ike_sa *row)
{
        struct peer_key key;
        struct peer *p = NULL;

        set_key(&key, row);
        if (i->peers)
                HASH_FIND(hh, i->peers, &key, sizeof(key), p);
        return p;
}

static struct peer *make_peer(struct events_ike *i, const struct ike_sa *row)
{
        struct peer *p = find_peer(i, row);

        if (p)
                return p;
        p = calloc(1, sizeof(*p));
        if (!p)
                return NULL;
        set_key(&p->key, row);
        HASH_ADD(hh, i->peers, key, sizeof(p->key), p);
        if (p->unhashed) {
                free(p);
                return NULL;
        }
        retain(i, p->key.policy_name);
        retain(i, p->key.identity);
        return p;
}

static void clear_last(const struct events_ike *i, struct peer *p)
{
        strings_release(i->pool, p->last.initiator_spi);
        strings_release(i->pool, p->last.responder_spi);
        memset(&p->last, 0, sizeof(p->last));
}

static void free_peer(struct events_ike *i, struct peer *p)
{
        HASH_DEL(i->peers, p);
        clear_last(i, p);
        strings_release(i->pool, p->key.policy_name);
        strings_release(i->pool, p->key.identity);
        free(p);
}

static void set_last(const struct events_ike *i, struct peer *p, const struct ike_sa *row,
                     enum reason reason)
{
        clear_last(i, p);
        p->last = (struct last_sa){
                .index = row->index,
                .state = row->state,
                .reason = reason,
                .initiator_spi = retain(i, row->initiator_spi),
                .responder_spi = retain(i, row->responder_spi),
                .local = row->local,
                .remote = row->remote,
                .established = row->established,
        };
}

/* ---- telling ---- */

static void tell_peer(struct events_ike *i, const struct peer *p, struct event *event,
                      const char *what, const char *why)
{
        const struct ike_sa *row = table_at(i->ike_sas, &ike_sa_type, &p->last.index, 1);
        const char *identity = p->key.identity;
        char name[ROW_NAME_SIZE], remote[INET_ADDR_TEXT_SIZE];
        struct notify details;

        memset(&details, 0, sizeof(details));
        details.ike_policy_name = p->key.policy_name;
        details.local = p->last.local;
        details.remote = event->peer = p->last.remote;
        details.remote_identity = identity;
        details.ike_sa_state = p->last.state;
        details.initiator_spi = p->last.initiator_spi;
        details.responder_spi = p->last.responder_spi;
        details.cleared = event->reason == REASON_RECOVERED;
        event->subject = p->key.policy_name;
        if (row) {
                row_name(&ike_sa_type, row, name);
                event->row = name;
        }
        inet_addr_text(&p->last.remote, remote);
        desk_tell(i->desk, event, &details, "IKE SA %s with %s%s%s%s %s%s",
                  p->key.policy_name ? p->key.policy_name : "(unnamed)", remote,
                  identity ? " [" : "", identity ? identity : "", identity ? "]" : "", what, why);
}

static void tell_up(struct events_ike *i, const struct peer *p)
{
        struct event event;

        desk_begin(&event, EVENT_IKE_SA_UP, ENTITY_IKE, SEVERITY_INFO, REASON_NONE);
        tell_peer(i, p, &event, "is up", "");
}

static enum severity severity_of_end(enum reason reason)
{
        return reason == REASON_CLOSED_LOCALLY || reason == REASON_CLOSED_BY_PEER ||
                               reason == REASON_CONFIGURATION_CHANGED
                       ? SEVERITY_NOTICE
                       : SEVERITY_ERROR;
}

static void tell_down(struct events_ike *i, const struct peer *p)
{
        char why[200], since[DATE_WORDS_SIZE];
        struct event event;

        date_words(p->last.established, since);
        snprintf(why, sizeof(why), ": %s%s%s", reason_words(p->last.reason),
                 p->last.established ? "; it was up since " : "", p->last.established ? since : "");
        desk_begin(&event, EVENT_IKE_SA_DOWN, ENTITY_IKE, severity_of_end(p->last.reason),
                   p->last.reason);
        tell_peer(i, p, &event, "has ended", why);
}

static void tell_rekeyed(struct events_ike *i, struct peer *p)
{
        struct event event;

        desk_begin(&event, EVENT_IKE_SA_REKEYED, ENTITY_IKE, SEVERITY_INFO, REASON_NONE);
        tell_peer(i, p, &event, "is rekeyed", "");
}

/* ---- the end of a turn ---- */

static void settle(struct events_ike *i, struct peer *p)
{
        bool up = p->up > 0;

        p->due = false;
        if (up && !p->was_up)
                tell_up(i, p);
        else if (!up && p->was_up)
                tell_down(i, p);
        p->was_up = up;
        if (!up)
                free_peer(i, p);
}

static void turn_ended(void *context);

static void settle_in(struct events_ike *i, uint32_t wait)
{
        i->desk->loop->cancel(i->desk->loop, i->turn);
        i->resting = wait > 0;
        i->turn = i->desk->loop->after(i->desk->loop, wait, turn_ended, i);
}

static void turn_ended(void *context)
{
        struct events_ike *i = context;
        struct peer *due = i->due, *next;
        int64_t now = desk_now(i->desk).monotonic, wait = 0;

        i->turn = NULL;
        i->due = NULL;
        for (; due; due = next) {
                next = due->next_due;
                if (due->up > 0 || due->settled_at <= now) {
                        settle(i, due);
                        continue;
                }
                if (!i->due || due->settled_at - now < wait)
                        wait = due->settled_at - now;
                LL_PREPEND2(i->due, due, next_due);
        }
        if (i->due)
                settle_in(i, (uint32_t)wait);
}

static void make_due(struct events_ike *i, struct peer *p)
{
        if (!p->due)
                LL_APPEND2(i->due, p, next_due);
        p->due = true;
        if (!i->turn || i->resting)
                settle_in(i, 0);
}

/* ---- failures ---- */

static void free_failure(struct events_ike *i, struct failure *f)
{
        DL_DELETE(i->failures, f);
        i->n_failures--;
        strings_release(i->pool, f->policy_key);
        strings_release(i->pool, f->policy_name);
        strings_release(i->pool, f->child_key);
        strings_release(i->pool, f->identity);
        strings_release(i->pool, f->initiator_spi);
        strings_release(i->pool, f->responder_spi);
        strings_release(i->pool, f->text);
        free(f);
}

static const struct ike_policy *policy_of(const struct events_ike *i, const char *policy_key)
{
        struct ike_policy sought;

        memset(&sought, 0, sizeof(sought));
        sought.key = policy_key;
        return policy_key ? table_find(store_table(i->desk->store, &ike_policy_type), &sought)
                          : NULL;
}

static const struct tunnel *tunnel_of(const struct events_ike *i, const struct failure *f)
{
        return f->child_key ? desk_tunnel(i->desk, f->policy_key, f->child_key, 1)
                            : desk_only_tunnel(i->desk, f->policy_key);
}

static void tell_failure(struct events_ike *i, const struct failure *f)
{
        const struct ike_policy *policy = policy_of(i, f->policy_key);
        bool authentication = f->kind == EVENT_IKE_AUTH_FAILURE;
        char name[ROW_NAME_SIZE], remote[INET_ADDR_TEXT_SIZE], some[32] = "an IKE SA";
        struct notify details;
        struct event event;

        if (f->foretold && !authentication)
                return;
        desk_begin(&event, (enum event_kind)f->kind, ENTITY_IKE, SEVERITY_ERROR,
                   (enum reason)f->reason);
        memset(&details, 0, sizeof(details));
        details.local = f->local;
        details.remote = event.peer = f->remote;
        desk_set_tunnel(&event, &details, tunnel_of(i, f));
        event.subject = f->policy_name;
        details.ike_policy_name = f->policy_name;
        if (f->identity)
                details.remote_identity = f->identity;
        details.initiator_spi = f->initiator_spi;
        details.responder_spi = f->responder_spi;
        if (policy) {
                row_name(&ike_policy_type, policy, name);
                event.row = name;
        }
        inet_addr_text(&event.peer, remote);
        if (f->count > 1)
                snprintf(some, sizeof(some), "%u IKE SAs", (unsigned int)f->count);
        desk_tell(i->desk, &event, &details, "%s of %s%s%s%s%s%s failed: %s",
                  authentication ? "authentication" : "the negotiation",
                  f->policy_name ? f->policy_name : some, remote[0] ? " with " : "", remote,
                  f->identity ? " [" : "", f->identity ? f->identity : "", f->identity ? "]" : "",
                  f->text ? f->text : reason_words(event.reason));
}

static void word_due(void *context);

static void wait_for_word(struct events_ike *i)
{
        int64_t wait;

        if (i->word || !i->failures)
                return;
        wait = i->failures->when - desk_now(i->desk).monotonic;
        i->word = i->desk->loop->after(i->desk->loop, wait > 0 ? (uint32_t)wait : 0, word_due, i);
}

static void word_due(void *context)
{
        struct events_ike *i = context;
        int64_t now = desk_now(i->desk).monotonic;

        i->word = NULL;
        while (i->failures && i->failures->when <= now) {
                tell_failure(i, i->failures);
                free_failure(i, i->failures);
        }
        wait_for_word(i);
}

/* The same SA, or where one of the two does not know it, the same policy. */
static bool is_same(const struct failure *f, const char *policy_key, const char *initiator_spi)
{
        if (f->initiator_spi && initiator_spi)
                return strcmp(f->initiator_spi, initiator_spi) == 0;
        return f->policy_key && policy_key && strcmp(f->policy_key, policy_key) == 0;
}

static struct failure *find_failure(const struct events_ike *i, const char *policy_key,
                                    const char *initiator_spi)
{
        struct failure *f;

        DL_FOREACH(i->failures, f)
        if (is_same(f, policy_key, initiator_spi))
                return f;
        return NULL;
}

static struct failure *add_failure(struct events_ike *i, const char *policy_key)
{
        struct failure *f = calloc(1, sizeof(*f));

        if (!f)
                return NULL;
        if (i->n_failures == FAILURES_MAX) {
                tell_failure(i, i->failures);
                free_failure(i, i->failures);
        }
        f->when = desk_now(i->desk).monotonic + WORD_WITHIN;
        f->foretold = policy_key && !attempt_daemon_failed(&i->desk->attempts, policy_key,
                                                           desk_now(i->desk).wall);
        DL_APPEND(i->failures, f);
        i->n_failures++;
        wait_for_word(i);
        return f;
}

/* What the IKE SA tells by itself: once the peer has answered the algorithms of a half-open one
 * are known, or it is said to be authenticating. */
static void negotiation_ended(struct events_ike *i, const struct ike_sa *row)
{
        bool authentication = row->encryption || row->authenticating;
        char key[KEY_MAX + 1];
        struct failure *f;

        if (!row->policy_name && !row->encryption)
                return; /* whoever knocked said nothing by which it could be told */
        if (row->reason != 0)
                return; /* the daemon has said why, and that was told as an occurrence */
        key_of_name(row->policy_name ? row->policy_name : "", key);
        if (find_failure(i, key, row->initiator_spi))
                return;
        f = add_failure(i, row->policy_key ? row->policy_key : key);
        if (!f)
                return;
        f->kind = authentication ? EVENT_IKE_AUTH_FAILURE : EVENT_NEGOTIATION_FAILED;
        f->reason = !authentication               ? REASON_PEER_UNREACHABLE
                    : row->role == ROLE_INITIATOR ? REASON_LOCAL_AUTH_FAILED
                                                  : REASON_PEER_AUTH_FAILED;
        f->policy_name = retain(i, row->policy_name);
        f->policy_key = row->policy_key ? retain(i, row->policy_key) : retain(i, key);
        f->identity = retain(i, identity_of(row));
        f->initiator_spi = retain(i, row->initiator_spi);
        f->responder_spi = retain(i, row->responder_spi);
        f->local = row->local;
        f->remote = row->remote;
}

static void replace_string(const struct events_ike *i, const char **kept, const char *text)
{
        if (!text)
                return;
        strings_release(i->pool, *kept);
        *kept = retain(i, text);
}

/* The daemon's word is better than what was guessed, and of two words the first. */
static void take_word(struct events_ike *i, const struct occurrence *o)
{
        struct failure *f = find_failure(i, o->ike_policy_key, o->initiator_spi);
        const struct ike_policy *policy;

        if (f && f->from_word)
                return;
        if (!f)
                f = add_failure(i, o->ike_policy_key);
        if (!f)
                return;
        f->from_word = true;
        f->kind = o->kind;
        f->reason = o->reason;
        f->count = o->alone ? o->count : 0;
        replace_string(i, &f->policy_key, o->ike_policy_key);
        replace_string(i, &f->child_key, o->child_key);
        replace_string(i, &f->identity, o->remote_identity);
        replace_string(i, &f->initiator_spi, o->initiator_spi);
        replace_string(i, &f->responder_spi, o->responder_spi);
        replace_string(i, &f->text, o->text);
        policy = policy_of(i, f->policy_key);
        if (policy)
                replace_string(i, &f->policy_name, policy->name);
        if (o->local.type != INET_ADDR_UNKNOWN)
                f->local = o->local;
        if (o->remote.type != INET_ADDR_UNKNOWN)
                f->remote = o->remote;
}

static void occurred(void *context, enum table_event event, enum table_reason reason,
                     const void *before, const void *after)
{
        const struct occurrence *o = after;

        (void)reason;
        (void)before;
        if (event == TABLE_ADDED && o->spi == 0 &&
            (o->kind == EVENT_IKE_AUTH_FAILURE || o->kind == EVENT_NEGOTIATION_FAILED))
                take_word(context, o);
}

/* ---- what changes ---- */

static enum reason reason_of_end(const struct events_ike *i, const struct ike_sa *old,
                                 const struct ike_sa *row, enum table_reason reason)
{
        if (!row && desk_daemon(i->desk, old->daemon_kind)->gone)
                return REASON_DAEMON_GONE;
        if ((row ? row : old)->reason != 0)
                return (enum reason)(row ? row : old)->reason;
        if (!row && reason == TABLE_LOST)
                return REASON_UNKNOWN;
        switch (row ? row->state : old->state) {
        case IKE_DELETING:
        case IKE_DESTROYING:
                return REASON_CLOSED_LOCALLY;
        case IKE_ESTABLISHED:
        case IKE_REKEYING:
        case IKE_PASSIVE:
                return REASON_PEER_DEAD;
        case IKE_REKEYED:
                return REASON_REPLACED;
        default:
                return REASON_UNKNOWN;
        }
}

/* One that was there before the agent, or before the daemon was read for the first time. */
static bool is_old(const struct events_ike *i, const struct ike_sa *row)
{
        if (row->established != 0)
                return row->established <= i->desk->started;
        return !desk_daemon(i->desk, row->daemon_kind)->read;
}

static void came_up(struct events_ike *i, const struct ike_sa *row, bool silent)
{
        struct peer *p = make_peer(i, row);

        if (!p)
                return;
        p->up++;
        set_last(i, p, row, REASON_NONE);
        p->was_up |= silent;
        make_due(i, p);
}

static void ended(struct events_ike *i, const struct ike_sa *old, const struct ike_sa *row,
                  enum reason reason)
{
        struct peer *p = find_peer(i, old);

        if (!p || p->up == 0)
                return;
        p->up--;
        set_last(i, p, row ? row : old, reason);
        p->settled_at =
                reason == REASON_REPLACED ? desk_now(i->desk).monotonic + SUCCESSOR_WITHIN : 0;
        if (row && row->state == IKE_REKEYED)
                tell_rekeyed(i, p);
        make_due(i, p);
}

/* What it is known by changed: it is the same IKE SA. */
static void renamed(struct events_ike *i, const struct ike_sa *old, const struct ike_sa *row)
{
        struct peer *p = find_peer(i, old);

        if (p && p->up > 0 && --p->up == 0) {
                p->was_up = false;
                make_due(i, p);
        }
        came_up(i, row, true);
}

static bool is_same_peer(const struct ike_sa *a, const struct ike_sa *b)
{
        struct peer_key keys[2];

        set_key(&keys[0], a);
        set_key(&keys[1], b);
        return memcmp(&keys[0], &keys[1], sizeof(keys[0])) == 0;
}

/* Which policy it is of a join tells a moment later. */
static void follow_attempts(struct events_ike *i, const struct ike_sa *old,
                            const struct ike_sa *row)
{
        const char *from = is_half_open(old) ? old->policy_key : NULL;
        const char *to = is_half_open(row) ? row->policy_key : NULL;

        if (from == to)
                return;
        attempt_begins(&i->desk->attempts, to);
        attempt_ends(&i->desk->attempts, from);
}

static void ike_sa_changed(void *context, enum table_event event, enum table_reason reason,
                           const void *before, const void *after)
{
        const struct ike_sa *old = before, *row = after;
        struct events_ike *i = context;

        if (is_up(old) && is_up(row)) {
                if (!is_same_peer(old, row))
                        renamed(i, old, row);
        } else if (is_up(row)) {
                came_up(i, row, is_old(i, row));
        } else if (is_up(old)) {
                ended(i, old, row, reason_of_end(i, old, row, reason));
        }
        /* One may be told of for the first time when it ends. */
        if (row && row->ended && !(old && old->ended) && was_half_open(row))
                negotiation_ended(i, row);
        else if (is_half_open(old) && event == TABLE_REMOVED && reason != TABLE_LOST)
                negotiation_ended(i, old);
        follow_attempts(i, old, row);
}

struct events_ike *events_ike_new(struct desk *d)
{
        struct events_ike *i = calloc(1, sizeof(*i));

        if (!i)
                return NULL;
        i->desk = d;
        i->pool = store_strings(d->store);
        i->ike_sas = store_table(d->store, &ike_sa_type);
        if (table_subscribe(i->ike_sas, ike_sa_changed, i) == 0 &&
            table_subscribe(store_table(d->store, &occurrence_type), occurred, i) == 0)
                return i;
        events_ike_free(i);
        return NULL;
}

void events_ike_free(struct events_ike *i)
{
        struct peer *p, *next;

        if (!i)
                return;
        i->desk->loop->cancel(i->desk->loop, i->turn);
        i->desk->loop->cancel(i->desk->loop, i->word);
        while (i->failures)
                free_failure(i, i->failures);
        HASH_ITER(hh, i->peers, p, next)
        {
                free_peer(i, p);
        }
        free(i);
}
