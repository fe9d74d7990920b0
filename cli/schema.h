/* The JSON Schema of what -json writes. */
#ifndef CLI_SCHEMA_H
#define CLI_SCHEMA_H

#include <stdio.h>

/* Writes it, made of the tables' descriptors. 0 or a negative errno. */
int schema_write(FILE *file);

#endif
