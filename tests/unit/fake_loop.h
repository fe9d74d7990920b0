/* An event loop that a test drives by hand: its clocks stand until they are moved. */
#ifndef IPSEC_REPORT_TESTS_UNIT_FAKE_LOOP_H
#define IPSEC_REPORT_TESTS_UNIT_FAKE_LOOP_H

#include "collectors/loop.h"

#include <stdbool.h>

struct loop *fake_loop_new(int64_t wall);
void fake_loop_free(struct loop *loop);

/* Moves the clocks and runs what is due, in order. */
void fake_loop_advance(struct loop *loop, uint32_t milliseconds);

/* Runs what is due now and was set first; false: nothing is. One turn of a loop has more of them.
 */
bool fake_loop_step(struct loop *loop);

/* Calls whoever watches the first descriptor that can be read; false: there is none. */
bool fake_loop_poll(struct loop *loop);

/* Lines logged so far. */
unsigned int fake_loop_lines(const struct loop *loop);

#endif
