/* ipsec_report: reads a machine's IPsec state over SNMP, and prints it as HP's ipsec_report does.
 */
#include "config.h"

#include "asking.h"
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
static void catch_signals(struct session *session, sigset_t *before)
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
        session_watch(session, &interrupted, before);
}

static void die_of_signal(const sigset_t *before)
{
        signal((int)interrupted, SIG_DFL);
        raise((int)interrupted);
        sigprocmask(SIG_SETMASK, before, NULL);
}

static int report(struct session *session, const struct agent_scalars *agent,
                  const struct options *options)
{
        const struct request request = { options->selected, &options->filter, NULL };
        struct output *output;
        struct writer writer;
        sigset_t before;
        int err;

        sigemptyset(&before);
        if (options->file)
                catch_signals(session, &before);
        err = output_open(options->file, &output);
        if (err < 0)
                return err;
        if (options->json)
                json_writer_init(&writer, output_file(output));
        else
                text_writer_init(&writer, output_file(output), options->verbose);
        writer.look = terminal_look(fileno(output_file(output)), !options->no_color);
        err = output_close(output, print_reports(session, agent, &writer, &request));
        if (interrupted)
                die_of_signal(&before);
        return err;
}

static int serve(struct session *session, const struct agent_scalars *agent,
                 const struct options *options)
{
        if (options->action == ACTION_CHECK)
                return check_run(session, agent, &options->check, &options->filter,
                                 options->verbose, stdout);
        return report(session, agent, options);
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

static int print_version(void)
{
        printf("ipsec_report %s\n", PACKAGE_VERSION);
        return EXIT_SUCCESS;
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
                return print_version();
        if (err == 0 && (options.action == ACTION_REPORT || options.action == ACTION_CHECK))
                err = run(&options);
        if (err == -EINVAL || options.action == ACTION_HELP)
                options_usage(err == -EINVAL ? stderr : stdout);
        return exit_status(err);
}
