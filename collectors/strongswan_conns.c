/* Connections and their children, as list-conn events tell them. */
#include "strongswan_fields.h"
#include "tables/key.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct field_word versions[] = {
        { "IKEv1", IKE_V1 },
        { "IKEv2", IKE_V2 },
        { "IKEv1/2", IKE_ANY },
        { NULL, 0 },
};

static const struct field_word uniqueness[] = {
        { "UNIQUE_NO", UNIQUE_NO },
        { "UNIQUE_NEVER", UNIQUE_NEVER },
        { "UNIQUE_KEEP", UNIQUE_KEEP },
        { "UNIQUE_REPLACE", UNIQUE_REPLACE },
        { NULL, 0 },
};

static const struct field policy_fields[] = {
        { "local_addrs", FIELD_LIST, offsetof(struct ike_policy, local_addresses), NULL },
        { "remote_addrs", FIELD_LIST, offsetof(struct ike_policy, remote_addresses), NULL },
        { "local_port", FIELD_NUMBER16, offsetof(struct ike_policy, local_port), NULL },
        { "remote_port", FIELD_NUMBER16, offsetof(struct ike_policy, remote_port), NULL },
        { "version", FIELD_WORD, offsetof(struct ike_policy, version), versions },
        { "unique", FIELD_WORD, offsetof(struct ike_policy, uniqueness), uniqueness },
        { "reauth_time", FIELD_NUMBER32, offsetof(struct ike_policy, reauth_seconds), NULL },
        { "rekey_time", FIELD_NUMBER32, offsetof(struct ike_policy, rekey_seconds), NULL },
        { "dpd_delay", FIELD_NUMBER32, offsetof(struct ike_policy, dpd_seconds), NULL },
        { "dpd_timeout", FIELD_NUMBER32, offsetof(struct ike_policy, dpd_timeout_seconds), NULL },
};

static const struct field_word actions[] = {
        { "none", CHILD_NONE },
        { "clear", CHILD_CLEAR },
        { "trap", CHILD_TRAP },
        { "hold", CHILD_TRAP },
        { "start", CHILD_START },
        { "restart", CHILD_START },
        { "trap|start", CHILD_TRAP_AND_START },
        { "start|trap", CHILD_TRAP_AND_START },
        { NULL, 0 },
};

static const struct field configured_fields[] = {
        { "rekey_time", FIELD_NUMBER32, offsetof(struct configured_policy, rekey_seconds), NULL },
        { "rekey_bytes", FIELD_NUMBER64, offsetof(struct configured_policy, rekey_octets), NULL },
        { "rekey_packets", FIELD_NUMBER64, offsetof(struct configured_policy, rekey_packets),
          NULL },
        { "dpd_action", FIELD_WORD, offsetof(struct configured_policy, dpd_action), actions },
        { "close_action", FIELD_WORD, offsetof(struct configured_policy, close_action), actions },
        { "start_action", FIELD_WORD, offsetof(struct configured_policy, start_action), actions },
        { "label", FIELD_TEXT, offsetof(struct configured_policy, label), NULL },
        { "interface", FIELD_TEXT, offsetof(struct configured_policy, interface), NULL },
        { "priority", FIELD_NUMBER32, offsetof(struct configured_policy, priority), NULL },
        { "local-ts", FIELD_SELECTORS, offsetof(struct configured_policy, local_selectors), NULL },
        { "remote-ts", FIELD_SELECTORS, offsetof(struct configured_policy, remote_selectors),
          NULL },
};

/* ---- the rounds of authentication: sections local-1, local-2, remote-1 ... ---- */

static const struct field_word classes[] = {
        { "pre-shared key", 0 }, { "public key", 1 }, { "EAP", 2 },
        { "XAuth", 3 },          { "any", 4 },        { NULL, 0 },
};

static const char *const class_names[] = { "PSK", "PUBKEY", "EAP", "XAUTH", "ANY" };

#define CLASS_EAP 2
#define CLASS_UNKNOWN UINT8_MAX

/* EAP_MD5 or md5, by the daemon's version: "-MD5". */
static void add_eap_type(struct row_text *text, struct vici_slice type)
{
        const size_t prefix = strlen("EAP_");

        if (vici_length(type) > prefix && memcmp(type.at, "EAP_", prefix) == 0)
                type.at += prefix;
        row_text_add(text, "-", 1);
        for (; type.at < type.end; type.at++) {
                char upper = (char)toupper(*type.at);

                row_text_add(text, &upper, 1);
        }
}

/* "EAP-TLS"; several rounds are joined by '+'. */
static void add_method(struct row_text *text, struct vici_slice round)
{
        struct vici_item item;
        uint8_t class;

        if (!vici_find(round, "class", &item))
                return;
        if (text->length > 0)
                row_text_add(text, "+", 1);
        class = field_word(classes, &item, CLASS_UNKNOWN);
        if (class == CLASS_UNKNOWN) {
                row_text_add(text, item.body.at, vici_length(item.body));
                return;
        }
        row_text_add(text, class_names[class], strlen(class_names[class]));
        if (class == CLASS_EAP && vici_find(round, "eap-type", &item) && item.kind == VICI_VALUE)
                add_eap_type(text, item.body);
}

static void add_value(struct row_text *text, struct vici_slice round, const char *key)
{
        struct vici_item item;

        if (vici_find(round, key, &item) && item.kind == VICI_VALUE && vici_length(item.body) > 0)
                row_text_item(text, "; ", item.body.at, vici_length(item.body));
}

static void add_list(struct row_text *text, struct vici_slice round, const char *key)
{
        struct vici_item list, item;

        if (!vici_find(round, key, &list) || list.kind != VICI_LIST)
                return;
        while (vici_next(&list.body, &item))
                row_text_item(text, "; ", item.body.at, vici_length(item.body));
}

/* What one side has to say of itself. */
struct side {
        struct row_text methods;
        struct row_text identities;
        struct row_text eap_identities;
        struct row_text cas;
};

static void add_round(struct side *side, struct row_text *certificates, struct vici_slice round)
{
        add_method(&side->methods, round);
        add_value(&side->identities, round, "id");
        add_value(&side->eap_identities, round, "eap_id");
        add_value(&side->eap_identities, round, "xauth_id");
        add_list(&side->cas, round, "cacerts");
        add_list(certificates, round, "certs");
}

static bool begins_with(const struct vici_item *item, const char *prefix)
{
        return item->name_length > strlen(prefix) &&
               memcmp(item->name, prefix, strlen(prefix)) == 0;
}

static void set_sides(const struct strongswan_context *context, struct vici_slice section,
                      struct ike_policy *row)
{
        struct side local = { .methods.length = 0 }, remote = { .methods.length = 0 };
        struct row_text certificates = { .length = 0 };
        struct scratch *scratch = context->scratch;
        struct vici_item item;

        while (vici_next(&section, &item)) {
                if (item.kind != VICI_SECTION)
                        continue;
                if (begins_with(&item, "local-"))
                        add_round(&local, &certificates, item.body);
                if (begins_with(&item, "remote-"))
                        add_round(&remote, &certificates, item.body);
        }
        row->local_auth_method = row_text_keep(&local.methods, scratch);
        row->remote_auth_method = row_text_keep(&remote.methods, scratch);
        row->local_identity = row_text_keep(&local.identities, scratch);
        row->remote_identity = row_text_keep(&remote.identities, scratch);
        row->local_eap_identity = row_text_keep(&local.eap_identities, scratch);
        row->remote_eap_identity = row_text_keep(&remote.eap_identities, scratch);
        row->local_cas = row_text_keep(&local.cas, scratch);
        row->remote_cas = row_text_keep(&remote.cas, scratch);
        row->certificates = row_text_keep(&certificates, scratch);
}

/* FIRST-LAST; the name of a host may have a '-' in it, too. */
static bool is_range(const char *address, size_t length)
{
        const char *dash = memchr(address, '-', length);
        size_t first = dash ? (size_t)(dash - address) : 0;
        struct inet_addr unused;

        return dash && inet_addr_parse(&unused, address, first) &&
               inet_addr_parse(&unused, dash + 1, length - first - 1);
}

/* An address that fits many peers: %any, a network, a range, or none at all. */
static bool is_any_peer(struct vici_slice section)
{
        struct vici_item list, item;
        bool any = true;

        if (!vici_find(section, "remote_addrs", &list) || list.kind != VICI_LIST)
                return true;
        while (vici_next(&list.body, &item)) {
                size_t length = vici_length(item.body);

                any = false;
                if (length == 0 || *item.body.at == '%' || memchr(item.body.at, '/', length) ||
                    is_range((const char *)item.body.at, length))
                        return true;
        }
        return any;
}

static const char *key_of(const struct strongswan_context *context, const char *name)
{
        char key[KEY_MAX + 1];

        key_of_name(name, key);
        return scratch_text(context->scratch, key, strlen(key));
}

int strongswan_parse_connection(const struct strongswan_context *context,
                                const struct vici_item *connection, struct ike_policy *row)
{
        struct vici_slice rest = connection->body;
        struct vici_item item;

        memset(row, 0, sizeof(*row));
        if (connection->kind != VICI_SECTION)
                return -EBADMSG;
        row->name = row_text_of(connection->name, connection->name_length, context->scratch);
        if (!row->name)
                return -EBADMSG;
        row->key = key_of(context, row->name);
        row->daemon_kind = DAEMON_STRONGSWAN;
        row->daemon = STRONGSWAN;
        row->version = IKE_VERSION_UNKNOWN;
        row->uniqueness = UNIQUE_UNKNOWN;
        row->fresh = true;
        row->last_seen = context->now;
        row->any_peer = is_any_peer(connection->body);
        while (vici_next(&rest, &item))
                field_set(context, policy_fields, COUNT(policy_fields), &item, row);
        set_sides(context, connection->body, row);
        return 0;
}

/* ---- children ---- */

struct mode {
        const char *word;
        uint8_t mode;
        uint8_t action;
        uint8_t kind;
};

static const struct mode modes[] = {
        { "TUNNEL", MODE_TUNNEL, RULE_DYNAMIC_KEY, RULE_TUNNEL },
        { "TRANSPORT", MODE_TRANSPORT, RULE_DYNAMIC_KEY, RULE_HOST },
        { "TRANSPORT_PROXY", MODE_TRANSPORT, RULE_DYNAMIC_KEY, RULE_HOST },
        { "BEET", MODE_BEET, RULE_DYNAMIC_KEY, RULE_TUNNEL },
        { "IPTFS", MODE_IPTFS, RULE_DYNAMIC_KEY, RULE_TUNNEL },
        { "PASS", MODE_UNKNOWN, RULE_PASS, RULE_BYPASS },
        { "DROP", MODE_UNKNOWN, RULE_DISCARD, RULE_HOST },
};

static void set_mode(struct vici_slice section, struct configured_policy *row)
{
        struct vici_item item;

        row->mode = MODE_UNKNOWN;
        row->action = RULE_ACTION_UNKNOWN;
        row->kind = RULE_KIND_UNKNOWN;
        if (!vici_find(section, "mode", &item))
                return;
        for (size_t i = 0; i < COUNT(modes); i++) {
                if (!vici_equals(&item, modes[i].word))
                        continue;
                row->mode = modes[i].mode;
                row->action = modes[i].action;
                row->kind = modes[i].kind;
        }
}

int strongswan_parse_configured(const struct strongswan_context *context,
                                const struct ike_policy *policy, const struct vici_item *child,
                                struct configured_policy *row)
{
        struct vici_slice rest = child->body;
        struct vici_item item;

        memset(row, 0, sizeof(*row));
        if (child->kind != VICI_SECTION)
                return -EBADMSG;
        row->child_name = row_text_of(child->name, child->name_length, context->scratch);
        if (!row->child_name)
                return -EBADMSG;
        row->policy_key = policy->key;
        row->policy_name = policy->name;
        row->child_key = key_of(context, row->child_name);
        row->daemon_kind = DAEMON_STRONGSWAN;
        row->daemon = STRONGSWAN;
        row->dpd_action = row->close_action = row->start_action = CHILD_ACTION_UNKNOWN;
        row->fresh = true;
        row->last_seen = context->now;
        while (vici_next(&rest, &item))
                field_set(context, configured_fields, COUNT(configured_fields), &item, row);
        set_mode(child->body, row);
        return 0;
}
