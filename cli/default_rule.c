#include "config.h"

#include "default_rule.h"

#include "rule_select.h"
#include "rule_text.h"
#include "tables/collector_row.h"
#include "tables/global_scalars.h"
#include "text.h"

#include <string.h>

static const uint16_t global_members[] = {
        NEEDS(struct global_scalars, default_in),
        NEEDS(struct global_scalars, default_out),
        NEEDS(struct global_scalars, default_forward),
};

static const uint16_t collector_members[] = { NEEDS(struct collector_row, last_success) };

static bool was_read(const void *row)
{
        const struct collector_row *collector = row;

        return collector->key && collector->last_success != 0;
}

const struct report default_rule_global = {
        .type = &global_scalars_type,
        .members = global_members,
        .n_members = sizeof(global_members) / sizeof(global_members[0]),
};

const struct report default_rule_collectors = {
        .type = &collector_row_type,
        .members = collector_members,
        .n_members = sizeof(collector_members) / sizeof(collector_members[0]),
        .is_shown = was_read,
        .only_text = true,
};

int default_rule_select(const struct filter *filter, const struct rows *const *read,
                        struct rows *const *selected, size_t global, size_t collectors)
{
        int err;

        if (!rule_select_default(filter))
                return 0;
        err = rows_select(NULL, &global_scalars_type, read[global], selected[global]);
        if (err == 0)
                err = rows_select(NULL, &collector_row_type, read[collectors],
                                  selected[collectors]);
        return err;
}

bool default_rule_has_read(const struct rows *collectors, const char *key)
{
        for (size_t i = 0; i < rows_count(collectors); i++) {
                const struct collector_row *collector = rows_at(collectors, i);

                if (strcmp(collector->key, key) == 0)
                        return true;
        }
        return false;
}

/* The title and the parts of the line that both reports share. */
struct form {
        FILE *file;
        const char *title;
        const char *has;
};

/* A kernel that does not tell accepts. direction: DIRECTION_UNKNOWN is all of them. */
static void print_rule(const struct form *form, uint8_t policy, uint8_t direction)
{
        text_title(form->file, form->title);
        text_plain(form->file, "Rule Name: default Priority: 0");
        text_plain(form->file, form->has);
        text_plain(form->file, "\nAction: ");
        text_plain(form->file,
                   rule_action_text(policy == DEFAULT_BLOCK ? RULE_DISCARD : RULE_PASS));
        text_plain(form->file, "\n");
        if (direction != DIRECTION_UNKNOWN)
                rule_print_direction(form->file, direction);
}

void default_rule_print(FILE *file, const struct rows *read, const struct rows *collectors,
                        const char *title, const char *has)
{
        const struct form form = { file, title, has };
        const struct global_scalars *global;
        bool blocks;

        if (rows_count(read) == 0 || !default_rule_has_read(collectors, "xfrm"))
                return;
        global = rows_at(read, 0);
        blocks = global->default_out == DEFAULT_BLOCK;
        if ((global->default_in == DEFAULT_BLOCK) == blocks &&
            (global->default_forward == DEFAULT_BLOCK) == blocks) {
                print_rule(&form, global->default_out, DIRECTION_UNKNOWN);
                return;
        }
        print_rule(&form, global->default_out, DIRECTION_OUTBOUND);
        print_rule(&form, global->default_in, DIRECTION_INBOUND);
        print_rule(&form, global->default_forward, DIRECTION_FORWARD);
}
