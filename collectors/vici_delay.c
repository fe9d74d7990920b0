#include "vici_delay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct vici_delayed {
        struct vici_delayed *next;
        int64_t due;
        size_t name_length;
        size_t length;    /* of the message */
        uint8_t octets[]; /* the name, then the message */
};

int vici_delay_put(struct vici_delay *d, const struct vici_packet *packet, int64_t due)
{
        size_t length = vici_length(packet->message);
        struct vici_delayed *one = malloc(sizeof(*one) + packet->name_length + length);

        if (!one)
                return -ENOMEM;
        one->next = NULL;
        one->due = due;
        one->name_length = packet->name_length;
        one->length = length;
        if (packet->name_length > 0)
                memcpy(one->octets, packet->name, packet->name_length);
        if (length > 0)
                memcpy(one->octets + packet->name_length, packet->message.at, length);
        if (d->last)
                d->last->next = one;
        else
                d->first = one;
        d->last = one;
        d->octets += length;
        return 0;
}

int64_t vici_delay_next(const struct vici_delay *d)
{
        return d->first ? d->first->due : INT64_MAX;
}

static struct vici_delayed *take_out(struct vici_delay *d)
{
        struct vici_delayed *one = d->first;

        d->first = one->next;
        if (!d->first)
                d->last = NULL;
        d->octets -= one->length;
        return one;
}

void vici_delay_take(struct vici_delay *d,
                     void (*take)(void *context, const struct vici_packet *packet), void *context)
{
        struct vici_delayed *one = take_out(d);
        const uint8_t *message = one->octets + one->name_length;
        const struct vici_packet packet = { .type = VICI_EVENT,
                                            .name = (const char *)one->octets,
                                            .name_length = one->name_length,
                                            .message = { message, message + one->length } };

        take(context, &packet);
        free(one);
}

void vici_delay_free(struct vici_delay *d)
{
        while (d->first)
                free(take_out(d));
}
