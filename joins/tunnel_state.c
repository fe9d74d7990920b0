/* What a tunnel's row tells: its state, by what there is of it at this moment. */
#include "config.h"

#include "children.h"
#include "tunnel_record.h"

#include "tables/collector_row.h"
#include "tables/policy_template.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* SAs looked at for the newest of each direction. */
#define NEWEST_WITHIN 64

/* Milliseconds for which more than one pair of SAs is nothing but a rekey. */
#define REKEY_TAKES 60000

/* Milliseconds for which the row of a tunnel that is no more stays when it goes down. */
#define LINGERS 60000

/* Milliseconds in which one read of all SAs tells of both directions. */
#define READ_TAKES 2000

/* Milliseconds between a daemon's end and the removal of its SAs, in whatever order they are told.
 */
#define ENDS_WITHIN 1000

/* What there is of a tunnel now. */
struct sight {
        struct moment now;
        const struct configured_policy *configured; /* NULL: it is in no configuration */
        const struct ike_policy *policy;
        const struct child_sa *child; /* the newest that is up, else the newest of any */
        const struct ike_sa *ike_sa;  /* that owns it */
        bool child_up;
        bool child_coming;         /* one is being made */
        const struct ipsec_sa *in; /* the newest usable */
        const struct ipsec_sa *out;
        const struct ipsec_sa *either; /* of a direction that is not known */
};

/* ---- looking ---- */

static void look_at_children(struct tunnels *t, const struct tunnel_record *r, struct sight *s)
{
        uint32_t oid[2] = { r->number, 0 };
        const struct child_sa *child;

        while ((child = table_next(t->children, &child_by_tunnel_type, oid, 2, false)) &&
               child->tunnel == r->number) {
                const struct ike_sa *ike_sa = tunnel_ike_sa_of(t, child);
                bool up = child_is_up(child) && !(ike_sa && ike_sa->ended);

                oid[1] = child->index;
                s->child_coming |=
                        child->state == CHILD_SA_CREATED || child->state == CHILD_SA_INSTALLING;
                if (!up && s->child_up)
                        continue;
                s->child = child;
                s->ike_sa = ike_sa;
                s->child_up |= up;
        }
}

static void look_at_sas(const struct tunnels *t, const struct tunnel_record *r, struct sight *s)
{
        uint32_t oid[2] = { r->number, UINT32_MAX };
        const struct ipsec_sa *sa;

        for (int i = 0; i < NEWEST_WITHIN && !(s->in && s->out); i++) {
                sa = table_previous(t->sas, &sa_by_tunnel_type, oid, 2);
                if (!sa || sa->tunnel != r->number)
                        return;
                oid[1] = sa->index;
                if (!sa_counts(sa) || !sa_is_usable(sa))
                        continue;
                if (sa->tunnel_direction == DIRECTION_INBOUND && !s->in)
                        s->in = sa;
                else if (sa->tunnel_direction == DIRECTION_OUTBOUND && !s->out)
                        s->out = sa;
                else if (sa->tunnel_direction == 0 && !s->either)
                        s->either = sa;
        }
}

/* A road warrior's row is configured by a policy that leaves the peer open, others by one that does
 * not. */
static void look_at_configuration(const struct tunnels *t, const struct tunnel_record *r,
                                  struct sight *s)
{
        bool any_peer;

        s->policy = tunnel_ike_policy(t, r->key.policy);
        s->configured = tunnel_configured(t, r->key.policy, r->key.child);
        any_peer = s->policy && s->policy->any_peer;
        if (any_peer != (r->identity || tunnel_is_template(r)))
                s->configured = NULL;
}

static struct sight look(struct tunnels *t, const struct tunnel_record *r)
{
        struct sight s;

        memset(&s, 0, sizeof(s));
        s.now = tunnels_now(t);
        look_at_sas(t, r, &s);
        if (tunnel_is_manual(r))
                return s;
        look_at_configuration(t, r, &s);
        look_at_children(t, r, &s);
        return s;
}

/* Who is configured for it; else whoever has SAs for it now, or had them last. */
static void set_daemon(struct tunnel_record *r, const struct sight *s)
{
        if (s->configured)
                r->daemon = s->configured->daemon_kind;
        else if (s->child)
                r->daemon = s->child->daemon_kind;
}

/* ---- whether it stays ---- */

/* Its own: those of a daemon may have the same reqid. */
static bool has_policies(struct tunnels *t, const struct tunnel_record *r)
{
        uint32_t reqid = (uint32_t)strtoul(r->key.child, NULL, 10), oid[4] = { reqid, 0, 0, 0 };
        const struct policy_template *template;

        while ((template = table_next(t->templates, &template_by_reqid_type, oid, 4, false)) &&
               template->reqid == reqid) {
                const uint32_t place[] = { template->policy_type, template->policy_index };
                const struct policy *policy = table_at(t->policies, &policy_type, place, 2);

                if (!policy || policy->tunnel == 0 || policy->tunnel == r->number)
                        return true;
                oid[1] = template->policy_type;
                oid[2] = template->policy_index;
                oid[3] = template->number;
        }
        return false;
}

static bool has_sas(struct tunnels *t, const struct tunnel_record *r)
{
        const struct ipsec_sa *sa = table_next(t->sas, &sa_by_tunnel_type, &r->number, 1, false);

        return sa && sa->tunnel == r->number;
}

static bool is_disabled(const struct tunnels *t, const struct tunnel_record *r)
{
        return t->daemons[r->daemon].state == COLLECTOR_DISABLED;
}

static bool stays(struct tunnels *t, const struct tunnel_record *r, const struct sight *s)
{
        if (tunnel_is_manual(r))
                return has_sas(t, r) || has_policies(t, r) ||
                       (r->restored && !tunnels_can_read(t->xfrm_state));
        if (s->configured || s->child)
                return true;
        /* Of an earlier run, and its daemon has not said yet what is configured now. */
        return r->restored && !tunnels_have_read(t, r->daemon) && !is_disabled(t, r);
}

/*
 * Whoever was told that it is down may read why for a while. One that lost its SAs to another
 * tunnel never went down.
 */
static bool lingers(struct tunnels *t, struct tunnel_record *r, const struct sight *s)
{
        if (is_disabled(t, r))
                return false; /* nobody is told anything of it */
        if (r->up && r->word != 0)
                r->lingers_until = s->now.monotonic + LINGERS;
        if (s->now.monotonic >= r->lingers_until)
                return false;
        tunnel_wake_at(t, r, r->lingers_until);
        return true;
}

/* ---- whether it is up ---- */

static bool sas_carry(const struct tunnel_record *r)
{
        bool in = r->usable[DIRECTION_INBOUND] > 0, out = r->usable[DIRECTION_OUTBOUND] > 0;

        if (r->usable[0] > 0)
                return true;
        return r->both_ways ? in && out : in || out;
}

/* The daemon's word alone is not enough, and not needed while it cannot be asked. */
static bool carries(const struct tunnels *t, const struct tunnel_record *r, const struct sight *s)
{
        bool sas = sas_carry(r);

        if (tunnel_is_template(r))
                return r->users > 0;
        if (tunnel_is_manual(r))
                return sas;
        if (!s->child_up)
                return sas && r->up && !s->child && !tunnels_can_ask(t, r->daemon);
        return sas || !tunnels_can_read(t->xfrm_state) || s->now.monotonic < r->trusted_until;
}

static bool name_matches(const struct tunnels *t, const char *name)
{
        for (size_t i = 0; i < t->config.n_idle_patterns; i++)
                if (fnmatch(t->config.idle_patterns[i], name, 0) == 0)
                        return true;
        return false;
}

static bool is_idle(const struct tunnels *t, const struct tunnel_record *r, const struct sight *s,
                    const struct tunnel *row)
{
        if (r->identity || tunnel_is_template(r) || (row->name && name_matches(t, row->name)))
                return true;
        if (!s->configured)
                return false;
        switch (s->configured->start_action) {
        case CHILD_NONE:
        case CHILD_TRAP:
        case CHILD_IGNORE:
                return true;
        default:
                return s->configured->trapped && s->configured->start_action != CHILD_START &&
                       s->configured->start_action != CHILD_TRAP_AND_START;
        }
}

static bool is_connecting(const struct tunnels *t, const struct tunnel_record *r,
                          const struct sight *s, const struct tunnel *row)
{
        if (s->child_coming || r->larval > 0)
                return true;
        if (r->identity || tunnel_is_template(r) || tunnel_is_manual(r) || !row->policy_name)
                return false;
        return tunnel_negotiation(t, row->policy_name, r->daemon) != NULL;
}

static uint8_t state_of(const struct tunnels *t, const struct tunnel_record *r,
                        const struct sight *s, const struct tunnel *row, bool up)
{
        if (!up && is_connecting(t, r, s, row))
                return TUNNEL_CONNECTING;
        if (!up)
                return is_idle(t, r, s, row) ? TUNNEL_IDLE : TUNNEL_DOWN;
        if (tunnel_is_manual(r) || tunnel_is_template(r))
                return TUNNEL_UP;
        if (!s->configured && tunnels_have_read(t, r->daemon))
                return TUNNEL_NOT_CONFIGURED;
        return (s->child && s->child->state == CHILD_SA_REKEYING) ||
                               (s->ike_sa && s->ike_sa->state == IKE_REKEYING)
                       ? TUNNEL_REKEYING
                       : TUNNEL_UP;
}

/* ---- what has changed ---- */

static void step_users(struct tunnels *t, struct tunnel_record *r, bool up)
{
        if (!r->template)
                return;
        r->template->users += up ? 1 : UINT32_MAX;
        tunnel_due(t, r->template);
}

/* One that was up before the agent was came up when its SAs were made, as far as is known. */
static int64_t moment_of_up(const struct tunnel_record *r, const struct sight *s)
{
        const struct ipsec_sa *sa = s->out ? s->out : s->in ? s->in : s->either;
        int64_t made = s->child && s->child->installed != 0 ? s->child->installed
                       : sa                                 ? sa->add_time
                                                            : 0;

        return !r->judged && made != 0 && made < s->now.wall ? made : s->now.wall;
}

static void came_up(struct tunnels *t, struct tunnel_record *r, const struct sight *s,
                    struct tunnel *row)
{
        row->ups++;
        row->last_up = row->since = moment_of_up(r, s);
        row->down_reason = REASON_NONE;
        r->silent_since = 0;
        step_users(t, r, true);
        tunnel_returned(t, r);
}

/* One that is stopped removes its SAs and closes its socket, and says no more. */
static bool went_with_daemon(const struct tunnels *t, const struct tunnel_record *r)
{
        if (tunnel_is_manual(r) || tunnels_can_ask(t, r->daemon))
                return false;
        return r->word == 0 || (r->word == REASON_DELETED_OUTSIDE &&
                                r->deleted_at - t->daemons[r->daemon].gone_at < ENDS_WITHIN);
}

static void went_down(struct tunnels *t, struct tunnel_record *r, const struct sight *s,
                      struct tunnel *row)
{
        row->downs++;
        row->last_down = row->since = s->now.wall;
        row->down_reason = r->word != 0 ? r->word : REASON_UNKNOWN;
        if (went_with_daemon(t, r))
                row->down_reason = REASON_DAEMON_GONE;
        else if (tunnel_is_template(r))
                row->down_reason = REASON_NONE;
        r->one_way = false;
        r->trusted_until = 0;
        step_users(t, r, false);
        tunnel_left(t, r);
}

/* Up by the kernel's word, and by that of the daemon that made it. */
static bool is_beyond_doubt(const struct tunnel_record *r, const struct sight *s)
{
        return sas_carry(r) && (s->child || tunnel_is_manual(r));
}

static void set_state(struct tunnels *t, struct tunnel_record *r, const struct sight *s,
                      struct tunnel *row)
{
        bool up = carries(t, r, s), was_up = r->up;
        uint8_t state;

        if (up && !was_up)
                came_up(t, r, s, row);
        else if (!up && was_up)
                went_down(t, r, s, row);
        state = state_of(t, r, s, row, up);
        if (!up && !was_up && state != row->state)
                row->since = s->now.wall;
        if (up != was_up || state != row->state)
                tunnel_changed(t, r, false);
        row->state = state;
        r->up = up;
        if (!up && r->identity && !r->listed)
                tunnel_left(t, r);
        if (!up && r->failure != 0)
                row->down_reason = r->failure;
        r->failure = 0;
        if (!up || is_beyond_doubt(r, s)) { /* else what was told may decide it */
                r->word = 0;
                r->word_is_last = false;
        } else if (s->now.monotonic < r->trusted_until)
                tunnel_wake_at(t, r, r->trusted_until);
        if (r->usable[DIRECTION_INBOUND] > 0 && r->usable[DIRECTION_OUTBOUND] > 0)
                r->both_ways = true;
        else if (r->usable[DIRECTION_INBOUND] == 0 && r->usable[DIRECTION_OUTBOUND] == 0)
                r->both_ways = false;
}

/* ---- what it is called ---- */

static void set_name(const struct tunnel_record *r, const struct tunnel *row, char **name)
{
        const char *identity = tunnel_identity(r);
        bool same = row->policy_name && row->child_name &&
                    strcmp(row->policy_name, row->child_name) == 0;
        int n = asprintf(name, "%s%s%s%s%s%s", row->policy_name ? row->policy_name : "",
                         same ? "" : "/", same || !row->child_name ? "" : row->child_name,
                         identity ? " [" : "", identity ? identity : "", identity ? "]" : "");

        if (n < 0)
                *name = NULL;
}

static void set_names(const struct tunnel_record *r, const struct sight *s, struct tunnel *row)
{
        if (tunnel_is_manual(r)) {
                row->policy_name = TUNNEL_MANUAL;
                row->child_name = r->key.child;
        } else if (s->configured) {
                row->policy_name = s->configured->policy_name;
                row->child_name = s->configured->child_name;
        } else if (s->child) {
                row->policy_name = s->child->policy_name;
                row->child_name = s->child->child_name;
        }
}

/* ---- the rest of the row ---- */

/* A list of addresses, names and networks is none. */
static void set_address(struct inet_addr *address, const char *configured)
{
        struct inet_addr parsed;

        if (configured && inet_addr_parse(&parsed, configured, strlen(configured)) &&
            parsed.type != INET_ADDR_UNKNOWN && parsed.prefix == 0)
                *address = parsed;
}

static bool is_nowhere(const struct inet_addr *address)
{
        static const uint8_t none[sizeof(address->octets)];

        return memcmp(address->octets, none, sizeof(none)) == 0;
}

static void set_ends(const struct sight *s, bool up, struct tunnel *row)
{
        if (up && s->ike_sa) {
                row->local = s->ike_sa->local;
                row->remote = s->ike_sa->remote;
        } else if (up && (s->out || s->in)) {
                row->local = s->out ? s->out->source : s->in->destination;
                row->remote = s->out ? s->out->destination : s->in->source;
        } else if (s->policy) {
                set_address(&row->local, s->policy->local_addresses);
                set_address(&row->remote, s->policy->remote_addresses);
        }
        if (is_nowhere(&row->remote))
                memset(&row->remote, 0, sizeof(row->remote));
        if (is_nowhere(&row->local))
                memset(&row->local, 0, sizeof(row->local));
}

static void set_ike(const struct tunnel_record *r, const struct sight *s, bool up,
                    struct tunnel *row)
{
        const struct ike_sa *ike_sa = s->ike_sa && !s->ike_sa->ended ? s->ike_sa : NULL;

        row->ike_sa = ike_sa ? ike_sa->index : 0;
        if (ike_sa)
                row->ike_version = ike_sa->version;
        else if (s->policy)
                row->ike_version = s->policy->version;
        if (ike_sa && ike_sa->local_identity)
                row->local_identity = ike_sa->local_identity;
        else if (s->policy && s->policy->local_identity)
                row->local_identity = s->policy->local_identity;
        if (r->identity)
                row->remote_identity = tunnel_identity(r);
        else if (ike_sa && !tunnel_is_template(r))
                row->remote_identity = ike_sa->remote_eap_identity ? ike_sa->remote_eap_identity
                                                                   : ike_sa->remote_identity;
        else if (s->policy && s->policy->remote_identity && !tunnel_is_template(r))
                row->remote_identity = s->policy->remote_identity;
        if (up && s->child) {
                row->local_selectors = s->child->local_selectors;
                row->remote_selectors = s->child->remote_selectors;
        } else if (s->configured) {
                row->local_selectors = s->configured->local_selectors;
                row->remote_selectors = s->configured->remote_selectors;
        }
}

static int64_t earlier(int64_t a, int64_t b)
{
        return a == 0 || (b != 0 && b < a) ? b : a;
}

/* Of SAs that are not up nothing is told. */
static void set_sas(const struct sight *s, bool up, struct tunnel *row)
{
        static const struct ipsec_sa nothing = { .protocol = PROTOCOL_UNKNOWN };
        const struct ipsec_sa *sa = s->out ? s->out : s->in ? s->in : s->either;

        row->inbound_sa = s->in ? s->in->index : 0;
        row->outbound_sa = s->out ? s->out->index : 0;
        sa = up && sa ? sa : &nothing;
        row->encryption = sa->encryption;
        row->encryption_key_bits = sa->encryption_key_bits;
        row->encryption_transform = sa->encryption_transform;
        row->authentication = sa->authentication;
        row->authentication_key_bits = sa->authentication_key_bits;
        row->authentication_transform = sa->authentication_transform;
        row->hard_expiry =
                up ? earlier(s->in ? s->in->hard_expiry : 0, s->out ? s->out->hard_expiry : 0) : 0;
        row->reqid = sa->reqid;
        if (sa->protocol != PROTOCOL_UNKNOWN)
                row->protocol = sa->protocol;
        if (sa->mode != 0)
                row->mode = sa->mode;
}

/* What waits for traffic has policies and no SAs. */
static uint32_t reqid_of_policies(const struct tunnels *t, const struct tunnel_record *r)
{
        const struct policy *policy =
                table_next(t->policies, &policy_by_tunnel_type, &r->number, 1, false);
        const struct policy_template *template;
        uint32_t place[3];

        if (!policy || policy->tunnel != r->number)
                return 0;
        place[0] = policy->type;
        place[1] = policy->index;
        place[2] = 0;
        template = table_next(t->templates, &policy_template_type, place, 3, false);
        return template && template->policy_type == policy->type &&
                               template->policy_index == policy->index
                       ? template->reqid
                       : 0;
}

static void set_child(const struct sight *s, bool up, struct tunnel *row)
{
        const struct child_sa *child = up ? s->child : NULL;

        row->rekey = child ? child->rekey : 0;
        row->dh_group = child ? child->dh_group : 0;
        row->dh_group_name = child ? child->dh_group_name : NULL;
        if (child && row->hard_expiry == 0)
                row->hard_expiry = child->expiry;
        if (child && child->mode != 0)
                row->mode = child->mode;
        else if (!up && s->configured)
                row->mode = s->configured->mode;
        if (child && (child->protocol == PROTOCOL_ESP || child->protocol == PROTOCOL_AH))
                row->protocol = child->protocol;
        if (child && child->reqid != 0)
                row->reqid = child->reqid;
        else if (s->child && row->reqid == 0)
                row->reqid = s->child->reqid;
}

static void set_weak(const struct sight *s, struct tunnel *row)
{
        row->weak = (s->in && s->in->weak) || (s->out && s->out->weak) ||
                    (s->either && s->either->weak) || (s->ike_sa && s->ike_sa->weak);
}

void tunnel_set_counters(const struct tunnel_record *r, struct tunnel *row)
{
        const uint64_t *counts = r->counts;

        row->octets_in = counts[COUNT_OCTETS_IN];
        row->octets_out = counts[COUNT_OCTETS_OUT];
        row->packets_in = counts[COUNT_PACKETS_IN];
        row->packets_out = counts[COUNT_PACKETS_OUT];
        row->replay_window_errors = counts[COUNT_REPLAY_WINDOW_ERRORS];
        row->replay_errors = counts[COUNT_REPLAY_ERRORS];
        row->integrity_errors = counts[COUNT_INTEGRITY_ERRORS];
        row->rekeys = counts[COUNT_REKEYS];
        row->negotiation_failures = counts[COUNT_NEGOTIATION_FAILURES];
        row->authentication_failures = counts[COUNT_AUTHENTICATION_FAILURES];
        row->last_packet_in = r->last_packet_in;
        row->last_packet_out = r->last_packet_out;
        row->users = r->users;
}

/*
 * Packets have gone out for so long, the last of them just now, and none has come in. The SAs of
 * the two directions are read one after the other, so it is looked at once more.
 */
static void set_one_way(struct tunnels *t, struct tunnel_record *r, const struct sight *s, bool up)
{
        bool silent = up && !tunnel_is_template(r) && r->silent_since != 0 &&
                      r->last_packet_out - r->silent_since >= t->config.one_way;

        if (!silent) {
                r->one_way = false;
                return;
        }
        if (r->one_way)
                return;
        if (s->now.wall - r->last_packet_out >= READ_TAKES / 1000)
                r->one_way = true;
        else
                tunnel_wake_at(t, r, s->now.monotonic + READ_TAKES);
}

/* Between the same peers one pair is enough. With manual keys a reqid may have several peers. */
static uint32_t count_duplicates(struct tunnels *t, struct tunnel_record *r, const struct sight *s)
{
        uint32_t in = r->usable[DIRECTION_INBOUND], out = r->usable[DIRECTION_OUTBOUND];
        uint32_t pairs = in < out ? in : out;

        if (pairs < 2 || tunnel_is_manual(r)) {
                r->duplicates_since = 0;
                return 0;
        }
        if (r->duplicates_since == 0)
                r->duplicates_since = s->now.monotonic;
        if (s->now.monotonic - r->duplicates_since >= REKEY_TAKES)
                return pairs - 1;
        tunnel_wake_at(t, r, r->duplicates_since + REKEY_TAKES);
        return 0;
}

static int64_t latest(int64_t a, int64_t b)
{
        return a > b ? a : b;
}

static void set_sources(const struct tunnels *t, const struct tunnel_record *r,
                        const struct sight *s, struct tunnel *row)
{
        row->daemon = ike_daemon_name(r->daemon);
        row->fresh = tunnel_is_manual(r) ? tunnels_can_read(t->xfrm_state)
                                         : r->daemon != 0 && tunnels_can_ask(t, r->daemon);
        row->last_seen = latest(row->last_seen, r->last_told);
        if (s->configured && !r->identity)
                row->last_seen = latest(row->last_seen, s->configured->last_seen);
        if (s->child)
                row->last_seen = latest(row->last_seen, s->child->last_seen);
}

static void set_error(struct tunnel_record *r, struct tunnel *row)
{
        if (!r->error)
                return;
        row->last_error = r->error;
        row->last_error_time = r->error_time;
        r->error = NULL;
}

/* The policies of a reqid are told of the tunnel whose SAs have it. */
static void follow_reqid(struct tunnels *t, struct tunnel_record *r, uint32_t reqid)
{
        if (reqid == 0 || r->reqid == reqid)
                return;
        tunnel_policies_due(t, r->reqid);
        r->reqid = reqid;
        tunnel_policies_due(t, reqid);
}

void tunnel_judge(struct tunnels *t, struct tunnel_record *r)
{
        struct sight s = look(t, r);
        struct tunnel row;
        char *name;

        set_daemon(r, &s);
        if (stays(t, r, &s)) {
                r->lingers_until = 0;
        } else if (!lingers(t, r, &s)) {
                tunnel_forget(t, r);
                return;
        }
        memcpy(&row, tunnel_row(t, r), sizeof(row));
        set_names(r, &s, &row);
        set_name(r, &row, &name);
        row.name = name;
        set_state(t, r, &s, &row);
        set_ends(&s, r->up, &row);
        set_sas(&s, r->up, &row);
        set_ike(r, &s, r->up, &row);
        set_child(&s, r->up, &row);
        if (row.reqid == 0)
                row.reqid = reqid_of_policies(t, r);
        set_weak(&s, &row);
        tunnel_set_counters(r, &row);
        set_one_way(t, r, &s, r->up);
        row.one_way = r->one_way;
        row.duplicates = count_duplicates(t, r, &s);
        set_sources(t, r, &s, &row);
        set_error(r, &row);
        r->judged = true;
        if (tunnel_is_manual(r) || tunnels_have_read(t, r->daemon))
                r->restored = false;
        table_update(t->rows, &row);
        free(name);
        follow_reqid(t, r, tunnel_row(t, r)->reqid);
}
