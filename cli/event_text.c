#include "event_text.h"

#include "text.h"

const uint16_t event_members[N_EVENT_MEMBERS] = {
        NEEDS(struct event, time), NEEDS(struct event, entity),  NEEDS(struct event, severity),
        NEEDS(struct event, kind), NEEDS(struct event, reason),  NEEDS(struct event, text),
        NEEDS(struct event, peer), NEEDS(struct event, subject), NEEDS(struct event, spi),
};

static void print_label(FILE *file, const char *title, const struct label *labels, uint8_t value)
{
        text_plain(file, title);
        text_plain(file, label_of(labels, label_known(labels, value)));
}

/* Most events have no reason, and that nobody knows it is not worth a line. */
static void print_reason(FILE *file, uint8_t reason)
{
        if (reason == REASON_NONE || label_known(event_reasons, reason) == REASON_UNKNOWN)
                return;
        print_label(file, "Reason: ", event_reasons, reason);
        text_plain(file, "\n");
}

static void print_spi(FILE *file, uint32_t spi)
{
        if (spi == 0)
                return;
        text_plain(file, "SPI (hex): ");
        text_hex(file, spi);
        text_plain(file, "\n");
}

void event_print(FILE *file, const char *title, const struct event *event)
{
        char date[TEXT_DATE_SIZE], peer[INET_ADDR_TEXT_SIZE];

        text_title(file, title);
        text_plain(file, "Event Number: ");
        text_number(file, event->number);
        if (event->time != 0 && text_date(event->time, date)) {
                text_plain(file, " Time: ");
                text_plain(file, date);
        }
        text_plain(file, "\n");
        print_label(file, "Entity: ", event_entities, event->entity);
        print_label(file, " Severity: ", severities, event->severity);
        print_label(file, " Kind: ", event_kinds, event->kind);
        text_plain(file, "\n");
        print_reason(file, event->reason);
        text_named(file, "Subject", event->subject);
        inet_addr_text(&event->peer, peer);
        text_named(file, "Peer IP Addr", peer);
        print_spi(file, event->spi);
        text_named(file, "Text", event->text);
}
