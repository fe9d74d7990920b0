#include "libreswan_ends.h"

#include "id_set.h"
#include "libreswan_rows.h"
#include "tables/occurrence.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct succession {
        uint32_t id;     /* the state number of an IKE SA */
        uint32_t before; /* of the one that it took over from */
};

void libreswan_ends_free(struct libreswan_ends *e)
{
        free(e->successions);
}

/* ---- rekeys ---- */

static int add(struct libreswan_ends *e, uint32_t id, uint32_t before)
{
        if (e->n_successions == e->room) {
                size_t room = e->room ? 2 * e->room : 64;
                struct succession *grown = realloc(e->successions, room * sizeof(*grown));

                if (!grown)
                        return -ENOMEM;
                e->successions = grown;
                e->room = room;
        }
        e->successions[e->n_successions++] = (struct succession){ id, before };
        return 0;
}

static int compare(const void *a, const void *b)
{
        const struct succession *x = a, *y = b;

        return (x->id > y->id) - (x->id < y->id);
}

/* Its children go over to the successor, and keep their numbers (RFC 7296, section 2.8). */
static int look_at_child(struct libreswan_rows *r, const struct libreswan_state *state)
{
        const struct child_sa key = { .daemon_kind = DAEMON_LIBRESWAN,
                                      .daemon_run = r->run,
                                      .daemon_id = state->id };
        const struct child_sa *child = table_find(r->children, &key);

        if (!child || child->ike_id == 0 || child->ike_id == state->ike_id)
                return 0;
        return add(&r->ends, state->ike_id, child->ike_id);
}

static bool is_up_v2(const struct libreswan_state *state)
{
        return !state->is_child && state->version == IKE_V2 && state->ike_state == IKE_ESTABLISHED;
}

static bool is_same_conn(const struct libreswan_state *a, const struct libreswan_state *b)
{
        return a->instance == b->instance && strcmp(a->name, b->name) == 0;
}

/*
 * One that is left without children beside the newest one of its connection; two that were made at
 * once have theirs. The states of one connection are told together: those from begin to end.
 */
static int look_at_conn(struct libreswan_rows *r, size_t begin, size_t end,
                        const struct id_set *with_children)
{
        uint32_t newest = 0;
        int err = 0;

        for (size_t i = begin; i < end; i++)
                if (is_up_v2(&r->states[i]) && r->states[i].newest)
                        newest = r->states[i].id;
        for (size_t i = begin; newest != 0 && err == 0 && i < end; i++) {
                const struct libreswan_state *state = &r->states[i];

                if (is_up_v2(state) && !state->newest && !id_set_has(with_children, state->id))
                        err = add(&r->ends, newest, state->id);
        }
        return err;
}

static size_t end_of_conn(const struct libreswan_rows *r, size_t begin)
{
        size_t end = begin + 1;

        while (end < r->n_states && is_same_conn(&r->states[begin], &r->states[end]))
                end++;
        return end;
}

int libreswan_ends_look(struct libreswan_rows *r)
{
        struct id_set with_children = { 0 };
        int err = 0;

        r->ends.n_successions = 0;
        for (size_t i = 0; err == 0 && i < r->n_states; i++) {
                if (!r->states[i].is_child || r->states[i].ike_id == 0)
                        continue;
                err = look_at_child(r, &r->states[i]);
                if (err == 0)
                        err = id_set_add(&with_children, r->states[i].ike_id);
        }
        id_set_sort(&with_children);
        for (size_t i = 0, end; err == 0 && i < r->n_states; i = end) {
                end = end_of_conn(r, i);
                err = look_at_conn(r, i, end, &with_children);
        }
        id_set_free(&with_children);
        if (r->ends.n_successions > 1)
                qsort(r->ends.successions, r->ends.n_successions, sizeof(struct succession),
                      compare);
        return err;
}

void libreswan_ends_succeed(struct libreswan_rows *r, uint32_t id)
{
        const struct succession sought = { .id = id }, *found = NULL;
        struct ike_sa key = { .daemon_kind = DAEMON_LIBRESWAN, .daemon_run = r->run }, changed;
        const struct ike_sa *row;

        if (r->ends.n_successions > 0)
                found = bsearch(&sought, r->ends.successions, r->ends.n_successions, sizeof(sought),
                                compare);
        if (!found)
                return;
        key.daemon_id = found->before;
        row = table_find(r->ike_sas, &key);
        if (!row || row->state != IKE_ESTABLISHED)
                return;
        changed = *row;
        changed.state = IKE_REKEYED;
        table_put(r->ike_sas, &changed, TABLE_FROM_EVENT);
}

/* ---- authentication ---- */

void libreswan_ends_failed(struct libreswan_ends *e, uint64_t failed, uint64_t refused)
{
        if (refused > failed)
                refused = failed; /* it was said more than once */
        e->refused += refused;
        e->rejected += failed - refused;
}

static void tell(struct libreswan_rows *r, const struct ike_sa *row, uint8_t reason, uint64_t count)
{
        struct occurrence o;

        memset(&o, 0, sizeof(o));
        o.kind = EVENT_IKE_AUTH_FAILURE;
        o.entity = ENTITY_IKE;
        o.reason = reason;
        o.daemon = DAEMON_LIBRESWAN;
        o.count = count < UINT32_MAX ? (uint32_t)count : UINT32_MAX;
        o.alone = row == NULL;
        if (row) {
                o.ike_policy_key = row->policy_key;
                o.remote_identity = row->remote_identity;
                o.local = row->local;
                o.remote = row->remote;
        }
        occurrence_tell(r->occurrences, &o);
}

/* It is one of those that failed, if there are any left. */
static void explain(struct libreswan_rows *r, const struct ike_sa *row)
{
        uint64_t *failures = row->role == ROLE_RESPONDER ? &r->ends.rejected : &r->ends.refused;
        struct ike_sa changed = *row;

        if (*failures == 0)
                return;
        --*failures;
        changed.reason =
                row->role == ROLE_RESPONDER ? REASON_PEER_AUTH_FAILED : REASON_LOCAL_AUTH_FAILED;
        if (table_put(r->ike_sas, &changed, TABLE_FROM_EVENT) == 0)
                tell(r, table_find(r->ike_sas, &changed), changed.reason, 1);
}

/* The counters are of IKEv2 alone. */
static bool may_have_failed(const struct ike_sa *row)
{
        return row->daemon_kind == DAEMON_LIBRESWAN && row->version == IKE_V2 &&
               row->state == IKE_CONNECTING && row->reason == 0;
}

/* A negotiation that fails in authentication takes milliseconds: whack sees few of them. */
void libreswan_ends_tell(struct libreswan_rows *r)
{
        struct libreswan_ends *e = &r->ends;
        const struct ike_sa *row;
        uint32_t index = 0;

        while (e->refused + e->rejected > 0 &&
               (row = table_next(r->ike_sas, &ike_sa_type, &index, 1, false))) {
                index = row->index;
                if (may_have_failed(row) && libreswan_is_bygone(row, r))
                        explain(r, row);
        }
        if (e->refused > 0)
                tell(r, NULL, REASON_LOCAL_AUTH_FAILED, e->refused);
        if (e->rejected > 0)
                tell(r, NULL, REASON_PEER_AUTH_FAILED, e->rejected);
        e->refused = e->rejected = 0;
}
