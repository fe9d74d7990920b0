/* ipsec_report: reads a machine's IPsec state over SNMP, and prints it as HP's ipsec_report does.
 */
#include "config.h"

#include "asking.h"
#include "audit.h"
#include "complain.h"
#include "output.h"
#include "printing.h"
#include "terminal.h"
#include "watch.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
        interrupted = number;
}

/* With a file under way, a signal must not leave half of it behind. */
static void catch_signals(sigset_t *before)
{
        static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
        struct sigaction action = { .sa_handler = on_signal };
        sigset_t blocked;

        sigemptyset(&blocked);
        for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
                struct sigaction old;

                sigaction(signals[i], NULL, &old);
                if (old.sa_handler == SIG_IGN)
                        continue;
                sigaction(signals[i], &action, NULL);
                sigaddset(&blocked, signals[i]);
        }
        sigprocmask(SIG_BLOCK, &blocked, before);
}

static void die_of_signal(const sigset_t *before)
{
        signal((int)interrupted, SIG_DFL);
        raise((int)interrupted);
        sigprocmask(SIG_SETMASK, before, NULL);
}

/* What fills the output; signals, unless NULL, is the mask while it waits. */
struct filling {
        int (*fill)(const struct filling *filling, struct writer *writer, const sigset_t *signals);
        const struct options *options;
        struct session *session;
        const struct agent_scalars *agent;
};

static int fill_by_session(const struct filling *f, struct writer *writer, const sigset_t *signals)
{
        const struct request request = { f->options->selected, &f->options->filter, NULL };

        if (signals)
                session_watch(f->session, &interrupted, signals);
        return print_reports(f->session, f->agent, writer, &request);
}

static int fill_by_files(const struct filling *f, struct writer *writer, const sigset_t *signals)
{
        const struct audit_sources sources = {
                .paths = f->options->audit,
                .n_paths = f->options->n_audit,
                .entity = f->options->entity,
                .interrupted = &interrupted,
                .signals = signals,
        };

        return audit_print(&sources, writer);
}

static int report(const struct filling *f)
{
        const struct options *options = f->options;
        struct output *output;
        struct writer writer;
        sigset_t before;
        int err;

        sigemptyset(&before);
        if (options->file)
                catch_signals(&before);
        err = output_open(options->file, &output);
        if (err < 0)
                return err;
        if (options->json)
                json_writer_init(&writer, output_file(output));
        else
                text_writer_init(&writer, output_file(output), options->verbose);
        writer.look = terminal_look(fileno(output_file(output)), !options->no_color);
        err = output_close(output, f->fill(f, &writer, options->file ? &before : NULL));
        if (interrupted)
                die_of_signal(&before);
        return err;
}

static int run_audit(const struct options *options)
{
        const struct filling filling = { .fill = fill_by_files, .options = options };

        return report(&filling);
}

static int serve(struct session *session, const struct agent_scalars *agent,
                 const struct options *options)
{
        const struct filling filling = {
                .fill = fill_by_session,
                .options = options,
                .session = session,
                .agent = agent,
        };

        if (options->action == ACTION_CHECK)
                return check_run(session, agent, &options->check, &options->filter,
                                 options->verbose, stdout);
        return report(&filling);
}

static int run(const struct options *options)
{
        struct agent_scalars agent = { 0 };
        struct strings *pool;
        struct session *session;
        int err;

        if (options->watch > 0)
                return watch_run(options);
        err = asking_open(options, &session);
        if (err != 0)
                return err;
        pool = strings_new();
        err = asking_check(session, options, &agent, pool);
        if (err == 0)
                err = serve(session, &agent, options);
        strings_free(pool);
        session_close(session);
        return err;
}

static void print_version(void)
{
        printf("ipsec_report %s\n", PACKAGE_VERSION);
}

/* HP's two: 0 done, 1 not. Whoever closes a pipe has seen enough. */
static int exit_status(int err)
{
        return err >= 0 || err == -EPIPE ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* A plugin tells also what is wrong on standard output, in its own form. */
static int check(int argc, char **argv)
{
        struct options options;
        char *reasons = NULL;
        size_t size = 0;
        FILE *file = open_memstream(&reasons, &size);
        int err;

        if (!file)
                return CHECK_UNKNOWN;
        complain_into(file);
        err = options_parse(argc, argv, &options);
        if (err == 0 && options.action == ACTION_CHECK)
                err = run(&options);
        else if (err == 0)
                err = -EINVAL;
        complain_into(NULL);
        fclose(file);
        if (err < 0)
                check_print_failure(stdout, reasons);
        free(reasons);
        options_free(&options);
        return err < 0 || fflush(stdout) != 0 ? CHECK_UNKNOWN : err;
}

int main(int argc, char **argv)
{
        char name[] = "ipsec_report";
        struct options options;
        int err;

        if (argc > 0)
                argv[0] = name;
        signal(SIGPIPE, SIG_IGN);
        if (options_want_check(argc, argv))
                return check(argc, argv);
        err = options_parse(argc, argv, &options);
        if (err == 0 && options.action == ACTION_VERSION)
                print_version();
        else if (err == 0 && options.n_audit > 0)
                err = run_audit(&options);
        else if (err == 0 && options.action == ACTION_REPORT)
                err = run(&options);
        if (err == -EINVAL || options.action == ACTION_HELP)
                options_usage(err == -EINVAL ? stderr : stdout);
        options_free(&options);
        return exit_status(err);
}
