/* -collector: how well the agent reads its sources. HP has no such report; the manner is HP's. */
#include "report.h"
#include "tables/collector_row.h"
#include "text.h"

static const uint16_t members[] = {
        NEEDS(struct collector_row, state),      NEEDS(struct collector_row, name),
        NEEDS(struct collector_row, rows),       NEEDS(struct collector_row, last_success),
        NEEDS(struct collector_row, duration),   NEEDS(struct collector_row, polls),
        NEEDS(struct collector_row, failures),   NEEDS(struct collector_row, resyncs),
        NEEDS(struct collector_row, overruns),   NEEDS(struct collector_row, events),
        NEEDS(struct collector_row, last_error), NEEDS(struct collector_row, source_version),
};

static void print_number(FILE *file, const char *label, uint64_t number)
{
        text_plain(file, label);
        text_number(file, number);
        text_plain(file, "\n");
}

static void print(FILE *file, const void *row, const struct moment *now)
{
        const struct collector_row *c = row;
        const char *state = label_of(collector_states, label_known(collector_states, c->state));

        text_title(file, "Collector");
        text_plain(file, "Collector: ");
        text_string(file, c->key);
        text_plain(file, " State: ");
        text_plain(file, state);
        text_plain(file, "\n");
        text_named(file, "Source", c->name);
        text_named(file, "Source Version", c->source_version);
        print_number(file, "Rows: ", c->rows);
        if (c->last_success != 0 && c->last_success <= now->wall) {
                print_number(file, "Last Success (seconds ago): ",
                             (uint64_t)(now->wall - c->last_success));
                print_number(file, "Duration (microseconds): ", c->duration);
        }
        print_number(file, "Polls: ", c->polls);
        print_number(file, "Failures: ", c->failures);
        print_number(file, "Resyncs: ", c->resyncs);
        print_number(file, "Overruns: ", c->overruns);
        print_number(file, "Events: ", c->events);
        text_named(file, "Last Error", c->last_error);
}

const struct report report_collector = {
        .option = "collector",
        .help = "sources that the agent reads, and how well",
        .beside_all = true,
        .type = &collector_row_type,
        .members = members,
        .n_members = sizeof(members) / sizeof(members[0]),
        .print = print,
        .spaced = true,
};
