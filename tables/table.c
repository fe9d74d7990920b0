#include "table.h"

#include "ordered.h"
#include "row.h"
#include "slots.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum entry_state {
        ENTRY_LISTED,  /* a row as all see it */
        ENTRY_ARRIVED, /* read in a full read, gets its number when that ends */
        ENTRY_GHOST,   /* removed during a full read that may still show it; freed when that ends */
        ENTRY_DOOMED,  /* about to be removed, together with others */
};

/* What goes before each row in memory. */
struct entry {
        uint32_t hash;    /* first: struct slots finds it there */
        uint16_t sweep;   /* number of the full read that saw the row last */
        uint8_t state;    /* enum entry_state */
        bool told : 1;    /* an event told of it during that read */
        bool haunted : 1; /* it stands in the list of ghosts */
        char row[] __attribute__((aligned(8)));
};

struct listener {
        table_listener *listener;
        void *context;
};

struct entry_list {
        struct entry **entries;
        size_t count;
        size_t room;
};

struct order {
        const struct table_type *view;
        struct ordered *rows;
};

struct table {
        const struct table_type *type;
        struct strings *pool;
        struct slots slots;   /* rows, arrivals and ghosts, by key */
        size_t n_rows;        /* ENTRY_LISTED */
        struct order *orders; /* the table's own, then its views' */
        size_t n_orders;
        struct listener *listeners;
        size_t n_listeners;
        uint32_t next_number; /* for given_index */
        uint16_t sweep;       /* number of the full read */
        bool sweeping;
        bool first_read_done;
        size_t n_unseen;           /* rows that this full read did not show yet */
        struct entry_list arrived; /* in the order read */
        struct entry_list late;    /* told by events during the first full read */
        size_t n_late_done;        /* of late: those that are shown already */
        struct entry_list ghosts;
        void *scratch; /* one row: the new one, its strings shared */
        void *before;  /* one row: as it was */
};

static struct entry *entry_of(const void *row)
{
        return (struct entry *)((uintptr_t)row - offsetof(struct entry, row));
}

/* ---- order ---- */

static const struct order *find_order(const struct table *t, const struct table_type *view)
{
        for (size_t i = 0; i < t->n_orders; i++)
                if (t->orders[i].view == view)
                        return &t->orders[i];
        return NULL;
}

const void *table_at(const struct table *t, const struct table_type *view, const uint32_t *oid,
                     size_t length)
{
        struct index sought = { view, oid, length };

        return ordered_find(find_order(t, view)->rows, index_compare, &sought);
}

const void *table_next(struct table *t, const struct table_type *view, const uint32_t *oid,
                       size_t length, bool or_at)
{
        struct index sought = { view, oid, length };

        return ordered_next(find_order(t, view)->rows, index_compare, &sought, or_at);
}

const void *table_previous(const struct table *t, const struct table_type *view,
                           const uint32_t *oid, size_t length)
{
        struct index sought = { view, oid, length };

        return ordered_previous(find_order(t, view)->rows, index_compare, &sought);
}

static void unlist_from(const struct order *order, const struct entry *entry)
{
        uint32_t oid[INDEX_MAX];
        struct index sought = { order->view, oid, index_encode(order->view, entry->row, oid) };

        ordered_remove(order->rows, index_compare, &sought);
}

static int list_in(const struct order *order, struct entry *entry)
{
        uint32_t oid[INDEX_MAX];
        struct index sought = { order->view, oid, index_encode(order->view, entry->row, oid) };

        return ordered_insert(order->rows, index_compare, &sought, entry->row);
}

static void unlist(struct table *t, const struct entry *entry, size_t n_orders)
{
        for (size_t i = 0; i < n_orders; i++)
                unlist_from(&t->orders[i], entry);
}

static int list(struct table *t, struct entry *entry)
{
        for (size_t i = 0; i < t->n_orders; i++) {
                int err = list_in(&t->orders[i], entry);

                if (err < 0) {
                        unlist(t, entry, i);
                        return err;
                }
        }
        return 0;
}

/* ---- keys ---- */

static size_t key_length(const struct table *t, const void *row)
{
        return t->type->key_length ? t->type->key_length(row) : 0;
}

static uint32_t hash_row(const struct table *t, const void *row)
{
        return slots_hash(row, key_length(t, row));
}

struct key {
        const struct table *table;
        const void *row; /* that has it */
        size_t length;
};

static bool has_key(const void *context, const void *item)
{
        const struct key *key = context;
        const struct entry *entry = item;

        return key_length(key->table, entry->row) == key->length &&
               memcmp(entry->row, key->row, key->length) == 0;
}

static struct entry *find_entry(const struct table *t, const void *row)
{
        struct key key = { t, row, key_length(t, row) };

        return slots_find(&t->slots, hash_row(t, row), has_key, &key);
}

/* ---- entries ---- */

static int list_append(struct entry_list *l, struct entry *entry)
{
        if (l->count == l->room) {
                size_t room = l->room ? 2 * l->room : 64;
                struct entry **entries = realloc(l->entries, room * sizeof(struct entry *));

                if (!entries)
                        return -ENOMEM;
                l->entries = entries;
                l->room = room;
        }
        l->entries[l->count++] = entry;
        return 0;
}

static void list_free(struct entry_list *l)
{
        free(l->entries);
        memset(l, 0, sizeof(*l));
}

static void tell(const struct table *t, enum table_event event, enum table_reason reason,
                 const void *before, const void *after)
{
        for (size_t i = 0; i < t->n_listeners; i++)
                t->listeners[i].listener(t->listeners[i].context, event, reason, before, after);
}

static void free_entry(struct table *t, struct entry *entry)
{
        slots_remove(&t->slots, entry);
        row_release(t->type, entry->row, t->pool);
        free(entry);
}

/* Gives the row its number and shows it. */
static int publish(struct table *t, struct entry *entry)
{
        int err;

        if (t->type->given_index) {
                memcpy(entry->row + t->type->given_index, &t->next_number, sizeof(t->next_number));
                t->next_number++;
        }
        err = list(t, entry);
        if (err < 0)
                return err;
        entry->state = ENTRY_LISTED;
        t->n_rows++;
        tell(t, TABLE_ADDED, TABLE_NO_REASON, NULL, entry->row);
        return 0;
}

static bool unseen(const struct table *t, const struct entry *entry)
{
        return t->sweeping && entry->state == ENTRY_LISTED && entry->sweep != t->sweep;
}

static void mark_seen(struct table *t, struct entry *entry, enum table_source source)
{
        if (unseen(t, entry))
                t->n_unseen--;
        if (entry->sweep != t->sweep)
                entry->told = false;
        entry->sweep = t->sweep;
        if (source == TABLE_FROM_EVENT)
                entry->told = true;
}

/* Where a new row goes: shown at once, or kept until the full read has told who is older. */
static int place(struct table *t, struct entry *entry, enum table_source source)
{
        struct entry_list *waiting = source == TABLE_FROM_DUMP ? &t->arrived : &t->late;

        if (!t->sweeping || (source == TABLE_FROM_EVENT && t->first_read_done))
                return publish(t, entry);
        entry->state = ENTRY_ARRIVED;
        return list_append(waiting, entry);
}

/* Takes over the strings of t->scratch, whatever comes of it. */
static int add(struct table *t, uint32_t hash, enum table_source source)
{
        struct entry *entry = calloc(1, sizeof(*entry) + t->type->row_size);
        int err = -ENOMEM;

        if (!entry) {
                row_release(t->type, t->scratch, t->pool);
                return err;
        }
        entry->hash = hash;
        entry->state = ENTRY_ARRIVED;
        memcpy(entry->row, t->scratch, t->type->row_size);
        err = slots_insert(&t->slots, entry);
        if (err < 0) {
                row_release(t->type, entry->row, t->pool);
                free(entry);
                return err;
        }
        mark_seen(t, entry, source);
        err = place(t, entry, source);
        if (err < 0)
                free_entry(t, entry);
        return err;
}

/* Whether the new row has another place in a view than the one in the table. */
static bool moves(const struct table *t, const struct order *order, const struct entry *entry)
{
        uint32_t oid[INDEX_MAX];
        struct index sought = { order->view, oid, 0 };

        if (!order->view->moves || entry->state != ENTRY_LISTED)
                return false;
        sought.length = index_encode(order->view, entry->row, oid);
        return index_compare(&sought, t->scratch) != 0;
}

/* Replaces the row in memory, and moves it in the views whose index it changes. */
static int overwrite(struct table *t, struct entry *entry)
{
        uint32_t moving = 0;
        int err = 0;

        for (size_t i = 1; i < t->n_orders; i++) {
                if (!moves(t, &t->orders[i], entry))
                        continue;
                moving |= 1u << i;
                unlist_from(&t->orders[i], entry);
        }
        memcpy(entry->row, t->scratch, t->type->row_size);
        for (size_t i = 1; i < t->n_orders && err == 0; i++)
                if (moving & 1u << i)
                        err = list_in(&t->orders[i], entry);
        return err;
}

/* Takes over the strings of t->scratch, or gives them back. */
static int replace(struct table *t, struct entry *entry)
{
        size_t size = t->type->row_size;
        int err;

        if (memcmp(entry->row, t->scratch, size) == 0) {
                row_release(t->type, t->scratch, t->pool);
                return 0;
        }
        memcpy(t->before, entry->row, size);
        err = overwrite(t, entry);
        if (entry->state == ENTRY_LISTED)
                tell(t, TABLE_CHANGED, TABLE_NO_REASON, t->before, entry->row);
        row_release(t->type, t->before, t->pool);
        return err;
}

/* A ghost that is told of again lives again, as a new row. */
static int revive(struct table *t, struct entry *entry)
{
        row_release(t->type, entry->row, t->pool);
        memcpy(entry->row, t->scratch, t->type->row_size);
        mark_seen(t, entry, TABLE_FROM_EVENT);
        return place(t, entry, TABLE_FROM_EVENT);
}

/* The joins' part and the number stay as they are in the table. */
static void keep_rest(const struct table *t, const struct entry *entry)
{
        size_t from = t->type->source_size, size = t->type->row_size;
        char *row = t->scratch;

        for (size_t i = 0; i < t->type->n_columns; i++) {
                const struct column *column = &t->type->columns[i];
                const char **kept = row_string(column, (void *)(uintptr_t)entry->row);

                if (!kept || column->offset < from)
                        continue;
                strings_release(t->pool, *row_string(column, row));
                if (*kept)
                        strings_retain(t->pool, *kept, strlen(*kept));
        }
        memcpy(row + from, entry->row + from, size - from);
}

static bool read_is_older(const struct table *t, const struct entry *entry)
{
        return entry->state == ENTRY_GHOST || (entry->told && entry->sweep == t->sweep);
}

static int put(struct table *t, const void *row, enum table_source source, bool whole)
{
        struct entry *entry;
        int err;

        memcpy(t->scratch, row, t->type->row_size);
        err = row_retain(t->type, t->scratch, t->pool);
        if (err < 0)
                return err;
        entry = find_entry(t, t->scratch);
        if (!entry && !whole)
                return add(t, hash_row(t, t->scratch), source);
        if (!entry || (whole && entry->state != ENTRY_LISTED)) {
                row_release(t->type, t->scratch, t->pool);
                return -ENOENT;
        }
        if (source == TABLE_FROM_DUMP && read_is_older(t, entry)) {
                row_release(t->type, t->scratch, t->pool);
                return 0;
        }
        if (entry->state == ENTRY_GHOST)
                return revive(t, entry);
        if (!whole) {
                keep_rest(t, entry);
                mark_seen(t, entry, source);
        }
        return replace(t, entry);
}

/* ---- removal ---- */

/* A row that no order holds any more. While a full read goes on, its key must be remembered. */
static void bury(struct table *t, struct entry *entry)
{
        if (!t->sweeping) {
                free_entry(t, entry);
                return;
        }
        entry->state = ENTRY_GHOST;
        if (entry->haunted)
                return;
        entry->haunted = true;
        /* Without memory the ghost stays in the hash: the read cannot bring it back either way. */
        list_append(&t->ghosts, entry);
}

static void drop_listed(struct table *t, struct entry *entry, enum table_reason reason)
{
        if (entry->sweep != t->sweep && t->sweeping)
                t->n_unseen--;
        t->n_rows--;
        entry->state = ENTRY_DOOMED; /* who is told of it finds it no more */
        tell(t, TABLE_REMOVED, reason, entry->row, NULL);
        bury(t, entry);
}

struct removal {
        bool (*match)(const void *row, const void *context);
        const void *context;
        struct entry_list doomed;
};

static bool doom_matching(void *item, void *context)
{
        struct removal *removal = context;
        struct entry *entry = entry_of(item);

        if (!removal->match(item, removal->context) || list_append(&removal->doomed, entry) < 0)
                return false;
        entry->state = ENTRY_DOOMED;
        return true;
}

static bool is_doomed(void *item, void *context)
{
        (void)context;
        return entry_of(item)->state == ENTRY_DOOMED;
}

static void bury_arrivals(struct table *t, struct entry_list *list, const struct removal *removal)
{
        for (size_t i = 0; i < list->count; i++)
                if (list->entries[i]->state == ENTRY_ARRIVED &&
                    removal->match(list->entries[i]->row, removal->context))
                        bury(t, list->entries[i]);
}

/* ---- the end of a full read ---- */

static void publish_arrival(struct table *t, struct entry *entry)
{
        if (entry->state == ENTRY_ARRIVED && publish(t, entry) < 0)
                bury(t, entry);
}

static bool not_seen(const void *row, const void *context)
{
        return entry_of(row)->sweep != ((const struct table *)context)->sweep;
}

/* The one read last first, then those that events told of meanwhile. False: more are waiting. */
static bool publish_arrivals(struct table *t, size_t rows)
{
        for (; rows > 0 && t->arrived.count > 0; rows--)
                publish_arrival(t, t->arrived.entries[--t->arrived.count]);
        for (; rows > 0 && t->n_late_done < t->late.count; rows--)
                publish_arrival(t, t->late.entries[t->n_late_done++]);
        return t->arrived.count == 0 && t->n_late_done == t->late.count;
}

static void finish_sweep(struct table *t, bool complete)
{
        list_free(&t->arrived);
        list_free(&t->late);
        t->n_late_done = 0;
        if (complete && t->n_unseen > 0)
                table_remove_matching(t, not_seen, t, TABLE_LOST);
        t->sweeping = false;
        for (size_t i = 0; i < t->ghosts.count; i++) {
                t->ghosts.entries[i]->haunted = false;
                if (t->ghosts.entries[i]->state == ENTRY_GHOST)
                        free_entry(t, t->ghosts.entries[i]);
        }
        list_free(&t->ghosts);
}

/* ---- what the header offers ---- */

static int add_orders(struct table *t)
{
        size_t n = 1;

        for (const struct table_type *const *view = t->type->views; view && *view; view++)
                n++;
        t->orders = calloc(n, sizeof(*t->orders));
        if (!t->orders)
                return -ENOMEM;
        for (t->n_orders = 0; t->n_orders < n; t->n_orders++) {
                struct order *order = &t->orders[t->n_orders];

                order->view = t->n_orders == 0 ? t->type : t->type->views[t->n_orders - 1];
                order->rows = ordered_new();
                if (!order->rows)
                        return -ENOMEM;
        }
        return 0;
}

struct table *table_new(const struct table_type *type, struct strings *pool)
{
        struct table *t = calloc(1, sizeof(*t));

        if (!t)
                return NULL;
        t->type = type;
        t->pool = pool;
        t->next_number = 1;
        t->scratch = calloc(1, type->row_size);
        t->before = calloc(1, type->row_size);
        if (!t->scratch || !t->before || add_orders(t) < 0) {
                table_free(t);
                return NULL;
        }
        return t;
}

void table_free(struct table *t)
{
        if (!t)
                return;
        for (size_t i = 0; i < t->slots.n; i++) {
                struct entry *entry = t->slots.items[i];

                if (!entry)
                        continue;
                row_release(t->type, entry->row, t->pool);
                free(entry);
        }
        for (size_t i = 0; i < t->n_orders; i++)
                ordered_free(t->orders[i].rows);
        list_free(&t->arrived);
        list_free(&t->late);
        list_free(&t->ghosts);
        slots_clear(&t->slots);
        free(t->orders);
        free(t->listeners);
        free(t->scratch);
        free(t->before);
        free(t);
}

const struct table_type *table_type(const struct table *t)
{
        return t->type;
}

size_t table_count(const struct table *t)
{
        return t->n_rows;
}

int table_subscribe(struct table *t, table_listener *listener, void *context)
{
        struct listener *listeners =
                realloc(t->listeners, (t->n_listeners + 1) * sizeof(*listeners));

        if (!listeners)
                return -ENOMEM;
        listeners[t->n_listeners].listener = listener;
        listeners[t->n_listeners].context = context;
        t->listeners = listeners;
        t->n_listeners++;
        return 0;
}

int table_put(struct table *t, const void *row, enum table_source source)
{
        return put(t, row, source, false);
}

int table_update(struct table *t, const void *row)
{
        return put(t, row, TABLE_FROM_EVENT, true);
}

static bool share_key_strings(const struct table *t, void *row)
{
        for (size_t i = 0; i < t->type->n_index; i++) {
                const char **string = row_string(&t->type->index[i], row);

                if (!string || !*string || !**string)
                        continue;
                *string = strings_find(t->pool, *string);
                if (!*string)
                        return false;
        }
        return true;
}

bool table_told(const struct table *t, const void *row)
{
        const struct entry *entry;

        memcpy(t->scratch, row, t->type->row_size);
        if (!t->sweeping || !share_key_strings(t, t->scratch))
                return false;
        entry = find_entry(t, t->scratch);
        return entry && read_is_older(t, entry);
}

const void *table_find(const struct table *t, const void *row)
{
        const struct entry *entry;

        memcpy(t->scratch, row, t->type->row_size);
        if (!share_key_strings(t, t->scratch))
                return NULL;
        entry = find_entry(t, t->scratch);
        return entry && entry->state == ENTRY_LISTED ? entry->row : NULL;
}

bool table_remove(struct table *t, const void *row, enum table_reason reason)
{
        struct entry *entry;

        memcpy(t->scratch, row, t->type->row_size);
        if (!share_key_strings(t, t->scratch))
                return false;
        entry = find_entry(t, t->scratch);
        if (!entry || entry->state == ENTRY_GHOST)
                return false;
        if (entry->state == ENTRY_ARRIVED) {
                bury(t, entry);
                return true;
        }
        unlist(t, entry, t->n_orders);
        drop_listed(t, entry, reason);
        return true;
}

size_t table_remove_matching(struct table *t, bool (*match)(const void *row, const void *context),
                             const void *context, enum table_reason reason)
{
        struct removal removal = { match, context, { 0 } };
        size_t n;

        ordered_sweep(t->orders[0].rows, doom_matching, &removal);
        for (size_t i = 1; i < t->n_orders; i++)
                ordered_sweep(t->orders[i].rows, is_doomed, NULL);
        bury_arrivals(t, &t->arrived, &removal);
        bury_arrivals(t, &t->late, &removal);
        for (size_t i = 0; i < removal.doomed.count; i++)
                drop_listed(t, removal.doomed.entries[i], reason);
        n = removal.doomed.count;
        list_free(&removal.doomed);
        return n;
}

void table_sweep_begin(struct table *t)
{
        table_sweep_abort(t);
        t->sweep++;
        t->sweeping = true;
        t->n_unseen = t->n_rows;
}

bool table_sweep_end(struct table *t, size_t rows)
{
        if (!t->sweeping)
                return true;
        if (!publish_arrivals(t, rows))
                return false;
        finish_sweep(t, true);
        t->first_read_done = true;
        return true;
}

void table_sweep_abort(struct table *t)
{
        if (!t->sweeping)
                return;
        publish_arrivals(t, SIZE_MAX);
        finish_sweep(t, false);
}

void table_sweep_keep(struct table *t)
{
        table_sweep_abort(t);
        t->first_read_done = true;
}
