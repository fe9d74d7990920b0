#include "config.h"

#include "session.h"

#include "address.h"
#include "complain.h"
#include "unreadable.h"

#include <errno.h>
#include <net-snmp/library/large_fd_set.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <time.h>

/* The file type of ipsec_report.conf, and where Net-SNMP keeps its tokens `agent` and `community`.
 */
#define CONFIGURATION "ipsec_report"
#define DEFAULT_ADDRESS "udp:127.0.0.1:161"
#define LOCAL_COMMUNITY "public"
#define ANYBODY "the community"
enum { STORED_ADDRESS = 0, STORED_COMMUNITY };

/* Unless -t, -r or snmp.conf say otherwise. */
enum { TIMEOUT = 2000000 /* microseconds */, RETRIES = 2, LIBRARY_RETRIES = 5 };

struct session {
        struct session_list *handle; /* Net-SNMP's */
        struct exchange *exchanges;
        char *address;
        char *identity;
        char *unreadable; /* a configuration that would have said whom to ask, and how; or NULL */
        bool answered;    /* at least once */
        bool progress;    /* walks show it */
        const volatile sig_atomic_t *interrupted;
        const sigset_t *signals;
        int64_t wall_offset;    /* what the agent's wall clock is ahead of ours, seconds */
        int64_t uptime_started; /* our monotonic clock at the agent's sysUpTime 0, ms; or unknown */
        bool knows_uptime;
};

static void no_other_options(int argc, char *const *argv, int option)
{
        (void)argc;
        (void)argv;
        (void)option;
}

/* The library's own default is v3, which is nothing without a user. Before anything is read: */
static void prefer_v2c(void)
{
        netsnmp_ds_set_int(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_SNMPVERSION,
                           NETSNMP_DS_SNMP_VERSION_2c);
}

static void prepare_library(void)
{
        static const char module[] = CONFIGURATION;

        /* No MIB file is needed, and without this the library tells of each that it lacks. */
        setenv("MIBS", "", 1);
        setenv("MIBDIRS", "", 1);
        /* Not DONT_PERSIST_STATE, with which the library reads no configuration either. */
        netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DISABLE_PERSISTENT_LOAD, 1);
        netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DISABLE_PERSISTENT_SAVE, 1);
        netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_IGNORE_NO_COMMUNITY, 1);
        netsnmp_ds_register_config(ASN_OCTET_STR, module, "agent", NETSNMP_DS_APPLICATION_ID,
                                   STORED_ADDRESS);
        netsnmp_ds_register_config(ASN_OCTET_STR, module, "community", NETSNMP_DS_APPLICATION_ID,
                                   STORED_COMMUNITY);
        prefer_v2c();
}

static const char *stored_string(int which)
{
        return netsnmp_ds_get_string(NETSNMP_DS_LIBRARY_ID, which);
}

static bool has_option(int argc, char **argv, char letter)
{
        for (int i = 1; i < argc; i++)
                if (argv[i][0] == '-' && argv[i][1] == letter)
                        return true;
        return false;
}

/* A user without a community means v3, though nobody said so. */
static void choose_version(netsnmp_session *s, bool version_given)
{
        bool user = s->securityName || stored_string(NETSNMP_DS_LIB_SECNAME);
        bool community = s->community_len > 0 ||
                         (!s->securityName && stored_string(NETSNMP_DS_LIB_COMMUNITY));

        if (!version_given && s->version == SNMP_VERSION_2c && user && !community)
                s->version = SNMP_VERSION_3;
}

static int choose_community(netsnmp_session *s)
{
        const char *community = stored_string(NETSNMP_DS_LIB_COMMUNITY);

        if (s->version != SNMP_VERSION_2c || s->community_len > 0)
                return 0;
        if (!community && address_is_local(s->peername))
                community = LOCAL_COMMUNITY;
        if (!community) {
                complain("no community or user is known for %s: say -- -c COMMUNITY or -- -v3 "
                         "-u USER, or configure defCommunity or defSecurityName in snmp.conf",
                         s->peername);
                return -ECONNREFUSED;
        }
        free(s->community);
        s->community = (u_char *)strdup(community);
        s->community_len = s->community ? strlen(community) : 0;
        return s->community ? 0 : -ENOMEM;
}

static void choose_patience(netsnmp_session *s)
{
        if (s->timeout == SNMP_DEFAULT_TIMEOUT &&
            netsnmp_ds_get_int(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_TIMEOUT) <= 0)
                s->timeout = TIMEOUT;
        if (s->retries == SNMP_DEFAULT_RETRIES &&
            netsnmp_ds_get_int(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_RETRIES) == LIBRARY_RETRIES)
                s->retries = RETRIES;
}

/* The rest of it belongs to the arguments, or to the library. */
static void free_parsed(netsnmp_session *s)
{
        free(s->peername);
        free(s->community);
}

/*
 * The agent of ipsec_report.conf has a community there. It is for that agent alone, and counts more
 * than what snmp.conf says for any; what was said on the command line counts more.
 */
static int choose_configured(struct session *session, int argc, char **argv, netsnmp_session *s)
{
        const char *address = netsnmp_ds_get_string(NETSNMP_DS_APPLICATION_ID, STORED_ADDRESS);
        const char *community = netsnmp_ds_get_string(NETSNMP_DS_APPLICATION_ID, STORED_COMMUNITY);

        s->peername = strdup(address ? address : DEFAULT_ADDRESS);
        if (!s->peername)
                return -ENOMEM;
        if (has_option(argc, argv, 'v') || has_option(argc, argv, 'c') ||
            has_option(argc, argv, 'u'))
                return 0;
        if (!address && !community)
                session->unreadable = unreadable_configuration(CONFIGURATION);
        if (!community)
                return 0;
        free(s->community);
        s->community = (u_char *)strdup(community);
        s->community_len = s->community ? strlen(community) : 0;
        s->version = SNMP_VERSION_2c;
        return s->community ? 0 : -ENOMEM;
}

/*
 * netsnmp_parse_args() insists on an address: a default one stands behind all that was given, and
 * the index that comes back says whether it was taken.
 */
static int parse(struct session *session, int argc, char **argv, netsnmp_session *s)
{
        char **all = calloc((size_t)argc + 2, sizeof(*all));
        char fallback[] = DEFAULT_ADDRESS;
        int taken, err = 0;

        if (!all)
                return -ENOMEM;
        memcpy(all, argv, (size_t)argc * sizeof(*all));
        all[argc] = fallback;
        taken = netsnmp_parse_args(argc + 1, all, s, "", no_other_options, 0);
        if (taken > argc)
                err = choose_configured(session, argc, argv, s);
        else if (taken > 0)
                s->peername = strdup(s->peername);
        if (taken > 0 && taken < argc)
                complain("one agent at a time: '%s' is too much", all[taken]);
        if (taken > 0 && (taken < argc || err < 0))
                free_parsed(s);
        free(all);
        if (taken == NETSNMP_PARSE_ARGS_SUCCESS_EXIT)
                return 1;
        if (taken == NETSNMP_PARSE_ARGS_ERROR)
                return -ECONNREFUSED;
        return taken < 0 || taken < argc ? -EINVAL : err;
}

/*
 * A port where nothing listens is then told at once, instead of by a timeout. Not for v3: the
 * library's own search for the engine ID does not expect it, and hangs.
 */
static void ask_for_refusals(struct session_list *handle)
{
        netsnmp_transport *transport = snmp_sess_transport(handle);
        int on = 1;

        if (!transport || transport->sock < 0)
                return;
        setsockopt(transport->sock, IPPROTO_IP, IP_RECVERR, &on, sizeof(on));
        setsockopt(transport->sock, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof(on));
}

static void set_identity(struct session *session, const netsnmp_session *s)
{
        const char *user =
                s->securityName ? s->securityName : stored_string(NETSNMP_DS_LIB_SECNAME);

        if (s->version != SNMP_VERSION_3)
                session->identity = strdup(ANYBODY);
        else if (asprintf(&session->identity, "user %s", user ? user : "\"\"") < 0)
                session->identity = NULL;
}

static void complain_failure(const struct session *session, int failure);

static int open_handle(struct session *session, netsnmp_session *s)
{
        int system_error = 0, failure = 0;
        char *text = NULL;

        session->handle = snmp_sess_open(s);
        if (session->handle) {
                if (s->version != SNMP_VERSION_3)
                        ask_for_refusals(session->handle);
                return 0;
        }
        snmp_error(s, &system_error, &failure, &text);
        if (system_error == ECONNREFUSED)
                complain_failure(session, SNMPERR_BAD_RECVFROM);
        else
                complain("no way to %s: %s", session->address, text ? text : "unknown error");
        free(text);
        return -ECONNREFUSED;
}

static bool lacks_user(const netsnmp_session *s)
{
        return s->version == SNMP_VERSION_3 && !s->securityName &&
               !stored_string(NETSNMP_DS_LIB_SECNAME);
}

static int open_parsed(struct session *session, netsnmp_session *s)
{
        int err;

        session->address = strdup(s->peername);
        set_identity(session, s);
        if (!session->address || !session->identity)
                return -ENOMEM;
        if (s->version == SNMP_VERSION_1) {
                complain("SNMPv1 has no 64-bit counters: ask %s by -v2c or -v3", session->address);
                return -ECONNREFUSED;
        }
        if (lacks_user(s)) {
                complain("SNMPv3 needs a user: say -u USER, or defSecurityName in snmp.conf");
                return -ECONNREFUSED;
        }
        err = choose_community(s);
        if (err < 0)
                return err;
        choose_patience(s);
        return open_handle(session, s);
}

int session_open(int argc, char **argv, struct session **opened)
{
        struct session *session = calloc(1, sizeof(*session));
        bool logging = has_option(argc, argv, 'L') || has_option(argc, argv, 'D');
        netsnmp_session s;
        int err;

        *opened = NULL;
        if (!session)
                return -ENOMEM;
        prepare_library();
        /* While the configuration is read the library's word counts, but not its small talk. */
        if (!logging)
                netsnmp_register_loghandler(NETSNMP_LOGHANDLER_STDERR, LOG_WARNING);
        err = parse(session, argc, argv, &s);
        if (err != 0)
                goto out;
        choose_version(&s, has_option(argc, argv, 'v'));
        /* From here on our own sentences tell what is wrong. */
        if (!logging)
                snmp_disable_stderrlog();
        err = open_parsed(session, &s);
        free_parsed(&s);
out:
        if (err != 0)
                session_close(session);
        else
                *opened = session;
        return err;
}

void session_close(struct session *session)
{
        struct exchange *x;

        if (!session)
                return;
        if (session->handle)
                snmp_sess_close(session->handle);
        while ((x = session->exchanges)) {
                session->exchanges = x->next;
                snmp_free_varbind(x->variables);
                free(x);
        }
        free(session->address);
        free(session->identity);
        free(session->unreadable);
        free(session);
}

void session_watch(struct session *session, const volatile sig_atomic_t *interrupted,
                   const sigset_t *signals)
{
        session->interrupted = interrupted;
        session->signals = signals;
}

static int fail(struct exchange *x, int failure)
{
        /* The library calls a second time for a report that it takes as final. */
        x->held = false;
        if (x->waiting) {
                x->failure = failure;
                x->waiting = false;
        }
        return 1;
}

/* Takes the varbinds away from the PDU, so that nothing is copied. */
static int take_answer(struct exchange *x, netsnmp_pdu *pdu)
{
        int type;

        if (pdu->command == SNMP_MSG_REPORT) {
                type = snmpv3_get_report_type(pdu);
                /* The library asks again by itself, with the right time. */
                return type == SNMPERR_NOT_IN_TIME_WINDOW ? 1 : fail(x, type);
        }
        if (pdu->command != SNMP_MSG_RESPONSE)
                return 0;
        x->held = false;
        if (!x->waiting)
                return 1;
        x->error_status = pdu->errstat;
        x->variables = pdu->variables;
        pdu->variables = NULL;
        x->waiting = false;
        return 1;
}

/* The agent's word is better than the library's. */
static int security_failure(const netsnmp_session *s, netsnmp_pdu *pdu)
{
        if (pdu && pdu->command == SNMP_MSG_REPORT)
                return snmpv3_get_report_type(pdu);
        return s->s_snmp_errno != 0 ? s->s_snmp_errno : SNMPERR_AUTHENTICATION_FAILURE;
}

static int on_answer(int operation, netsnmp_session *s, int request, netsnmp_pdu *pdu,
                     void *context)
{
        struct exchange *x = context;

        (void)request;
        switch (operation) {
        case NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE:
                return take_answer(x, pdu);
        case NETSNMP_CALLBACK_OP_TIMED_OUT:
                return fail(x, SNMPERR_TIMEOUT);
        case NETSNMP_CALLBACK_OP_SEC_ERROR:
                return fail(x, security_failure(s, pdu));
        case NETSNMP_CALLBACK_OP_DISCONNECT:
                return fail(x, SNMPERR_ABORT);
        case NETSNMP_CALLBACK_OP_SEND_FAILED:
                return fail(x, SNMPERR_BAD_SENDTO);
        default: /* asked once more, connected */
                return 1;
        }
}

static int library_failure(const struct session *session)
{
        int system_error, failure;
        char *text;

        snmp_sess_error(session->handle, &system_error, &failure, &text);
        free(text);
        return failure;
}

struct exchange *session_ask(struct session *session, netsnmp_pdu *pdu)
{
        struct exchange *x = calloc(1, sizeof(*x));

        if (!x || !pdu) {
                complain("no memory");
                snmp_free_pdu(pdu);
                free(x);
                return NULL;
        }
        x->waiting = true;
        x->held = true;
        if (snmp_sess_async_send(session->handle, pdu, on_answer, x) == 0) {
                complain_failure(session, library_failure(session));
                snmp_free_pdu(pdu);
                free(x);
                return NULL;
        }
        x->next = session->exchanges;
        session->exchanges = x;
        return x;
}

/*
 * Something could not be read. A message that makes no sense may be anybody's: it is as if it had
 * not come. Without a way to the agent all is over.
 */
static void judge_reading(struct session *session)
{
        int failure = library_failure(session);

        if (failure != SNMPERR_BAD_RECVFROM && failure != SNMPERR_ABORT)
                return;
        for (struct exchange *x = session->exchanges; x; x = x->next) {
                x->failure = x->waiting ? failure : x->failure;
                x->waiting = false;
        }
}

/* One turn: what has come, or a timeout. */
static int turn(struct session *session)
{
        netsnmp_large_fd_set set;
        struct timeval wait = { 0, 0 };
        struct timespec time;
        int n = 0, ready, block = 1;

        if (session->interrupted && *session->interrupted)
                return -EINTR;
        netsnmp_large_fd_set_init(&set, FD_SETSIZE);
        NETSNMP_LARGE_FD_ZERO(&set);
        snmp_sess_select_info2(session->handle, &n, &set, &wait, &block);
        time.tv_sec = wait.tv_sec;
        time.tv_nsec = wait.tv_usec * 1000;
        ready = pselect(n, set.lfs_setptr, NULL, NULL, block ? NULL : &time, session->signals);
        if (ready > 0 && snmp_sess_read2(session->handle, &set) != 0)
                judge_reading(session);
        else if (ready == 0)
                snmp_sess_timeout(session->handle);
        netsnmp_large_fd_set_cleanup(&set);
        return 0;
}

int session_wait(struct session *session, struct exchange *exchange)
{
        int err;

        while (exchange->waiting) {
                err = turn(session);
                if (err < 0)
                        return err;
        }
        if (exchange->failure != 0)
                return -ECONNREFUSED;
        session->answered = true;
        return 0;
}

void session_release(struct session *session, struct exchange *exchange)
{
        struct exchange **at = &session->exchanges;

        if (!exchange)
                return;
        snmp_free_varbind(exchange->variables);
        exchange->variables = NULL;
        exchange->abandoned = true;
        while (*at) {
                struct exchange *x = *at;

                /* The library calls back for what it holds: that stays. */
                if (x->abandoned && !x->held) {
                        *at = x->next;
                        snmp_free_varbind(x->variables);
                        free(x);
                } else {
                        at = &x->next;
                }
        }
}

void session_show_progress(struct session *session, bool show)
{
        session->progress = show;
}

bool session_shows_progress(const struct session *session)
{
        return session->progress;
}

/* The engine ID is told to everybody: an snmpd that told it is there. */
static bool knows_engine(const struct session *session)
{
        const netsnmp_session *s = session->handle ? snmp_sess_session(session->handle) : NULL;

        return s && s->version == SNMP_VERSION_3 && s->securityEngineIDLen > 0;
}

static void complain_timeout(const struct session *session)
{
        const char *address = session->address, *identity = session->identity;

        if (session->answered)
                complain("%s does not answer any more: what was printed is not all", address);
        else if (knows_engine(session))
                complain("snmpd at %s answers nothing to %s: is the privacy password (-X) right?",
                         address, identity);
        else if (strcmp(identity, ANYBODY) == 0)
                complain("nothing answers at %s: either no snmpd is there, or it does not accept "
                         "the community (snmpd drops such requests in silence)",
                         address);
        else
                complain("nothing answers at %s: is snmpd running there, and does a firewall let "
                         "SNMP through?",
                         address);
}

bool session_complain_unreadable(const struct session *session)
{
        if (!session->unreadable)
                return false;
        complain("you may not read %s: ask whoever administers this machine to let you, or say a "
                 "community or a user",
                 session->unreadable);
        return true;
}

static void complain_failure(const struct session *session, int failure)
{
        const char *address = session->address, *identity = session->identity;

        switch (failure) {
        case SNMPERR_TIMEOUT:
                if (session->answered || !session_complain_unreadable(session))
                        complain_timeout(session);
                break;
        case SNMPERR_BAD_RECVFROM:
        case SNMPERR_ABORT:
                complain("nothing listens at %s%s: start snmpd there, or say another address",
                         address, session->answered ? " any more" : "");
                break;
        case SNMPERR_UNKNOWN_USER_NAME:
                complain("%s does not know %s: create it in its snmpd.conf, or say another by -u",
                         address, identity);
                break;
        case SNMPERR_AUTHENTICATION_FAILURE:
                complain("%s refuses the authentication of %s: its password (-A) or protocol (-a) "
                         "is another one",
                         address, identity);
                break;
        case SNMPERR_USM_AUTHENTICATIONFAILURE:
        case SNMPERR_USM_UNSUPPORTEDSECURITYLEVEL:
        case SNMPERR_USM_ENCRYPTIONERROR:
        case SNMPERR_USM_GENERICERROR: /* there is no key to encrypt with */
                complain("the security level of %s needs more than was given: say the passwords "
                         "(-A, -X), or another level (-l)",
                         identity);
                break;
        case SNMPERR_DECRYPTION_ERR:
                complain("%s cannot decrypt what %s sends: its privacy password (-X) or protocol "
                         "(-x) is another one",
                         address, identity);
                break;
        case SNMPERR_UNSUPPORTED_SEC_LEVEL:
                complain("%s does not offer %s this security level: say another by -l", address,
                         identity);
                break;
        case SNMPERR_NOT_IN_TIME_WINDOW:
                complain("%s does not accept our time: its snmpEngineBoots and time do not agree "
                         "with what it told before",
                         address);
                break;
        default:
                complain("asking %s failed: %s", address, snmp_api_errstring(failure));
                break;
        }
}

static void complain_status(const struct session *session, long status)
{
        switch (status) {
        case SNMP_ERR_AUTHORIZATIONERROR:
        case SNMP_ERR_NOACCESS:
                complain("%s may not read anything at %s: give it a view in snmpd.conf "
                         "(rocommunity, "
                         "rouser)",
                         session->identity, session->address);
                break;
        case SNMP_ERR_GENERR:
                complain("snmpd at %s gets no answer of ipsec-reportd: see whether that hangs",
                         session->address);
                break;
        case SNMP_ERR_TOOBIG:
                complain("%s cannot answer even the smallest request: its messages are too small",
                         session->address);
                break;
        default:
                complain("%s answers with the error '%s'", session->address,
                         snmp_errstring((int)status));
                break;
        }
}

void session_complain(const struct session *session, const struct exchange *exchange)
{
        if (exchange->failure != 0)
                complain_failure(session, exchange->failure);
        else
                complain_status(session, exchange->error_status);
}

const char *session_address(const struct session *session)
{
        return session->address;
}

const char *session_identity(const struct session *session)
{
        return session->identity;
}

static int64_t monotonic_ms(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

struct moment session_moment(const struct session *session)
{
        struct moment now = { .wall = (int64_t)time(NULL) + session->wall_offset,
                              .monotonic = monotonic_ms() };

        now.snmp_start = session->knows_uptime ? session->uptime_started : now.monotonic;
        return now;
}

void session_set_uptime(struct session *session, uint32_t ticks)
{
        session->uptime_started = monotonic_ms() - (int64_t)ticks * 10;
        session->knows_uptime = true;
}

void session_set_wall(struct session *session, int64_t seconds)
{
        int64_t offset = seconds - (int64_t)time(NULL);

        /* One second is what rounding makes of clocks that agree. */
        session->wall_offset = offset >= -1 && offset <= 1 ? 0 : offset;
}

bool session_knows_uptime(const struct session *session)
{
        return session->knows_uptime;
}
