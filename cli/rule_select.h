/* Which rules a filter wants, and the rows that they are made of. */
#ifndef CLI_RULE_SELECT_H
#define CLI_RULE_SELECT_H

#include "filter.h"

/*
 * Copies what makes up each rule that is wanted from read to selected, both as the parts of
 * rule_text.h: of the rules that are for a tunnel, or of those that are not. A rule is taken whole,
 * with all its SAs. 0 or -ENOMEM.
 */
int rule_select(const struct filter *filter, const struct rows *const *read,
                struct rows *const *selected, bool tunnels);

/* Is the default rule wanted? It has a name, and neither SAs nor a peer. */
bool rule_select_default(const struct filter *filter);

/* Copies all rows, or those that filter_takes_row() takes where filter is not NULL. 0 or -ENOMEM.
 */
int rows_select(const struct filter *filter, const struct table_type *type, const struct rows *read,
                struct rows *selected);

#endif
