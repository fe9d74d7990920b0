/*
 * A Linux audit log, raw or enriched: the records of IPsec in it, each with the program that asked
 * for it. libauparse reads what is in a record; which lines it is given is decided here, so that
 * a long log costs no memory, and what a log says of command lines (keys!) is read by nobody.
 */
#ifndef CLI_AUDIT_LOG_H
#define CLI_AUDIT_LOG_H

#include "tables/audit_record.h"

struct audit_log;

/*
 * Takes a record; its strings are valid during the call. 0, or a negative errno, which ends the
 * reading.
 */
typedef int audit_log_take_record(void *context, const struct audit_record *record);

/* Records wait for the program behind them: at the most so many octets of them. */
#define AUDIT_LOG_WAITING_MAX (32u << 20)

/* 0; -ENOSYS where libauparse was not there when this was built; or -ENOMEM. */
int audit_log_new(audit_log_take_record *take, void *context, struct audit_log **log);
void audit_log_free(struct audit_log *log);

/* Whether this is a line of an audit log, whatever record it is. */
bool audit_log_is_line(const char *line, size_t length);

/*
 * Reads a line; line[length] is its newline. Records come in the order of the log, some lines
 * later. 0, -ENOMEM, or what take() returned.
 */
int audit_log_read(struct audit_log *log, const char *line, size_t length);

/* The log is at its end: hands out what waits. As audit_log_read(). */
int audit_log_end(struct audit_log *log);

/* Lines so far that are none of an audit log, and records of IPsec that cannot be read. */
uint64_t audit_log_damaged(const struct audit_log *log);

#endif
