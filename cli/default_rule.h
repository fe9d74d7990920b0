/* The last rule: what happens to packets that no other fits. HP calls it "default". */
#ifndef CLI_DEFAULT_RULE_H
#define CLI_DEFAULT_RULE_H

#include "report.h"

/* The parts of a report that it is made of: the default policies, and collectors that were read. */
extern const struct report default_rule_global;
extern const struct report default_rule_collectors;

/*
 * Copies these two parts, at their places in read, where the filter wants the rule: for struct
 * report's select. 0 or -ENOMEM.
 */
int default_rule_select(const struct filter *filter, const struct rows *const *read,
                        struct rows *const *selected, size_t global, size_t collectors);

/* Has this collector (its key) been read? Before that nothing is known of it. */
bool default_rule_has_read(const struct rows *collectors, const char *key);

/*
 * Prints the rule below the title, or where the directions differ one for each; has is what HP adds
 * to its first line, such as " Cookie: 1". Nothing as long as the kernel's state was not read.
 */
void default_rule_print(FILE *file, const struct rows *global, const struct rows *collectors,
                        const char *title, const char *has);

#endif
