#include "strongswan_parse.h"

#include "strongswan_fields.h"
#include "tables/algorithm.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A responder's IKE SA has this name until the peer has said who it is. */
#define UNNAMED "(unnamed)"

/* Seconds between an IKE SA and the child SA that came with it. */
#define SAME_EXCHANGE 10

static const struct field_word versions[] = {
        { "1", IKE_V1 },
        { "2", IKE_V2 },
        { NULL, 0 },
};

static const struct field_word ike_states[] = {
        { "CREATED", IKE_CREATED },
        { "CONNECTING", IKE_CONNECTING },
        { "ESTABLISHED", IKE_ESTABLISHED },
        { "PASSIVE", IKE_PASSIVE },
        { "REKEYING", IKE_REKEYING },
        { "REKEYED", IKE_REKEYED },
        { "DELETING", IKE_DELETING },
        { "DESTROYING", IKE_DESTROYING },
        { NULL, 0 },
};

static const struct field ike_fields[] = {
        { "uniqueid", FIELD_NUMBER32, offsetof(struct ike_sa, daemon_id), NULL },
        { "version", FIELD_WORD, offsetof(struct ike_sa, version), versions },
        { "state", FIELD_WORD, offsetof(struct ike_sa, state), ike_states },
        { "local-host", FIELD_ADDRESS, offsetof(struct ike_sa, local), NULL },
        { "local-port", FIELD_NUMBER16, offsetof(struct ike_sa, local_port), NULL },
        { "local-id", FIELD_TEXT, offsetof(struct ike_sa, local_identity), NULL },
        { "remote-host", FIELD_ADDRESS, offsetof(struct ike_sa, remote), NULL },
        { "remote-port", FIELD_NUMBER16, offsetof(struct ike_sa, remote_port), NULL },
        { "remote-id", FIELD_TEXT, offsetof(struct ike_sa, remote_identity), NULL },
        { "remote-eap-id", FIELD_TEXT, offsetof(struct ike_sa, remote_eap_identity), NULL },
        { "remote-xauth-id", FIELD_TEXT, offsetof(struct ike_sa, remote_eap_identity), NULL },
        { "initiator-spi", FIELD_TEXT, offsetof(struct ike_sa, initiator_spi), NULL },
        { "responder-spi", FIELD_TEXT, offsetof(struct ike_sa, responder_spi), NULL },
        { "nat-local", FIELD_YES, offsetof(struct ike_sa, nat_local), NULL },
        { "nat-remote", FIELD_YES, offsetof(struct ike_sa, nat_remote), NULL },
        { "ppk", FIELD_YES, offsetof(struct ike_sa, ppk), NULL },
        { "encr-keysize", FIELD_NUMBER16, offsetof(struct ike_sa, encryption_key_bits), NULL },
        { "established", FIELD_SECONDS_AGO, offsetof(struct ike_sa, established), NULL },
        { "rekey-time", FIELD_SECONDS_TO_GO, offsetof(struct ike_sa, rekey), NULL },
        { "reauth-time", FIELD_SECONDS_TO_GO, offsetof(struct ike_sa, reauthentication), NULL },
        { "local-vips", FIELD_LIST, offsetof(struct ike_sa, local_virtual_ips), NULL },
        { "remote-vips", FIELD_LIST, offsetof(struct ike_sa, remote_virtual_ips), NULL },
};

static const struct field_word child_states[] = {
        { "CREATED", CHILD_SA_CREATED },       { "ROUTED", CHILD_SA_ROUTED },
        { "INSTALLING", CHILD_SA_INSTALLING }, { "INSTALLED", CHILD_SA_INSTALLED },
        { "UPDATING", CHILD_SA_UPDATING },     { "REKEYING", CHILD_SA_REKEYING },
        { "REKEYED", CHILD_SA_REKEYED },       { "RETRYING", CHILD_SA_RETRYING },
        { "DELETING", CHILD_SA_DELETING },     { "DELETED", CHILD_SA_DELETED },
        { "DESTROYING", CHILD_SA_DESTROYING }, { NULL, 0 },
};

static const struct field_word child_modes[] = {
        { "TRANSPORT", MODE_TRANSPORT },
        { "TUNNEL", MODE_TUNNEL },
        { "BEET", MODE_BEET },
        { "IPTFS", MODE_IPTFS },
        { "TRANSPORT_PROXY", MODE_TRANSPORT },
        { NULL, 0 },
};

static const struct field_word child_protocols[] = {
        { "ESP", PROTOCOL_ESP },
        { "AH", PROTOCOL_AH },
        { NULL, 0 },
};

static const struct field child_fields[] = {
        { "uniqueid", FIELD_NUMBER32, offsetof(struct child_sa, daemon_id), NULL },
        { "name", FIELD_TEXT, offsetof(struct child_sa, child_name), NULL },
        { "reqid", FIELD_NUMBER32, offsetof(struct child_sa, reqid), NULL },
        { "state", FIELD_WORD, offsetof(struct child_sa, state), child_states },
        { "mode", FIELD_WORD, offsetof(struct child_sa, mode), child_modes },
        { "protocol", FIELD_WORD, offsetof(struct child_sa, protocol), child_protocols },
        { "encap", FIELD_YES, offsetof(struct child_sa, encap), NULL },
        { "spi-in", FIELD_HEX32, offsetof(struct child_sa, spi_in), NULL },
        { "spi-out", FIELD_HEX32, offsetof(struct child_sa, spi_out), NULL },
        { "if-id-in", FIELD_HEX32, offsetof(struct child_sa, if_id_in), NULL },
        { "if-id-out", FIELD_HEX32, offsetof(struct child_sa, if_id_out), NULL },
        { "bytes-in", FIELD_NUMBER64, offsetof(struct child_sa, octets_in), NULL },
        { "bytes-out", FIELD_NUMBER64, offsetof(struct child_sa, octets_out), NULL },
        { "rekey-time", FIELD_SECONDS_TO_GO, offsetof(struct child_sa, rekey), NULL },
        { "life-time", FIELD_SECONDS_TO_GO, offsetof(struct child_sa, expiry), NULL },
        { "install-time", FIELD_SECONDS_AGO, offsetof(struct child_sa, installed), NULL },
        { "local-ts", FIELD_SELECTORS, offsetof(struct child_sa, local_selectors), NULL },
        { "remote-ts", FIELD_SELECTORS, offsetof(struct child_sa, remote_selectors), NULL },
};

/* ---- algorithms ---- */

typedef void describe(const char *name, struct algorithm *a);

/* The daemon's name as a C string; false for one that is none of its names. */
static bool name_of(const struct vici_item *item, char name[ALGORITHM_TEXT_SIZE])
{
        size_t length = vici_length(item->body);

        if (item->kind != VICI_VALUE || length == 0 || length >= ALGORITHM_TEXT_SIZE)
                return false;
        memcpy(name, item->body.at, length);
        name[length] = '\0';
        return strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-()") ==
               length;
}

static const char *keep(const struct strongswan_context *context, const struct algorithm *a)
{
        return scratch_text(context->scratch, a->text, strlen(a->text));
}

static void set_algorithm(const struct strongswan_context *context, struct vici_slice section,
                          const char *key, describe *by, const char **text, uint16_t *transform)
{
        char name[ALGORITHM_TEXT_SIZE];
        struct vici_item item;
        struct algorithm a;

        if (!vici_find(section, key, &item) || !name_of(&item, name))
                return;
        by(name, &a);
        *text = keep(context, &a);
        *transform = a.transform;
}

/* The length of the key stands in another line, which has been read before. */
static void set_encryption(const struct strongswan_context *context, struct vici_slice section,
                           struct ike_sa *row)
{
        char name[ALGORITHM_TEXT_SIZE];
        struct vici_item item;
        struct algorithm a;

        if (!vici_find(section, "encr-alg", &item) || !name_of(&item, name))
                return;
        algorithm_ike_encryption(name, row->encryption_key_bits, &a);
        row->encryption = keep(context, &a);
        row->encryption_transform = a.transform;
}

static const char *additional_key_exchanges(const struct strongswan_context *context,
                                            struct vici_slice section)
{
        struct row_text text = { .length = 0 };

        for (char key[] = "ake1"; key[3] <= '7'; key[3]++) {
                char name[ALGORITHM_TEXT_SIZE];
                struct vici_item item;
                struct algorithm a;

                if (!vici_find(section, key, &item) || !name_of(&item, name))
                        continue;
                algorithm_ike_group(name, &a);
                row_text_item(&text, ", ", a.text, strlen(a.text));
        }
        return row_text_keep(&text, context->scratch);
}

/* ---- IKE SAs ---- */

static uint8_t pfs_of_child(const struct strongswan_context *context, const struct ike_sa *ike_sa,
                            struct vici_slice section)
{
        struct child_sa child;
        struct vici_item item;

        if (vici_find(section, "dh-group", &item))
                return PFS_ON;
        if (strongswan_parse_child_sa(context, ike_sa, section, &child) < 0 || child.installed == 0)
                return PFS_UNKNOWN;
        if (ike_sa->version == IKE_V1)
                return PFS_OFF;
        return child.installed > ike_sa->established + SAME_EXCHANGE ? PFS_OFF : PFS_UNKNOWN;
}

/* The first child SA of IKEv2 never has a key exchange of its own, whatever is configured. */
static uint8_t pfs_of(const struct strongswan_context *context, const struct ike_sa *ike_sa,
                      struct vici_slice children)
{
        uint8_t pfs = PFS_UNKNOWN;
        struct vici_item child;

        while (vici_next(&children, &child)) {
                uint8_t its;

                if (child.kind != VICI_SECTION)
                        continue;
                its = pfs_of_child(context, ike_sa, child.body);
                if (its == PFS_ON)
                        return PFS_ON;
                if (its == PFS_OFF)
                        pfs = PFS_OFF;
        }
        return pfs;
}

void strongswan_set_policy_name(const struct strongswan_context *context, const void *name,
                                size_t length, struct ike_sa *row)
{
        if (length != strlen(UNNAMED) || memcmp(name, UNNAMED, length) != 0)
                row->policy_name = row_text_of(name, length, context->scratch);
}

int strongswan_parse_ike_sa(const struct strongswan_context *context, const char *name,
                            size_t name_length, struct vici_slice section, struct ike_sa *row)
{
        struct vici_slice rest = section;
        struct vici_item item;

        memset(row, 0, sizeof(*row));
        row->daemon_kind = DAEMON_STRONGSWAN;
        row->daemon_run = context->run;
        row->daemon = STRONGSWAN;
        row->role = ROLE_RESPONDER;
        row->version = IKE_VERSION_UNKNOWN;
        row->state = IKE_STATE_UNKNOWN;
        row->fresh = true;
        row->last_seen = context->now;
        while (vici_next(&rest, &item))
                field_set(context, ike_fields, COUNT(ike_fields), &item, row);
        if (row->daemon_id == 0)
                return -EBADMSG;
        if (vici_find(section, "initiator", &item) && vici_equals(&item, "yes"))
                row->role = ROLE_INITIATOR;
        strongswan_set_policy_name(context, name, name_length, row);
        set_encryption(context, section, row);
        set_algorithm(context, section, "integ-alg", algorithm_ike_integrity, &row->integrity,
                      &row->integrity_transform);
        set_algorithm(context, section, "prf-alg", algorithm_ike_prf, &row->prf,
                      &row->prf_transform);
        set_algorithm(context, section, "dh-group", algorithm_ike_group, &row->dh_group_name,
                      &row->dh_group);
        row->additional_key_exchanges = additional_key_exchanges(context, section);
        if (vici_find(section, "child-sas", &item) && item.kind == VICI_SECTION)
                row->pfs = pfs_of(context, row, item.body);
        return 0;
}

/* ---- child SAs ---- */

int strongswan_parse_child_sa(const struct strongswan_context *context, const struct ike_sa *ike_sa,
                              struct vici_slice section, struct child_sa *row)
{
        struct vici_slice rest = section;
        struct vici_item item;

        memset(row, 0, sizeof(*row));
        row->daemon_kind = DAEMON_STRONGSWAN;
        row->daemon_run = context->run;
        row->ike_id = ike_sa->daemon_id;
        row->state = CHILD_SA_STATE_UNKNOWN;
        row->mode = MODE_UNKNOWN;
        row->protocol = PROTOCOL_UNKNOWN;
        row->last_seen = context->now;
        while (vici_next(&rest, &item))
                field_set(context, child_fields, COUNT(child_fields), &item, row);
        if (row->daemon_id == 0 || !row->child_name)
                return -EBADMSG;
        row->policy_name = ike_sa->policy_name;
        row->policy_key = field_key(context, row->policy_name);
        row->child_key = field_key(context, row->child_name);
        set_algorithm(context, section, "dh-group", algorithm_ike_group, &row->dh_group_name,
                      &row->dh_group);
        return 0;
}
