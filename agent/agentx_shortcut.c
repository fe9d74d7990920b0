#include "agentx_shortcut.h"

#include <net-snmp/agent/agent_callbacks.h>

#include <errno.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>
#include <stdlib.h>

/* Types of AgentX PDUs (RFC 2741, section 6.1); no installed header of Net-SNMP has them. */
enum agentx_type {
        AGENTX_GET = 5,
        AGENTX_GET_NEXT = 6,
        AGENTX_RESPONSE = 18,
};

struct agentx_shortcut {
        const struct handler *handler;
        netsnmp_callback library; /* the session's own callback, of this connection */
};

static bool covered(const netsnmp_pdu *pdu)
{
        if (pdu->command != AGENTX_GET && pdu->command != AGENTX_GET_NEXT)
                return false;
        if (pdu->community_len > 0) /* a context; we serve the default one */
                return false;
        for (const netsnmp_variable_list *vb = pdu->variables; vb; vb = vb->next_variable)
                if (!handler_covers(vb->name, vb->name_length))
                        return false;
        return true;
}

/* The end of the search range that comes as a GETNEXT's value; the null OID is none (section 5.2).
 */
static bool within(const netsnmp_variable_list *vb, const oid *end, size_t length)
{
        bool none = length == 0 || (length <= 2 && end[0] == 0 && end[length - 1] == 0);

        return none || snmp_oid_compare(vb->name, vb->name_length, end, length) < 0;
}

static void answer_get(const struct handler *handler, netsnmp_variable_list *vb,
                       const struct moment *now)
{
        int error = handler_get(handler, vb, now);

        if (error != SNMP_ERR_NOERROR)
                snmp_set_var_typed_value(vb, (u_char)error, NULL, 0);
}

/* "If the subagent cannot locate an appropriate variable, v.name is set to the starting OID, and
 * the VarBind is set to endOfMibView" (section 7.2.3.2). */
static void answer_next(const struct handler *handler, netsnmp_variable_list *vb,
                        const struct moment *now)
{
        size_t start_length = vb->name_length, end_length = vb->val_len / sizeof(oid);
        oid start[MAX_OID_LEN], end[MAX_OID_LEN];
        bool inclusive = vb->type == ASN_PRIV_INCL_RANGE;

        if (end_length > MAX_OID_LEN)
                end_length = MAX_OID_LEN;
        memcpy(start, vb->name, start_length * sizeof(oid));
        memcpy(end, vb->val.objid, end_length * sizeof(oid));
        if (handler_next(handler, vb, inclusive, now) && within(vb, end, end_length))
                return;
        snmp_set_var_objid(vb, start, start_length);
        snmp_set_var_typed_value(vb, SNMP_ENDOFMIBVIEW, NULL, 0);
}

/* The request's own varbinds become the answer's. */
static void answer(const struct handler *handler, netsnmp_session *session, netsnmp_pdu *request)
{
        netsnmp_pdu *response = snmp_pdu_create(AGENTX_RESPONSE);
        struct moment now;

        if (!response)
                return;
        handler_now(handler, &now);
        for (netsnmp_variable_list *vb = request->variables; vb; vb = vb->next_variable) {
                if (request->command == AGENTX_GET)
                        answer_get(handler, vb, &now);
                else
                        answer_next(handler, vb, &now);
        }
        response->version = session->version;
        response->flags = request->flags | UCD_MSG_FLAG_ALWAYS_IN_VIEW;
        response->sessid = request->sessid;
        response->transid = request->transid;
        response->reqid = request->reqid;
        response->msgid = request->msgid;
        response->errstat = SNMP_ERR_NOERROR;
        response->errindex = 0;
        response->variables = request->variables;
        request->variables = NULL;
        if (!snmp_send(session, response))
                snmp_free_pdu(response);
}

/* The library leaves callback_magic empty but in its synchronous calls, which set and restore both.
 */
static int received(int operation, netsnmp_session *session, int reqid, netsnmp_pdu *pdu,
                    void *magic)
{
        const struct agentx_shortcut *shortcut = magic;

        if (operation != NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE || !pdu || !covered(pdu))
                return shortcut->library(operation, session, reqid, pdu, NULL);
        answer(shortcut->handler, session, pdu);
        return 1;
}

static int connected(int major, int minor, void *server, void *client)
{
        netsnmp_session *session = server;
        struct agentx_shortcut *shortcut = client;

        (void)major;
        (void)minor;
        if (!session || session->callback == received)
                return 0;
        shortcut->library = session->callback;
        session->callback = received;
        session->callback_magic = shortcut;
        return 0;
}

/* What a callback is registered with is freed by Net-SNMP, when it ends and all sessions are
 * closed. */
int agentx_shortcut_install(const struct handler *handler)
{
        struct agentx_shortcut *shortcut = calloc(1, sizeof(*shortcut));

        if (!shortcut)
                return -ENOMEM;
        shortcut->handler = handler;
        snmp_register_callback(SNMP_CALLBACK_APPLICATION, SNMPD_CALLBACK_INDEX_START, connected,
                               shortcut);
        return 0;
}
