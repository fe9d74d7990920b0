#include "config.h"

#include "notification_sender.h"

#include "notification_varbinds.h"
#include "old_connection.h"

#include <fcntl.h>
#include <net-snmp/agent/agent_callbacks.h>
#include <net-snmp/agent/agent_trap.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>
#include <unistd.h>
#include <utlist.h>

/* The type of AgentX PDU (RFC 2741, section 6.1); no installed header of Net-SNMP has it. */
#define AGENTX_NOTIFY 12

/*
 * Seconds that snmpd may take to answer. While the connection stands it will: an answer that comes
 * late is no reason to send again, and a connection that does not stand ends by the library's
 * pings.
 */
#define ANSWER_TIMEOUT 86400

/*
 * Milliseconds for which an snmpd that hung may still answer when there is a connection again: it
 * goes on with the old one, or is another snmpd.
 */
#define OLD_ANSWER_WITHIN 10000

struct pending {
        struct pending *prev, *next;
        uint32_t number;
        uint8_t kind;
        int64_t moment;
        netsnmp_variable_list *varbinds;
};

/* What the library holds while a request is under way: it may outlive the sender. */
struct flight {
        struct notification_sender *sender; /* NULL: that is gone */
};

/* What a callback is registered with, which the library frees when it ends. */
struct listener {
        struct notification_sender *sender; /* NULL: that is gone */
};

struct notification_sender {
        struct loop *loop;
        struct loop_timer *timer;
        struct sender_ops ops;
        bool standalone;
        uint32_t maximum;
        struct pending *queue; /* the oldest first; the first one may be under way */
        uint32_t count;
        netsnmp_session *session;   /* to snmpd; NULL none */
        struct flight *flight;      /* the first one is under way */
        uint32_t packet;            /* ... by this number */
        struct old_connection *old; /* the first one is snmpd's, or nobody's: it may tell yet */
        struct listener *started;
        struct listener *stopped;
};

static void send_soon(struct notification_sender *s);

/* ---- the queue ---- */

static void free_pending(struct pending *p)
{
        snmp_free_varbind(p->varbinds);
        free(p);
}

static void settle(struct notification_sender *s, struct pending *p, bool sent)
{
        DL_DELETE(s->queue, p);
        s->count--;
        s->ops.settled(s->ops.context, p->number, p->kind, sent);
        free_pending(p);
        if (!s->queue)
                s->ops.idle(s->ops.context);
}

static bool is_under_way(const struct notification_sender *s)
{
        return s->flight || s->old;
}

/* The one under way is snmpd's already. */
static void make_room(struct notification_sender *s)
{
        while (s->count > s->maximum) {
                struct pending *oldest = is_under_way(s) ? s->queue->next : s->queue;

                if (!oldest)
                        return;
                settle(s, oldest, false);
        }
}

/* ---- to snmpd ---- */

static void say(const struct notification_sender *s, const struct pending *p, const char *why)
{
        char line[160];

        snprintf(line, sizeof(line), "the notification of event %u was not sent: %s",
                 (unsigned int)p->number, why);
        s->loop->log(s->loop, LOG_WARNING, line);
}

static void answered(struct notification_sender *s, long error)
{
        char why[64];

        if (error != SNMP_ERR_NOERROR) {
                snprintf(why, sizeof(why), "snmpd refused it (AgentX error %ld)", error);
                say(s, s->queue, why);
        }
        settle(s, s->queue, error == SNMP_ERR_NOERROR);
        send_soon(s);
}

/* What snmpd did not take it never will: it is sent again. */
static void old_ended(void *context, enum old_answer answer, unsigned int error)
{
        struct notification_sender *s = context;

        s->old = NULL;
        if (answer == OLD_ANSWER_NONE)
                send_soon(s);
        else
                answered(s, (long)error);
}

static int flight_ended(int operation, netsnmp_session *session, int reqid, netsnmp_pdu *pdu,
                        void *magic)
{
        struct flight *flight = magic;
        struct notification_sender *s = flight->sender;

        (void)session;
        (void)reqid;
        if (operation != NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE &&
            operation != NETSNMP_CALLBACK_OP_TIMED_OUT)
                return 1;
        free(flight);
        if (!s)
                return 1;
        s->flight = NULL;
        if (operation == NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE)
                answered(s, pdu->errstat);
        else
                send_soon(s);
        return 1;
}

static netsnmp_pdu *make_notify(struct notification_sender *s, const struct pending *p)
{
        netsnmp_pdu *pdu = snmp_pdu_create(AGENTX_NOTIFY);
        struct moment now;

        if (!pdu)
                return NULL;
        s->loop->now(s->loop, &now);
        pdu->variables = snmp_clone_varbind(p->varbinds);
        if (!pdu->variables || !notification_set_time(&pdu->variables, p->moment, &now)) {
                snmp_free_pdu(pdu);
                return NULL;
        }
        pdu->version = s->session->version;
        pdu->sessid = s->session->sessid;
        pdu->reqid = snmp_get_next_reqid();
        pdu->msgid = snmp_get_next_msgid();
        pdu->flags |= UCD_MSG_FLAG_PDU_TIMEOUT;
        pdu->time = ANSWER_TIMEOUT;
        return pdu;
}

/* A connection that cannot be written is about to be closed: the next one will take it. */
static void send_failed(struct notification_sender *s)
{
        if (s->session->s_snmp_errno == SNMPERR_BAD_SENDTO)
                return;
        say(s, s->queue, snmp_api_errstring(s->session->s_snmp_errno));
        settle(s, s->queue, false);
        send_soon(s);
}

static void send_to_master(struct notification_sender *s)
{
        netsnmp_pdu *pdu;

        if (!s->session || is_under_way(s) || !s->queue)
                return;
        pdu = make_notify(s, s->queue);
        s->flight = calloc(1, sizeof(*s->flight));
        if (pdu && s->flight) {
                s->flight->sender = s;
                s->packet = (uint32_t)pdu->reqid;
                if (snmp_async_send(s->session, pdu, flight_ended, s->flight))
                        return;
                snmp_free_pdu(pdu);
                free(s->flight);
                s->flight = NULL;
                send_failed(s);
                return;
        }
        if (pdu)
                snmp_free_pdu(pdu);
        free(s->flight);
        s->flight = NULL;
        say(s, s->queue, "out of memory");
        settle(s, s->queue, false);
}

/* ---- to sinks of our own ---- */

static void send_to_sinks(struct notification_sender *s)
{
        struct moment now;

        s->loop->now(s->loop, &now);
        if (notification_set_time(&s->queue->varbinds, s->queue->moment, &now))
                send_v2trap(s->queue->varbinds);
        settle(s, s->queue, true);
        if (s->queue)
                send_soon(s);
}

/* ---- when ---- */

static void run(void *context)
{
        struct notification_sender *s = context;

        s->timer = NULL;
        if (!s->queue)
                return;
        if (s->standalone)
                send_to_sinks(s);
        else
                send_to_master(s);
}

static void send_soon(struct notification_sender *s)
{
        if (!s->timer && s->queue && !is_under_way(s))
                s->timer = s->loop->after(s->loop, 0, run, s);
}

/* ---- the connection ---- */

static int connected(int major, int minor, void *server, void *client)
{
        struct notification_sender *s = ((struct listener *)client)->sender;

        (void)major;
        (void)minor;
        if (!s || s->session == server)
                return 0;
        s->session = server;
        if (s->old)
                old_connection_limit(s->old, OLD_ANSWER_WITHIN);
        s->ops.connected(s->ops.context);
        send_soon(s);
        return 0;
}

/* Where the other end is still open, a descriptor of our own: what was written will be read. */
static int keep_open(netsnmp_session *session)
{
        netsnmp_transport *transport = snmp_sess_transport(snmp_sess_pointer(session));
        struct pollfd fd = { .events = POLLRDHUP };

        if (!transport || transport->sock < 0)
                return -1;
        fd.fd = transport->sock;
        return poll(&fd, 1, 0) == 0 ? fcntl(transport->sock, F_DUPFD_CLOEXEC, 0) : -1;
}

/* The library closes the session next, and ends its requests then. */
static int disconnected(int major, int minor, void *server, void *client)
{
        struct notification_sender *s = ((struct listener *)client)->sender;

        (void)major;
        (void)minor;
        if (!s || s->session != server)
                return 0;
        if (s->flight && !s->old)
                s->old = old_connection_new(s->loop, keep_open(server), s->packet, old_ended, s);
        s->session = NULL;
        s->ops.disconnected(s->ops.context);
        return 0;
}

static struct listener *listen_to(struct notification_sender *s, int what, SNMPCallback *callback)
{
        struct listener *listener = calloc(1, sizeof(*listener));

        if (!listener)
                return NULL;
        listener->sender = s;
        if (snmp_register_callback(SNMP_CALLBACK_APPLICATION, what, callback, listener) ==
            SNMPERR_SUCCESS)
                return listener;
        free(listener);
        return NULL;
}

/* ---- what the header offers ---- */

void sender_put(struct notification_sender *s, uint32_t number, uint8_t kind, int64_t moment,
                netsnmp_variable_list *varbinds)
{
        struct pending *p = calloc(1, sizeof(*p));

        if (!p) {
                snmp_free_varbind(varbinds);
                s->ops.settled(s->ops.context, number, kind, false);
                return;
        }
        p->number = number;
        p->kind = kind;
        p->moment = moment;
        p->varbinds = varbinds;
        DL_APPEND(s->queue, p);
        s->count++;
        make_room(s);
        send_soon(s);
}

uint32_t sender_count(const struct notification_sender *s)
{
        return s->count;
}

void sender_configure(struct notification_sender *s, uint32_t maximum)
{
        s->maximum = maximum;
        make_room(s);
}

struct notification_sender *sender_new(struct loop *loop, bool standalone, uint32_t maximum,
                                       const struct sender_ops *ops)
{
        struct notification_sender *s = calloc(1, sizeof(*s));

        if (!s)
                return NULL;
        s->loop = loop;
        s->standalone = standalone;
        s->maximum = maximum;
        s->ops = *ops;
        if (standalone)
                return s;
        s->started = listen_to(s, SNMPD_CALLBACK_INDEX_START, connected);
        s->stopped = listen_to(s, SNMPD_CALLBACK_INDEX_STOP, disconnected);
        if (s->started && s->stopped)
                return s;
        sender_free(s);
        return NULL;
}

void sender_free(struct notification_sender *s)
{
        struct pending *p, *next;

        if (!s)
                return;
        if (s->started)
                s->started->sender = NULL;
        if (s->stopped)
                s->stopped->sender = NULL;
        if (s->flight)
                s->flight->sender = NULL;
        s->loop->cancel(s->loop, s->timer);
        old_connection_free(s->old);
        DL_FOREACH_SAFE(s->queue, p, next)
        {
                settle(s, p, false);
        }
        free(s);
}
