/* Keeps ipsrAgent current: what the agent says of itself. */
#ifndef IPSEC_REPORT_AGENT_SELF_H
#define IPSEC_REPORT_AGENT_SELF_H

#include "collectors/loop.h"
#include "tables/store.h"

struct self;

/* Fills the scalars and follows the store's tables. NULL without memory. */
struct self *self_new(struct store *store, struct loop *loop);
/* How many notifications were sent, and how many suppressed. */
void self_tell_notifications(struct self *self, uint64_t sent, uint64_t suppressed);

void self_free(struct self *self);

/* Tells the list of weak algorithms in force. */
void self_tell_weak(struct self *self, const char *const *list, size_t n);

#endif
