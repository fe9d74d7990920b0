#include "config.h"

#include "watch.h"

#include "asking.h"
#include "complain.h"
#include "printing.h"
#include "terminal.h"
#include "text.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* What came meanwhile. */
static volatile sig_atomic_t ended, resized;

struct watch {
        const struct options *options;
        struct session *session; /* NULL: to be opened anew */
        struct history *history;
        bool screen;       /* frames are drawn one over the other */
        sigset_t signals;  /* the mask while we wait */
        char *frame;       /* the last one, to be drawn again */
        size_t frame_size; /* in octets, without the zero behind it */
};

static void on_end(int number)
{
        ended = number;
}

static void on_resize(int number)
{
        (void)number;
        resized = 1;
}

/* They come while we wait, and only then: nothing is drawn by half. */
static void catch_signals(struct watch *w)
{
        static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGWINCH };
        struct sigaction action = { .sa_handler = on_end };
        sigset_t blocked;

        sigemptyset(&blocked);
        for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
                struct sigaction old;

                sigaction(signals[i], NULL, &old);
                if (old.sa_handler == SIG_IGN)
                        continue;
                if (signals[i] == SIGWINCH)
                        action.sa_handler = on_resize;
                sigaction(signals[i], &action, NULL);
                sigaddset(&blocked, signals[i]);
        }
        sigprocmask(SIG_BLOCK, &blocked, &w->signals);
}

static int connect_session(struct watch *w)
{
        int err;

        if (w->session)
                return 0;
        err = asking_open(w->options, &w->session);
        if (err > 0)
                ended = SIGTERM; /* an option of Net-SNMP's was all that was wanted */
        if (err == 0)
                session_watch(w->session, &ended, &w->signals);
        return err > 0 ? -EINTR : err;
}

static void disconnect(struct watch *w)
{
        session_close(w->session);
        w->session = NULL;
}

static int print_round(struct watch *w, FILE *file)
{
        const struct request request = { w->options->selected, &w->options->filter, w->history };
        struct agent_scalars agent = { 0 };
        struct strings *pool = strings_new();
        struct writer writer;
        int err = connect_session(w);

        text_writer_init(&writer, file, w->options->verbose);
        writer.look = terminal_look(STDOUT_FILENO, !w->options->no_color);
        writer.look.rates = true;
        if (err == 0)
                err = asking_check(w->session, w->options, &agent, pool);
        if (err == 0)
                err = print_reports(w->session, &agent, &writer, &request);
        strings_free(pool);
        return err;
}

static void print_title(const struct watch *w, FILE *file, bool color)
{
        int64_t now = w->session ? session_moment(w->session).wall : (int64_t)time(NULL);
        char date[TEXT_DATE_SIZE] = "";

        text_date(now, date);
        if (color)
                fputs(COLOR_TITLE, file);
        fputs(date, file);
        if (w->screen)
                fprintf(file, "  every %g s", w->options->watch);
        if (w->screen && w->session)
                fprintf(file, "  %s", session_address(w->session));
        fputs(color ? COLOR_END "\n" : "\n", file);
}

/* Sentences stand above what was printed until then. */
static int put_together(struct watch *w, FILE *sentences, FILE *printed, char *const *texts)
{
        bool color = terminal_look(STDOUT_FILENO, !w->options->no_color).color;
        FILE *frame;

        if (fclose(sentences) != 0 || fclose(printed) != 0)
                return -ENOMEM;
        free(w->frame);
        w->frame = NULL;
        frame = open_memstream(&w->frame, &w->frame_size);
        if (!frame)
                return -ENOMEM;
        print_title(w, frame, color);
        fputs(texts[0], frame);
        fputs(texts[1], frame);
        return fclose(frame) == 0 ? 0 : -ENOMEM;
}

/* 0 however the agent does; -EINTR or -ENOMEM. */
static int make_frame(struct watch *w)
{
        char *texts[2] = { NULL, NULL };
        size_t sizes[2];
        FILE *sentences = open_memstream(&texts[0], &sizes[0]);
        FILE *printed = open_memstream(&texts[1], &sizes[1]);
        int err = -ENOMEM, made = -ENOMEM;

        if (sentences && printed) {
                if (w->screen)
                        complain_into(sentences);
                err = print_round(w, printed);
                complain_into(NULL);
                made = put_together(w, sentences, printed, texts);
        }
        free(texts[0]);
        free(texts[1]);
        /* What went wrong may be the session itself. */
        if (err < 0)
                disconnect(w);
        if (ended)
                return -EINTR;
        return made;
}

static int show(struct watch *w, bool first)
{
        int err = 0;

        if (w->screen)
                return terminal_draw(STDOUT_FILENO, w->frame);
        if (!first)
                err = terminal_write(STDOUT_FILENO, "\n", 1);
        return err < 0 ? err : terminal_write(STDOUT_FILENO, w->frame, w->frame_size);
}

static struct timespec now(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return t;
}

static double seconds_between(struct timespec a, struct timespec b)
{
        return (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9;
}

/* Until the round that began then is as old as two rounds are apart. A reader that went away is
 * noticed at once. */
static int wait_for_next(struct watch *w, struct timespec began)
{
        struct pollfd reader = { .fd = STDOUT_FILENO };

        while (!ended) {
                double left = w->options->watch - seconds_between(began, now());
                struct timespec timeout;

                if (left <= 0)
                        return 0;
                timeout.tv_sec = (time_t)left;
                timeout.tv_nsec = (long)((left - (double)timeout.tv_sec) * 1e9);
                if (ppoll(&reader, 1, &timeout, &w->signals) > 0 &&
                    reader.revents & (POLLERR | POLLHUP))
                        return -EPIPE;
                if (resized && w->screen) {
                        resized = 0;
                        terminal_draw(STDOUT_FILENO, w->frame);
                }
        }
        return -EINTR;
}

static int go_round(struct watch *w)
{
        int err = 0;

        for (bool first = true; err == 0; first = false) {
                struct timespec began = now();

                err = make_frame(w);
                if (err == 0)
                        err = show(w, first);
                if (err == 0)
                        err = wait_for_next(w, began);
        }
        return err == -EINTR ? 0 : err;
}

/* At first it must be there: an address with a slip of the pen is not waited for. */
static int begin(struct watch *w)
{
        struct agent_scalars agent = { 0 };
        struct strings *pool = strings_new();
        int err = pool && w->history ? connect_session(w) : -ENOMEM;

        if (err == 0)
                err = peer_check(w->session, &agent, pool);
        strings_free(pool);
        return err;
}

int watch_run(const struct options *options)
{
        struct watch w = { .options = options,
                           .history = history_new(),
                           .screen = terminal_is_screen(STDOUT_FILENO) };
        int err;

        catch_signals(&w);
        err = begin(&w);
        if (err == 0 && w.screen)
                err = terminal_take(STDOUT_FILENO);
        if (err == 0)
                err = go_round(&w);
        if (w.screen && w.frame)
                terminal_give_back(STDOUT_FILENO);
        disconnect(&w);
        history_free(w.history);
        free(w.frame);
        return ended ? 0 : err;
}
