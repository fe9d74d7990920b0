/* Connections, as --status tells them: about twenty lines for each. */
#include "libreswan_text.h"
#include "row_text.h"

#include <ctype.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What pluto gives the kernel for the XFRM interface ipsec0: 0 would be none. */
#define IF_ID_OF_IPSEC0 16384

static const char *keep(struct libreswan_text text, struct scratch *scratch)
{
        return row_text_of(text.at, text.length, scratch);
}

static bool is_any(struct libreswan_text text)
{
        return text.length == 0 || *text.at == '%' || *text.at == '<' || *text.at == '(' ||
               text_equals(text, "[any]") || text_equals(text, "unset");
}

/* "28800s" */
static uint32_t seconds_of(struct libreswan_text line, const char *words)
{
        struct libreswan_text rest;
        uint64_t number;

        return text_after(line, words, &rest) && text_number(&rest, 10, &number) &&
                               number <= INT32_MAX
                       ? (uint32_t)number
                       : 0;
}

/* ---- the ends: 10.1.0.0/24===192.0.2.1[@moon]...192.0.2.2[@sun]===10.2.0.0/24 ---- */

/* Where the words stand outside of brackets: within them are identities, which may hold anything.
 */
static bool split_at(struct libreswan_text text, const char *words, struct libreswan_text *before,
                     struct libreswan_text *after)
{
        size_t depth = 0;

        for (size_t i = 0; i < text.length; i++) {
                struct libreswan_text rest = { text.at + i, text.length - i };

                if (text.at[i] == '[')
                        depth++;
                else if (text.at[i] == ']' && depth > 0)
                        depth--;
                else if (depth == 0 && text_begins(rest, words)) {
                        *before = (struct libreswan_text){ text.at, i };
                        *after = rest;
                        text_skip(after, strlen(words));
                        return true;
                }
        }
        return false;
}

/* One side: HOST[ID]:PROTOCOL/PORT, with the client's network before or behind it. */
struct side {
        struct libreswan_text host;
        struct libreswan_text client;   /* empty: the host itself */
        struct libreswan_text protocol; /* "TCP/23", "17/1701", empty */
};

static void cut_host(struct side *side, struct libreswan_text text)
{
        struct libreswan_text inside, rest;
        size_t length = 0;

        while (length < text.length && text.at[length] != '[' && text.at[length] != '<')
                length++;
        side->host = (struct libreswan_text){ text.at, length };
        text_skip(&text, length);
        if (split_at(text, ":", &inside, &rest) && rest.length > 0 && side->protocol.length == 0)
                side->protocol = rest;
}

/* "2001:db8::/64:TCP/23": the protocol stands behind the colon that follows the prefix. */
static void cut_client(struct side *side, struct libreswan_text text)
{
        struct libreswan_text before, after;
        const char *colon;

        side->client = text;
        if (!split_at(text, "/", &before, &after))
                return;
        colon = after.length > 0 ? memchr(after.at, ':', after.length) : NULL;
        if (!colon)
                return;
        side->client.length = (size_t)(colon - text.at);
        side->protocol = text;
        text_skip(&side->protocol, side->client.length + 1);
}

static void cut_local(struct side *side, struct libreswan_text text)
{
        struct libreswan_text before, after;

        if (split_at(text, "===", &before, &after)) {
                cut_client(side, before);
                text = after;
        }
        if (split_at(text, "---", &before, &after))
                text = before; /* the next hop is of no use here */
        cut_host(side, text);
}

static void cut_remote(struct side *side, struct libreswan_text text)
{
        struct libreswan_text before, after;

        if (split_at(text, "===", &before, &after)) {
                cut_client(side, after);
                text = before;
        }
        if (split_at(text, "---", &before, &after))
                text = after;
        cut_host(side, text);
}

/* Without the port, which is there when it is not 500. */
static void set_host(const struct side *side, struct inet_addr *address, uint16_t *port)
{
        struct libreswan_text host = side->host, digits;
        size_t colon = host.length;
        uint64_t number;

        if (inet_addr_parse(address, host.at, host.length))
                return;
        while (colon > 0 && host.at[colon - 1] != ':')
                colon--;
        digits = (struct libreswan_text){ host.at + colon, host.length - colon };
        if (colon > 0 && text_number(&digits, 10, &number) && digits.length == 0 &&
            number <= UINT16_MAX && inet_addr_parse(address, host.at, colon - 1))
                *port = (uint16_t)number;
        else
                memset(address, 0, sizeof(*address));
}

static int protocol_number(struct libreswan_text name)
{
        char word[32];
        const struct protoent *entry;
        struct libreswan_text digits = name;
        uint64_t number;

        if (text_number(&digits, 10, &number) && digits.length == 0)
                return number <= UINT8_MAX ? (int)number : -1;
        if (name.length >= sizeof(word))
                return -1;
        for (size_t i = 0; i < name.length; i++)
                word[i] = (char)tolower((unsigned char)name.at[i]);
        word[name.length] = '\0';
        entry = getprotobyname(strcmp(word, "icmpv6") == 0 ? "ipv6-icmp" : word);
        return entry ? entry->p_proto : -1;
}

/* "TCP/23" becomes "[6/23]", "UDP/0-65535" "[17]"; nothing where all of it is meant. */
static void add_protocol(struct row_text *text, struct libreswan_text protocol)
{
        struct libreswan_text name, port = protocol;
        char number[32];
        int n;

        if (!text_piece(&port, '/', &name) || (n = protocol_number(name)) < 0 ||
            (n == 0 && port.length == 0))
                return;
        snprintf(number, sizeof(number), "[%d", n);
        row_text_add(text, number, strlen(number));
        if (port.length > 0 && !text_equals(port, "0") && !text_equals(port, "0-65535") &&
            !text_equals(port, "%any")) {
                row_text_add(text, "/", 1);
                row_text_add(text, port.at, port.length);
        }
        row_text_add(text, "]", 1);
}

/* "10.0.0.1-10.0.0.9" */
static bool add_range(struct row_text *text, struct libreswan_text client)
{
        struct libreswan_text first, last = client;
        struct inet_addr address;

        if (!text_piece(&last, '-', &first) || last.length == 0 ||
            !inet_addr_parse(&address, first.at, first.length) ||
            !inet_addr_parse(&address, last.at, last.length))
                return false;
        row_text_add(text, first.at, first.length);
        row_text_add(text, "..", 2);
        row_text_add(text, last.at, last.length);
        return true;
}

static const char *selector_of(const struct side *side, const struct inet_addr *host,
                               struct scratch *scratch)
{
        struct row_text text = { .length = 0 };
        char address[INET_ADDR_TEXT_SIZE];

        if (side->client.length == 0 && host->type == INET_ADDR_UNKNOWN) {
                row_text_add(&text, "dynamic", 7);
        } else if (side->client.length == 0) {
                inet_addr_text(host, address);
                row_text_add(&text, address, strlen(address));
                row_text_add(&text, host->type == INET_ADDR_IPV4 ? "/32" : "/128",
                             host->type == INET_ADDR_IPV4 ? 3 : 4);
        } else if (!add_range(&text, side->client)) {
                row_text_add(&text, side->client.at, side->client.length);
        }
        if (side->protocol.length > 0)
                add_protocol(&text, side->protocol);
        return row_text_keep(&text, scratch);
}

/* What the kernel has of it, in the words of each version. */
static bool is_trapped(struct libreswan_text routing)
{
        return text_find(routing, "prospective") || text_find(routing, "HOLD") ||
               text_find(routing, "ondemand") || text_find(routing, "never-negotiate");
}

static void take_ends(struct libreswan_conn *conn, struct libreswan_text line,
                      struct scratch *scratch)
{
        struct libreswan_text ends = line, routing = { NULL, 0 }, left, right;
        struct side local = { .host.length = 0 }, remote = { .host.length = 0 };
        struct ike_policy *policy = &conn->policy;

        if (split_at(line, "; ", &left, &right)) {
                ends = left;
                routing = right;
        }
        if (!split_at(ends, "...", &left, &right))
                return;
        cut_local(&local, left);
        cut_remote(&remote, right);
        set_host(&local, &conn->local, &policy->local_port);
        set_host(&remote, &conn->remote, &policy->remote_port);
        policy->local_addresses = keep(local.host, scratch);
        policy->remote_addresses = keep(remote.host, scratch);
        policy->any_peer =
                conn->remote.type == INET_ADDR_UNKNOWN || inet_addr_is_any(&conn->remote);
        conn->child.local_selectors = selector_of(&local, &conn->local, scratch);
        conn->child.remote_selectors = selector_of(&remote, &conn->remote, scratch);
        conn->child.trapped = is_trapped(routing);
}

/* ---- the lines behind it, by what they begin with ---- */

static const char *const auths[][2] = {
        { "secret", "PSK" },    { "rsasig", "PUBKEY" }, { "rsasig_v1_5", "PUBKEY" },
        { "ecdsa", "PUBKEY" },  { "null", "NULL" },     { "eaponly", "EAP" },
        { "digsig", "PUBKEY" },
};

static const char *auth_of(struct libreswan_text word, struct scratch *scratch)
{
        for (size_t i = 0; i < COUNT(auths); i++)
                if (text_equals(word, auths[i][0]))
                        return auths[i][1];
        return text_equals(word, "never") || text_equals(word, "none") ? NULL : keep(word, scratch);
}

/* "our auth:secret, their auth:rsasig, our autheap:none, their autheap:tls;" */
static const char *method_of(struct libreswan_text line, const char *auth, const char *eap,
                             struct scratch *scratch)
{
        struct libreswan_text word;
        struct row_text text = { .length = 0 };

        if (text_between(line, eap, ",", &word)) {
                if (text_find(word, ";"))
                        word.length = (size_t)(text_find(word, ";") - word.at);
                if (word.length > 0 && !text_equals(word, "none")) {
                        row_text_add(&text, "EAP-", 4);
                        for (size_t i = 0; i < word.length; i++) {
                                char upper = (char)toupper((unsigned char)word.at[i]);

                                row_text_add(&text, &upper, 1);
                        }
                        return row_text_keep(&text, scratch);
                }
        }
        if (!text_between(line, auth, ",", &word))
                return NULL;
        if (text_find(word, ";"))
                word.length = (size_t)(text_find(word, ";") - word.at);
        return auth_of(word, scratch);
}

static void take_auth(struct libreswan_conn *conn, struct libreswan_text line,
                      struct scratch *scratch)
{
        conn->policy.local_auth_method = method_of(line, "our auth:", "our autheap:", scratch);
        conn->policy.remote_auth_method = method_of(line, "their auth:", "their autheap:", scratch);
}

static void take_xauth(struct libreswan_conn *conn, struct libreswan_text line,
                       struct scratch *scratch)
{
        struct libreswan_text name;

        conn->names_user = text_after(line, "xauth them:client", &name);
        if (text_between(line, " my_username=", ";", &name) && !is_any(name))
                conn->policy.local_eap_identity = keep(name, scratch);
        if (text_after(line, " their_username=", &name) && !is_any(name))
                conn->policy.remote_eap_identity = keep(name, scratch);
}

static void take_label(struct libreswan_conn *conn, struct libreswan_text line,
                       struct scratch *scratch)
{
        struct libreswan_text label;

        if (text_between(line, "sec_label:", ";", &label) && !is_any(label))
                conn->child.label = keep(label, scratch);
}

/* "CAs: 'CN=a'...'%any'" */
static void take_cas(struct libreswan_conn *conn, struct libreswan_text line,
                     struct scratch *scratch)
{
        struct libreswan_text local, remote;

        if (!text_between(line, "CAs: '", "'...'", &local) || !text_after(line, "'...'", &remote) ||
            remote.length == 0)
                return;
        remote.length--;
        if (!is_any(local))
                conn->policy.local_cas = keep(local, scratch);
        if (!is_any(remote))
                conn->policy.remote_cas = keep(remote, scratch);
}

/* "10KB", "2^63B": the latter is as good as none. */
static uint64_t limit_after(struct libreswan_text line, const char *words)
{
        static const struct {
                const char *unit;
                unsigned int bits;
        } units[] = { { "K", 10 }, { "M", 20 }, { "G", 30 }, { "T", 40 }, { "P", 50 } };
        struct libreswan_text rest;
        uint64_t number;

        if (!text_after(line, words, &rest) || text_begins(rest, "2^63") ||
            !text_number(&rest, 10, &number))
                return 0;
        for (size_t i = 0; i < COUNT(units); i++)
                if (text_begins(rest, units[i].unit) && number <= UINT64_MAX >> units[i].bits)
                        return number << units[i].bits;
        return number;
}

static void take_lives(struct libreswan_conn *conn, struct libreswan_text line,
                       struct scratch *scratch)
{
        (void)scratch;
        conn->ike_life = seconds_of(line, "ike_life: ");
        conn->ipsec_life = seconds_of(line, "ipsec_life: ");
        conn->rekey_margin = seconds_of(line, "rekey_margin: ");
        conn->child.lifetime_octets = limit_after(line, "ipsec_max_bytes: ");
        conn->child.lifetime_packets = limit_after(line, "ipsec_max_packets: ");
}

/* The words that older versions have instead of "our auth:". */
static void take_auth_word(struct libreswan_conn *conn, struct libreswan_text word)
{
        const char *method = text_equals(word, "PSK")        ? "PSK"
                             : text_equals(word, "RSASIG")   ? "PUBKEY"
                             : text_equals(word, "ECDSA")    ? "PUBKEY"
                             : text_equals(word, "AUTHNULL") ? "NULL"
                                                             : NULL;

        if (!method)
                return;
        if (!conn->policy.local_auth_method)
                conn->policy.local_auth_method = method;
        if (!conn->policy.remote_auth_method)
                conn->policy.remote_auth_method = method;
}

static void take_policy_word(struct libreswan_conn *conn, struct libreswan_text word)
{
        struct configured_policy *child = &conn->child;

        if (text_equals(word, "TUNNEL"))
                conn->tunnel = true;
        else if (text_equals(word, "PFS"))
                conn->pfs = true;
        else if (text_equals(word, "DONT_REKEY"))
                conn->dont_rekey = true;
        else if (text_equals(word, "REAUTH"))
                conn->reauth = true;
        else if (text_equals(word, "AGGRESSIVE"))
                conn->aggressive = true;
        else if (text_equals(word, "UP"))
                child->start_action =
                        child->start_action == CHILD_TRAP ? CHILD_TRAP_AND_START : CHILD_START;
        else if (text_equals(word, "ROUTE"))
                child->start_action =
                        child->start_action == CHILD_START ? CHILD_TRAP_AND_START : CHILD_TRAP;
        else if (text_equals(word, "PASS"))
                child->action = RULE_PASS;
        else if (text_equals(word, "DROP") || text_equals(word, "REJECT"))
                child->action = RULE_DISCARD;
        else
                take_auth_word(conn, word);
}

static bool is_version_word(struct libreswan_text word, const char *name)
{
        return text_equals(word, name) ||
               (word.length > strlen(name) && text_begins(word, name) &&
                (text_find(word, "_ALLOW") || text_find(word, "_PROPOSE")) &&
                !text_find(word, "NARROW"));
}

/* "policy: IKEv2+PSK+ENCRYPT+TUNNEL+PFS+UP;" */
static void take_policy(struct libreswan_conn *conn, struct libreswan_text line,
                        struct scratch *scratch)
{
        struct libreswan_text words, word;
        bool v1 = false, v2 = false;

        (void)scratch;
        if (!text_between(line, "policy: ", ";", &words))
                return;
        conn->child.start_action = CHILD_NONE;
        conn->child.action = RULE_DYNAMIC_KEY;
        while (text_piece(&words, '+', &word)) {
                v1 = v1 || is_version_word(word, "IKEv1") || is_version_word(word, "IKEV1");
                v2 = v2 || is_version_word(word, "IKEv2") || is_version_word(word, "IKEV2");
                take_policy_word(conn, word);
        }
        if (v1 || v2)
                conn->policy.version = v1 && v2 ? IKE_ANY : v1 ? IKE_V1 : IKE_V2;
}

/* "interface: ipsec7@wan0": pluto's own XFRM interface with that number, on the other one */
static uint32_t if_id_of(struct libreswan_text line)
{
        struct libreswan_text rest;
        uint64_t number;

        if (!text_after(line, "; interface: ipsec", &rest) || !text_number(&rest, 10, &number) ||
            !text_take(&rest, "@") || number > UINT32_MAX)
                return 0;
        return number == 0 ? IF_ID_OF_IPSEC0 : (uint32_t)number;
}

static void take_priority(struct libreswan_conn *conn, struct libreswan_text line,
                          struct scratch *scratch)
{
        (void)scratch;
        conn->child.priority = seconds_of(line, "sa_prio:");
        conn->child.if_id_in = conn->child.if_id_out = if_id_of(line);
}

/* "5/0xffffffff" */
static bool take_one_mark(struct libreswan_text *text, uint32_t *mark, uint32_t *mask)
{
        uint64_t value, bits;

        if (!text_number(text, 10, &value) || !text_take(text, "/") || value > UINT32_MAX)
                return false;
        text_take(text, "0x");
        if (!text_number(text, 16, &bits) || bits > UINT32_MAX)
                return false;
        *mark = (uint32_t)value;
        *mask = (uint32_t)bits;
        return true;
}

static void take_mark(struct libreswan_conn *conn, struct libreswan_text line,
                      struct scratch *scratch)
{
        struct configured_policy *child = &conn->child;
        struct libreswan_text marks;

        (void)scratch;
        if (text_between(line, " mark: ", ";", &marks) &&
            take_one_mark(&marks, &child->mark_in, &child->mark_in_mask) && text_take(&marks, ", "))
                take_one_mark(&marks, &child->mark_out, &child->mark_out_mask);
}

/* An identity may hold anything; ours ends where theirs begins. */
static void take_identities(struct libreswan_conn *conn, struct libreswan_text line,
                            struct scratch *scratch)
{
        struct libreswan_text id;

        if (text_between(line, "; our id=", "; their idtype: ", &id) && !is_any(id))
                conn->policy.local_identity = keep(id, scratch);
        if (text_after(line, "; their id=", &id) && !is_any(id))
                conn->policy.remote_identity = keep(id, scratch);
}

static uint8_t action_of(struct libreswan_text line, const char *words)
{
        struct libreswan_text word;

        if (!text_between(line, words, ";", &word))
                return CHILD_ACTION_UNKNOWN;
        if (text_equals(word, "hold"))
                return CHILD_TRAP;
        if (text_equals(word, "clear"))
                return CHILD_CLEAR;
        if (text_begins(word, "restart"))
                return CHILD_START;
        return text_equals(word, "disabled") ? CHILD_NONE : CHILD_ACTION_UNKNOWN;
}

static void take_dpd(struct libreswan_conn *conn, struct libreswan_text line,
                     struct scratch *scratch)
{
        (void)scratch;
        conn->child.dpd_action = action_of(line, " action:");
        conn->policy.dpd_seconds = seconds_of(line, " delay:");
        conn->policy.dpd_timeout_seconds = seconds_of(line, " timeout:");
}

/* Of IKEv2, which has no such timeout: the retransmissions decide. */
static void take_liveness(struct libreswan_conn *conn, struct libreswan_text line,
                          struct scratch *scratch)
{
        (void)scratch;
        conn->child.dpd_action = action_of(line, " dpdaction:");
        conn->policy.dpd_seconds = seconds_of(line, " dpddelay:");
}

static void take_newest(struct libreswan_conn *conn, struct libreswan_text line,
                        struct scratch *scratch)
{
        (void)scratch;
        conn->newest_ike = seconds_of(line, "newest ISAKMP SA: #");
        if (conn->newest_ike == 0)
                conn->newest_ike = seconds_of(line, "newest IKE SA: #");
        conn->newest_child = seconds_of(line, "newest IPsec SA: #");
        if (conn->newest_child == 0)
                conn->newest_child = seconds_of(line, "newest Child SA: #");
}

static void take_ike_proposals(struct libreswan_conn *conn, struct libreswan_text line,
                               struct scratch *scratch)
{
        struct libreswan_text list, item;
        struct row_text text = { .length = 0 };

        if (!text_after(line, "algorithms: ", &list))
                return;
        while (text_piece(&list, ',', &item)) {
                text_take(&item, " ");
                row_text_item(&text, ", ", item.at, item.length);
        }
        conn->policy.proposals = row_text_keep(&text, scratch);
}

static void take_child_proposals(struct libreswan_conn *conn, struct libreswan_text line,
                                 struct scratch *scratch)
{
        const char *ike = conn->policy.proposals;

        take_ike_proposals(conn, line, scratch);
        conn->child.proposals = conn->policy.proposals;
        conn->policy.proposals = ike;
}

static void take_algorithm(struct libreswan_conn *conn, struct libreswan_text line,
                           struct scratch *scratch)
{
        struct libreswan_text algorithms;

        if (text_after(line, " algorithm newest: ", &algorithms))
                conn->algorithm_newest = keep(algorithms, scratch);
}

static const struct {
        const char *begin;
        void (*take)(struct libreswan_conn *conn, struct libreswan_text line,
                     struct scratch *scratch);
} lines[] = {
        { "our auth:", take_auth },
        { "xauth us:", take_xauth },
        { "sec_label:", take_label },
        { "CAs: ", take_cas },
        { "ike_life: ", take_lives },
        { "policy: ", take_policy },
        { "conn_prio: ", take_priority },
        { "nflog-group: ", take_mark },
        { "our idtype: ", take_identities },
        { "dpd: ", take_dpd },
        { "liveness: ", take_liveness },
        { "newest ", take_newest },
        { "IKE algorithms: ", take_ike_proposals },
        { "ESP algorithms: ", take_child_proposals },
        { "AH algorithms: ", take_child_proposals },
        { "IKE algorithm newest: ", take_algorithm },
        { "IKEv1 algorithm newest: ", take_algorithm },
        { "IKEv2 algorithm newest: ", take_algorithm },
};

bool libreswan_conn_begin(struct libreswan_conn *conn, struct libreswan_text name,
                          uint32_t instance, struct scratch *scratch)
{
        memset(conn, 0, sizeof(*conn));
        conn->name = keep(name, scratch);
        conn->instance = instance;
        conn->policy.version = IKE_VERSION_UNKNOWN;
        conn->policy.uniqueness = UNIQUE_UNKNOWN;
        conn->child.action = RULE_ACTION_UNKNOWN;
        conn->child.dpd_action = conn->child.close_action = conn->child.start_action =
                CHILD_ACTION_UNKNOWN;
        return conn->name != NULL;
}

void libreswan_conn_line(struct libreswan_conn *conn, struct libreswan_text rest,
                         struct scratch *scratch)
{
        if (!text_take(&rest, ": "))
                return;
        if (!text_begins(rest, " ")) {
                take_ends(conn, rest, scratch);
                return;
        }
        while (text_take(&rest, " "))
                ;
        for (size_t i = 0; i < COUNT(lines); i++)
                if (text_begins(rest, lines[i].begin))
                        lines[i].take(conn, rest, scratch);
}

/* It is renegotiated at some moment in the margin before its end, or somewhat sooner. */
static uint32_t rekey_of(const struct libreswan_conn *conn, uint32_t life)
{
        if (conn->dont_rekey)
                return 0;
        return life > conn->rekey_margin ? life - conn->rekey_margin : life;
}

void libreswan_conn_end(struct libreswan_conn *conn)
{
        struct configured_policy *child = &conn->child;
        bool keyed = child->action == RULE_DYNAMIC_KEY;

        if (conn->policy.version == IKE_V1 || conn->reauth)
                conn->policy.reauth_seconds = rekey_of(conn, conn->ike_life);
        else
                conn->policy.rekey_seconds = rekey_of(conn, conn->ike_life);
        child->rekey_seconds = keyed ? rekey_of(conn, conn->ipsec_life) : 0;
        child->lifetime_seconds = keyed ? conn->ipsec_life : 0;
        child->mode = !keyed ? MODE_UNKNOWN : conn->tunnel ? MODE_TUNNEL : MODE_TRANSPORT;
        child->kind = child->action == RULE_PASS             ? RULE_BYPASS
                      : child->action == RULE_ACTION_UNKNOWN ? RULE_KIND_UNKNOWN
                      : keyed && conn->tunnel                ? RULE_TUNNEL
                                                             : RULE_HOST;
}
