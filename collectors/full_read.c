#include "full_read.h"

#include "messages.h"
#include "xfrm_parse.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <stdio.h>
#include <string.h>

/* New rows shown in one turn of the loop: a millisecond or two. */
#define ROWS_PER_TURN 1000

/* Milliseconds that the end of a dump waits for events. */
#define PATIENCE 5000

/* What a step asks, and what the kernel answers. All questions are zeros: everything. */
static const struct question {
        uint16_t type;
        uint16_t flags;
        uint16_t length;
        uint16_t answer;
        const char *stream;
        const char *what;
} questions[] = {
        [FULL_READ_SAS] = { XFRM_MSG_GETSA, NLM_F_DUMP, sizeof(struct xfrm_usersa_info),
                            XFRM_MSG_NEWSA, STREAM_SA_DUMP, "SAs" },
        [FULL_READ_POLICIES] = { XFRM_MSG_GETPOLICY, NLM_F_DUMP, sizeof(struct xfrm_userpolicy_id),
                                 XFRM_MSG_NEWPOLICY, STREAM_POLICY_DUMP, "policies" },
        [FULL_READ_DEFAULTS] = { XFRM_MSG_GETDEFAULT, 0, sizeof(struct xfrm_userpolicy_default),
                                 XFRM_MSG_GETDEFAULT, STREAM_DEFAULTS, "default policies" },
        [FULL_READ_SAD_INFO] = { XFRM_MSG_GETSADINFO, 0, sizeof(uint32_t), XFRM_MSG_NEWSADINFO,
                                 STREAM_SAD_INFO, "number of SAs" },
        [FULL_READ_SPD_INFO] = { XFRM_MSG_GETSPDINFO, 0, sizeof(uint32_t), XFRM_MSG_NEWSPDINFO,
                                 STREAM_SPD_INFO, "number of policies" },
};

static bool is_dump(enum full_read_step step)
{
        return step == FULL_READ_SAS || step == FULL_READ_POLICIES;
}

static int64_t now_of(const struct full_read *r)
{
        struct moment now;

        r->loop->now(r->loop, &now);
        return now.monotonic;
}

/* ---- the tables ---- */

static void begin_sweeps(struct full_read *r)
{
        if (r->step == FULL_READ_SAS)
                table_sweep_begin(r->sas->table);
        if (r->step == FULL_READ_DEFAULTS)
                r->policies->defaults_told = false;
        if (r->step != FULL_READ_POLICIES)
                return;
        xfrm_policies_begin_read(r->policies);
        table_sweep_begin(r->policies->templates);
        table_sweep_begin(r->policies->table);
}

/* The templates first: who hears of a policy finds them. False: more rows are waiting. */
static bool end_sweeps(struct full_read *r, size_t rows)
{
        if (r->step == FULL_READ_SAS)
                return table_sweep_end(r->sas->table, rows);
        return table_sweep_end(r->policies->templates, rows) &&
               table_sweep_end(r->policies->table, rows);
}

/* Nothing, where none is under way. */
static void abort_sweeps(struct full_read *r)
{
        table_sweep_abort(r->sas->table);
        table_sweep_abort(r->policies->templates);
        table_sweep_abort(r->policies->table);
}

/* ---- from step to step ---- */

void full_read_abort(struct full_read *r)
{
        abort_sweeps(r);
        r->loop->cancel(r->loop, r->ending);
        r->ending = NULL;
        r->step = FULL_READ_IDLE;
}

/* "reading the kernel's " "SAs" " failed" */
static void fail(struct full_read *r, const char *before, const char *after, int err)
{
        char what[96];

        snprintf(what, sizeof(what), "%s%s%s", before, questions[r->step].what, after);
        full_read_abort(r);
        r->owner->failed(r->context, what, err);
}

static void ask(struct full_read *r, enum full_read_step step)
{
        static const struct xfrm_usersa_info zeros;
        const struct question *q = &questions[step];
        int err;

        r->step = step;
        begin_sweeps(r);
        err = netlink_request(&r->socket, q->type, q->flags, &zeros, q->length);
        if (err < 0)
                fail(r, "asking the kernel for its ", " failed", err);
}

static void go_on(struct full_read *r)
{
        enum full_read_step done = r->step;

        if (done == FULL_READ_DEFAULTS || (r->replay && is_dump(done)))
                r->owner->read(r->context);
        if (r->replay) {
                r->step = FULL_READ_IDLE;
        } else if (done < FULL_READ_SPD_INFO) {
                ask(r, done + 1);
        } else {
                r->step = FULL_READ_IDLE;
                r->owner->counted(r->context, &r->counts);
        }
}

static bool events_wait(struct full_read *r)
{
        return !r->replay && now_of(r) < r->patient_until && r->owner->events_wait(r->context);
}

static void end_dump(void *context)
{
        struct full_read *r = context;

        r->ending = NULL;
        if (!events_wait(r) && end_sweeps(r, r->replay ? SIZE_MAX : ROWS_PER_TURN)) {
                go_on(r);
                return;
        }
        r->ending = r->loop->after(r->loop, 0, end_dump, r);
        if (!r->ending)
                fail(r, "showing the ", " failed", -ENOMEM);
}

void full_read_begin(struct full_read *r)
{
        memset(&r->counts, 0, sizeof(r->counts));
        ask(r, FULL_READ_SAS);
}

void full_read_count(struct full_read *r)
{
        memset(&r->counts, 0, sizeof(r->counts));
        ask(r, FULL_READ_SAD_INFO);
}

/* ---- the kernel's answers ---- */

/* What is no dump may be refused: an older kernel has no such question. */
static void handle_error(struct full_read *r, const struct nlmsghdr *nlh)
{
        int err = -EBADMSG;

        if (mnl_nlmsg_get_payload_len(nlh) >= sizeof(err))
                memcpy(&err, mnl_nlmsg_get_payload(nlh), sizeof(err));
        if (err == 0)
                return;
        if (is_dump(r->step))
                fail(r, "the kernel refused to tell its ", "", err < 0 ? err : -EBADMSG);
        else
                go_on(r);
}

static void handle_done(struct full_read *r, const struct nlmsghdr *nlh)
{
        int err = 0;

        if (!is_dump(r->step))
                return;
        if (mnl_nlmsg_get_payload_len(nlh) >= sizeof(err))
                memcpy(&err, mnl_nlmsg_get_payload(nlh), sizeof(err));
        if (err < 0) {
                fail(r, "the kernel broke off telling its ", "", err);
                return;
        }
        r->patient_until = now_of(r) + PATIENCE;
        end_dump(r);
}

static int take(struct full_read *r, const struct nlmsghdr *nlh)
{
        int err;

        switch (r->step) {
        case FULL_READ_SAS:
                return xfrm_sas_apply(r->sas, nlh, TABLE_FROM_DUMP);
        case FULL_READ_SAD_INFO:
                err = xfrm_parse_sad_info(nlh, &r->counts.sas);
                r->counts.sas_told = err == 0;
                return err;
        case FULL_READ_SPD_INFO:
                err = xfrm_parse_spd_info(nlh, &r->counts.policies);
                r->counts.policies_told = err == 0;
                return err;
        default:
                return xfrm_policies_apply(r->policies, nlh, TABLE_FROM_DUMP);
        }
}

/* An answer of one message. */
static void take_small(struct full_read *r)
{
        r->owner->told(r->context, &r->counts);
        go_on(r);
}

static void handle_answer(void *context, const struct nlmsghdr *nlh)
{
        struct full_read *r = context;
        int err;

        if (r->step == FULL_READ_IDLE || r->ending)
                return;
        if (!r->replay && nlh->nlmsg_seq != r->socket.sequence)
                return; /* the rest of a read that was given up */
        if (nlh->nlmsg_type == NLMSG_ERROR) {
                handle_error(r, nlh);
                return;
        }
        if (nlh->nlmsg_type == NLMSG_DONE) {
                handle_done(r, nlh);
                return;
        }
        if (nlh->nlmsg_type != questions[r->step].answer)
                return;
        err = take(r, nlh);
        if (err == -EBADMSG)
                r->owner->damaged(r->context, nlh->nlmsg_type);
        if (err < 0 && err != -EBADMSG)
                fail(r, "keeping the ", " failed", err);
        else if (!is_dump(r->step))
                take_small(r);
}

static void take_datagram(struct full_read *r, const void *octets, size_t length)
{
        if (!messages_each(octets, length, handle_answer, r))
                r->owner->damaged(r->context, 0);
}

/* Not what is left of a read that was given up. */
static void record(struct full_read *r, size_t length)
{
        const struct nlmsghdr *nlh = (const struct nlmsghdr *)r->socket.buffer;

        if (r->step != FULL_READ_IDLE && length >= sizeof(*nlh) &&
            nlh->nlmsg_seq == r->socket.sequence)
                recording_write(r->recording, questions[r->step].stream, nlh, length);
}

/* One datagram for each turn of the loop, so that a long dump delays nobody. */
static void ready(void *context, int fd)
{
        struct full_read *r = context;
        ssize_t length = netlink_receive(&r->socket);

        (void)fd;
        if (length == -EAGAIN || length == 0)
                return;
        if (length < 0) {
                if (r->step != FULL_READ_IDLE)
                        fail(r, "reading the kernel's ", " failed", (int)length);
                return;
        }
        xfrm_blank_datagram(r->socket.buffer, (size_t)length);
        record(r, (size_t)length);
        take_datagram(r, r->socket.buffer, (size_t)length);
        if (r->socket.buffer)
                netlink_wipe(&r->socket, (size_t)length);
}

int full_read_open(struct full_read *r)
{
        int err = netlink_open(&r->socket, NETLINK_XFRM, 0);

        return err < 0 ? err : r->loop->watch(r->loop, r->socket.fd, ready, r);
}

void full_read_close(struct full_read *r)
{
        full_read_abort(r);
        if (full_read_is_open(r))
                r->loop->unwatch(r->loop, r->socket.fd);
        netlink_close(&r->socket);
}

bool full_read_is_open(const struct full_read *r)
{
        return r->socket.fd >= 0;
}

void full_read_replay(struct full_read *r, enum full_read_step step, const void *octets,
                      size_t length)
{
        if (r->step != step) {
                full_read_abort(r);
                r->step = step;
                begin_sweeps(r);
        }
        take_datagram(r, octets, length);
}
