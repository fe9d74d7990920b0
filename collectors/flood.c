#include "flood.h"

void flood_init(struct flood *f)
{
        *f = (struct flood){ .allowed = FLOOD_AT_ONCE, .pause = FLOOD_MINUTE };
}

static void allow_more(struct flood *f, int64_t now)
{
        int64_t minutes;

        if (f->allowed == FLOOD_AT_ONCE)
                f->since = now;
        minutes = (now - f->since) / FLOOD_MINUTE;
        f->since += minutes * FLOOD_MINUTE;
        if (minutes >= FLOOD_AT_ONCE - (int64_t)f->allowed)
                f->allowed = FLOOD_AT_ONCE;
        else
                f->allowed += (uint32_t)minutes;
}

bool flood_allows(struct flood *f, int64_t now)
{
        if (!f->pausing)
                allow_more(f, now);
        if (!f->pausing && f->allowed > 0) {
                f->allowed--;
                return true;
        }
        f->pausing = true;
        if (f->held < UINT32_MAX)
                f->held++;
        return false;
}

uint32_t flood_take(struct flood *f)
{
        uint32_t held = f->held;

        f->held = 0;
        f->pausing = held > 0;
        if (held == 0)
                f->pause = FLOOD_MINUTE;
        else
                f->pause = f->pause > FLOOD_PAUSE_MAX / 2 ? FLOOD_PAUSE_MAX : 2 * f->pause;
        return held;
}
