#include "audit_record.h"

const struct label audit_results[] = {
        { AUDIT_NO_RESULT, "none" },
        { AUDIT_SUCCESS, "success" },
        { AUDIT_FAILURE, "failure" },
        { 0, NULL },
};

/* Nobody is served these numbers. */
static const struct column columns[] = {
        STRING(1, "ipsrAuditRecordId", struct audit_record, id),
        DATE(2, "ipsrAuditRecordTime", struct audit_record, time),
        ENUMERATION(3, "ipsrAuditRecordEntity", struct audit_record, entity, event_entities),
        STRING(4, "ipsrAuditRecordOperation", struct audit_record, operation),
        COLUMN_FLAGGED(5, "ipsrAuditRecordSpi", COLUMN_UNSIGNED32,
                       COLUMN_ZERO_IS_NONE | COLUMN_HEXADECIMAL, struct audit_record, spi),
        STRING(6, "ipsrAuditRecordSource", struct audit_record, source),
        STRING(7, "ipsrAuditRecordDestination", struct audit_record, destination),
        ENUMERATION(8, "ipsrAuditRecordResult", struct audit_record, result, audit_results),
        STRING(9, "ipsrAuditRecordProgram", struct audit_record, program),
        UNSIGNED32_OR_NONE(10, "ipsrAuditRecordSequence", struct audit_record, sequence),
        COLUMN_FLAGGED(11, "ipsrAuditRecordFlowLabel", COLUMN_UNSIGNED32,
                       COLUMN_ZERO_IS_NONE | COLUMN_HEXADECIMAL, struct audit_record, flow_label),
        UNSIGNED32_OR_NONE(12, "ipsrAuditRecordProcess", struct audit_record, process),
        STRING(13, "ipsrAuditRecordUser", struct audit_record, user),
        STRING(14, "ipsrAuditRecordLoginUser", struct audit_record, login_user),
        UNSIGNED32_OR_NONE(15, "ipsrAuditRecordSession", struct audit_record, session),
        STRING(16, "ipsrAuditRecordContext", struct audit_record, context),
        STRING(17, "ipsrAuditRecordNode", struct audit_record, node),
};

const struct table_type audit_record_type = {
        .name = "auditRecords",
        .stem = "ipsrAuditRecord",
        .json = "audit_record",
        TABLE_COLUMNS(columns),
        .row_size = sizeof(struct audit_record),
        .source_size = sizeof(struct audit_record),
};
