/*
 * Whatever is in a journal, in an audit log, and in what the kernel's audit tells: no crash, no
 * leak, and nothing handed out but rows that are whole. The first octet chooses what the octets are
 * read as.
 */
#include "cli/audit_log.h"
#include "cli/journal_line.h"
#include "collectors/audit_parse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
        if (!holds)
                abort();
}

static int take_record(void *context, const struct audit_record *record)
{
        size_t *n = context;

        (*n)++;
        must(record->operation && record->operation[0] != '\0' && record->id && record->source &&
             record->destination && record->node);
        must(record->entity >= ENTITY_KERNEL && record->entity <= ENTITY_UNKNOWN);
        must(record->result >= AUDIT_NO_RESULT && record->result <= AUDIT_FAILURE);
        must(strncmp(record->operation, "SA-", 3) != 0 || !record->program);
        return 0;
}

static void take_log_line(struct audit_log *log, char *line, size_t length)
{
        audit_log_is_line(line, length);
        must(audit_log_read(log, line, length) == 0);
}

static void take_journal_line(struct journal_line **journal, const char *line, size_t length)
{
        struct event event;

        if (journal_line_read(journal, line, length, &event) == 0)
                must(label_of(event_kinds, event.kind) && label_of(severities, event.severity) &&
                     label_of(event_entities, event.entity));
}

static void take_text(const char *line, size_t length)
{
        struct audit_message m;

        if (audit_parse(line, length, &m) == 0)
                must(m.operation < AUDIT_OPERATIONS && strlen(m.id) < sizeof(m.id));
}

/* Each line has memory of its own: what is read behind it is found. */
static void take_line(uint8_t what, struct audit_log *log, struct journal_line **journal,
                      const char *line, size_t length)
{
        bool newline = what % 3 == 0; /* a log's line is followed by it */
        char *copy = malloc(length + 1);

        memcpy(copy, line, length);
        copy[length] = '\n';
        if (!newline && length > 0)
                copy = realloc(copy, length);
        if (newline)
                take_log_line(log, copy, length);
        else if (what % 3 == 1)
                take_journal_line(journal, copy, length);
        else
                take_text(copy, length);
        free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct journal_line *journal = NULL;
        struct audit_log *log;
        const char *at = (const char *)data + 1, *end = (const char *)data + size;
        size_t n = 0;

        if (size < 1 || audit_log_new(take_record, &n, &log) < 0)
                return 0;
        while (at < end) {
                const char *newline = memchr(at, '\n', (size_t)(end - at));
                size_t length = (size_t)((newline ? newline : end) - at);

                take_line(data[0], log, &journal, at, length);
                at += length + 1;
        }
        must(audit_log_end(log) == 0);
        audit_log_free(log);
        journal_line_free(journal);
        return 0;
}
