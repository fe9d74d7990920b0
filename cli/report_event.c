/* -event: the agent's journal, the oldest event that it still holds first. HP has no such report;
 * the manner is HP's. */
#include "event_text.h"

static void print(FILE *file, const void *row, const struct moment *now)
{
        (void)now;
        event_print(file, "Event", row);
}

const struct report report_event = {
        .option = "event",
        .help = "what happened: the agent's journal",
        .beside_all = true,
        .type = &event_type,
        .members = event_members,
        .n_members = N_EVENT_MEMBERS,
        .print = print,
        .spaced = true,
        .filters = FILTER_SPI | FILTER_PEER | FILTER_NAME,
};
