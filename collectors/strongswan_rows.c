#include "strongswan_rows.h"

#include "id_set.h"
#include "strongswan_certs.h"
#include "tables/key.h"
#include "tables/occurrence.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Seconds that a moment may differ from what was told before: the daemon rounds to seconds. */
#define TOLERANCE 2

/* Rows of one table: more SAs no gateway has, and a daemon gone mad must not take all memory. */
#define ROWS_MAX (256 * 1024)

void strongswan_rows_init(struct strongswan_rows *r, struct loop *loop, struct store *store)
{
        *r = (struct strongswan_rows){
                .loop = loop,
                .ike_sas = store_table(store, &ike_sa_type),
                .children = store_table(store, &child_sa_type),
                .policies = store_table(store, &ike_policy_type),
                .configured = store_table(store, &configured_policy_type),
                .certificates = store_table(store, &certificate_type),
                .occurrences = store_table(store, &occurrence_type),
        };
}

void strongswan_rows_free(struct strongswan_rows *r)
{
        scratch_free(&r->scratch);
}

int64_t strongswan_rows_now(const struct strongswan_rows *r)
{
        struct moment now;

        r->loop->now(r->loop, &now);
        return now.wall;
}

static struct strongswan_context begin_message(struct strongswan_rows *r)
{
        scratch_clear(&r->scratch);
        return (struct strongswan_context){ &r->scratch, strongswan_rows_now(r), r->run };
}

/* The first section of a message: an event has one, named after its connection, besides values. */
static bool find_section(struct vici_slice message, struct vici_item *section)
{
        while (vici_next(&message, section))
                if (section->kind == VICI_SECTION)
                        return true;
        return false;
}

/* As table_put(); -ENOSPC where the table is full. */
static int put(struct table *table, const void *row, enum table_source source)
{
        if (table_count(table) >= ROWS_MAX && !table_find(table, row))
                return -ENOSPC;
        return table_put(table, row, source);
}

/* ---- IKE SAs ---- */

static void keep_steady(int64_t *moment, int64_t before)
{
        if (*moment != 0 && before != 0 && *moment - before <= TOLERANCE &&
            before - *moment <= TOLERANCE)
                *moment = before;
}

bool strongswan_is_up_state(uint8_t state)
{
        return state >= IKE_ESTABLISHED && state != IKE_STATE_UNKNOWN;
}

/*
 * What a message leaves out is as it was: an event of the end has no times. One that is not of all
 * children may leave out the one with a key exchange of its own.
 */
static void keep_known(struct ike_sa *row, const struct ike_sa *old, enum table_source source)
{
        keep_steady(&row->established, old->established);
        keep_steady(&row->rekey, old->rekey);
        keep_steady(&row->reauthentication, old->reauthentication);
        if (!row->policy_name)
                row->policy_name = old->policy_name;
        if (row->pfs == 0 || (row->pfs == PFS_UNKNOWN && old->pfs != 0) ||
            (source == TABLE_FROM_EVENT && old->pfs == PFS_ON))
                row->pfs = old->pfs;
        if (strongswan_is_up_state(row->state) == strongswan_is_up_state(old->state))
                row->reason = old->reason;
        if (row->established != 0 || old->established == 0)
                return;
        row->established = old->established;
        row->rekey = old->rekey;
        row->reauthentication = old->reauthentication;
}

static int put_ike_sa(struct strongswan_rows *r, struct ike_sa *row, enum table_source source)
{
        const struct ike_sa *old = table_find(r->ike_sas, row);

        if (old)
                keep_known(row, old, source);
        if (row->pfs == 0)
                row->pfs = PFS_UNKNOWN;
        return put(r->ike_sas, row, source);
}

/* ---- child SAs ---- */

static int put_child(struct strongswan_rows *r, struct child_sa *row, enum table_source source)
{
        const struct child_sa *old = table_find(r->children, row);

        if (old) {
                keep_steady(&row->installed, old->installed);
                keep_steady(&row->rekey, old->rekey);
                keep_steady(&row->expiry, old->expiry);
                row->reason = old->reason;
        }
        return put(r->children, row, source);
}

static int take_child(struct strongswan_rows *r, const struct strongswan_context *context,
                      const struct ike_sa *ike_sa, struct vici_slice section,
                      enum table_source source)
{
        struct child_sa row;
        int err = strongswan_parse_child_sa(context, ike_sa, section, &row);

        return err < 0 ? err : put_child(r, &row, source);
}

/* All of child-sas; what is wrong with one keeps no other from being taken. */
static int take_children(struct strongswan_rows *r, const struct strongswan_context *context,
                         const struct ike_sa *ike_sa, struct vici_slice section,
                         enum table_source source)
{
        struct vici_item children, child;
        int err = 0;

        if (!vici_find(section, "child-sas", &children) || children.kind != VICI_SECTION)
                return 0;
        while (vici_next(&children.body, &child)) {
                int its = child.kind == VICI_SECTION
                                  ? take_child(r, context, ike_sa, child.body, source)
                                  : -EBADMSG;

                if (its < 0)
                        err = its;
        }
        return err;
}

const struct child_sa *strongswan_first_child(const struct strongswan_rows *r, uint32_t run,
                                              uint32_t ike_id)
{
        const uint32_t oid[] = { DAEMON_STRONGSWAN, run, ike_id };
        const struct child_sa *child = table_next(r->children, &child_by_ike_type, oid, 3, false);

        return child && child->daemon_kind == DAEMON_STRONGSWAN && child->daemon_run == run &&
                               child->ike_id == ike_id
                       ? child
                       : NULL;
}

/* ---- messages ---- */

const struct ike_sa *strongswan_find_ike_sa(const struct strongswan_rows *r, uint32_t id)
{
        const struct ike_sa key = { .daemon_kind = DAEMON_STRONGSWAN,
                                    .daemon_run = r->run,
                                    .daemon_id = id };

        return table_find(r->ike_sas, &key);
}

const struct child_sa *strongswan_find_child(const struct strongswan_rows *r, uint32_t id)
{
        const struct child_sa key = { .daemon_kind = DAEMON_STRONGSWAN,
                                      .daemon_run = r->run,
                                      .daemon_id = id };

        return table_find(r->children, &key);
}

static int parse_ike_sa(const struct strongswan_context *context, const struct vici_item *section,
                        struct ike_sa *row)
{
        return strongswan_parse_ike_sa(context, section->name, section->name_length, section->body,
                                       row);
}

int strongswan_take_sa(struct strongswan_rows *r, struct vici_slice message,
                       enum table_source source)
{
        struct strongswan_context context = begin_message(r);
        struct vici_item section;
        struct ike_sa row;
        int err =
                find_section(message, &section) ? parse_ike_sa(&context, &section, &row) : -EBADMSG;

        if (err == 0)
                err = put_ike_sa(r, &row, source);
        return err < 0 ? err : take_children(r, &context, &row, section.body, source);
}

static bool is_up(struct vici_slice message)
{
        struct vici_item item;

        return vici_find(message, "up", &item) && vici_equals(&item, "yes");
}

/* One that ended stays until the daemon does not list it any more: its children come after it. */
int strongswan_take_ike_updown(struct strongswan_rows *r, struct vici_slice message)
{
        struct strongswan_context context = begin_message(r);
        struct vici_item section;
        struct ike_sa row;
        int err =
                find_section(message, &section) ? parse_ike_sa(&context, &section, &row) : -EBADMSG;

        if (err < 0)
                return err;
        row.ended = !is_up(message);
        err = put_ike_sa(r, &row, TABLE_FROM_EVENT);
        return err < 0 ? err : take_children(r, &context, &row, section.body, TABLE_FROM_EVENT);
}

/* Each child in the event is told once more as the daemon saw it last, and goes. */
static int take_end_of_children(struct strongswan_rows *r, const struct strongswan_context *context,
                                const struct ike_sa *ike_sa, struct vici_slice section)
{
        struct vici_item children, child;
        int err = 0;

        if (!vici_find(section, "child-sas", &children) || children.kind != VICI_SECTION)
                return -EBADMSG;
        while (vici_next(&children.body, &child)) {
                struct child_sa row;

                if (child.kind != VICI_SECTION ||
                    strongswan_parse_child_sa(context, ike_sa, child.body, &row) < 0) {
                        err = -EBADMSG;
                        continue;
                }
                if (table_find(r->children, &row))
                        err = put_child(r, &row, TABLE_FROM_EVENT);
                table_remove(r->children, &row, TABLE_DELETED);
        }
        return err;
}

int strongswan_take_child_updown(struct strongswan_rows *r, struct vici_slice message)
{
        struct strongswan_context context = begin_message(r);
        const struct ike_sa *old;
        struct vici_item section;
        struct ike_sa row;
        int err =
                find_section(message, &section) ? parse_ike_sa(&context, &section, &row) : -EBADMSG;

        if (err < 0)
                return err;
        old = table_find(r->ike_sas, &row);
        row.ended = old && old->ended;
        err = put_ike_sa(r, &row, TABLE_FROM_EVENT);
        if (err < 0)
                return err;
        return is_up(message) ? take_children(r, &context, &row, section.body, TABLE_FROM_EVENT)
                              : take_end_of_children(r, &context, &row, section.body);
}

/* Children move to the successor without a word of their own. */
static int move_children(struct strongswan_rows *r, uint32_t from, uint32_t to)
{
        const struct child_sa *child;
        int err = 0;

        while (err == 0 && (child = strongswan_first_child(r, r->run, from))) {
                struct child_sa moved = *child;

                moved.ike_id = to;
                err = table_put(r->children, &moved, TABLE_FROM_EVENT);
        }
        return err;
}

int strongswan_take_ike_rekey(struct strongswan_rows *r, struct vici_slice message)
{
        struct strongswan_context context = begin_message(r);
        struct vici_item section, old, new;
        struct ike_sa before, after;
        const struct ike_sa *known;
        int err;

        if (!find_section(message, &section) || !vici_find(section.body, "old", &old) ||
            !vici_find(section.body, "new", &new))
                return -EBADMSG;
        err = strongswan_parse_ike_sa(&context, section.name, section.name_length, old.body,
                                      &before);
        if (err == 0)
                err = strongswan_parse_ike_sa(&context, section.name, section.name_length, new.body,
                                              &after);
        if (err < 0 || before.daemon_id == after.daemon_id)
                return err < 0 ? err : -EBADMSG;
        before.state = IKE_REKEYED;
        known = table_find(r->ike_sas, &before);
        if (after.pfs == 0 && known)
                after.pfs = known->pfs;
        err = put_ike_sa(r, &after, TABLE_FROM_EVENT);
        if (err == 0)
                err = put_ike_sa(r, &before, TABLE_FROM_EVENT);
        return err < 0 ? err : move_children(r, before.daemon_id, after.daemon_id);
}

static int take_child_pair(struct strongswan_rows *r, const struct strongswan_context *context,
                           const struct ike_sa *ike_sa, struct vici_slice pair)
{
        struct vici_item old, new;
        struct child_sa row;
        int err;

        if (!vici_find(pair, "old", &old) || !vici_find(pair, "new", &new))
                return -EBADMSG;
        /* The successor first: at no moment is there none. */
        err = take_child(r, context, ike_sa, new.body, TABLE_FROM_EVENT);
        if (err == 0)
                err = strongswan_parse_child_sa(context, ike_sa, old.body, &row);
        if (err < 0)
                return err;
        if (row.state == CHILD_SA_INSTALLED || row.state == CHILD_SA_REKEYING)
                row.state = CHILD_SA_REKEYED; /* IKEv1 does not say so yet */
        return put_child(r, &row, TABLE_FROM_EVENT);
}

int strongswan_take_child_rekey(struct strongswan_rows *r, struct vici_slice message)
{
        struct strongswan_context context = begin_message(r);
        struct vici_item section, children, child, pair, dh;
        struct ike_sa row;
        int err;

        if (!find_section(message, &section))
                return -EBADMSG;
        err = parse_ike_sa(&context, &section, &row);
        if (err < 0)
                return err;
        if (!vici_find(section.body, "child-sas", &children) || children.kind != VICI_SECTION)
                return -EBADMSG;
        row.pfs = 0;
        while (err == 0 && vici_next(&children.body, &child)) {
                err = take_child_pair(r, &context, &row, child.body);
                if (err == 0 && vici_find(child.body, "new", &pair))
                        row.pfs = vici_find(pair.body, "dh-group", &dh) ? PFS_ON : PFS_OFF;
        }
        return err < 0 ? err : put_ike_sa(r, &row, TABLE_FROM_EVENT);
}

/* ---- why something fails, or ends ---- */

/* One that no event has told of, and that is not up: its name and its number are known. */
static struct ike_sa row_of_log(const struct strongswan_context *context, uint32_t id,
                                const struct vici_item *name)
{
        struct ike_sa row;

        memset(&row, 0, sizeof(row));
        row.daemon_kind = DAEMON_STRONGSWAN;
        row.daemon_run = context->run;
        row.daemon_id = id;
        row.daemon = STRONGSWAN;
        row.version = IKE_VERSION_UNKNOWN;
        row.role = ROLE_UNKNOWN;
        row.state = IKE_CONNECTING;
        row.pfs = PFS_UNKNOWN;
        row.fresh = true;
        row.last_seen = context->now;
        strongswan_set_policy_name(context, name->body.at, vici_length(name->body), &row);
        return row;
}

static uint8_t reason_of(const struct strongswan_said *said, const struct ike_sa *row)
{
        if (said->line != LINE_NO_ANSWER)
                return (uint8_t)said->reason;
        return strongswan_is_up_state(row->state) || row->encryption ? REASON_PEER_DEAD
                                                                     : REASON_PEER_UNREACHABLE;
}

/* What a child SA failed for says nothing of the IKE SA's own end: it is told, and forgotten. */
static bool is_of_child(const struct ike_sa *row, uint8_t reason)
{
        return strongswan_is_up_state(row->state) &&
               (reason == REASON_PROPOSAL_MISMATCH || reason == REASON_SELECTOR_MISMATCH ||
                reason == REASON_INSTALL_FAILED);
}

static bool is_authentication(uint8_t reason)
{
        return reason == REASON_LOCAL_AUTH_FAILED || reason == REASON_PEER_AUTH_FAILED ||
               reason == REASON_CERTIFICATE_EXPIRED || reason == REASON_CERTIFICATE_REVOKED;
}

/* Tells whoever asked for occurrences; what the row says is told with it. */
static void tell(struct strongswan_rows *r, const struct ike_sa *row, enum event_kind kind,
                 uint8_t reason, const char *text)
{
        char key[KEY_MAX + 1];
        struct occurrence o;

        memset(&o, 0, sizeof(o));
        o.kind = (uint8_t)kind;
        o.entity = ENTITY_IKE;
        o.reason = reason;
        o.daemon = DAEMON_STRONGSWAN;
        o.count = 1;
        if (row->policy_name) {
                key_of_name(row->policy_name, key);
                o.ike_policy_key = key;
        }
        o.remote_identity =
                row->remote_eap_identity ? row->remote_eap_identity : row->remote_identity;
        o.initiator_spi = row->initiator_spi;
        o.responder_spi = row->responder_spi;
        o.local = row->local;
        o.remote = row->remote;
        o.text = text;
        occurrence_tell(r->occurrences, &o);
}

/* text: what the daemon said, NULL where it was a word of its own. The first reason is the cause,
 * others are what comes of it. */
static int put_reason(struct strongswan_rows *r, struct ike_sa *row, uint8_t reason,
                      const char *text)
{
        bool pulse = is_of_child(row, reason);
        int err;

        if (reason != 0 && row->reason != 0)
                return 0;
        row->reason = reason;
        err = put(r->ike_sas, row, TABLE_FROM_EVENT);
        if (err == 0 && reason != 0 && (pulse || !strongswan_is_up_state(row->state)))
                tell(r, row,
                     is_authentication(reason) ? EVENT_IKE_AUTH_FAILURE : EVENT_NEGOTIATION_FAILED,
                     reason, text);
        if (err < 0 || !pulse)
                return err;
        row->reason = 0;
        return put(r->ike_sas, row, TABLE_FROM_EVENT);
}

/* Whoever is heard of first began: the other's word is the answer. */
static int set_child_reason(struct strongswan_rows *r, const struct child_sa *child,
                            uint32_t ike_id, enum reason reason)
{
        struct child_sa changed;

        if (!child || child->ike_id != ike_id || child->reason != 0)
                return 0;
        changed = *child;
        changed.reason = (uint8_t)reason;
        return put(r->children, &changed, TABLE_FROM_EVENT);
}

static const struct child_sa *child_by_spi(const struct strongswan_rows *r, uint32_t ike_id,
                                           uint32_t spi)
{
        uint32_t oid[2] = { spi, 0 };
        const struct child_sa *child;

        while ((child = table_next(r->children, &child_by_spi_out_type, oid, 2, false)) &&
               child->spi_out == spi) {
                oid[1] = child->index;
                if (child->daemon_kind == DAEMON_STRONGSWAN && child->daemon_run == r->run &&
                    child->ike_id == ike_id)
                        return child;
        }
        return NULL;
}

static uint32_t id_in(struct vici_slice message, const char *name)
{
        struct vici_item item;
        int64_t id;

        return vici_find(message, name, &item) && vici_number(&item, 10, &id) == 0 && id > 0 &&
                               id <= UINT32_MAX
                       ? (uint32_t)id
                       : 0;
}

/* What is closed since its connection changed or went: no IKE SA says so itself. */
static int take_unloaded(struct strongswan_rows *r, const struct strongswan_said *said)
{
        const struct child_sa *child;
        const struct ike_sa *known;
        struct ike_sa row;

        if (said->line == LINE_CHILD_UNLOADED) {
                child = strongswan_find_child(r, said->id);
                return set_child_reason(r, child, child ? child->ike_id : 0,
                                        REASON_CONFIGURATION_CHANGED);
        }
        known = strongswan_find_ike_sa(r, said->id);
        if (!known || !strongswan_is_up_state(known->state))
                return 0; /* what is half open did not fail by that */
        row = *known;
        return put_reason(r, &row, REASON_CONFIGURATION_CHANGED, NULL);
}

int strongswan_take_log(struct strongswan_rows *r, struct vici_slice message, uint32_t *id,
                        struct strongswan_said *said)
{
        struct strongswan_context context = begin_message(r);
        struct vici_item msg, name;
        const struct ike_sa *known;
        struct ike_sa row;

        *id = id_in(message, "ikesa-uniqueid");
        *said = (struct strongswan_said){ .line = LINE_OTHER };
        if (!vici_find(message, "msg", &msg))
                return -EBADMSG;
        *said = strongswan_said_in_log(&msg);
        if (said->line == LINE_CHILD_UNLOADED || said->line == LINE_IKE_UNLOADED)
                return take_unloaded(r, said);
        if (*id == 0 || said->line == LINE_OTHER || said->line == LINE_BEGINS ||
            said->line == LINE_CONFIGURATION)
                return 0;
        if (said->line == LINE_CHILD_DELETED)
                return set_child_reason(r, child_by_spi(r, *id, said->spi), *id,
                                        REASON_CLOSED_BY_PEER);
        if (said->line == LINE_CHILD_CLOSING)
                return set_child_reason(r, strongswan_find_child(r, said->id), *id,
                                        REASON_CLOSED_LOCALLY);
        if (!vici_find(message, "ikesa-name", &name) || name.kind != VICI_VALUE)
                return -EBADMSG;
        known = strongswan_find_ike_sa(r, *id);
        row = known ? *known : row_of_log(&context, *id, &name);
        if (!row.policy_name) /* a responder has found its connection */
                strongswan_set_policy_name(&context, name.body.at, vici_length(name.body), &row);
        return put_reason(r, &row, said->line == LINE_AGAIN ? 0 : reason_of(said, &row),
                          row_text_of(msg.body.at, vici_length(msg.body), &r->scratch));
}

int strongswan_take_alert(struct strongswan_rows *r, struct vici_slice message)
{
        struct strongswan_context context = begin_message(r);
        struct vici_item type, holder, section;
        struct strongswan_said said;
        const struct ike_sa *old;
        struct ike_sa row;
        int err;

        if (!vici_find(message, "type", &type) || type.kind != VICI_VALUE)
                return -EBADMSG;
        said = strongswan_said_in_alert(&type);
        if (said.line == LINE_OTHER || !vici_find(message, "ike-sa", &holder))
                return 0;
        if (holder.kind != VICI_SECTION || !find_section(holder.body, &section))
                return -EBADMSG;
        err = parse_ike_sa(&context, &section, &row);
        if (err < 0)
                return err;
        old = table_find(r->ike_sas, &row);
        row.ended = old && old->ended;
        err = put_ike_sa(r, &row, TABLE_FROM_EVENT);
        return err < 0 ? err : put_reason(r, &row, reason_of(&said, &row), NULL);
}

/* ---- a peer that moves ---- */

static void set_end(struct vici_slice message, const char *host, const char *port,
                    struct inet_addr *address, uint16_t *number)
{
        struct vici_item item;
        struct inet_addr parsed;
        int64_t value;

        if (vici_find(message, host, &item) &&
            inet_addr_parse(&parsed, (const char *)item.body.at, vici_length(item.body)))
                *address = parsed;
        if (vici_find(message, port, &item) && vici_number(&item, 10, &value) == 0 && value >= 0 &&
            value <= UINT16_MAX)
                *number = (uint16_t)value;
}

static void tell_moved(struct strongswan_rows *r, const struct ike_sa *row)
{
        char text[ROW_TEXT_MAX + 1], address[INET_ADDR_TEXT_SIZE];

        inet_addr_text(&row->remote, address);
        snprintf(text, sizeof(text), "%s: the peer is at %s, port %u now",
                 row->policy_name ? row->policy_name : "an IKE SA", address, row->remote_port);
        tell(r, row, EVENT_NAT_MAPPING_CHANGED, REASON_NONE, text);
}

/* The section has the ends as they were; those that hold now stand before it. */
int strongswan_take_ike_update(struct strongswan_rows *r, struct vici_slice message)
{
        struct strongswan_context context = begin_message(r);
        const struct ike_sa *old;
        struct vici_item section;
        struct ike_sa row;
        bool moved;
        int err =
                find_section(message, &section) ? parse_ike_sa(&context, &section, &row) : -EBADMSG;

        if (err < 0)
                return err;
        set_end(message, "local-host", "local-port", &row.local, &row.local_port);
        set_end(message, "remote-host", "remote-port", &row.remote, &row.remote_port);
        old = table_find(r->ike_sas, &row);
        moved = old && strongswan_is_up_state(old->state) &&
                (memcmp(&old->remote, &row.remote, sizeof(row.remote)) != 0 ||
                 old->remote_port != row.remote_port);
        err = put_ike_sa(r, &row, TABLE_FROM_EVENT);
        if (err == 0 && moved)
                tell_moved(r, &row);
        return err;
}

/* ---- the configuration ---- */

static int put_configured(struct strongswan_rows *r, struct configured_policy *row)
{
        const struct configured_policy *old = table_find(r->configured, row);

        if (old) {
                row->trapped = old->trapped;
                row->trap_seen = old->trap_seen;
                if (row->start_action == CHILD_ACTION_UNKNOWN)
                        row->start_action = old->start_action;
        }
        return put(r->configured, row, TABLE_FROM_EVENT);
}

int strongswan_take_connection(struct strongswan_rows *r, struct vici_slice message)
{
        struct strongswan_context context = begin_message(r);
        struct vici_item connection, children, child;
        struct ike_policy row;
        int err = find_section(message, &connection)
                          ? strongswan_parse_connection(&context, &connection, &row)
                          : -EBADMSG;

        if (err == 0)
                err = put(r->policies, &row, TABLE_FROM_EVENT);
        if (err < 0 || !vici_find(connection.body, "children", &children) ||
            children.kind != VICI_SECTION)
                return err;
        while (vici_next(&children.body, &child)) {
                struct configured_policy configured;
                int its = strongswan_parse_configured(&context, &row, &child, &configured);

                if (its == 0)
                        its = put_configured(r, &configured);
                if (its < 0)
                        err = its;
        }
        return err;
}

static const char *key_of_value(struct vici_slice section, const char *name,
                                struct scratch *scratch, char key[KEY_MAX + 1])
{
        struct vici_item item;
        const char *text;

        if (!vici_find(section, name, &item))
                return NULL;
        text = row_text_of(item.body.at, vici_length(item.body), scratch);
        if (!text)
                return NULL;
        key_of_name(text, key);
        return key;
}

/* A trap or a shunt that the daemon has set; of a child that list-conns did not tell: nothing. */
int strongswan_take_policy(struct strongswan_rows *r, struct vici_slice message)
{
        struct strongswan_context context = begin_message(r);
        char policy_key[KEY_MAX + 1], child_key[KEY_MAX + 1];
        const struct configured_policy *found;
        struct configured_policy row;
        struct vici_item section;

        memset(&row, 0, sizeof(row));
        if (!find_section(message, &section))
                return -EBADMSG;
        row.policy_key = key_of_value(section.body, "ike", &r->scratch, policy_key);
        row.child_key = key_of_value(section.body, "child", &r->scratch, child_key);
        if (!row.policy_key || !row.child_key)
                return -EBADMSG;
        found = table_find(r->configured, &row);
        if (!found || found->daemon_kind != DAEMON_STRONGSWAN)
                return 0;
        row = *found;
        row.trapped = true;
        row.trap_seen = context.now;
        row.start_action = CHILD_TRAP;
        return table_put(r->configured, &row, TABLE_FROM_EVENT);
}

int strongswan_take_certificate(struct strongswan_rows *r, struct vici_slice message)
{
        struct strongswan_context context = begin_message(r);
        struct certificate row;
        int err = strongswan_parse_certificate(&context, message, &row);

        if (err < 0)
                return err == -EOPNOTSUPP ? 0 : err;
        row.last_seen = context.now;
        return put(r->certificates, &row, TABLE_FROM_EVENT);
}
