#include "count_check.h"

/*
 * It takes two counts that differ to read anew; a difference that a full read did not mend is the
 * kernel's own, and accepted until it changes.
 */
enum count_verdict count_check(struct count_check *c, int64_t difference)
{
        if (difference == 0)
                c->difference = c->mended = 0;
        if (difference == c->difference) {
                c->strikes = 0;
                return COUNT_ACCEPTED;
        }
        if (c->strikes++ == 0)
                return COUNT_ASK_AGAIN;
        c->strikes = 0;
        if (difference == c->mended) {
                c->difference = difference;
                return COUNT_ACCEPTED;
        }
        c->mended = difference;
        return COUNT_READ_ANEW;
}
