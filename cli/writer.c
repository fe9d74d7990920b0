#include "config.h"

#include "writer.h"

#include <errno.h>

int writer_status(const struct writer *w)
{
        if (!ferror_unlocked(w->file))
                return 0;
        return errno > 0 ? -errno : -EIO;
}
