#include "child_sa.h"

static const struct column child_index[] = {
        UNSIGNED32(1, "index", struct child_sa, index),
};

/* The strings that the rows hold; nobody is served their numbers. */
static const struct column columns[] = {
        STRING(2, "policyKey", struct child_sa, policy_key),
        STRING(3, "policyName", struct child_sa, policy_name),
        STRING(4, "childKey", struct child_sa, child_key),
        STRING(5, "childName", struct child_sa, child_name),
        STRING(6, "localSelectors", struct child_sa, local_selectors),
        STRING(7, "remoteSelectors", struct child_sa, remote_selectors),
        STRING(8, "dhGroupName", struct child_sa, dh_group_name),
};

static size_t key_length(const void *row)
{
        (void)row;
        return offsetof(struct child_sa, ike_id);
}

static const struct column by_ike_index[] = {
        UNSIGNED32(1, "daemon", struct child_sa, daemon_kind),
        UNSIGNED32(2, "run", struct child_sa, daemon_run),
        UNSIGNED32(3, "ike", struct child_sa, ike_id),
        UNSIGNED32(4, "index", struct child_sa, index),
};

const struct table_type child_by_ike_type = {
        .name = "child SAs by IKE SA",
        TABLE_INDEX(by_ike_index),
        .row_size = sizeof(struct child_sa),
        .moves = true,
};

static const struct column by_reqid_index[] = {
        UNSIGNED32(1, "daemon", struct child_sa, daemon_kind),
        UNSIGNED32(2, "reqid", struct child_sa, reqid),
        UNSIGNED32(3, "index", struct child_sa, index),
};

const struct table_type child_by_reqid_type = {
        .name = "child SAs by reqid",
        TABLE_INDEX(by_reqid_index),
        .row_size = sizeof(struct child_sa),
        .moves = true,
};

static const struct column by_name_index[] = {
        STRING(1, "policyKey", struct child_sa, policy_key),
        STRING(2, "childKey", struct child_sa, child_key),
        UNSIGNED32(3, "index", struct child_sa, index),
};

const struct table_type child_by_name_type = {
        .name = "child SAs by name",
        TABLE_INDEX(by_name_index),
        .row_size = sizeof(struct child_sa),
        .moves = true,
};

static const struct column by_spi_in_index[] = {
        UNSIGNED32(1, "spiIn", struct child_sa, spi_in),
        UNSIGNED32(2, "index", struct child_sa, index),
};

const struct table_type child_by_spi_in_type = {
        .name = "child SAs by inbound SPI",
        TABLE_INDEX(by_spi_in_index),
        .row_size = sizeof(struct child_sa),
        .moves = true,
};

static const struct column by_spi_out_index[] = {
        UNSIGNED32(1, "spiOut", struct child_sa, spi_out),
        UNSIGNED32(2, "index", struct child_sa, index),
};

const struct table_type child_by_spi_out_type = {
        .name = "child SAs by outbound SPI",
        TABLE_INDEX(by_spi_out_index),
        .row_size = sizeof(struct child_sa),
        .moves = true,
};

static const struct column by_tunnel_index[] = {
        UNSIGNED32(1, "tunnel", struct child_sa, tunnel),
        UNSIGNED32(2, "index", struct child_sa, index),
};

const struct table_type child_by_tunnel_type = {
        .name = "child SAs by tunnel",
        TABLE_INDEX(by_tunnel_index),
        .row_size = sizeof(struct child_sa),
        .moves = true,
};

static const struct table_type *const views[] = {
        &child_by_ike_type,
        &child_by_reqid_type,
        &child_by_name_type,
        &child_by_spi_in_type,
        &child_by_spi_out_type,
        &child_by_tunnel_type,
        NULL,
};

const struct table_type child_sa_type = {
        .name = "child SAs",
        TABLE_INDEX(child_index),
        TABLE_COLUMNS(columns),
        .row_size = sizeof(struct child_sa),
        .source_size = offsetof(struct child_sa, index),
        .key_length = key_length,
        .given_index = offsetof(struct child_sa, index),
        .views = views,
};
