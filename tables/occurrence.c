#include "occurrence.h"

static const struct column occurrence_index[] = {
        UNSIGNED32(1, "number", struct occurrence, number),
};

/* The strings that the rows hold; nobody is served their numbers. */
static const struct column columns[] = {
        STRING(2, "ikePolicyKey", struct occurrence, ike_policy_key),
        STRING(3, "childKey", struct occurrence, child_key),
        STRING(4, "remoteIdentity", struct occurrence, remote_identity),
        STRING(5, "initiatorSpi", struct occurrence, initiator_spi),
        STRING(6, "responderSpi", struct occurrence, responder_spi),
        STRING(7, "text", struct occurrence, text),
};

static size_t key_length(const void *row)
{
        (void)row;
        return offsetof(struct occurrence, kind);
}

const struct table_type occurrence_type = {
        .name = "occurrences",
        TABLE_INDEX(occurrence_index),
        TABLE_COLUMNS(columns),
        .row_size = sizeof(struct occurrence),
        .source_size = sizeof(struct occurrence),
        .key_length = key_length,
};

/* The table is empty but while it tells: one number is enough. */
int occurrence_tell(struct table *occurrences, struct occurrence *occurrence)
{
        int err;

        occurrence->number = 1;
        err = table_put(occurrences, occurrence, TABLE_FROM_EVENT);
        if (err == 0)
                table_remove(occurrences, occurrence, TABLE_NO_REASON);
        return err;
}
