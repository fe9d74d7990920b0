#include "config.h"

#include "ike_text.h"

#include <stdio.h>
#include <string.h>

void ike_methods(const char *local, const char *remote, char methods[IKE_METHODS_SIZE])
{
        if (!local || (remote && strcmp(local, remote) == 0))
                snprintf(methods, IKE_METHODS_SIZE, "%s", remote ? remote : "");
        else
                snprintf(methods, IKE_METHODS_SIZE, "%s%s%s", local, remote ? "/" : "",
                         remote ? remote : "");
}
