/* -entity: whose records of an audit file are wanted. */
#ifndef CLI_AUDIT_ENTITY_H
#define CLI_AUDIT_ENTITY_H

#include "tables/audit_record.h"
#include "tables/event.h"

/*
 * The names are the same for the agent's journal and for a Linux audit log. One that only the
 * other has is found in neither.
 */
struct audit_entity {
        const char *name;
        bool (*has_event)(const struct event *event);
        bool (*has_record)(const struct audit_record *record);
};

/* NULL: there is none of this name. */
const struct audit_entity *audit_entity_find(const char *name);

/* All names, "kernel, ike, ...". */
const char *audit_entity_names(void);

#endif
