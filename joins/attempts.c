#include "attempts.h"

#include "tables/key.h"

#include <stdlib.h>
#include <string.h>

/* Without memory a failure is counted twice, and that is all. */
#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(element) ((void)((element)->hashed = false))
#include <uthash.h>

/* Policies remembered at the most, the latest ones. */
#define REMEMBERED (1u << 16)

struct attempt {
        char policy[KEY_MAX + 1];
        uint32_t half_open;     /* IKE SAs */
        uint32_t acquires;      /* that expired while one is half-open, and were counted */
        int64_t daemon_failure; /* seconds since 1970: the last one counted; 0 none */
        bool hashed;
        UT_hash_handle hh; /* in the order in which they were made */
};

static struct attempt *find(const struct attempts *a, const char *policy)
{
        struct attempt *attempt = NULL;

        if (policy && a->list)
                HASH_FIND_STR(a->list, policy, attempt);
        return attempt;
}

static void forget(struct attempts *a, struct attempt *attempt)
{
        HASH_DEL(a->list, attempt);
        free(attempt);
}

static struct attempt *make(struct attempts *a, const char *policy)
{
        struct attempt *attempt = find(a, policy);

        if (attempt || !policy || strlen(policy) > KEY_MAX)
                return attempt;
        attempt = calloc(1, sizeof(*attempt));
        if (!attempt)
                return NULL;
        strcpy(attempt->policy, policy);
        attempt->hashed = true;
        HASH_ADD_STR(a->list, policy, attempt);
        if (!attempt->hashed) {
                free(attempt);
                return NULL;
        }
        if (HASH_COUNT(a->list) > REMEMBERED)
                forget(a, a->list);
        return attempt;
}

void attempts_clear(struct attempts *a)
{
        while (a->list)
                forget(a, a->list);
}

void attempt_begins(struct attempts *a, const char *policy)
{
        struct attempt *attempt = make(a, policy);

        if (attempt)
                attempt->half_open++;
}

void attempt_ends(struct attempts *a, const char *policy)
{
        struct attempt *attempt = find(a, policy);

        if (!attempt || attempt->half_open == 0)
                return;
        if (--attempt->half_open == 0)
                attempt->acquires = 0;
}

bool attempt_acquire_failed(struct attempts *a, const char *policy, int64_t came)
{
        struct attempt *attempt = find(a, policy);

        if (!attempt)
                return true;
        if (attempt->daemon_failure >= came)
                return false;
        if (attempt->half_open > 0)
                attempt->acquires++;
        return true;
}

bool attempt_daemon_failed(struct attempts *a, const char *policy, int64_t now)
{
        struct attempt *attempt = make(a, policy);

        if (!attempt)
                return true;
        if (attempt->acquires > 0) {
                attempt->acquires--;
                return false;
        }
        attempt->daemon_failure = now;
        return true;
}
