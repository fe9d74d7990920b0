#include "audit_record.h"

const struct label audit_results[] = {
        { AUDIT_NO_RESULT, "none" },
        { AUDIT_SUCCESS, "success" },
        { AUDIT_FAILURE, "failure" },
        { 0, NULL },
};

/* Nobody is served these numbers. */
static const struct column columns[] = {
        STRING(1, "auditRecordId", struct audit_record, id),
        DATE(2, "auditRecordTime", struct audit_record, time),
        ENUMERATION(3, "auditRecordEntity", struct audit_record, entity, event_entities),
        STRING(4, "auditRecordOperation", struct audit_record, operation),
        COLUMN_FLAGGED(5, "auditRecordSpi", COLUMN_UNSIGNED32,
                       COLUMN_ZERO_IS_NONE | COLUMN_HEXADECIMAL, struct audit_record, spi),
        STRING(6, "auditRecordSource", struct audit_record, source),
        STRING(7, "auditRecordDestination", struct audit_record, destination),
        ENUMERATION(8, "auditRecordResult", struct audit_record, result, audit_results),
        STRING(9, "auditRecordProgram", struct audit_record, program),
        UNSIGNED32_OR_NONE(10, "auditRecordSequence", struct audit_record, sequence),
        COLUMN_FLAGGED(11, "auditRecordFlowLabel", COLUMN_UNSIGNED32,
                       COLUMN_ZERO_IS_NONE | COLUMN_HEXADECIMAL, struct audit_record, flow_label),
        UNSIGNED32_OR_NONE(12, "auditRecordProcess", struct audit_record, process),
        STRING(13, "auditRecordUser", struct audit_record, user),
        STRING(14, "auditRecordLoginUser", struct audit_record, login_user),
        UNSIGNED32_OR_NONE(15, "auditRecordSession", struct audit_record, session),
        STRING(16, "auditRecordContext", struct audit_record, context),
        STRING(17, "auditRecordNode", struct audit_record, node),
};

const struct table_type audit_record_type = {
        .name = "auditRecords",
        .stem = "auditRecord",
        .json = "audit_record",
        TABLE_COLUMNS(columns),
        .row_size = sizeof(struct audit_record),
        .source_size = sizeof(struct audit_record),
};
