#include "self.h"

#include "config.h"
#include "tables/agent_scalars.h"
#include "tables/collector_row.h"
#include "tables/ipsec_sa.h"
#include "tables/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/utsname.h>

struct self {
        struct loop *loop;
        struct loop_timer *timer; /* runs while there is something to tell */
        struct table *scalars;
        struct table *sas;
        struct table *policies;
        struct agent_scalars row;
        struct utsname kernel;
        char *weak; /* the row's text */
};

static void tell(void *context)
{
        struct self *self = context;
        struct moment now;

        self->timer = NULL;
        self->loop->now(self->loop, &now);
        self->row.last_change = now.monotonic;
        self->row.ipsec_active = table_count(self->sas) > 0 || table_count(self->policies) > 0;
        table_put(self->scalars, &self->row, TABLE_FROM_EVENT);
}

/* Thousands of rows may change in one turn of the loop: they are one change. */
static void tell_soon(struct self *self)
{
        if (!self->timer)
                self->timer = self->loop->after(self->loop, 0, tell, self);
}

/* Counters move all the time: what counts is what comes, goes, or changes its state. */
static void sa_changed(void *context, enum table_event event, enum table_reason reason,
                       const void *before, const void *after)
{
        const struct ipsec_sa *old = before, *sa = after;

        (void)reason;
        if (event != TABLE_CHANGED || old->state != sa->state)
                tell_soon(context);
}

static void policy_changed(void *context, enum table_event event, enum table_reason reason,
                           const void *before, const void *after)
{
        const struct policy *old = before, *policy = after;

        (void)reason;
        if (event != TABLE_CHANGED || old->state != policy->state ||
            old->action != policy->action || old->add_time != policy->add_time)
                tell_soon(context);
}

static void collector_changed(void *context, enum table_event event, enum table_reason reason,
                              const void *before, const void *after)
{
        const struct collector_row *old = before, *row = after;

        (void)reason;
        if (event != TABLE_CHANGED || old->state != row->state)
                tell_soon(context);
}

static uint32_t namespace_inode(void)
{
        struct stat status;

        return stat("/proc/self/ns/net", &status) == 0 ? (uint32_t)status.st_ino : 0;
}

/* Random, so that two starts in one second differ as well. */
static uint32_t run_identity(int64_t wall)
{
        uint32_t run;

        return getrandom(&run, sizeof(run), 0) == sizeof(run) ? run : (uint32_t)wall;
}

/* Counters: no change of anything else. */
void self_tell_notifications(struct self *self, uint64_t sent, uint64_t suppressed)
{
        self->row.notifications_sent = sent;
        self->row.notifications_suppressed = suppressed;
        table_put(self->scalars, &self->row, TABLE_FROM_EVENT);
}

/* The table keeps what it is told: the text need not stay. */
void self_tell_weak(struct self *self, const char *const *list, size_t n)
{
        char *text = NULL;
        size_t length;
        FILE *out = open_memstream(&text, &length);

        if (!out)
                return;
        for (size_t i = 0; i < n; i++)
                fprintf(out, "%s%s", i == 0 ? "" : ",", list[i]);
        if (fclose(out) == 0) {
                free(self->weak);
                self->weak = text;
                self->row.weak_algorithms = text;
                tell_soon(self);
                return;
        }
        free(text);
}

struct self *self_new(struct store *store, struct loop *loop)
{
        struct self *self = calloc(1, sizeof(*self));
        struct moment now;

        if (!self)
                return NULL;
        loop->now(loop, &now);
        uname(&self->kernel);
        self->loop = loop;
        self->scalars = store_table(store, &agent_scalars_type);
        self->sas = store_table(store, &ipsec_sa_type);
        self->policies = store_table(store, &policy_type);
        self->row = (struct agent_scalars){
                .version = PACKAGE_VERSION,
                .mib_revision = IPSEC_REPORT_MIB_REVISION,
                .start_time = now.wall,
                .run = run_identity(now.wall),
                .kernel_release = self->kernel.release,
                .network_namespace = namespace_inode(),
        };
        tell(self);
        if (table_subscribe(self->sas, sa_changed, self) < 0 ||
            table_subscribe(self->policies, policy_changed, self) < 0 ||
            table_subscribe(store_table(store, &collector_row_type), collector_changed, self) < 0) {
                free(self);
                return NULL;
        }
        return self;
}

void self_free(struct self *self)
{
        if (!self)
                return;
        self->loop->cancel(self->loop, self->timer);
        free(self->weak);
        free(self);
}
