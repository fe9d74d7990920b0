#include "config.h"

#include "notifier.h"

#include "notification_sender.h"
#include "notification_varbinds.h"
#include "tables/event_status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(element) ((void)((element)->unhashed = true))
#include <uthash.h>

/* Fates told to the journal in one turn of the loop: a few milliseconds. */
#define FATES_PER_TURN 500

/* A text of the module has no more octets. */
#define TEXT_SIZE 256

/* What became of one. */
struct fate {
        uint32_t number;
        bool sent;
};

/* One that the gate holds. */
struct held {
        uint32_t number;
        uint8_t kind;
        bool unhashed;
        int64_t moment;
        netsnmp_variable_list *varbinds;
        UT_hash_handle hh;
};

struct notifier {
        struct store *store;
        struct loop *loop;
        struct journal *journal;
        struct table *events;
        struct table *details;
        struct table *status;
        struct notifier_ops ops;
        struct gate *gate;
        struct notification_sender *sender;
        struct loop_timer *gate_timer;
        struct loop_timer *tell_timer; /* the journal hears of what waits below */
        struct held *held;
        struct fate *fates; /* not told to the journal yet, oldest first */
        size_t n_fates, room, told;
        bool lost;                  /* snmpd went, and */
        bool connected;             /* came; the journal does not know yet */
        struct gate_digest burst;   /* to be told */
        struct gate_digest dropped; /* while snmpd was away */
        int64_t dropping_since;
        uint32_t digested; /* newest event of the digest that is being told */
        uint64_t sent, suppressed;
        bool ending;
};

static void tell(void *context);

static void tell_soon(struct notifier *n)
{
        if (!n->tell_timer)
                n->tell_timer = n->loop->after(n->loop, 0, tell, n);
}

static int64_t monotonic(const struct notifier *n)
{
        struct moment now;

        n->loop->now(n->loop, &now);
        return now.monotonic;
}

/* ---- fates ---- */

/* Without memory the event stays undecided in the journal. */
static void note_fate(struct notifier *n, uint32_t number, bool sent)
{
        if (n->n_fates == n->room) {
                size_t room = n->room > 0 ? 2 * n->room : 64;
                struct fate *fates = reallocarray(n->fates, room, sizeof(*fates));

                if (!fates)
                        return;
                n->fates = fates;
                n->room = room;
        }
        n->fates[n->n_fates++] = (struct fate){ number, sent };
        tell_soon(n);
}

static void settle(struct notifier *n, uint32_t number, bool sent)
{
        *(sent ? &n->sent : &n->suppressed) += 1;
        if (n->ops.settled)
                n->ops.settled(n->ops.context, number,
                               sent ? NOTIFICATION_SENT : NOTIFICATION_SUPPRESSED);
        if (!n->ending)
                note_fate(n, number, sent);
}

static void tell_fates(struct notifier *n)
{
        size_t end = n->told + FATES_PER_TURN;

        for (; n->told < n->n_fates && n->told < end; n->told++)
                journal_settled(n->journal, n->fates[n->told].number,
                                n->fates[n->told].sent ? NOTIFICATION_SENT
                                                       : NOTIFICATION_SUPPRESSED);
        if (n->told == n->n_fates)
                n->told = n->n_fates = 0;
}

/* ---- digests ---- */

/* The kinds with their numbers, most first, as many as there is room for. */
static void write_kinds(FILE *out, const struct gate_digest *digest, size_t room)
{
        struct gate_digest rest = *digest;
        const char *colon = ":";

        while (rest.total > 0) {
                char part[64];
                int most = 0, length;

                for (int i = 1; i <= EVENT_NOTIFICATION_DIGEST; i++)
                        if (rest.counts[i] > rest.counts[most])
                                most = i;
                length = snprintf(part, sizeof(part), "%s %u %s", colon,
                                  (unsigned int)rest.counts[most], label_of(event_kinds, most));
                if ((size_t)length + sizeof(", 4294967295 others") > room) {
                        fprintf(out, ", %u others", (unsigned int)rest.total);
                        return;
                }
                fputs(part, out);
                room -= (size_t)length;
                rest.total -= rest.counts[most];
                rest.counts[most] = 0;
                colon = ",";
        }
}

static void write_digest(const struct gate_digest *digest, const char *why, char text[TEXT_SIZE])
{
        FILE *out = fmemopen(text, TEXT_SIZE, "w");

        text[0] = '\0';
        if (!out)
                return;
        fprintf(out, "%u notifications of %u s %s", (unsigned int)digest->total,
                (unsigned int)digest->seconds, why);
        write_kinds(out, digest, TEXT_SIZE - 100);
        fclose(out);
}

static void tell_digest(struct notifier *n, struct gate_digest *digest, enum reason reason,
                        const char *why)
{
        char text[TEXT_SIZE];
        struct event event;
        struct notify details;

        if (digest->total == 0)
                return;
        write_digest(digest, why, text);
        memset(&event, 0, sizeof(event));
        memset(&details, 0, sizeof(details));
        event.kind = EVENT_NOTIFICATION_DIGEST;
        event.entity = ENTITY_AGENT;
        event.severity = SEVERITY_WARNING;
        event.reason = (uint8_t)reason;
        event.text = text;
        details.count = digest->total;
        details.interval = digest->seconds;
        n->digested = digest->newest;
        memset(digest, 0, sizeof(*digest));
        journal_tell(n->journal, &event, &details);
        n->digested = 0;
}

static void drop(struct notifier *n, uint32_t number, uint8_t kind)
{
        if (kind == EVENT_NOTIFICATION_DIGEST)
                return;
        if (n->dropped.total == 0)
                n->dropping_since = monotonic(n);
        n->dropped.counts[kind]++;
        n->dropped.total++;
        n->dropped.newest = number;
        n->dropped.seconds = (uint32_t)((monotonic(n) - n->dropping_since) / 1000) + 1;
}

/* ---- what the journal is told ---- */

static void tell_master(struct notifier *n, enum event_kind kind, enum severity severity,
                        const char *text)
{
        struct event event;

        memset(&event, 0, sizeof(event));
        event.kind = (uint8_t)kind;
        event.entity = ENTITY_AGENT;
        event.severity = (uint8_t)severity;
        event.reason = REASON_NONE;
        event.text = text;
        journal_tell(n->journal, &event, NULL);
}

static void tell(void *context)
{
        struct notifier *n = context;

        n->tell_timer = NULL;
        if (n->lost)
                tell_master(n, EVENT_MASTER_LOST, SEVERITY_WARNING,
                            "The connection to snmpd ended");
        if (n->connected)
                tell_master(n, EVENT_MASTER_CONNECTED, SEVERITY_INFO, "snmpd is connected");
        n->lost = n->connected = false;
        tell_fates(n);
        tell_digest(n, &n->burst, REASON_BURST, "were withheld in a burst");
        if (sender_count(n->sender) == 0)
                tell_digest(n, &n->dropped, REASON_SOURCE_UNREACHABLE,
                            "found no room while snmpd was away");
        if (n->ops.counted)
                n->ops.counted(n->ops.context, n->sent, n->suppressed);
        if (n->n_fates > 0)
                tell_soon(n);
}

/* ---- the sender's word ---- */

static void sender_settled(void *context, uint32_t number, uint8_t kind, bool sent)
{
        struct notifier *n = context;

        if (!sent && !n->ending)
                drop(n, number, kind);
        settle(n, number, sent);
}

static void sender_connected(void *context)
{
        struct notifier *n = context;

        n->connected = true;
        tell_soon(n);
}

static void sender_disconnected(void *context)
{
        struct notifier *n = context;

        n->lost = true;
        tell_soon(n);
}

static void sender_idle(void *context)
{
        struct notifier *n = context;

        if (n->dropped.total > 0 && !n->ending)
                tell_soon(n);
}

/* ---- the gate's word ---- */

/* NULL: there was no memory to keep it. */
static struct held *take_held(struct notifier *n, uint32_t number)
{
        struct held *h = NULL;

        if (n->held)
                HASH_FIND_INT(n->held, &number, h);
        if (h)
                HASH_DEL(n->held, h);
        return h;
}

static void free_held(struct held *h)
{
        if (h)
                snmp_free_varbind(h->varbinds);
        free(h);
}

static void gate_send(void *context, uint32_t number, uint32_t suppressed)
{
        struct notifier *n = context;
        struct held *h = take_held(n, number);

        if (!h) {
                settle(n, number, false);
                return;
        }
        notification_set_suppressed(h->varbinds, suppressed);
        sender_put(n->sender, number, h->kind, h->moment, h->varbinds);
        free(h);
}

static void gate_withhold(void *context, uint32_t number)
{
        struct notifier *n = context;

        free_held(take_held(n, number));
        settle(n, number, false);
}

static void gate_digest(void *context, const struct gate_digest *digest)
{
        struct notifier *n = context;

        gate_digest_add(&n->burst, digest);
        tell_soon(n);
}

static void run_gate(void *context);

static void await_gate(struct notifier *n)
{
        int64_t due = gate_due(n->gate), now = monotonic(n), wait = due > now ? due - now : 0;

        n->loop->cancel(n->loop, n->gate_timer);
        n->gate_timer = NULL;
        if (due >= 0)
                n->gate_timer = n->loop->after(n->loop, (uint32_t)wait, run_gate, n);
}

static void run_gate(void *context)
{
        struct notifier *n = context;

        n->gate_timer = NULL;
        gate_run(n->gate, monotonic(n));
        await_gate(n);
}

/* ---- events ---- */

/* Those of IKE that one policy may have with many peers. */
static bool is_of_peer(uint8_t kind)
{
        return kind >= EVENT_IKE_SA_UP && kind <= EVENT_NEGOTIATION_FAILED;
}

/* What tells its subject from others. */
static void write_subject(const struct event *event, char *text, size_t size)
{
        char peer[INET_ADDR_TEXT_SIZE] = "";
        bool named = event->subject != NULL;

        if (!named || is_of_peer(event->kind))
                inet_addr_text(&event->peer, peer);
        snprintf(text, size, "%s\n%s\n%08x\n%s", named ? event->subject : "", peer,
                 named ? 0 : (unsigned int)event->spi, named || !event->row ? "" : event->row);
}

static netsnmp_variable_list *make_varbinds(const struct notifier *n, const struct event *event,
                                            struct notify *details)
{
        const struct event_status *status = table_find(n->status, &(struct event_status){ 0 });
        struct moment now;

        if (event->kind == EVENT_NOTIFICATION_DIGEST)
                details->event = n->digested;
        if (status && status->capacity == 0)
                details->event = 0;
        n->loop->now(n->loop, &now);
        return notification_varbinds(n->store, event, details, &now);
}

static void keep(struct notifier *n, const struct event *event, netsnmp_variable_list *varbinds)
{
        struct held *h = varbinds ? calloc(1, sizeof(*h)) : NULL;

        if (!h) {
                snmp_free_varbind(varbinds);
                return;
        }
        h->number = event->number;
        h->kind = event->kind;
        h->moment = event->timestamp;
        h->varbinds = varbinds;
        HASH_ADD_INT(n->held, number, h);
        if (h->unhashed)
                free_held(h);
}

static uint8_t state_of(const struct event *event, const struct notify *details)
{
        if (event->kind == EVENT_POLICY_CHANGED)
                return (uint8_t)(GATE_RECOVERY + details->policy_change);
        return details->cleared ? GATE_RECOVERY : GATE_ALARM;
}

static enum gate_verdict ask_gate(struct notifier *n, const struct event *event,
                                  struct notify *details)
{
        char subject[1024];
        struct gate_event asked = {
                .number = event->number,
                .kind = event->kind,
                .state = state_of(event, details),
                .subject = subject,
        };
        int64_t due = gate_due(n->gate);
        enum gate_verdict verdict;

        write_subject(event, subject, sizeof(subject));
        verdict = gate_tell(n->gate, event->timestamp, &asked, &details->suppressed);
        if (gate_due(n->gate) != due)
                await_gate(n);
        return verdict;
}

static void event_told(void *context, enum table_event what, enum table_reason reason,
                       const void *before, const void *after)
{
        struct notifier *n = context;
        const struct event *event = after;
        const struct notify *found;
        netsnmp_variable_list *varbinds;
        enum gate_verdict verdict;
        struct notify details;

        (void)reason;
        (void)before;
        if (what != TABLE_ADDED || event->notification != NOTIFICATION_UNKNOWN || n->ending)
                return;
        memset(&details, 0, sizeof(details));
        details.event = event->number;
        found = table_find(n->details, &details);
        if (found)
                details = *found;
        verdict = ask_gate(n, event, &details);
        varbinds = verdict == GATE_WITHHOLD ? NULL : make_varbinds(n, event, &details);
        if (verdict == GATE_HOLD)
                keep(n, event, varbinds);
        else if (varbinds)
                sender_put(n->sender, event->number, event->kind, event->timestamp, varbinds);
        else
                settle(n, event->number, false);
}

/* ---- what the header offers ---- */

void notifier_configure(struct notifier *n, const struct notifier_config *config)
{
        gate_configure(n->gate, &config->gate);
        sender_configure(n->sender, config->queue);
        await_gate(n);
}

struct notifier *notifier_new(struct store *store, struct loop *loop, struct journal *journal,
                              bool standalone, const struct notifier_config *config,
                              const struct notifier_ops *ops)
{
        struct notifier *n = calloc(1, sizeof(*n));
        const struct gate_ops gate_ops = { n, gate_send, gate_withhold, gate_digest };
        const struct sender_ops sender_ops = { n, sender_settled, sender_connected,
                                               sender_disconnected, sender_idle };

        if (!n)
                return NULL;
        n->store = store;
        n->loop = loop;
        n->journal = journal;
        n->ops = *ops;
        n->events = store_table(store, &event_type);
        n->details = store_table(store, &notify_type);
        n->status = store_table(store, &event_status_type);
        n->gate = gate_new(&config->gate, &gate_ops);
        n->sender = sender_new(loop, standalone, config->queue, &sender_ops);
        if (n->gate && n->sender && table_subscribe(n->events, event_told, n) == 0)
                return n;
        notifier_free(n);
        return NULL;
}

static void end_held(struct notifier *n)
{
        struct held *h, *next;

        HASH_ITER(hh, n->held, h, next)
        {
                HASH_DEL(n->held, h);
                settle(n, h->number, false);
                free_held(h);
        }
}

void notifier_end(struct notifier *n)
{
        if (!n)
                return;
        n->ending = true;
        n->loop->cancel(n->loop, n->gate_timer);
        n->loop->cancel(n->loop, n->tell_timer);
        n->gate_timer = n->tell_timer = NULL;
        sender_free(n->sender);
        n->sender = NULL;
        end_held(n);
}

void notifier_free(struct notifier *n)
{
        if (!n)
                return;
        notifier_end(n);
        gate_free(n->gate);
        free(n->fates);
        free(n);
}
