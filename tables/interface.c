#include "interface.h"

const struct label clear_text_reasons[] = {
        { 0, "disableXfrm" }, { 1, "disablePolicy" }, { 2, "bypassPolicy" }, { 3, "noPolicy" },
        { 0, NULL },
};

static const struct label states[] = {
        { INTERFACE_UP, "up" },
        { INTERFACE_DOWN, "down" },
        { INTERFACE_STATE_UNKNOWN, "unknown" },
        { 0, NULL },
};

static const struct label ipsec_states[] = {
        { INTERFACE_IPSEC_ON, "on" },
        { INTERFACE_IPSEC_OFF, "off" },
        { INTERFACE_IPSEC_PARTLY, "partly" },
        { INTERFACE_IPSEC_UNKNOWN, "unknown" },
        { 0, NULL },
};

static const struct label offloads[] = {
        { INTERFACE_OFFLOAD_NONE, "none" },
        { INTERFACE_OFFLOAD_OFF, "off" },
        { INTERFACE_OFFLOAD_ON, "on" },
        { INTERFACE_OFFLOAD_UNKNOWN, "unknown" },
        { 0, NULL },
};

static const struct column interface_index[] = {
        IF_INDEX(1, "ipsrInterfaceIfIndex", struct interface, if_index),
        ADDRESS_TYPE(2, "ipsrInterfaceAddressType", struct interface, address),
        ADDRESS(3, "ipsrInterfaceAddress", struct interface, address),
};

static const struct column columns[] = {
        ADDRESS_TEXT(4, "ipsrInterfaceAddressText", struct interface, address),
        STRING(5, "ipsrInterfaceName", struct interface, name),
        ENUMERATION(6, "ipsrInterfaceState", struct interface, state, states),
        ENUMERATION(7, "ipsrInterfaceIpsec", struct interface, ipsec, ipsec_states),
        FLAGS(8, "ipsrInterfaceReasons", struct interface, reasons, clear_text_reasons),
        UNSIGNED32_OR_NONE(9, "ipsrInterfaceXfrmIfId", struct interface, xfrm_if_id),
        IF_INDEX(10, "ipsrInterfaceXfrmLink", struct interface, xfrm_link),
        ENUMERATION(11, "ipsrInterfaceOffload", struct interface, offload, offloads),
        UNSIGNED32(12, "ipsrInterfaceOffloadedSas", struct interface, offloaded_sas),
};

static const struct column by_address_index[] = {
        ADDRESS(1, "address", struct interface, address),
        UNSIGNED32(2, "interface", struct interface, if_index),
};

const struct table_type interface_by_address_type = {
        .name = "interfaces by address",
        TABLE_INDEX(by_address_index),
        .row_size = sizeof(struct interface),
};

static const struct table_type *const views[] = { &interface_by_address_type, NULL };

static size_t key_length(const void *row)
{
        (void)row;
        return offsetof(struct interface, state);
}

const struct table_type interface_type = {
        .number = 13,
        .name = "ipsrInterfaceTable",
        .stem = "ipsrInterface",
        .json = "interface",
        TABLE_INDEX(interface_index),
        TABLE_COLUMNS(columns),
        .row_size = sizeof(struct interface),
        .source_size = offsetof(struct interface, offloaded_sas),
        .key_length = key_length,
        .views = views,
};
