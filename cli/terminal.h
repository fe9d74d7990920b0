/* The terminal that a report goes to, if it goes to one. */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include "look.h"

/* How text looks there: plain, where it is no terminal. NO_COLOR in the environment means none, and
 * so does a terminal that can do nothing. */
struct look terminal_look(int fd, bool color);

/* Can lines be written over? */
bool terminal_is_screen(int fd);

/* Its lines; 0 where nobody knows. */
size_t terminal_height(int fd);

/*
 * A screen of its own, until it is given back, for frames that are drawn one over the other. 0 or a
 * negative errno.
 */
int terminal_take(int fd);
int terminal_give_back(int fd);

/* Draws the lines of text from the top, in one write, as many as there is room for. 0 or a negative
 * errno. */
int terminal_draw(int fd, const char *text);

/* Writes all of it. 0 or a negative errno. */
int terminal_write(int fd, const char *text, size_t length);

#endif
