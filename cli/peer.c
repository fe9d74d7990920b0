#include "peer.h"

#include "columns.h"
#include "complain.h"
#include "report.h"
#include "text.h"
#include "walk.h"

#include <errno.h>
#include <string.h>
#include <time.h>

/* No source is overdue sooner, in seconds. */
enum { OVERDUE_MINIMUM = 60, OVERDUE_READINGS = 3 };

/* Entries of sysORTable that are looked at, at most: an agent that never ends is not believed. */
enum { MODULES_AT_ONCE = 50, MODULES_ROUNDS = 20 };

/* How long a source that was idle is waited for, and asked again in between: milliseconds. */
enum { WAIT_MOST = 5000, WAIT_STEP = 20, WAIT_STEP_LAST = 200 };

static const oid uptime_name[] = { 1, 3, 6, 1, 2, 1, 1, 3, 0 };
static const oid modules_name[] = { 1, 3, 6, 1, 2, 1, 1, 9, 1, 2 }; /* sysORID */

#define LENGTH(name) (sizeof(name) / sizeof((name)[0]))

enum listing {
        MODULE_LISTED,
        MODULE_NOT_LISTED,
        MODULES_HIDDEN,
};

/* Sends, waits, and returns the answer; NULL after a sentence. */
static struct exchange *request(struct session *session, netsnmp_pdu *pdu, int *err)
{
        struct exchange *x = session_ask(session, pdu);

        *err = -ECONNREFUSED;
        if (!x)
                return NULL;
        *err = session_wait(session, x);
        if (*err == 0 && x->error_status != SNMP_ERR_NOERROR)
                *err = -EPROTO;
        if (*err == 0)
                return x;
        if (*err != -EINTR)
                session_complain(session, x);
        session_release(session, x);
        return NULL;
}

static bool is_below(const netsnmp_variable_list *v, const oid *name, size_t length)
{
        return v->name_length > length && memcmp(v->name, name, length * sizeof(oid)) == 0;
}

static bool is_our_module(const netsnmp_variable_list *v)
{
        return v->type == ASN_OBJECT_ID && v->val_len == mib_root_length * sizeof(oid) &&
               memcmp(v->val.objid, mib_root, v->val_len) == 0;
}

/* One request of the walk over sysORTable; false at its end. name becomes the last one seen. */
static bool look_at_modules(const netsnmp_variable_list *v, oid *name, size_t *length,
                            enum listing *found)
{
        for (; v; v = v->next_variable) {
                if (v->type == SNMP_ENDOFMIBVIEW ||
                    !is_below(v, modules_name, LENGTH(modules_name)))
                        return false;
                if (*found == MODULES_HIDDEN)
                        *found = MODULE_NOT_LISTED;
                if (is_our_module(v))
                        *found = MODULE_LISTED;
                *length = v->name_length;
                memcpy(name, v->name, v->name_length * sizeof(oid));
        }
        return *found == MODULE_NOT_LISTED;
}

static int find_listing(struct session *session, enum listing *found)
{
        oid name[MAX_OID_LEN];
        size_t length = LENGTH(modules_name);
        bool more = true;
        int err = 0;

        *found = MODULES_HIDDEN;
        memcpy(name, modules_name, sizeof(modules_name));
        for (int i = 0; more && i < MODULES_ROUNDS; i++) {
                netsnmp_pdu *pdu = snmp_pdu_create(SNMP_MSG_GETBULK);
                struct exchange *x;

                if (pdu) {
                        pdu->non_repeaters = 0;
                        pdu->max_repetitions = MODULES_AT_ONCE;
                        snmp_add_null_var(pdu, name, length);
                }
                x = request(session, pdu, &err);
                if (!x)
                        return err;
                more = look_at_modules(x->variables, name, &length, found);
                session_release(session, x);
        }
        return 0;
}

static int complain_absent(struct session *session)
{
        const char *address = session_address(session), *identity = session_identity(session);
        enum listing listing;
        int err;

        if (session_complain_unreadable(session))
                return -EACCES;
        err = find_listing(session, &listing);
        if (err < 0)
                return err;
        if (listing == MODULE_LISTED)
                complain("the view of %s at %s hides IPSEC-REPORT-MIB: include it in snmpd.conf",
                         identity, address);
        else if (listing == MODULE_NOT_LISTED)
                complain(
                        "ipsec-reportd is not registered at %s: start it there, or read in its log "
                        "why snmpd has not got it",
                        address);
        else
                complain("no IPSEC-REPORT-MIB at %s: either ipsec-reportd is not registered there, "
                         "or the view of %s in snmpd.conf hides it",
                         address, identity);
        return -ENOENT;
}

static netsnmp_pdu *make_request(void)
{
        const struct table_type *type = &agent_scalars_type;
        netsnmp_pdu *pdu = snmp_pdu_create(SNMP_MSG_GET);
        oid name[MAX_OID_LEN];
        size_t length = object_entry(type, name);

        if (!pdu)
                return NULL;
        snmp_add_null_var(pdu, uptime_name, LENGTH(uptime_name));
        name[length + 1] = 0;
        for (size_t i = 0; i < type->n_columns; i++) {
                name[length] = type->columns[i].number;
                snmp_add_null_var(pdu, name, length + 2);
        }
        return pdu;
}

static bool is_value(const netsnmp_variable_list *v)
{
        return v->type != SNMP_NOSUCHOBJECT && v->type != SNMP_NOSUCHINSTANCE &&
               v->type != SNMP_ENDOFMIBVIEW;
}

static void take_uptime(struct session *session, const netsnmp_variable_list *v)
{
        char text[OBJECT_ROW_SIZE];
        struct value value;

        if (object_value(v, &value, text) == 0 && value.type == VALUE_TIMETICKS)
                session_set_uptime(session, value.unsigned32);
}

/* The scalars come in the order asked for. Returns how many there are, or -EPROTO. */
static int take_scalars(const struct session *session, const netsnmp_variable_list *v,
                        struct agent_scalars *agent, struct strings *pool)
{
        const struct table_type *type = &agent_scalars_type;
        struct moment now = session_moment(session);
        int n = 0;

        for (size_t i = 0; i < type->n_columns; i++, v = v->next_variable) {
                if (!v)
                        return -EPROTO;
                if (!is_value(v))
                        continue;
                if (walk_decode_column(&type->columns[i], agent, &now, v, pool) < 0)
                        return -EPROTO;
                n++;
        }
        return n;
}

static int judge_scalars(struct session *session, int n, const struct agent_scalars *agent)
{
        if (n == 0)
                return complain_absent(session);
        if (n < 0) {
                complain("%s answers, but with something else than IPSEC-REPORT-MIB",
                         session_address(session));
                return -EPROTO;
        }
        if (agent->mib_revision < IPSEC_REPORT_MIB_REVISION) {
                complain("ipsec-reportd at %s serves revision %u of IPSEC-REPORT-MIB, and %d is "
                         "needed: update it",
                         session_address(session), agent->mib_revision, IPSEC_REPORT_MIB_REVISION);
                return -EPROTO;
        }
        return 0;
}

int peer_check(struct session *session, struct agent_scalars *agent, struct strings *pool)
{
        struct exchange *x;
        int err, n = -EPROTO;

        x = request(session, make_request(), &err);
        if (!x)
                return err;
        if (x->variables) {
                take_uptime(session, x->variables);
                n = take_scalars(session, x->variables->next_variable, agent, pool);
        }
        session_release(session, x);
        return judge_scalars(session, n, agent);
}

struct sources {
        struct session *session;
        const struct agent_scalars *agent;
        const char *const *keys;
        size_t n;
        uint32_t seen;
        bool any_daemon; /* is there */
};

/* A machine has one of them, as a rule, and lacks the others. */
static bool is_daemon(const char *key)
{
        return ike_daemon_of_name(key) != 0;
}

/* A daemon that this machine has not, or that nobody wants to be read. */
static bool is_missing(const struct collector_row *row)
{
        return row->state == COLLECTOR_UNSUPPORTED || row->state == COLLECTOR_DISABLED;
}

bool peer_is_overdue(int64_t age, int64_t uptime, uint64_t polls)
{
        if (age <= OVERDUE_MINIMUM || polls == 0)
                return false;
        return age / OVERDUE_READINGS > uptime / (int64_t)(polls < INT32_MAX ? polls : INT32_MAX);
}

/* "never read", or when. */
static void last_read(const struct collector_row *row, char *text, size_t size)
{
        char date[TEXT_DATE_SIZE];

        if (row->last_success == 0 || !text_date(row->last_success, date))
                snprintf(text, size, "it was never read");
        else
                snprintf(text, size, "last read %s", date);
}

/* Rows of a daemon that went are kept, as it last told them. */
static bool tells_old(const struct collector_row *row)
{
        return row->state == COLLECTOR_DOWN && row->last_success != 0 && is_daemon(row->key);
}

static void complain_source(const struct collector_row *row, int64_t age, int64_t uptime)
{
        char name[TEXT_ESCAPED_SIZE], error[TEXT_ESCAPED_SIZE], when[TEXT_DATE_SIZE + 24];

        text_escape(row->name ? row->name : row->key, name);
        text_escape(row->last_error ? row->last_error : "", error);
        last_read(row, when, sizeof(when));
        if (row->state != COLLECTOR_UP)
                complain("%s is %s, %s%s%s%s", name, label_of(collector_states, row->state), when,
                         *error ? ": " : "", error,
                         tells_old(row) ? "; its rows are as it told them then" : "");
        else if (row->last_success != 0 && peer_is_overdue(age, uptime, row->polls))
                complain("%s is overdue, %s%s%s", name, when, *error ? ": " : "", error);
}

/* The agent tells one moment as a date and as an age: that gives its clock. now is what the age was
 * counted from; the session's clock may have been set since, by the row before. */
static void take_clock(struct session *session, const struct collector_row *row,
                       const struct moment *now)
{
        if (row->last_success != 0 && row->discontinuity != 0)
                session_set_wall(session, now->wall + row->last_success - row->discontinuity);
}

static int check_source(void *context, const void *data, const struct moment *now)
{
        struct sources *sources = context;
        const struct collector_row *row = data;
        int64_t uptime;

        take_clock(sources->session, row, now);
        uptime = session_moment(sources->session).wall - sources->agent->start_time;
        if (row->key && is_daemon(row->key)) {
                if (is_missing(row))
                        return 0;
                sources->any_daemon = true;
        }
        for (size_t i = 0; i < sources->n; i++) {
                if (!row->key || strcmp(row->key, sources->keys[i]) != 0)
                        continue;
                sources->seen |= 1u << i;
                complain_source(row, now->wall - row->discontinuity, uptime);
        }
        return 0;
}

static void complain_unseen(const struct sources *sources, size_t i)
{
        const char *key = sources->keys[i], *address = session_address(sources->session);

        if (strcmp(key, SOURCE_ANY_DAEMON) == 0) {
                if (!sources->any_daemon)
                        complain(
                                "no IKE daemon is running, as far as ipsec-reportd at %s reads any",
                                address);
        } else if (!(sources->seen & 1u << i) && !is_daemon(key)) {
                complain("ipsec-reportd at %s does not read %s", address, key);
        }
}

/* The column that tells the age of the last success. */
static const struct column *find_age(const struct table_type *type)
{
        const struct column *column = type->columns;

        while (column->kind != COLUMN_AGE)
                column++;
        return column;
}

int peer_check_sources(struct session *session, const struct agent_scalars *agent,
                       const char *const *sources, size_t n)
{
        static const uint16_t members[] = {
                NEEDS(struct collector_row, state),      NEEDS(struct collector_row, name),
                NEEDS(struct collector_row, last_error), NEEDS(struct collector_row, last_success),
                NEEDS(struct collector_row, polls),
        };
        const struct table_type *type = &collector_row_type;
        const struct column *columns[COLUMNS_MAX];
        struct column age = *find_age(type);
        struct sources context = { session, agent, sources, n, 0, false };
        size_t n_columns;
        int err;

        n_columns = columns_choose(type, members, sizeof(members) / sizeof(members[0]),
                                   MOMENTS_AS_DATES, columns);
        /* Beside the date, in a member that is not asked for: both are of one moment then. */
        age.offset = offsetof(struct collector_row, discontinuity);
        columns[n_columns++] = &age;
        err = walk_table(session, type, columns, n_columns, check_source, &context);
        for (size_t i = 0; err == 0 && i < n; i++)
                complain_unseen(&context, i);
        return err;
}

int peer_ask_for(struct session *session, const struct table_type *type)
{
        netsnmp_pdu *pdu = snmp_pdu_create(SNMP_MSG_GETNEXT);
        struct exchange *x;
        oid name[MAX_OID_LEN];
        size_t length = object_entry(type, name);
        int err;

        if (pdu)
                snmp_add_null_var(pdu, name, length);
        x = request(session, pdu, &err);
        session_release(session, x);
        return x ? 0 : err;
}

/* The state in the source's row; 0: there is none. */
static int read_state(struct session *session, const char *source, long *state)
{
        netsnmp_pdu *pdu = snmp_pdu_create(SNMP_MSG_GET);
        const struct collector_row row = { .key = source };
        uint32_t index[INDEX_MAX];
        size_t n = index_encode(&collector_row_type, &row, index), length;
        struct exchange *x;
        oid name[MAX_OID_LEN];
        int err;

        *state = 0;
        length = object_entry(&collector_row_type, name);
        name[length++] = collector_row_type.columns[0].number;
        for (size_t i = 0; i < n && length < MAX_OID_LEN; i++)
                name[length++] = index[i];
        if (pdu)
                snmp_add_null_var(pdu, name, length);
        x = request(session, pdu, &err);
        if (!x)
                return err;
        if (x->variables && x->variables->type == ASN_INTEGER)
                *state = *x->variables->val.integer;
        session_release(session, x);
        return 0;
}

int peer_wait_for(struct session *session, const char *source)
{
        struct timespec pause = { 0 };
        long state = COLLECTOR_IDLE;
        int err = 0, step = WAIT_STEP;

        for (int waited = 0; err == 0 && waited < WAIT_MOST; waited += step) {
                err = read_state(session, source, &state);
                if (err < 0 || state != COLLECTOR_IDLE)
                        return err;
                step = step < WAIT_STEP_LAST ? 2 * step : WAIT_STEP_LAST;
                pause.tv_nsec = step * 1000000L;
                nanosleep(&pause, NULL);
        }
        return err;
}
