#include "config.h"

#include "asking.h"

#include "complain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int asking_open(const struct options *options, struct session **session)
{
        size_t n = (size_t)options->n_rest;
        char program[] = "ipsec_report", **arguments;
        int err;

        *session = NULL;
        arguments = calloc(n + 2, sizeof(*arguments));
        if (!arguments) {
                complain("no memory");
                return -ENOMEM;
        }
        arguments[0] = program;
        for (size_t i = 0; i < n; i++)
                arguments[i + 1] = options->rest[i];
        err = session_open(options->n_rest + 1, arguments, session);
        free(arguments);
        return err;
}

static size_t add_source(const char **sources, size_t n, const char *source)
{
        for (size_t i = 0; i < n; i++)
                if (strcmp(sources[i], source) == 0)
                        return n;
        if (n < REPORTS_MAX)
                sources[n++] = source;
        return n;
}

static int check_sources(struct session *session, const struct agent_scalars *agent,
                         const struct options *options)
{
        const char *sources[REPORTS_MAX];
        size_t n = 0;

        for (size_t i = 0; i < reports_count(); i++)
                for (const char *const *s = reports[i]->sources; s && *s; s++)
                        if (options->selected[i])
                                n = add_source(sources, n, *s);
        return peer_check_sources(session, agent, sources, n);
}

int asking_check(struct session *session, const struct options *options,
                 struct agent_scalars *agent, struct strings *pool)
{
        int err = pool ? peer_check(session, agent, pool) : -ENOMEM;

        if (err == 0 && options->action == ACTION_REPORT)
                err = check_sources(session, agent, options);
        return err;
}
