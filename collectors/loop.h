/* What a collector needs of an event loop. agent/ implements it; tests drive it by hand. */
#ifndef IPSEC_REPORT_COLLECTORS_LOOP_H
#define IPSEC_REPORT_COLLECTORS_LOOP_H

#include "tables/value.h"

#include <stdint.h>

struct loop;
struct loop_timer;

/* Called from the loop, once per turn while fd can be read. */
typedef void loop_ready(void *context, int fd);
typedef void loop_expired(void *context);

struct loop {
        /* Calls ready whenever fd can be read. 0 or a negative errno. */
        int (*watch)(struct loop *loop, int fd, loop_ready *ready, void *context);
        void (*unwatch)(struct loop *loop, int fd);
        /* Calls expired once, after so many milliseconds. NULL without memory. */
        struct loop_timer *(*after)(struct loop *loop, uint32_t milliseconds, loop_expired *expired,
                                    void *context);
        /* Ends a timer that has not expired; one that has must not be given. NULL is allowed. */
        void (*cancel)(struct loop *loop, struct loop_timer *timer);
        /* Reads the clocks. */
        void (*now)(struct loop *loop, struct moment *now);
        /* One line for the log, without a newline at its end; priority as syslog(3) has it. */
        void (*log)(struct loop *loop, int priority, const char *line);
};

#endif
