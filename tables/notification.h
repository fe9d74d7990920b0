/* The notifications: which objects each of them carries. */
#ifndef IPSEC_REPORT_TABLES_NOTIFICATION_H
#define IPSEC_REPORT_TABLES_NOTIFICATION_H

#include "event.h"

/* More than any notification has. */
#define NOTIFICATION_OBJECTS_MAX 20

struct notification {
        enum event_kind kind; /* its number below ipsrNotifications, too */
        const char *name;     /* in the MIB */
        /*
         * The columns in the MIB's order, by name; ends with NULL. Those of notify_type have the
         * instance 0, as has a scalar; others are of the row that the event is about.
         */
        const char *objects[NOTIFICATION_OBJECTS_MAX];
};

/* All of them, ascending; ends with one without a name. */
extern const struct notification notifications[];

/* That of an event's kind; NULL: it has none. */
const struct notification *notification_of(enum event_kind kind);

#endif
