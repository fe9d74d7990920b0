#include "bypass.h"

#include "interface.h"
#include "ipsec_sa.h"

static const struct label kinds[] = {
        { BYPASS_POLICY, "policy" },
        { BYPASS_INTERFACE, "interface" },
        { BYPASS_KIND_UNKNOWN, "unknown" },
        { 0, NULL },
};

static const struct column bypass_index[] = {
        ENUMERATION(1, "ipsrBypassKind", struct bypass, kind, kinds),
        UNSIGNED32(2, "ipsrBypassNumber", struct bypass, number),
};

static const struct column columns[] = {
        STRING(3, "ipsrBypassName", struct bypass, name),
        ENUMERATION(4, "ipsrBypassDirection", struct bypass, direction, ipsec_directions),
        STRING(5, "ipsrBypassLocalAddresses", struct bypass, local_addresses),
        ADDRESS_TYPE(6, "ipsrBypassSourceType", struct bypass, source),
        ADDRESS(7, "ipsrBypassSource", struct bypass, source),
        PREFIX_TEXT(8, "ipsrBypassSourceText", struct bypass, source),
        PREFIX_LENGTH(9, "ipsrBypassSourcePrefix", struct bypass, source),
        ADDRESS_TYPE(10, "ipsrBypassDestinationType", struct bypass, destination),
        ADDRESS(11, "ipsrBypassDestination", struct bypass, destination),
        PREFIX_TEXT(12, "ipsrBypassDestinationText", struct bypass, destination),
        PREFIX_LENGTH(13, "ipsrBypassDestinationPrefix", struct bypass, destination),
        UNSIGNED32(14, "ipsrBypassSourcePort", struct bypass, source_port),
        UNSIGNED32_OR_NONE(15, "ipsrBypassSourcePortMask", struct bypass, source_port_mask),
        UNSIGNED32(16, "ipsrBypassDestinationPort", struct bypass, destination_port),
        UNSIGNED32_OR_NONE(17, "ipsrBypassDestinationPortMask", struct bypass,
                           destination_port_mask),
        UNSIGNED32_OR_NONE(18, "ipsrBypassProtocol", struct bypass, protocol),
        IF_INDEX(19, "ipsrBypassIfIndex", struct bypass, if_index),
        FLAGS(20, "ipsrBypassReasons", struct bypass, reasons, clear_text_reasons),
};

static size_t key_length(const void *row)
{
        (void)row;
        return offsetof(struct bypass, direction);
}

static const struct column by_precedence_index[] = {
        TRUTH(1, "whole", struct bypass, whole),
        UNSIGNED32(2, "direction", struct bypass, direction),
        UNSIGNED32(3, "priority", struct bypass, priority),
        UNSIGNED32(4, "number", struct bypass, number),
        UNSIGNED32(5, "kind", struct bypass, kind),
};

const struct table_type bypass_by_precedence_type = {
        .name = "bypasses by precedence",
        TABLE_INDEX(by_precedence_index),
        .row_size = sizeof(struct bypass),
        .moves = true,
};

static const struct column by_interface_index[] = {
        UNSIGNED32(1, "interface", struct bypass, if_index),
        UNSIGNED32(2, "kind", struct bypass, kind),
        UNSIGNED32(3, "number", struct bypass, number),
};

const struct table_type bypass_by_interface_type = {
        .name = "bypasses by interface",
        TABLE_INDEX(by_interface_index),
        .row_size = sizeof(struct bypass),
        .moves = true,
};

static const struct table_type *const views[] = {
        &bypass_by_precedence_type,
        &bypass_by_interface_type,
        NULL,
};

const struct table_type bypass_type = {
        .number = 14,
        .name = "ipsrBypassTable",
        .stem = "ipsrBypass",
        .json = "bypass",
        TABLE_INDEX(bypass_index),
        TABLE_COLUMNS(columns),
        .row_size = sizeof(struct bypass),
        .source_size = sizeof(struct bypass),
        .key_length = key_length,
        .views = views,
};
