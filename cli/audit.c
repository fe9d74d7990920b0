#include "config.h"

#include "audit.h"

#include "audit_log.h"
#include "complain.h"
#include "event_text.h"
#include "journal_line.h"
#include "lines.h"
#include "text.h"

#include <errno.h>
#include <string.h>

/* A file of which so many octets show neither kind is of none. */
enum { OCTETS_TO_TELL = 1 << 20 };

enum kind {
        KIND_UNKNOWN,
        KIND_JOURNAL,
        KIND_AUDIT_LOG,
};

static const char *const kind_names[] = { "unknown", "a journal of ipsec-reportd",
                                          "a Linux audit log" };

struct audit {
        const struct audit_sources *sources;
        struct writer *writer;
        const char *path; /* of the file under way */
        enum kind kind;   /* of all files */
        bool told;        /* this file is of that kind */
        bool begun;       /* the writer has begun its report */
        uint64_t strange; /* lines of this file before it was told */
        uint64_t damaged; /* lines of all files */
        struct audit_log *log;
        struct journal_line *line;
        int write_error; /* the writer's */
        bool complained; /* the sentence is said */
};

/* ---- the two reports ---- */

static void print_event(FILE *file, const void *row, const struct moment *now)
{
        (void)now;
        event_print(file, "Audit Record", row);
}

static const struct report journal_report = {
        .type = &event_type,
        .members = event_members,
        .n_members = N_EVENT_MEMBERS,
        .print = print_event,
        .spaced = true,
};

static const uint16_t record_members[] = {
        NEEDS(struct audit_record, time),      NEEDS(struct audit_record, entity),
        NEEDS(struct audit_record, operation), NEEDS(struct audit_record, spi),
        NEEDS(struct audit_record, source),    NEEDS(struct audit_record, destination),
        NEEDS(struct audit_record, result),    NEEDS(struct audit_record, program),
};

static void print_addresses(FILE *file, const struct audit_record *record)
{
        bool both = record->source[0] != '\0' && record->destination[0] != '\0';

        if (record->source[0] != '\0') {
                text_plain(file, "Src IP Addr: ");
                text_string(file, record->source);
                text_plain(file, both ? " " : "\n");
        }
        text_named(file, "Dst IP Addr", record->destination);
}

static void print_record(FILE *file, const void *row, const struct moment *now)
{
        const struct audit_record *record = row;
        char date[TEXT_DATE_SIZE];

        (void)now;
        text_title(file, "Audit Record");
        if (text_date(record->time, date)) {
                text_plain(file, "Time: ");
                text_plain(file, date);
                text_plain(file, "\n");
        }
        text_plain(file, "Entity: ");
        text_plain(file, label_of(event_entities, record->entity));
        text_plain(file, " Operation: ");
        text_string(file, record->operation);
        text_plain(file, "\n");
        if (record->spi != 0) {
                text_plain(file, "SPI (hex): ");
                text_hex(file, record->spi);
                text_plain(file, "\n");
        }
        print_addresses(file, record);
        if (record->result != AUDIT_NO_RESULT)
                text_named(file, "Result", label_of(audit_results, record->result));
        text_named(file, "Program", record->program);
}

static const struct report log_report = {
        .type = &audit_record_type,
        .members = record_members,
        .n_members = sizeof(record_members) / sizeof(record_members[0]),
        .print = print_record,
        .spaced = true,
};

static const struct report *report_of(enum kind kind)
{
        return kind == KIND_JOURNAL ? &journal_report : &log_report;
}

/* ---- lines ---- */

static int put(struct audit *a, const void *row)
{
        a->write_error = a->writer->ops->row(a->writer, report_of(a->kind), row, &journal_moment);
        return a->write_error;
}

static int put_record(void *context, const struct audit_record *record)
{
        struct audit *a = context;
        const struct audit_entity *entity = a->sources->entity;

        return entity && !entity->has_record(record) ? 0 : put(a, record);
}

static int put_event(struct audit *a, const struct event *event)
{
        const struct audit_entity *entity = a->sources->entity;

        return entity && !entity->has_event(event) ? 0 : put(a, event);
}

static int complain_kind(struct audit *a)
{
        a->complained = true;
        complain("%s is neither %s nor %s", a->path, kind_names[KIND_JOURNAL],
                 kind_names[KIND_AUDIT_LOG]);
        return -EIO;
}

static int begin_log(struct audit *a)
{
        int err = audit_log_new(put_record, a, &a->log);

        a->complained = err == -ENOSYS;
        if (err == -ENOSYS)
                complain("%s is a Linux audit log, and this ipsec_report was built without "
                         "libauparse, which reads them",
                         a->path);
        return err;
}

/* The first line that says what the file is. */
static int settle(struct audit *a, enum kind kind)
{
        if (a->kind != KIND_UNKNOWN && a->kind != kind) {
                a->complained = true;
                complain("%s is %s, and what was read before is %s: a report is of one kind",
                         a->path, kind_names[kind], kind_names[a->kind]);
                return -EIO;
        }
        a->kind = kind;
        a->told = true;
        if (a->begun)
                return 0;
        a->begun = true;
        a->write_error = a->writer->ops->begin_report(a->writer, report_of(kind));
        if (a->write_error < 0)
                return a->write_error;
        return kind == KIND_AUDIT_LOG ? begin_log(a) : 0;
}

/* 0, -EBADMSG for a damaged line, or what ends the report. */
static int take_event(struct audit *a, const char *line, size_t length)
{
        struct event event;
        int err = journal_line_read(&a->line, line, length, &event);

        if (err == 0 && !a->told)
                err = settle(a, KIND_JOURNAL);
        return err == 0 ? put_event(a, &event) : err;
}

static int take_line(struct audit *a, const char *line, size_t length)
{
        int err = 0;

        if (length == 0)
                return 0;
        if (line[0] == '{' && (!a->told || a->kind == KIND_JOURNAL))
                return take_event(a, line, length);
        if (!a->told && audit_log_is_line(line, length))
                err = settle(a, KIND_AUDIT_LOG);
        if (err < 0)
                return err;
        if (!a->told || a->kind == KIND_JOURNAL)
                return -EBADMSG;
        return audit_log_read(a->log, line, length);
}

static void count_damaged(struct audit *a)
{
        a->damaged++;
        if (!a->told)
                a->strange++;
}

static int take(struct audit *a, const char *line, size_t length)
{
        int err = take_line(a, line, length);

        if (err != -EBADMSG || a->write_error != 0)
                return err;
        count_damaged(a);
        return 0;
}

/* ---- files ---- */

/* A file that has no whole line yet may be one that was just begun. */
static bool may_begin(const struct lines *lines)
{
        size_t length;
        const char *rest = lines_rest(lines, &length);

        return !rest || rest[0] == '{' || (length >= 5 && memcmp(rest, "type=", 5) == 0) ||
               (length >= 5 && memcmp(rest, "node=", 5) == 0);
}

static int read_lines(struct audit *a, struct lines *lines)
{
        size_t length;
        char *line;
        int more, err = 0;

        while (err == 0 && (more = lines_next(lines, &line, &length)) != LINES_END) {
                if (more < 0)
                        return more;
                if (more == LINES_TOO_LONG)
                        count_damaged(a);
                else
                        err = take(a, line, length);
                if (err == 0 && !a->told && a->strange > 0 && lines_octets(lines) > OCTETS_TO_TELL)
                        return complain_kind(a);
        }
        if (err == 0 && !a->told && (a->strange > 0 || !may_begin(lines)))
                return complain_kind(a);
        return err;
}

static int read_file(struct audit *a)
{
        struct lines *lines = NULL;
        int err = lines_open(a->path, a->sources->interrupted, a->sources->signals, &lines);

        a->told = false;
        a->strange = 0;
        if (err == 0)
                err = read_lines(a, lines);
        lines_close(lines);
        if (err < 0 && err != -EINTR && a->write_error == 0 && !a->complained)
                complain("cannot read %s: %s", a->path, strerror(-err));
        return err;
}

static void complain_damaged(const struct audit *a)
{
        uint64_t damaged = a->damaged + (a->log ? audit_log_damaged(a->log) : 0);

        if (damaged > 0)
                complain("%llu damaged %s left out", (unsigned long long)damaged,
                         damaged == 1 ? "line was" : "lines were");
}

int audit_print(const struct audit_sources *sources, struct writer *w)
{
        struct audit a = { .sources = sources, .writer = w };
        int err = w->ops->begin(w);

        for (size_t i = 0; err == 0 && i < sources->n_paths; i++) {
                a.path = sources->paths[i];
                err = read_file(&a);
        }
        if (err == 0 && a.log)
                err = audit_log_end(a.log);
        if (err == 0 && a.begun)
                err = w->ops->end_report(w, report_of(a.kind));
        if (err == 0)
                err = w->ops->end(w);
        if (err == 0)
                complain_damaged(&a);
        audit_log_free(a.log);
        journal_line_free(a.line);
        return err;
}
