/* Memory for the strings of one message: taken piece by piece, given back all at once. */
#ifndef IPSEC_REPORT_COLLECTORS_SCRATCH_H
#define IPSEC_REPORT_COLLECTORS_SCRATCH_H

#include <stddef.h>

struct scratch_block;

/* {0} is empty. */
struct scratch {
        struct scratch_block *blocks; /* the one in use first */
};

/* A copy of length octets of text and a NUL, valid until scratch_clear(); NULL without memory. */
const char *scratch_text(struct scratch *s, const char *text, size_t length);

/* Forgets what was taken; keeps a block for the next message. */
void scratch_clear(struct scratch *s);

/* Gives back all memory. */
void scratch_free(struct scratch *s);

#endif
