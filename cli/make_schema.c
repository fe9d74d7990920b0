/* Writes the JSON Schema that is installed; run when the project is built. */
#include "schema.h"

#include <stdlib.h>

int main(void)
{
        return schema_write(stdout) == 0 && fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
