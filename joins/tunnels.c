#include "tunnels.h"

#include "children.h"
#include "tunnel_record.h"

#include "tables/collector_row.h"
#include "tables/policy_template.h"

#include <stdlib.h>
#include <string.h>

/* Rows looked at in one turn of the loop: a few milliseconds. */
#define ROWS_PER_TURN 200

/* Milliseconds after the start in which sources are waited for. */
#define SETTLE_WITHIN 5000

/* Milliseconds for which the daemon may still tell why an SA was deleted. */
#define WORD_WITHIN 1000

/* The longest time that a timer takes. */
#define LONGEST_WAIT INT64_C(1000000000)

static void run(void *context);

/* ---- what is due ---- */

struct moment tunnels_now(const struct tunnels *t)
{
        struct moment now;

        t->loop->now(t->loop, &now);
        return now;
}

bool tunnels_can_read(uint8_t collector_state)
{
        return collector_state == COLLECTOR_UP || collector_state == COLLECTOR_DEGRADED;
}

bool tunnels_can_ask(const struct tunnels *t, uint8_t daemon)
{
        if (daemon != 0)
                return tunnels_can_read(t->daemons[daemon].state);
        for (daemon = 1; daemon <= IKE_DAEMONS; daemon++)
                if (tunnels_can_read(t->daemons[daemon].state))
                        return true;
        return false;
}

bool tunnels_have_read(const struct tunnels *t, uint8_t daemon)
{
        if (daemon != 0)
                return t->daemons[daemon].read;
        for (daemon = 1; daemon <= IKE_DAEMONS; daemon++)
                if (t->daemons[daemon].read)
                        return true;
        return false;
}

void tunnels_run_at(struct tunnels *t, int64_t when)
{
        int64_t wait = 0;

        if (t->timer && t->when <= when)
                return;
        t->loop->cancel(t->loop, t->timer);
        if (when > 0)
                wait = when - tunnels_now(t).monotonic;
        if (wait > LONGEST_WAIT)
                wait = LONGEST_WAIT;
        t->timer = t->loop->after(t->loop, wait > 0 ? (uint32_t)wait : 0, run, t);
        t->when = when;
}

void tunnels_put_agenda(struct tunnels *t, int64_t when, enum tunnel_wake kind, uint32_t number)
{
        agenda_put(&t->agenda, when, (uint64_t)kind << 32 | number);
        tunnels_run_at(t, when);
}

void tunnel_due(struct tunnels *t, struct tunnel_record *r)
{
        if (!r->due)
                queue_put(&t->due, r->number);
        r->due = true;
        tunnels_run_at(t, 0);
}

void tunnel_changed(struct tunnels *t, struct tunnel_record *r, bool urgent)
{
        if (!t->keeper.changed || (r->changed && !urgent))
                return;
        if (!r->changed)
                queue_put(&t->unsaved, r->number);
        r->changed = true;
        t->keeper.changed(t->keeper.context, urgent);
}

void tunnel_wake_at(struct tunnels *t, struct tunnel_record *r, int64_t when)
{
        if (r->wake != 0 && r->wake <= when)
                return;
        r->wake = when;
        tunnels_put_agenda(t, when, WAKE_RECORD, r->number);
}

static void pass_over(struct tunnels *t, struct pass *pass)
{
        pass->again = true;
        tunnels_run_at(t, 0);
}

/* ---- one turn ---- */

static void settle(struct tunnels *t)
{
        t->settled = true;
        pass_over(t, &t->rows_pass);
}

static void wake(struct tunnels *t, uint64_t item)
{
        struct tunnel_record *r;
        uint32_t number = (uint32_t)item;

        switch ((enum tunnel_wake)(item >> 32)) {
        case WAKE_RECORD:
                r = tunnel_by_number(t, number);
                if (!r)
                        return;
                r->wake = 0;
                tunnel_due(t, r);
                break;
        case WAKE_SA:
                queue_put(&t->sas_due, number);
                break;
        case WAKE_TRIM:
                if (t->settled)
                        tunnels_trim(t);
                else
                        tunnels_put_agenda(t, tunnels_now(t).monotonic + SETTLE_WITHIN, WAKE_TRIM,
                                           0);
                break;
        case WAKE_SETTLE:
                if (!t->settled)
                        settle(t);
                break;
        }
}

static void take_agenda(struct tunnels *t, size_t *rows)
{
        int64_t now = tunnels_now(t).monotonic;
        uint64_t item;

        while (*rows > 0 && agenda_take(&t->agenda, now, &item)) {
                wake(t, item);
                --*rows;
        }
}

static bool begin_pass(struct pass *pass)
{
        if (!pass->going && pass->again) {
                pass->going = true;
                pass->again = false;
                pass->length = 0;
        }
        return pass->going;
}

static void pass_children(struct tunnels *t, size_t *rows)
{
        struct pass *pass = &t->children_pass;

        for (; *rows > 0 && begin_pass(pass); --*rows) {
                const struct child_sa *child =
                        table_next(t->children, &child_sa_type, pass->oid, pass->length, false);

                pass->going = child != NULL;
                if (!child)
                        return;
                pass->length = index_encode(&child_sa_type, child, pass->oid);
                tunnel_link_child(t, child->index);
        }
}

static void pass_rows(struct tunnels *t, size_t *rows)
{
        struct pass *pass = &t->rows_pass;

        for (; *rows > 0 && begin_pass(pass); --*rows) {
                const struct tunnel *row =
                        table_next(t->rows, &tunnel_type, pass->oid, pass->length, false);

                pass->going = row != NULL;
                if (!row)
                        return;
                pass->length = index_encode(&tunnel_type, row, pass->oid);
                tunnel_due(t, tunnel_by_number(t, row->number));
        }
}

static void take_links(struct tunnels *t, size_t *rows)
{
        for (; *rows > 0 && !queue_is_empty(&t->children_due); --*rows)
                tunnel_link_child(t, (uint32_t)queue_take(&t->children_due));
        pass_children(t, rows);
        for (; *rows > 0 && !queue_is_empty(&t->sas_due); --*rows)
                tunnel_link_sa(t, (uint32_t)queue_take(&t->sas_due));
        for (; *rows > 0 && !queue_is_empty(&t->policies_due); --*rows)
                tunnel_link_policy(t, queue_take(&t->policies_due));
}

static void take_records(struct tunnels *t, size_t *rows)
{
        for (; *rows > 0 && !queue_is_empty(&t->due); --*rows) {
                struct tunnel_record *r = tunnel_by_number(t, (uint32_t)queue_take(&t->due));

                if (!r)
                        continue;
                r->due = false;
                tunnel_judge(t, r);
        }
}

static bool has_links(const struct tunnels *t)
{
        return !queue_is_empty(&t->children_due) || !queue_is_empty(&t->sas_due) ||
               !queue_is_empty(&t->policies_due) || t->children_pass.going ||
               t->children_pass.again;
}

/* Nothing is judged before it is known what belongs to it. */
static void run(void *context)
{
        struct tunnels *t = context;
        size_t rows = ROWS_PER_TURN;

        t->timer = NULL;
        take_agenda(t, &rows);
        if (t->settled) {
                take_links(t, &rows);
                pass_rows(t, &rows);
                if (!has_links(t))
                        take_records(t, &rows);
                tunnels_check_counted(t, &rows);
        }
        if (t->settled && (has_links(t) || t->to_check > 0 || !queue_is_empty(&t->due) ||
                           t->rows_pass.going || t->rows_pass.again))
                tunnels_run_at(t, 0);
        else if (agenda_next(&t->agenda) != INT64_MAX)
                tunnels_run_at(t, agenda_next(&t->agenda));
}

/* ---- why a tunnel goes down ---- */

void tunnel_set_word(struct tunnel_record *r, enum reason reason, bool last)
{
        if (r->word_is_last || (r->word != 0 && !last))
                return;
        r->word = (uint8_t)reason;
        r->word_is_last = last;
}

/* ---- SAs ---- */

static void tally(struct tunnel_record *r, const struct ipsec_sa *sa, uint32_t step)
{
        if (sa->state == SA_LARVAL)
                r->larval += step;
        else if (sa_counts(sa) && sa_is_usable(sa))
                r->usable[sa->tunnel_direction] += step;
}

/* An SA that goes before it was known whose it is takes its counters with it, unless it is known
 * now. */
static struct tunnel_record *last_owner_of(struct tunnels *t, const struct ipsec_sa *sa)
{
        struct tunnel_record *r = tunnel_by_number(t, sa->tunnel);
        uint8_t direction;

        if (sa->tunnel_direction != 0)
                return r;
        if (!r)
                r = tunnel_of_sa(t, sa);
        direction = r ? tunnel_direction_of(t, sa) : 0;
        if (direction != 0 && sa_is_usable(sa))
                tunnel_count_sa(t, r, NULL, sa, direction);
        return r;
}

static void clear_sa(struct tunnels *t, const struct tunnel_record *r, uint32_t index)
{
        const struct tunnel *row = tunnel_row(t, r);
        struct tunnel changed;

        if (row->inbound_sa != index && row->outbound_sa != index)
                return;
        changed = *row;
        if (changed.inbound_sa == index)
                changed.inbound_sa = 0;
        if (changed.outbound_sa == index)
                changed.outbound_sa = 0;
        table_update(t->rows, &changed);
}

static void lost_usable(struct tunnels *t, struct tunnel_record *r, enum table_reason reason)
{
        r->trusted_until = 0;
        if (reason == TABLE_EXPIRED) {
                tunnel_set_word(r, REASON_EXPIRED, true);
        } else if (reason == TABLE_FLUSHED) {
                tunnel_set_word(r, REASON_FLUSHED, false);
        } else {
                tunnel_set_word(r, REASON_DELETED_OUTSIDE, false);
                r->deleted_at = tunnels_now(t).monotonic;
                if (!r->up)
                        return; /* what is down already does not come up by that */
                r->trusted_until = tunnels_now(t).monotonic + WORD_WITHIN;
                tunnel_wake_at(t, r, r->trusted_until);
        }
}

/* ---- SAs of no tunnel ---- */

static bool same_counted(const struct ipsec_sa *a, const struct ipsec_sa *b)
{
        return a->octets == b->octets && a->packets == b->packets && a->add_time == b->add_time &&
               a->replay_window_errors == b->replay_window_errors &&
               a->replay_errors == b->replay_errors && a->integrity_errors == b->integrity_errors &&
               a->direction == b->direction && a->tunnel == b->tunnel &&
               sa_is_usable(a) == sa_is_usable(b);
}

/* What the totals have of it is kept, as what a tunnel has of its own. */
static void loose_sa_there(struct tunnels *t, const struct ipsec_sa *old, const struct ipsec_sa *sa)
{
        if (!t->keeper.changed || !sa_is_usable(sa) || (old && same_counted(old, sa)))
                return;
        queue_put(&t->unsaved_sas, sa->index);
        t->keeper.changed(t->keeper.context, false);
}

static void loose_sa_gone(struct tunnels *t, const struct ipsec_sa *sa)
{
        char *text = NULL;
        size_t length;
        FILE *out;

        if (!t->keeper.line || !sa_is_usable(sa))
                return;
        out = open_memstream(&text, &length);
        if (!out)
                return;
        tunnel_save_sa_gone(sa, out);
        if (fclose(out) == 0)
                t->keeper.line(t->keeper.context, text);
        free(text);
}

/* One that a full read did not show may come again. */
static void sa_gone(struct tunnels *t, const struct ipsec_sa *sa, enum table_reason reason)
{
        struct tunnel_record *r = last_owner_of(t, sa);

        if (sa->tunnel == 0)
                loose_sa_gone(t, sa);
        if (!r)
                return;
        if (sa->tunnel == r->number) {
                tally(r, sa, UINT32_MAX);
                clear_sa(t, r, sa->index);
                tunnel_inherit(t, r, sa);
        }
        tunnel_due(t, r);
        if (sa->state == SA_LARVAL) {
                /* the daemon's word on this negotiation is better */
                if (reason == TABLE_EXPIRED && !r->up && r->daemon_failed < sa->add_time) {
                        r->failure = REASON_ACQUIRE_TIMEOUT;
                        r->error = "packets waited for an SA that was not negotiated in time";
                        r->error_time = tunnels_now(t).wall;
                }
                return;
        }
        tunnel_changed(t, r, sa_counts(sa) && sa->packets > 0);
        if (!sa_counts(sa))
                return;
        if (reason == TABLE_LOST && sa->tunnel_direction != 0)
                tunnel_remember(t, sa, r, true);
        if (r->usable[DIRECTION_INBOUND] == 0 || r->usable[DIRECTION_OUTBOUND] == 0)
                lost_usable(t, r, reason);
}

static bool same_owner(const struct ipsec_sa *a, const struct ipsec_sa *b)
{
        return a->state == b->state && a->reqid == b->reqid && a->keying == b->keying &&
               a->direction == b->direction && a->rule == b->rule && a->weak == b->weak &&
               a->hard_expiry == b->hard_expiry;
}

static void sa_there(struct tunnels *t, const struct ipsec_sa *old, const struct ipsec_sa *sa)
{
        struct tunnel_record *r = tunnel_by_number(t, sa->tunnel);
        struct tunnel_record *before = old ? tunnel_by_number(t, old->tunnel) : NULL;

        if (before)
                tally(before, old, UINT32_MAX);
        if (before && before != r)
                tunnel_due(t, before);
        if (r) {
                bool same = old && old->tunnel == sa->tunnel && old->tunnel_direction != 0;

                tally(r, sa, 1);
                r->last_told = tunnels_now(t).wall;
                tunnel_count_sa(t, r, same ? old : NULL, sa, sa->tunnel_direction);
                if (!same || !same_owner(old, sa)) {
                        tunnel_due(t, r);
                        tunnel_changed(t, r, false);
                }
        } else {
                loose_sa_there(t, old, sa);
        }
        if (old && same_owner(old, sa))
                return;
        queue_put(&t->sas_due, sa->index);
        tunnels_run_at(t, 0);
}

static void sa_changed(void *context, enum table_event event, enum table_reason reason,
                       const void *before, const void *after)
{
        if (event == TABLE_REMOVED)
                sa_gone(context, before, reason);
        else
                sa_there(context, before, after);
}

/* ---- child SAs ---- */

static void count_rekey(struct tunnels *t, const struct child_sa *child)
{
        struct tunnel_record *r = tunnel_by_number(t, child->tunnel);

        if (r)
                tunnel_count(t, r, COUNT_REKEYS, 1);
}

static bool has_newer(struct tunnels *t, const struct child_sa *child)
{
        uint32_t oid[2] = { child->tunnel, child->index };
        const struct child_sa *newer =
                table_next(t->children, &child_by_tunnel_type, oid, 2, false);

        return newer && newer->tunnel == child->tunnel && child_is_up(newer);
}

/*
 * With IKEv1 an old child goes as one that is being rekeyed. libreswan is asked now and then: a
 * child may be replaced and gone between two answers.
 */
static bool is_superseded(struct tunnels *t, const struct child_sa *child)
{
        return (child->state == CHILD_SA_REKEYING ||
                (child_is_up(child) && child->daemon_kind == DAEMON_LIBRESWAN)) &&
               has_newer(t, child);
}

void tunnels_note_run(struct tunnels *t, uint8_t daemon, uint32_t run)
{
        if (t->daemons[daemon].run < run)
                t->daemons[daemon].run = run;
}

/* It was seen away; or it has been started anew since, and nobody saw it away. */
static bool daemon_ended(const struct tunnels *t, const struct child_sa *child)
{
        const struct daemon_source *source = &t->daemons[child->daemon_kind];

        return source->was_gone || child->daemon_run < source->run;
}

static void child_gone(struct tunnels *t, const struct child_sa *child, enum table_reason reason)
{
        struct tunnel_record *r = tunnel_by_number(t, child->tunnel);

        tunnel_policies_due(t, child->reqid);
        if (!r)
                return;
        tunnel_due(t, r);
        if (child->state == CHILD_SA_REKEYED)
                return;
        if (is_superseded(t, child)) {
                tunnel_count(t, r, COUNT_REKEYS, 1);
                return;
        }
        if (reason == TABLE_LOST)
                tunnel_set_word(r, daemon_ended(t, child) ? REASON_DAEMON_GONE : REASON_UNKNOWN,
                                true);
        else
                tunnel_set_word(r, child->reason != 0 ? child->reason : REASON_CLOSED_LOCALLY,
                                true);
        if (!r->up && tunnel_row(t, r)->down_reason == REASON_DELETED_OUTSIDE)
                r->failure = r->word; /* who was asked later says that it was him */
}

static bool same_place(const struct child_sa *a, const struct child_sa *b)
{
        return a->policy_key == b->policy_key && a->child_key == b->child_key &&
               a->ike_id == b->ike_id && a->reqid == b->reqid && a->spi_in == b->spi_in &&
               a->spi_out == b->spi_out;
}

static void child_changed(void *context, enum table_event event, enum table_reason reason,
                          const void *before, const void *after)
{
        const struct child_sa *old = before, *child = after;
        struct tunnels *t = context;
        struct tunnel_record *r;

        if (event == TABLE_REMOVED) {
                child_gone(t, old, reason);
                return;
        }
        tunnels_note_run(t, child->daemon_kind, child->daemon_run);
        if (old && old->state != CHILD_SA_REKEYED && child->state == CHILD_SA_REKEYED)
                count_rekey(t, child);
        r = tunnel_by_number(t, child->tunnel);
        if (r)
                tunnel_due(t, r);
        if (old && same_place(old, child) && child_is_up(old) == child_is_up(child))
                return;
        queue_put(&t->children_due, child->index);
        tunnels_run_at(t, 0);
}

/* ---- the configuration ---- */

static bool leaves_peer_open(const struct tunnels *t, const struct configured_policy *row)
{
        const struct ike_policy *policy = tunnel_ike_policy(t, row->policy_key);

        return policy && policy->any_peer;
}

static void configure_row(struct tunnels *t, const struct configured_policy *row,
                          const void *context)
{
        struct tunnel_record *r = tunnel_make(t, row->policy_key, row->child_key,
                                              leaves_peer_open(t, row) ? TUNNEL_TEMPLATE : 1);

        (void)context;
        if (r)
                tunnel_due(t, r);
}

static bool same_configuration(const struct configured_policy *a, const struct configured_policy *b)
{
        return a->action == b->action && a->trapped == b->trapped &&
               a->start_action == b->start_action;
}

static void configured_changed(void *context, enum table_event event, enum table_reason reason,
                               const void *before, const void *after)
{
        const struct configured_policy *old = before, *row = after;
        bool dynamic = row && row->action == RULE_DYNAMIC_KEY;
        struct tunnels *t = context;

        (void)event;
        (void)reason;
        if (dynamic)
                configure_row(t, row, NULL);
        if (row && old && same_configuration(old, row))
                return;
        if (!dynamic) {
                for (uint32_t i = TUNNEL_TEMPLATE; i <= 1; i++) {
                        struct tunnel_record *r =
                                tunnel_by_key(t, old ? old->policy_key : row->policy_key,
                                              old ? old->child_key : row->child_key, i);

                        if (r)
                                tunnel_set_word(r, REASON_CONFIGURATION_CHANGED, false);
                }
                pass_over(t, &t->rows_pass);
        }
        pass_over(t, &t->children_pass);
}

static void ike_policy_changed(void *context, enum table_event event, enum table_reason reason,
                               const void *before, const void *after)
{
        const struct ike_policy *old = before, *row = after;
        struct tunnels *t = context;

        (void)event;
        (void)reason;
        if (!row || (old && old->any_peer == row->any_peer))
                return;
        tunnel_each_configured(t, row->key, configure_row, NULL);
        if (!old)
                return;
        pass_over(t, &t->children_pass);
        pass_over(t, &t->rows_pass);
}

/* ---- policies ---- */

static void policy_changed(void *context, enum table_event event, enum table_reason reason,
                           const void *before, const void *after)
{
        const struct policy *old = before, *policy = after;
        struct tunnels *t = context;

        (void)reason;
        if (event == TABLE_REMOVED) {
                struct tunnel_record *r = tunnel_by_number(t, old->tunnel);

                if (r)
                        tunnel_due(t, r); /* its reqid was of it, unless it is up */
                return;
        }
        if (old && old->configured_policy_key == policy->configured_policy_key &&
            old->configured_child_key == policy->configured_child_key)
                return;
        queue_put(&t->policies_due, (uint64_t)policy->type << 32 | policy->index);
        tunnels_run_at(t, 0);
}

static void manual_due(struct tunnels *t, uint32_t reqid)
{
        struct tunnel_record *r;
        char text[16];

        snprintf(text, sizeof(text), "%u", (unsigned int)reqid);
        r = tunnel_by_key(t, TUNNEL_MANUAL, text, 1);
        if (r)
                tunnel_due(t, r);
}

static void template_changed(void *context, enum table_event event, enum table_reason reason,
                             const void *before, const void *after)
{
        const struct policy_template *old = before, *row = after;
        struct tunnels *t = context;

        (void)event;
        (void)reason;
        if (old && row && old->reqid == row->reqid)
                return;
        if (old)
                manual_due(t, old->reqid);
        if (!row)
                return;
        queue_put(&t->policies_due, (uint64_t)row->policy_type << 32 | row->policy_index);
        tunnels_run_at(t, 0);
}

/* ---- the sources ---- */

/* A source that has been read, or that will not be: what is missing then is not there. */
static bool is_settled(uint8_t state)
{
        return state == COLLECTOR_UP || state == COLLECTOR_DISABLED ||
               state == COLLECTOR_UNSUPPORTED;
}

static bool all_settled(const struct tunnels *t)
{
        bool settled = is_settled(t->xfrm_state);

        for (uint8_t daemon = 1; daemon <= IKE_DAEMONS; daemon++)
                settled = settled && is_settled(t->daemons[daemon].state);
        return settled;
}

static void xfrm_told(struct tunnels *t, uint8_t state)
{
        t->xfrm_state = state;
        if (state != COLLECTOR_UP || t->sas_read)
                return;
        t->sas_read = true;
        t->to_check = HASH_COUNT(t->counted);
        tunnels_run_at(t, 0);
}

static void daemon_told(struct tunnels *t, struct daemon_source *source, uint8_t state)
{
        source->state = state;
        if (state == COLLECTOR_UP) {
                source->read = true;
                source->was_gone = false;
                pass_over(t, &t->children_pass);
        } else if (state == COLLECTOR_DOWN) {
                source->was_gone = true;
                source->gone_at = tunnels_now(t).monotonic;
        }
}

static void collector_changed(void *context, enum table_event event, enum table_reason reason,
                              const void *before, const void *after)
{
        const struct collector_row *old = before, *row = after;
        struct tunnels *t = context;
        uint8_t daemon = ike_daemon_of_name(row ? row->key : NULL);

        (void)event;
        (void)reason;
        if (!row || !row->key || (old && old->state == row->state))
                return;
        if (daemon != 0)
                daemon_told(t, &t->daemons[daemon], row->state);
        else if (strcmp(row->key, "xfrm") == 0)
                xfrm_told(t, row->state);
        else
                return;
        if (t->settled)
                pass_over(t, &t->rows_pass);
        else if (all_settled(t))
                settle(t);
}

/* ---- what the header offers ---- */

static int subscribe(struct tunnels *t, struct store *store)
{
        static const struct {
                const struct table_type *type;
                table_listener *listener;
        } subscriptions[] = {
                { &ipsec_sa_type, sa_changed },
                { &child_sa_type, child_changed },
                { &ike_sa_type, tunnel_ike_sa_changed },
                { &ike_policy_type, ike_policy_changed },
                { &configured_policy_type, configured_changed },
                { &policy_type, policy_changed },
                { &policy_template_type, template_changed },
                { &collector_row_type, collector_changed },
        };
        int err = 0;

        for (size_t i = 0; err == 0 && i < sizeof(subscriptions) / sizeof(subscriptions[0]); i++)
                err = table_subscribe(store_table(store, subscriptions[i].type),
                                      subscriptions[i].listener, t);
        return err;
}

struct tunnels *tunnels_new(struct store *store, struct loop *loop,
                            const struct tunnels_config *config)
{
        struct tunnels *t = calloc(1, sizeof(*t));

        if (!t)
                return NULL;
        t->loop = loop;
        t->config = *config;
        t->rows = store_table(store, &tunnel_type);
        t->sas = store_table(store, &ipsec_sa_type);
        t->children = store_table(store, &child_sa_type);
        t->ike_sas = store_table(store, &ike_sa_type);
        t->ike_policies = store_table(store, &ike_policy_type);
        t->configured = store_table(store, &configured_policy_type);
        t->policies = store_table(store, &policy_type);
        t->templates = store_table(store, &policy_template_type);
        if (subscribe(t, store) < 0) {
                free(t);
                return NULL;
        }
        tunnels_put_agenda(t, tunnels_now(t).monotonic + SETTLE_WITHIN, WAKE_SETTLE, 0);
        return t;
}

void tunnels_configure(struct tunnels *t, const struct tunnels_config *config)
{
        t->config = *config;
        pass_over(t, &t->rows_pass);
        tunnels_put_agenda(t, 0, WAKE_TRIM, 0);
}

bool tunnels_can_be_saved(const struct tunnels *t)
{
        return t->settled && !has_links(t);
}

void tunnels_keep(struct tunnels *t, const struct tunnels_keeper *keeper)
{
        t->keeper = *keeper;
}

static void free_records(struct tunnels *t)
{
        struct tunnel_record *r, *next;

        HASH_ITER(by_number, t->by_number, r, next)
        {
                HASH_DELETE(by_key, t->by_key, r);
                HASH_DELETE(by_number, t->by_number, r);
                if (r->identity)
                        HASH_DELETE(by_peer, t->by_peer, r);
                free(r->identity);
                free(r);
        }
}

void tunnels_free(struct tunnels *t)
{
        struct negotiation *n, *next;

        if (!t)
                return;
        t->loop->cancel(t->loop, t->timer);
        free_records(t);
        while (t->counted)
                tunnel_forget_counted(t, t->counted);
        HASH_ITER(hh, t->negotiations, n, next)
        {
                HASH_DEL(t->negotiations, n);
                free(n);
        }
        queue_free(&t->children_due);
        queue_free(&t->sas_due);
        queue_free(&t->policies_due);
        queue_free(&t->due);
        queue_free(&t->unsaved);
        queue_free(&t->unsaved_sas);
        agenda_free(&t->agenda);
        free(t);
}
