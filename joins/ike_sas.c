#include "ike_sas.h"

#include "children.h"
#include "queue.h"
#include "tables/key.h"

#include <stdlib.h>
#include <string.h>

/* IKE SAs looked at in one turn of the loop. */
#define ROWS_PER_TURN 1000

struct ike_sas {
        struct loop *loop;
        struct loop_timer *timer;
        struct table *rows;
        struct table *children;
        struct table *policies;
        struct queue due; /* indexes of IKE SAs */
        bool all_due;
};

static void run(void *context);

static void run_soon(struct ike_sas *s)
{
        if (!s->timer)
                s->timer = s->loop->after(s->loop, 0, run, s);
}

static void note(struct ike_sas *s, const struct ike_sa *row)
{
        queue_put(&s->due, row->index);
        run_soon(s);
}

/* ---- policies ---- */

static const struct ike_policy *policy_at(const struct ike_sas *s, const char *key, uint8_t daemon)
{
        struct ike_policy sought;
        const struct ike_policy *policy;
        uint32_t oid[INDEX_MAX];
        size_t length;

        memset(&sought, 0, sizeof(sought));
        sought.key = key;
        length = index_encode(&ike_policy_type, &sought, oid);
        policy = table_at(s->policies, &ike_policy_type, oid, length);
        return policy && policy->daemon_kind == daemon ? policy : NULL;
}

/* Where two daemons have the name, the second's key says whose it is. */
static const struct ike_policy *policy_with(const struct ike_sas *s, const char *name,
                                            const struct ike_sa *row)
{
        const struct ike_policy *policy;
        char key[KEY_MAX + 1];

        if (!name)
                return NULL;
        key_of_name(name, key);
        policy = policy_at(s, key, row->daemon_kind);
        if (policy || !row->daemon)
                return policy;
        key_of_second_name(name, row->daemon, key);
        return policy_at(s, key, row->daemon_kind);
}

/* The next IKE SA of a policy; they lie together in the view. */
static const struct ike_sa *next_of_policy(const struct ike_sas *s, const char *key, uint32_t after)
{
        const struct ike_sa *row;
        struct ike_sa sought;
        uint32_t oid[INDEX_MAX];
        size_t length;

        memset(&sought, 0, sizeof(sought));
        sought.policy_key = key;
        sought.index = after;
        length = index_encode(&ike_sa_by_policy_type, &sought, oid);
        row = table_next(s->rows, &ike_sa_by_policy_type, oid, length, false);
        return row && row->policy_key && strcmp(row->policy_key, key) == 0 ? row : NULL;
}

static void count_in(const struct ike_sas *s, const char *key, int difference)
{
        struct ike_policy sought, changed;
        const struct ike_policy *policy;

        memset(&sought, 0, sizeof(sought));
        sought.key = key;
        policy = key ? table_find(s->policies, &sought) : NULL;
        if (!policy)
                return;
        changed = *policy;
        changed.ike_sas += (uint32_t)difference;
        table_update(s->policies, &changed);
}

/* ---- one IKE SA ---- */

static uint32_t count_children(const struct ike_sas *s, const struct ike_sa *row)
{
        uint32_t oid[4] = { row->daemon_kind, row->daemon_run, row->daemon_id, 0 }, n = 0;
        const struct child_sa *child;

        while ((child = table_next(s->children, &child_by_ike_type, oid, 4, false)) &&
               child->daemon_kind == row->daemon_kind && child->daemon_run == row->daemon_run &&
               child->ike_id == row->daemon_id) {
                oid[3] = child->index;
                n++;
        }
        return n;
}

static void judge(struct ike_sas *s, const struct ike_sa *row)
{
        const struct ike_policy *policy = policy_with(s, row->policy_name, row);
        struct ike_sa changed = *row;

        changed.auth_record = row->policy_name;
        changed.policy_key = policy ? policy->key : NULL;
        changed.local_auth_method = policy ? policy->local_auth_method : NULL;
        changed.remote_auth_method = policy ? policy->remote_auth_method : NULL;
        changed.child_sas = count_children(s, row);
        if (memcmp(&changed, row, sizeof(changed)) == 0)
                return;
        if (changed.policy_key != row->policy_key) {
                count_in(s, row->policy_key, -1);
                count_in(s, changed.policy_key, 1);
        }
        table_update(s->rows, &changed);
}

static void note_all(struct ike_sas *s)
{
        const struct ike_sa *row;
        uint32_t index = 0;

        s->all_due = false;
        while ((row = table_next(s->rows, &ike_sa_type, &index, 1, false))) {
                index = row->index;
                queue_put(&s->due, index);
        }
}

static void run(void *context)
{
        struct ike_sas *s = context;

        s->timer = NULL;
        if (s->all_due)
                note_all(s);
        for (size_t rows = ROWS_PER_TURN; rows > 0 && !queue_is_empty(&s->due); rows--) {
                uint32_t index = (uint32_t)queue_take(&s->due);
                const struct ike_sa *row = table_at(s->rows, &ike_sa_type, &index, 1);

                if (row)
                        judge(s, row);
        }
        if (!queue_is_empty(&s->due))
                run_soon(s);
}

/* ---- what changes ---- */

static void ike_sa_changed(void *context, enum table_event event, enum table_reason reason,
                           const void *before, const void *after)
{
        const struct ike_sa *old = before, *row = after;

        (void)reason;
        if (event == TABLE_REMOVED)
                count_in(context, old->policy_key, -1);
        else if (event == TABLE_ADDED || old->policy_name != row->policy_name)
                note(context, row);
}

/* A new one may be of any IKE SA; of one that went no IKE SA may speak any more. */
static void policy_changed(void *context, enum table_event event, enum table_reason reason,
                           const void *before, const void *after)
{
        const struct ike_policy *old = before, *policy = after ? after : before;
        struct ike_sas *s = context;
        const struct ike_sa *row;
        uint32_t index = 0;

        (void)reason;
        if (event == TABLE_ADDED) {
                s->all_due = true;
                run_soon(s);
                return;
        }
        if (event == TABLE_CHANGED && old->local_auth_method == policy->local_auth_method &&
            old->remote_auth_method == policy->remote_auth_method)
                return;
        while ((row = next_of_policy(s, policy->key, index))) {
                index = row->index;
                judge(s, row);
        }
}

static void note_owner(struct ike_sas *s, const struct child_sa *child)
{
        const struct ike_sa key = { .daemon_kind = child->daemon_kind,
                                    .daemon_run = child->daemon_run,
                                    .daemon_id = child->ike_id };
        const struct ike_sa *row = table_find(s->rows, &key);

        if (row)
                note(s, row);
}

static void child_changed(void *context, enum table_event event, enum table_reason reason,
                          const void *before, const void *after)
{
        const struct child_sa *old = before, *child = after;

        (void)reason;
        if (event == TABLE_CHANGED && old->ike_id == child->ike_id)
                return;
        if (old)
                note_owner(context, old);
        if (child)
                note_owner(context, child);
}

struct ike_sas *ike_sas_new(struct store *store, struct loop *loop)
{
        struct ike_sas *s = calloc(1, sizeof(*s));

        if (!s)
                return NULL;
        s->loop = loop;
        s->rows = store_table(store, &ike_sa_type);
        s->children = store_table(store, &child_sa_type);
        s->policies = store_table(store, &ike_policy_type);
        if (table_subscribe(s->rows, ike_sa_changed, s) < 0 ||
            table_subscribe(s->children, child_changed, s) < 0 ||
            table_subscribe(s->policies, policy_changed, s) < 0) {
                free(s);
                return NULL;
        }
        return s;
}

void ike_sas_free(struct ike_sas *s)
{
        if (!s)
                return;
        s->loop->cancel(s->loop, s->timer);
        queue_free(&s->due);
        free(s);
}
