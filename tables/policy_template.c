#include "policy_template.h"

static const struct label levels[] = {
        { LEVEL_REQUIRED, "required" },
        { LEVEL_USE, "use" },
        { LEVEL_UNKNOWN, "unknown" },
        { 0, NULL },
};

static const struct column template_index[] = {
        ENUMERATION(1, "ipsrPolicyType", struct policy_template, policy_type, spd_types),
        UNSIGNED32(2, "ipsrPolicyIndex", struct policy_template, policy_index),
        UNSIGNED32(1, "ipsrTemplateNumber", struct policy_template, number),
};

static const struct column columns[] = {
        ENUMERATION(2, "ipsrTemplateProtocol", struct policy_template, protocol, ipsec_protocols),
        ENUMERATION(3, "ipsrTemplateMode", struct policy_template, mode, ipsec_modes),
        UNSIGNED32_OR_NONE(4, "ipsrTemplateReqid", struct policy_template, reqid),
        ADDRESS_TYPE(5, "ipsrTemplateSourceType", struct policy_template, source),
        ADDRESS(6, "ipsrTemplateSource", struct policy_template, source),
        ADDRESS_TEXT(7, "ipsrTemplateSourceText", struct policy_template, source),
        ADDRESS_TYPE(8, "ipsrTemplateDestinationType", struct policy_template, destination),
        ADDRESS(9, "ipsrTemplateDestination", struct policy_template, destination),
        ADDRESS_TEXT(10, "ipsrTemplateDestinationText", struct policy_template, destination),
        COLUMN_FLAGGED(11, "ipsrTemplateSpi", COLUMN_UNSIGNED32,
                       COLUMN_ZERO_IS_NONE | COLUMN_HEXADECIMAL, struct policy_template, spi),
        ENUMERATION(12, "ipsrTemplateLevel", struct policy_template, level, levels),
        HEXADECIMAL(13, "ipsrTemplateEncryptionMask", struct policy_template, encryption_mask),
        HEXADECIMAL(14, "ipsrTemplateAuthenticationMask", struct policy_template,
                    authentication_mask),
        HEXADECIMAL(15, "ipsrTemplateCompressionMask", struct policy_template, compression_mask),
};

static size_t key_length(const void *row)
{
        (void)row;
        return offsetof(struct policy_template, protocol);
}

static const struct column by_reqid_index[] = {
        UNSIGNED32(1, "reqid", struct policy_template, reqid),
        UNSIGNED32(2, "type", struct policy_template, policy_type),
        UNSIGNED32(3, "policy", struct policy_template, policy_index),
        UNSIGNED32(4, "number", struct policy_template, number),
};

const struct table_type template_by_reqid_type = {
        .name = "templates by reqid",
        TABLE_INDEX(by_reqid_index),
        .row_size = sizeof(struct policy_template),
        .moves = true,
};

static const struct table_type *const views[] = { &template_by_reqid_type, NULL };

const struct table_type policy_template_type = {
        .number = 11,
        .name = "ipsrPolicyTemplateTable",
        .stem = "ipsrTemplate",
        .json = "policy_template",
        TABLE_INDEX(template_index),
        TABLE_COLUMNS(columns),
        .row_size = sizeof(struct policy_template),
        .source_size = sizeof(struct policy_template),
        .key_length = key_length,
        .views = views,
};
