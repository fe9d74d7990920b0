#include "strongswan_fields.h"

#include "tables/key.h"

#include <string.h>

/* What is further away than this is nonsense; it keeps sums from overflowing. */
#define SECONDS_MAX (INT64_C(1) << 40)

uint8_t field_word(const struct field_word *words, const struct vici_item *item, uint8_t fallback)
{
        for (; words->word; words++)
                if (vici_equals(item, words->word))
                        return words->number;
        return fallback;
}

static const char *text_of_list(struct vici_slice list, struct scratch *scratch)
{
        struct row_text text = { .length = 0 };
        struct vici_item item;

        while (vici_next(&list, &item))
                row_text_item(&text, ", ", item.body.at, vici_length(item.body));
        return row_text_keep(&text, scratch);
}

static void set_number(const struct field *field, const struct vici_item *item, void *member)
{
        int64_t number;

        if (vici_number(item, field->kind == FIELD_HEX32 ? 16 : 10, &number) < 0 || number < 0)
                return;
        if (field->kind == FIELD_NUMBER64)
                *(uint64_t *)member = (uint64_t)number;
        else if (field->kind == FIELD_NUMBER16 && number <= UINT16_MAX)
                *(uint16_t *)member = (uint16_t)number;
        else if (field->kind != FIELD_NUMBER16 && number <= UINT32_MAX)
                *(uint32_t *)member = (uint32_t)number;
}

static void set_moment(const struct strongswan_context *context, const struct field *field,
                       const struct vici_item *item, int64_t *moment)
{
        int64_t seconds;

        if (vici_number(item, 10, &seconds) < 0 || seconds > SECONDS_MAX || seconds < -SECONDS_MAX)
                return;
        *moment = context->now + (field->kind == FIELD_SECONDS_AGO ? -seconds : seconds);
}

static void set_value(const struct strongswan_context *context, const struct field *field,
                      const struct vici_item *item, void *member)
{
        switch (field->kind) {
        case FIELD_TEXT:
                *(const char **)member =
                        row_text_of(item->body.at, vici_length(item->body), context->scratch);
                break;
        case FIELD_YES:
                *(bool *)member = vici_equals(item, "yes");
                break;
        case FIELD_ADDRESS:
                inet_addr_parse(member, (const char *)item->body.at, vici_length(item->body));
                break;
        case FIELD_SECONDS_AGO:
        case FIELD_SECONDS_TO_GO:
                set_moment(context, field, item, member);
                break;
        case FIELD_WORD:
                *(uint8_t *)member = field_word(field->words, item, *(uint8_t *)member);
                break;
        default:
                set_number(field, item, member);
                break;
        }
}

static void set(const struct strongswan_context *context, const struct field *field,
                const struct vici_item *item, void *member)
{
        bool list = field->kind == FIELD_LIST || field->kind == FIELD_SELECTORS;

        if (item->kind != (list ? VICI_LIST : VICI_VALUE))
                return;
        if (field->kind == FIELD_LIST)
                *(const char **)member = text_of_list(item->body, context->scratch);
        else if (field->kind == FIELD_SELECTORS)
                *(const char **)member = strongswan_selectors(item->body, context->scratch);
        else
                set_value(context, field, item, member);
}

bool field_set(const struct strongswan_context *context, const struct field *fields, size_t n,
               const struct vici_item *item, void *row)
{
        for (size_t i = 0; i < n; i++) {
                if (!vici_is_named(item, fields[i].key))
                        continue;
                set(context, &fields[i], item, (char *)row + fields[i].offset);
                return true;
        }
        return false;
}

const char *field_key(const struct strongswan_context *context, const char *name)
{
        char key[KEY_MAX + 1];

        if (!name)
                return NULL;
        key_of_name(name, key);
        return scratch_text(context->scratch, key, strlen(key));
}
