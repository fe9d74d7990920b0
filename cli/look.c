#include "look.h"

/* How much the moment of a beginning may differ from one reading to the next: milliseconds. */
enum { SLACK = 3000 };

struct rate look_rate(const struct look *look, uint64_t before, int64_t began_before, uint64_t now,
                      int64_t began)
{
        struct rate rate = { false, 0 };

        if (look->seconds <= 0 || now < before || began > began_before + SLACK)
                return rate;
        rate.known = true;
        rate.value = (double)(now - before) / look->seconds;
        return rate;
}
