#include "libreswan_rows.h"

#include "libreswan_text.h"
#include "row_text.h"
#include "tables/key.h"
#include "tables/occurrence.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Seconds that a moment may differ from what was told before: pluto rounds to seconds. */
#define TOLERANCE 2

#define NAT_PORT 4500 /* ESP goes in UDP when IKE does from there (RFC 7296, section 2.23) */

void libreswan_rows_init(struct libreswan_rows *r, struct loop *loop, struct store *store)
{
        *r = (struct libreswan_rows){
                .loop = loop,
                .ike_sas = store_table(store, &ike_sa_type),
                .occurrences = store_table(store, &occurrence_type),
                .children = store_table(store, &child_sa_type),
                .policies = store_table(store, &ike_policy_type),
                .configured = store_table(store, &configured_policy_type),
                .uniqueness = UNIQUE_UNKNOWN,
        };
}

void libreswan_rows_free(struct libreswan_rows *r)
{
        free(r->conns);
        free(r->by_name);
        free(r->states);
        libreswan_ends_free(&r->ends);
        scratch_free(&r->conn_scratch);
        scratch_free(&r->state_scratch);
        scratch_free(&r->row_scratch);
}

int64_t libreswan_rows_now(const struct libreswan_rows *r)
{
        struct moment now;

        r->loop->now(r->loop, &now);
        return now.wall;
}

/* ---- counters ---- */

void libreswan_begin_totals(struct libreswan_rows *r)
{
        r->total_now = (struct libreswan_totals){ 0 };
}

bool libreswan_take_total(struct libreswan_rows *r, struct libreswan_text line)
{
        uint64_t total;

        if (!libreswan_parse_total(line, &total))
                return false;
        r->total_now.all += total;
        switch (libreswan_total_kind(line)) {
        case LIBRESWAN_AUTH_FAILED:
                r->total_now.auth_failed += total;
                break;
        case LIBRESWAN_AUTH_REFUSED:
                r->total_now.auth_refused += total;
                break;
        default:
                break;
        }
        return true;
}

void libreswan_end_totals(struct libreswan_rows *r)
{
        struct libreswan_totals before = r->total;

        if (r->total_now.all < r->total.all) {
                r->run++;
                before = (struct libreswan_totals){ 0 };
        }
        if (r->total_known)
                libreswan_ends_failed(&r->ends, r->total_now.auth_failed - before.auth_failed,
                                      r->total_now.auth_refused - before.auth_refused);
        r->total = r->total_now;
        r->total_known = true;
}

/* ---- the answer ---- */

void libreswan_begin_states(struct libreswan_rows *r, bool with_conns)
{
        r->n_states = 0;
        scratch_clear(&r->state_scratch);
        r->kept = 0;
        r->changed = false;
        r->begun = libreswan_rows_now(r);
        r->with_conns = with_conns;
        if (!with_conns)
                return;
        r->n_conns = 0;
        free(r->by_name);
        r->by_name = NULL;
        scratch_clear(&r->conn_scratch);
}

static void *grow(void *array, size_t n, size_t *room, size_t size)
{
        size_t more = *room ? 2 * *room : 64;
        void *grown = array;

        if (n < *room)
                return array;
        grown = realloc(array, more * size);
        if (grown)
                *room = more;
        return grown;
}

static struct libreswan_conn *last_conn(struct libreswan_rows *r, struct libreswan_text name,
                                        uint32_t instance)
{
        struct libreswan_conn *last = r->n_conns > 0 ? &r->conns[r->n_conns - 1] : NULL;

        return last && last->instance == instance && text_equals(name, last->name) ? last : NULL;
}

static int take_conn_line(struct libreswan_rows *r, struct libreswan_text line)
{
        struct libreswan_conn *conn, *conns;
        struct libreswan_text name;
        uint32_t instance;

        if (!libreswan_conn_name(&line, &name, &instance))
                return 0;
        conn = last_conn(r, name, instance);
        if (!conn) {
                conns = grow(r->conns, r->n_conns, &r->conns_room, sizeof(*conns));
                if (!conns)
                        return -ENOMEM;
                r->conns = conns;
                conn = &conns[r->n_conns];
                if (!libreswan_conn_begin(conn, name, instance, &r->conn_scratch))
                        return -ENOMEM;
                r->n_conns++;
        }
        libreswan_conn_line(conn, line, &r->conn_scratch);
        return 1;
}

static int take_state_line(struct libreswan_rows *r, struct libreswan_text line)
{
        struct libreswan_state *states;
        int err;

        states = grow(r->states, r->n_states, &r->states_room, sizeof(*states));
        if (!states)
                return -ENOMEM;
        r->states = states;
        err = libreswan_parse_state(line, &r->state_scratch, &states[r->n_states]);
        if (err == 0)
                r->n_states++;
        return err == -ENOMEM ? err : err != -EBADMSG;
}

static int take_spi_line(struct libreswan_rows *r, struct libreswan_text line)
{
        struct libreswan_state *last = r->n_states > 0 ? &r->states[r->n_states - 1] : NULL;

        return last && libreswan_parse_spis(line, last) == 0;
}

/* "uniqueids=yes": a new connection with the peer's identity takes the place of the one before. */
static void take_setup(struct libreswan_rows *r, struct libreswan_text line)
{
        struct libreswan_text rest;

        libreswan_parse_version(line, r->version, sizeof(r->version));
        if (text_after(line, "uniqueids=", &rest))
                r->uniqueness = text_begins(rest, "yes") ? UNIQUE_REPLACE : UNIQUE_NO;
}

int libreswan_take_line(struct libreswan_rows *r, struct libreswan_text line)
{
        switch (libreswan_kind(line)) {
        case LIBRESWAN_CONNECTION:
                return r->with_conns ? take_conn_line(r, line) : 0;
        case LIBRESWAN_STATE:
                return take_state_line(r, line);
        case LIBRESWAN_SPIS:
                return take_spi_line(r, line);
        default:
                if (r->with_conns && r->n_conns == 0)
                        take_setup(r, line);
                return 0;
        }
}

/* ---- connections ---- */

static int compare_conns(const void *a, const void *b)
{
        const struct libreswan_conn *left = *(struct libreswan_conn *const *)a;
        const struct libreswan_conn *right = *(struct libreswan_conn *const *)b;
        int names = strcmp(left->name, right->name);

        if (names != 0)
                return names;
        return left->instance < right->instance ? -1 : left->instance > right->instance;
}

static int sort_conns(struct libreswan_rows *r)
{
        if (r->by_name || r->n_conns == 0)
                return 0;
        r->by_name = calloc(r->n_conns, sizeof(*r->by_name));
        if (!r->by_name)
                return -ENOMEM;
        for (size_t i = 0; i < r->n_conns; i++) {
                libreswan_conn_end(&r->conns[i]);
                r->by_name[i] = &r->conns[i];
        }
        qsort(r->by_name, r->n_conns, sizeof(*r->by_name), compare_conns);
        return 0;
}

static const struct libreswan_conn *find_conn(const struct libreswan_rows *r, const char *name,
                                              uint32_t instance)
{
        struct libreswan_conn sought = { .name = name, .instance = instance };
        const struct libreswan_conn *key = &sought;
        struct libreswan_conn **found;

        if (!r->by_name)
                return NULL;
        found = bsearch(&key, r->by_name, r->n_conns, sizeof(*r->by_name), compare_conns);
        return found ? *found : NULL;
}

/* Two daemons may have a connection of one name: the second's key says whose it is. */
static void key_of_conn(const struct libreswan_rows *r, const char *name, char key[KEY_MAX + 1])
{
        struct ike_policy sought;
        const struct ike_policy *row;

        key_of_name(name, key);
        memset(&sought, 0, sizeof(sought));
        sought.key = key;
        row = table_find(r->policies, &sought);
        if (row && row->daemon_kind != DAEMON_LIBRESWAN)
                key_of_second_name(name, LIBRESWAN, key);
}

static int put_conn(struct libreswan_rows *r, const struct libreswan_conn *conn)
{
        struct configured_policy child;
        struct ike_policy policy;
        char key[KEY_MAX + 1];
        int err;

        if (conn->instance != 0)
                return 0; /* one peer of a connection that has a row */
        key_of_conn(r, conn->name, key);
        memcpy(&policy, &conn->policy, sizeof(policy));
        policy.key = key;
        policy.name = conn->name;
        policy.daemon_kind = DAEMON_LIBRESWAN;
        policy.daemon = LIBRESWAN;
        policy.uniqueness = r->uniqueness;
        policy.fresh = true;
        policy.last_seen = libreswan_rows_now(r);
        err = table_put(r->policies, &policy, TABLE_FROM_EVENT);
        memcpy(&child, &conn->child, sizeof(child));
        child.policy_key = child.child_key = key;
        child.policy_name = child.child_name = conn->name;
        child.daemon_kind = DAEMON_LIBRESWAN;
        child.daemon = LIBRESWAN;
        child.fresh = true;
        child.last_seen = policy.last_seen;
        child.trap_seen = child.trapped ? child.last_seen : 0;
        return err < 0 ? err : table_put(r->configured, &child, TABLE_FROM_EVENT);
}

/* ---- IKE SAs ---- */

static int64_t moment_of(int64_t now, int64_t seconds)
{
        return seconds < 0 ? 0 : now + seconds;
}

static void keep_steady(int64_t *moment, int64_t before)
{
        if (*moment != 0 && before != 0 && *moment - before <= TOLERANCE &&
            before - *moment <= TOLERANCE)
                *moment = before;
}

static void set_ike_times(const struct libreswan_state *state, int64_t now, struct ike_sa *row)
{
        if (state->ike_state != IKE_ESTABLISHED)
                return; /* what is planned then is a retransmission, or giving up */
        row->expiry = moment_of(now, state->expire_in);
        row->rekey = moment_of(now, state->rekey_in);
        if (state->version == IKE_V1)
                row->reauthentication = moment_of(now, state->replace_in);
        else if (row->expiry == 0)
                row->expiry = moment_of(now, state->replace_in);
}

static void set_ike_conn(struct libreswan_rows *r, const struct libreswan_conn *conn,
                         struct ike_sa *row)
{
        row->local = conn->local;
        row->remote = conn->remote;
        row->local_identity = conn->policy.local_identity;
        row->remote_identity = conn->policy.remote_identity;
        row->remote_eap_identity = conn->instance != 0 ? conn->policy.remote_eap_identity : NULL;
        row->names_user = conn->names_user;
        if (row->version == IKE_V1)
                row->pfs = conn->pfs ? PFS_ON : PFS_OFF;
        if (conn->newest_ike == row->daemon_id && conn->algorithm_newest)
                libreswan_parse_algorithms(conn->algorithm_newest, row->version, &r->row_scratch,
                                           row);
}

static void keep_algorithms(struct ike_sa *row, const struct ike_sa *old)
{
        row->encryption = old->encryption;
        row->encryption_key_bits = old->encryption_key_bits;
        row->encryption_transform = old->encryption_transform;
        row->integrity = old->integrity;
        row->integrity_transform = old->integrity_transform;
        row->prf = old->prf;
        row->prf_transform = old->prf_transform;
        row->dh_group = old->dh_group;
        row->dh_group_name = old->dh_group_name;
}

/* What an answer leaves out is as it was. */
static void keep_known(struct ike_sa *row, const struct ike_sa *old, bool conn_known)
{
        keep_steady(&row->rekey, old->rekey);
        keep_steady(&row->reauthentication, old->reauthentication);
        keep_steady(&row->expiry, old->expiry);
        if (row->role == ROLE_UNKNOWN)
                row->role = old->role;
        if (!row->encryption)
                keep_algorithms(row, old);
        if (old->remote_eap_identity)
                row->remote_eap_identity = old->remote_eap_identity; /* as told with the traffic */
        row->local_virtual_ips = old->local_virtual_ips; /* --trafficstatus tells them */
        row->remote_virtual_ips = old->remote_virtual_ips;
        if (conn_known)
                return;
        row->local = old->local;
        row->remote = old->remote;
        row->local_identity = old->local_identity;
        row->remote_identity = old->remote_identity;
        row->names_user = old->names_user;
        row->pfs = old->pfs;
}

static int put_ike_sa(struct libreswan_rows *r, const struct libreswan_state *state,
                      const struct libreswan_conn *conn, int64_t now)
{
        const struct ike_sa *old;
        struct ike_sa row;

        if (state->ike_state == IKE_ESTABLISHED)
                libreswan_ends_succeed(r, state->id);
        memset(&row, 0, sizeof(row));
        row.daemon_kind = DAEMON_LIBRESWAN;
        row.daemon_run = r->run;
        row.daemon_id = state->id;
        row.version = state->version;
        row.role = state->role;
        row.state = state->ike_state;
        row.authenticating = state->authenticating;
        row.pfs = PFS_UNKNOWN;
        row.remote_port = state->port;
        row.policy_name = state->name;
        row.daemon = LIBRESWAN;
        row.fresh = true;
        row.last_seen = now;
        set_ike_times(state, now, &row);
        if (conn)
                set_ike_conn(r, conn, &row);
        old = table_find(r->ike_sas, &row);
        if (old)
                keep_known(&row, old, conn != NULL);
        if (old && old->state == IKE_REKEYED && row.state == IKE_ESTABLISHED)
                row.state = IKE_REKEYED; /* pluto's word does not tell it */
        if (state->peer.type != INET_ADDR_UNKNOWN)
                row.remote = state->peer;
        r->changed = r->changed || !old || !conn;
        return table_put(r->ike_sas, &row, TABLE_FROM_EVENT);
}

/* ---- child SAs ---- */

/* One that is not its connection's newest has a successor. */
static uint8_t child_state_of(const struct libreswan_state *state)
{
        return state->child_state == CHILD_SA_INSTALLED && !state->newest ? CHILD_SA_REKEYED
                                                                          : state->child_state;
}

static void set_child_times(const struct libreswan_state *state, int64_t now, struct child_sa *row)
{
        row->expiry = moment_of(now, state->expire_in);
        if (state->version == IKE_V1) {
                row->rekey = moment_of(now, state->replace_in);
                return;
        }
        row->rekey = moment_of(now, state->rekey_in);
        if (row->expiry == 0)
                row->expiry = moment_of(now, state->replace_in);
}

static void keep_known_child(struct child_sa *row, const struct child_sa *old, bool conn_known)
{
        keep_steady(&row->rekey, old->rekey);
        keep_steady(&row->expiry, old->expiry);
        row->installed = old->installed;
        row->octets_in = old->octets_in;
        row->octets_out = old->octets_out;
        if (row->ike_id == 0)
                row->ike_id = old->ike_id;
        if (conn_known)
                return;
        row->mode = old->mode;
        row->local_selectors = old->local_selectors;
        row->remote_selectors = old->remote_selectors;
}

static bool is_superseded(const struct libreswan_state *state)
{
        return state->is_child && child_state_of(state) == CHILD_SA_REKEYED;
}

/* Its successor's row comes first, which may be some turns later. */
static int supersede(struct libreswan_rows *r, const struct libreswan_state *state)
{
        const struct child_sa key = { .daemon_kind = DAEMON_LIBRESWAN,
                                      .daemon_run = r->run,
                                      .daemon_id = state->id };
        const struct child_sa *child = table_find(r->children, &key);
        struct child_sa changed;

        if (!child || !is_superseded(state) || child->state == CHILD_SA_REKEYED)
                return 0;
        changed = *child;
        changed.state = CHILD_SA_REKEYED;
        return table_put(r->children, &changed, TABLE_FROM_EVENT);
}

static int put_child(struct libreswan_rows *r, const struct libreswan_state *state,
                     const struct libreswan_conn *conn, int64_t now)
{
        const struct child_sa *old;
        char key[KEY_MAX + 1];
        struct child_sa row;

        key_of_conn(r, state->name, key);
        memset(&row, 0, sizeof(row));
        row.daemon_kind = DAEMON_LIBRESWAN;
        row.daemon_run = r->run;
        row.daemon_id = state->id;
        row.ike_id = state->ike_id;
        row.spi_in = state->spi_in;
        row.spi_out = state->spi_out;
        row.protocol = state->protocol;
        row.state = child_state_of(state);
        row.mode = state->tunnel || (conn && conn->tunnel) ? MODE_TUNNEL : MODE_TRANSPORT;
        row.encap = state->port == NAT_PORT;
        row.policy_key = row.child_key = key;
        row.policy_name = row.child_name = state->name;
        row.local_selectors = conn ? conn->child.local_selectors : NULL;
        row.remote_selectors = conn ? conn->child.remote_selectors : NULL;
        row.last_seen = now;
        set_child_times(state, now, &row);
        old = table_find(r->children, &row);
        if (old)
                keep_known_child(&row, old, conn != NULL);
        if (old && old->state == CHILD_SA_INSTALLED && is_superseded(state))
                row.state = old->state;
        r->changed = r->changed || !old || !conn;
        return table_put(r->children, &row, TABLE_FROM_EVENT);
}

/* A daemon that was started anew numbers its states from 1 again: the SPIs are others. */
static bool is_another(const struct libreswan_rows *r, const struct libreswan_state *state)
{
        const struct child_sa key = { .daemon_kind = DAEMON_LIBRESWAN,
                                      .daemon_run = r->run,
                                      .daemon_id = state->id };
        const struct child_sa *child = table_find(r->children, &key);

        if (!state->is_child)
                return child != NULL;
        return child && child->spi_in != 0 && state->spi_in != 0 &&
               child->spi_in != state->spi_in && child->spi_out != state->spi_out;
}

static void note_restart(struct libreswan_rows *r)
{
        for (size_t i = 0; i < r->n_states; i++) {
                if (!is_another(r, &r->states[i]))
                        continue;
                r->run++;
                return;
        }
}

static int put_state(struct libreswan_rows *r, const struct libreswan_state *state)
{
        const struct libreswan_conn *conn = find_conn(r, state->name, state->instance);
        int64_t now = libreswan_rows_now(r);

        return state->is_child ? put_child(r, state, conn, now) : put_ike_sa(r, state, conn, now);
}

/* ---- what is gone ---- */

static bool is_ike_sa_of_another_run(const void *row, const void *context)
{
        const struct libreswan_rows *r = context;
        const struct ike_sa *ike_sa = row;

        return ike_sa->daemon_kind == DAEMON_LIBRESWAN && ike_sa->daemon_run != r->run;
}

static bool is_child_of_another_run(const void *row, const void *context)
{
        const struct libreswan_rows *r = context;
        const struct child_sa *child = row;

        return child->daemon_kind == DAEMON_LIBRESWAN && child->daemon_run != r->run;
}

bool libreswan_is_bygone(const void *row, const void *context)
{
        const struct libreswan_rows *r = context;
        const struct ike_sa *ike_sa = row;

        return ike_sa->daemon_kind == DAEMON_LIBRESWAN && ike_sa->last_seen < r->begun;
}

static bool is_bygone_child(const void *row, const void *context)
{
        const struct libreswan_rows *r = context;
        const struct child_sa *child = row;

        return child->daemon_kind == DAEMON_LIBRESWAN && child->last_seen < r->begun;
}

static bool is_bygone_policy(const void *row, const void *context)
{
        const struct libreswan_rows *r = context;
        const struct ike_policy *policy = row;

        return policy->daemon_kind == DAEMON_LIBRESWAN && policy->last_seen < r->begun;
}

static bool is_bygone_configured(const void *row, const void *context)
{
        const struct libreswan_rows *r = context;
        const struct configured_policy *child = row;

        return child->daemon_kind == DAEMON_LIBRESWAN && child->last_seen < r->begun;
}

void libreswan_forget(struct libreswan_rows *r)
{
        size_t gone;

        libreswan_ends_tell(r);
        gone = table_remove_matching(r->children, is_child_of_another_run, r, TABLE_LOST) +
               table_remove_matching(r->ike_sas, is_ike_sa_of_another_run, r, TABLE_LOST) +
               table_remove_matching(r->children, is_bygone_child, r, TABLE_DELETED) +
               table_remove_matching(r->ike_sas, libreswan_is_bygone, r, TABLE_DELETED);

        r->changed = r->changed || gone > 0;
        if (!r->with_conns)
                return;
        table_remove_matching(r->configured, is_bygone_configured, r, TABLE_DELETED);
        table_remove_matching(r->policies, is_bygone_policy, r, TABLE_DELETED);
}

/* First the connections, then all states, then what these supersede. */
static int keep_one(struct libreswan_rows *r, size_t n_conns, size_t at)
{
        if (at < n_conns)
                return put_conn(r, &r->conns[at]);
        at -= n_conns;
        return at < r->n_states ? put_state(r, &r->states[at])
                                : supersede(r, &r->states[at - r->n_states]);
}

bool libreswan_end_states(struct libreswan_rows *r, size_t rows, int *err)
{
        size_t n_conns = r->with_conns ? r->n_conns : 0, all = n_conns + 2 * r->n_states;

        *err = 0;
        if (r->kept == 0) {
                *err = sort_conns(r);
                note_restart(r);
                if (libreswan_ends_look(r) < 0)
                        *err = -ENOMEM;
        }
        for (; rows > 0 && r->kept < all; rows--, r->kept++) {
                int its;

                scratch_clear(&r->row_scratch);
                its = keep_one(r, n_conns, r->kept);
                if (its < 0)
                        *err = its;
        }
        return r->kept == all;
}

/* ---- traffic ---- */

static const struct ike_sa *owner_of(const struct libreswan_rows *r, const struct child_sa *child)
{
        const struct ike_sa key = { .daemon_kind = DAEMON_LIBRESWAN,
                                    .daemon_run = child->daemon_run,
                                    .daemon_id = child->ike_id };

        return table_find(r->ike_sas, &key);
}

/* The lease without the length of its prefix: one address is given. */
static const char *address_of(struct libreswan_text lease, struct scratch *scratch)
{
        const char *slash = memchr(lease.at, '/', lease.length);

        return row_text_of(lease.at, slash ? (size_t)(slash - lease.at) : lease.length, scratch);
}

/* It is of the side whose selector it is. */
static bool is_selector(const char *selectors, struct libreswan_text lease)
{
        return selectors && text_equals(lease, selectors);
}

/* What is told with the traffic of a child, and is its IKE SA's. */
static int put_user(struct libreswan_rows *r, const struct child_sa *child,
                    const struct libreswan_traffic *traffic)
{
        const struct ike_sa *row = owner_of(r, child);
        struct ike_sa changed;

        if (!row || (traffic->user.length == 0 && traffic->lease.length == 0))
                return 0;
        scratch_clear(&r->row_scratch);
        changed = *row;
        if (traffic->user.length > 0)
                changed.remote_eap_identity =
                        row_text_of(traffic->user.at, traffic->user.length, &r->row_scratch);
        if (traffic->lease.length > 0 && is_selector(child->local_selectors, traffic->lease))
                changed.local_virtual_ips = address_of(traffic->lease, &r->row_scratch);
        else if (traffic->lease.length > 0)
                changed.remote_virtual_ips = address_of(traffic->lease, &r->row_scratch);
        return table_put(r->ike_sas, &changed, TABLE_FROM_EVENT);
}

int libreswan_take_traffic(struct libreswan_rows *r, struct libreswan_text line)
{
        struct libreswan_traffic traffic;
        struct child_sa key = { .daemon_kind = DAEMON_LIBRESWAN, .daemon_run = r->run }, changed;
        const struct child_sa *child;

        if (libreswan_parse_traffic(line, &traffic) < 0)
                return 0;
        key.daemon_id = traffic.id;
        child = table_find(r->children, &key);
        if (!child)
                return 1; /* younger than the states that were read */
        changed = *child;
        if (traffic.add_time != 0)
                changed.installed = traffic.add_time;
        changed.octets_in = traffic.octets_in;
        changed.octets_out = traffic.octets_out;
        if (table_put(r->children, &changed, TABLE_FROM_EVENT) < 0)
                return -ENOMEM;
        child = table_find(r->children, &key);
        return !child || put_user(r, child, &traffic) < 0 ? -ENOMEM : 1;
}

/* ---- growing old, counting ---- */

static const struct configured_policy *next_configured(const struct libreswan_rows *r,
                                                       const struct configured_policy *row)
{
        uint32_t oid[INDEX_MAX];
        size_t length = row ? index_encode(&configured_policy_type, row, oid) : 0;

        return table_next(r->configured, &configured_policy_type, oid, length, false);
}

static const struct ike_policy *next_policy(const struct libreswan_rows *r,
                                            const struct ike_policy *row)
{
        uint32_t oid[INDEX_MAX];
        size_t length = row ? index_encode(&ike_policy_type, row, oid) : 0;

        return table_next(r->policies, &ike_policy_type, oid, length, false);
}

void libreswan_rows_grow_old(struct libreswan_rows *r)
{
        const struct configured_policy *child = NULL;
        const struct ike_policy *policy = NULL;
        const struct ike_sa *row;
        uint32_t index = 0;

        while ((row = table_next(r->ike_sas, &ike_sa_type, &index, 1, false))) {
                struct ike_sa changed = *row;

                index = row->index;
                changed.fresh = false;
                if (row->daemon_kind == DAEMON_LIBRESWAN && row->fresh)
                        table_put(r->ike_sas, &changed, TABLE_FROM_EVENT);
        }
        while ((policy = next_policy(r, policy))) {
                struct ike_policy changed = *policy;

                changed.fresh = false;
                if (policy->daemon_kind == DAEMON_LIBRESWAN && policy->fresh)
                        table_put(r->policies, &changed, TABLE_FROM_EVENT);
        }
        while ((child = next_configured(r, child))) {
                struct configured_policy changed = *child;

                changed.fresh = false;
                if (child->daemon_kind == DAEMON_LIBRESWAN && child->fresh)
                        table_put(r->configured, &changed, TABLE_FROM_EVENT);
        }
}

uint32_t libreswan_rows_count(const struct libreswan_rows *r)
{
        const struct configured_policy *child = NULL;
        const struct child_sa *child_sa;
        const struct ike_policy *policy = NULL;
        const struct ike_sa *row;
        uint32_t index = 0, n = 0;

        while ((row = table_next(r->ike_sas, &ike_sa_type, &index, 1, false))) {
                index = row->index;
                n += row->daemon_kind == DAEMON_LIBRESWAN;
        }
        index = 0;
        while ((child_sa = table_next(r->children, &child_sa_type, &index, 1, false))) {
                index = child_sa->index;
                n += child_sa->daemon_kind == DAEMON_LIBRESWAN;
        }
        while ((policy = next_policy(r, policy)))
                n += policy->daemon_kind == DAEMON_LIBRESWAN;
        while ((child = next_configured(r, child)))
                n += child->daemon_kind == DAEMON_LIBRESWAN;
        return n;
}
