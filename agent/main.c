/* ipsec-reportd: wires collectors, tables and Net-SNMP together, and waits for signals. */
#include "config.h"

#include <net-snmp/net-snmp-config.h>

#include <net-snmp/net-snmp-includes.h>

#include <net-snmp/agent/net-snmp-agent-includes.h>

#include "agentx_shortcut.h"
#include "background.h"
#include "collectors/audit.h"
#include "collectors/flows.h"
#include "collectors/interfaces.h"
#include "collectors/libreswan.h"
#include "collectors/statistics.h"
#include "collectors/strongswan.h"
#include "collectors/xfrm.h"
#include "config_files.h"
#include "event_loop.h"
#include "handler.h"
#include "joins/bypasses.h"
#include "joins/directions.h"
#include "joins/events.h"
#include "joins/flow_verdicts.h"
#include "joins/ike_sas.h"
#include "joins/overdue.h"
#include "joins/protection.h"
#include "joins/rule_owners.h"
#include "joins/rules.h"
#include "joins/sa_owners.h"
#include "joins/totals.h"
#include "joins/tunnel_gauges.h"
#include "joins/tunnels.h"
#include "joins/weak.h"
#include "opener.h"
#include "options.h"
#include "privileges.h"
#include "sd_notify.h"
#include "self.h"
#include "settings.h"
#include "snmp_agent.h"
#include "state.h"
#include "state_file.h"
#include "tables/flow.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define MAX_COLLECTORS 16

struct agent {
        struct options options;
        struct settings settings;
        struct loop *loop;
        struct store *store;
        struct handler *handler;
        struct self *self;
        struct rules *rules;
        struct opener *opener;
        struct directions *directions;
        struct sa_owners *sa_owners;
        struct rule_owners *rule_owners;
        struct ike_sas *ike_sas;
        struct bypasses *bypasses;
        struct protection *protection;
        struct flow_verdicts *verdicts;
        struct totals *totals;
        struct overdue *overdue;
        struct weak *weak;
        struct tunnels *tunnels;
        struct state *state;
        struct tunnel_gauges *tunnel_gauges;
        struct journal *journal;
        struct events *events;
        struct recording *recording;
        struct replay *replay;
        struct collector *xfrm;
        struct collector *interfaces;
        struct collector *statistics;
        struct collector *strongswan;
        struct collector *libreswan;
        struct collector *flows;
        struct collector *collectors[MAX_COLLECTORS]; /* all of them, these among them */
        size_t n_collectors;
        int signals;
        int parent; /* who waits for our start; -1: nobody */
        bool ending;
};

/* Logs "WHAT SUBJECT failed: REASON". */
static bool failed(const char *what, const char *subject, int err)
{
        snmp_log(LOG_ERR, "%s %s failed: %s\n", what, subject, strerror(-err));
        return false;
}

static struct xfrm_config xfrm_config(const struct agent *agent)
{
        return (struct xfrm_config){
                .redump_interval = agent->settings.redump_interval,
                .check_interval = agent->settings.check_interval,
                .receive_buffer = agent->settings.receive_buffer,
                .recording = agent->recording,
                .replay = agent->replay,
        };
}

static struct interfaces_config interfaces_config(const struct agent *agent)
{
        return (struct interfaces_config){
                .interval = agent->settings.interface_interval,
                .receive_buffer = agent->settings.receive_buffer,
                .recording = agent->recording,
                .replay = agent->replay,
        };
}

static struct statistics_config statistics_config(const struct agent *agent)
{
        return (struct statistics_config){
                .interval = agent->settings.statistics_interval,
                .recording = agent->recording,
                .replay = agent->replay,
        };
}

static struct strongswan_config strongswan_config(const struct agent *agent)
{
        return (struct strongswan_config){
                .interval = agent->settings.ike_interval,
                .sa_interval = agent->settings.ike_sa_interval,
                .opener = agent->opener,
                .recording = agent->recording,
                .replay = agent->replay,
        };
}

static struct libreswan_config libreswan_config(const struct agent *agent)
{
        return (struct libreswan_config){
                .interval = agent->settings.libreswan_interval,
                .opener = agent->opener,
                .recording = agent->recording,
                .replay = agent->replay,
        };
}

static struct flows_config flows_config(const struct agent *agent)
{
        return (struct flows_config){
                .interval = agent->settings.flow_interval,
                .idle = agent->settings.flow_idle,
                .maximum = agent->settings.flow_maximum,
                .recording = agent->recording,
                .replay = agent->replay,
        };
}

static struct tunnels_config tunnels_config(const struct agent *agent)
{
        return (struct tunnels_config){
                .retention = agent->settings.tunnel_retention,
                .maximum = agent->settings.tunnel_maximum,
                .one_way = agent->settings.one_way_seconds,
                .idle_patterns = agent->settings.idle_tunnels.words,
                .n_idle_patterns = agent->settings.idle_tunnels.n,
        };
}

/* Failures are counted no finer than counters are read. */
static struct events_config events_config(const struct agent *agent)
{
        const struct settings *settings = &agent->settings;

        return (struct events_config){
                .expiry_seconds = settings->expiry_seconds,
                .expiry_percent = settings->expiry_percent,
                .integrity_failures = settings->integrity_failures,
                .replay_failures = settings->replay_failures,
                .failure_interval = settings->failure_interval > settings->redump_interval
                                            ? settings->failure_interval
                                            : settings->redump_interval,
                .drop_interval = settings->failure_interval,
                .certificate_days = settings->certificate_days,
                .idle_patterns = settings->idle_tunnels.words,
                .n_idle_patterns = settings->idle_tunnels.n,
        };
}

/* ---- signals ---- */

static void configure_joins(struct agent *agent)
{
        const struct word_list *weak = &agent->settings.weak_algorithms;
        struct tunnels_config tunnels = tunnels_config(agent);
        struct events_config events = events_config(agent);

        weak_configure(agent->weak, weak->words, weak->n);
        self_tell_weak(agent->self, weak->words, weak->n);
        tunnels_configure(agent->tunnels, &tunnels);
        journal_configure(agent->journal, agent->settings.event_table_size);
        events_configure(agent->events, &events);
        if (agent->state)
                state_configure(agent->state, agent->settings.state_interval);
}

static void configure_collectors(struct agent *agent)
{
        struct xfrm_config xfrm = xfrm_config(agent);
        struct interfaces_config interfaces = interfaces_config(agent);
        struct statistics_config statistics = statistics_config(agent);
        struct strongswan_config strongswan = strongswan_config(agent);
        struct libreswan_config libreswan = libreswan_config(agent);
        struct flows_config flows = flows_config(agent);

        xfrm_configure(agent->xfrm, &xfrm);
        interfaces_configure(agent->interfaces, &interfaces);
        statistics_configure(agent->statistics, &statistics);
        strongswan_configure(agent->strongswan, &strongswan);
        libreswan_configure(agent->libreswan, &libreswan);
        flows_configure(agent->flows, &flows);
}

static void reread(struct agent *agent)
{
        sd_notify_send("RELOADING=1");
        settings_default(&agent->settings);
        snmp_agent_reread();
        configure_collectors(agent);
        configure_joins(agent);
        snmp_log(LOG_NOTICE, "configuration read again\n");
        sd_notify_send("READY=1");
}

static void signal_ready(void *context, int fd)
{
        struct agent *agent = context;
        struct signalfd_siginfo info;

        if (read(fd, &info, sizeof(info)) != sizeof(info))
                return;
        if (info.ssi_signo == SIGHUP)
                reread(agent);
        else
                agent->ending = true;
}

static int watch_signals(struct agent *agent)
{
        sigset_t set;

        sigemptyset(&set);
        sigaddset(&set, SIGHUP);
        sigaddset(&set, SIGTERM);
        sigaddset(&set, SIGINT);
        sigprocmask(SIG_BLOCK, &set, NULL);
        signal(SIGPIPE, SIG_IGN);
        agent->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
        if (agent->signals < 0)
                return -errno;
        return agent->loop->watch(agent->loop, agent->signals, signal_ready, agent);
}

/* ---- the parts ---- */

static bool open_recordings(struct agent *agent)
{
        const struct options *options = &agent->options;
        int err = 0;

        if (options->record) {
                agent->recording = recording_new(options->record, agent->loop, &err);
                if (!agent->recording)
                        return failed("recording to", options->record, err);
        }
        if (!options->replay)
                return true;
        agent->replay = replay_new(options->replay, agent->loop, &err);
        if (!agent->replay)
                return failed("replaying", options->replay, err);
        if (replay_recorded(agent->replay) != 0)
                event_loop_set_wall(agent->loop, replay_recorded(agent->replay));
        return true;
}

/* Takes over the collector, and starts it unless the configuration says no. NULL: no memory. */
static bool add_collector(struct agent *agent, struct collector *c, bool enabled)
{
        if (!c || agent->n_collectors == MAX_COLLECTORS)
                return failed("making", "a collector", -ENOMEM);
        agent->collectors[agent->n_collectors++] = c;
        if (!enabled)
                collector_disable(c);
        else if (c->ops->start(c) < 0)
                return failed("starting the collector", c->ops->key, -ENOMEM);
        return true;
}

static void flow_table_asked(void *context)
{
        flows_asked(context);
}

static bool start_collectors(struct agent *agent)
{
        struct xfrm_config xfrm = xfrm_config(agent);
        struct interfaces_config interfaces = interfaces_config(agent);
        struct statistics_config statistics = statistics_config(agent);
        struct strongswan_config strongswan = strongswan_config(agent);
        struct libreswan_config libreswan = libreswan_config(agent);
        struct flows_config flows = flows_config(agent);
        const struct audit_config audit = { .recording = agent->recording,
                                            .replay = agent->replay };

        agent->xfrm = xfrm_new(agent->loop, agent->store, &xfrm);
        if (!add_collector(agent, agent->xfrm, agent->settings.xfrm))
                return false;
        agent->interfaces = interfaces_new(agent->loop, agent->store, &interfaces);
        if (!add_collector(agent, agent->interfaces, agent->settings.interfaces))
                return false;
        agent->statistics = statistics_new(agent->loop, agent->store, &statistics);
        if (!add_collector(agent, agent->statistics, agent->settings.statistics))
                return false;
        agent->strongswan = strongswan_new(agent->loop, agent->store, &strongswan);
        if (!add_collector(agent, agent->strongswan, agent->settings.strongswan))
                return false;
        agent->libreswan = libreswan_new(agent->loop, agent->store, &libreswan);
        if (!add_collector(agent, agent->libreswan, agent->settings.libreswan))
                return false;
        agent->flows = flows_new(agent->loop, agent->store, &flows);
        if (!add_collector(agent, agent->flows, agent->settings.flows))
                return false;
        if (!add_collector(agent, audit_new(agent->loop, agent->store, &audit),
                           agent->settings.audit))
                return false;
        handler_on_asked(agent->handler, &flow_type, flow_table_asked, agent->flows);
        if (agent->replay && replay_start(agent->replay) < 0)
                return failed("replaying", agent->options.replay, -ENOMEM);
        return true;
}

/* What must be there before the configuration is read. */
static bool prepare(struct agent *agent)
{
        agent->loop = event_loop_new();
        agent->store = store_new();
        if (!agent->loop || !agent->store)
                return failed("allocating", "the tables", -ENOMEM);
        snmp_agent_prepare(&agent->options);
        settings_register(&agent->settings);
        return true;
}

static bool drop_privileges(const struct agent *agent)
{
        const char *user = agent->options.user;
        int err = privileges_drop(user, agent->options.group,
                                  agent->settings.audit && !agent->replay);

        if (err == -ENOENT)
                snmp_log(LOG_ERR, "there is no user %s\n", user);
        else if (err == -ESRCH)
                snmp_log(LOG_ERR, "there is no group %s\n", agent->options.group);
        else if (err < 0)
                failed(user ? "becoming the user" : "giving up", user ? user : "privileges", err);
        return err == 0;
}

static bool may_listen(const struct agent *agent)
{
        const char *address = agent->options.standalone;

        if (!address || agent->settings.standalone_anywhere || snmp_agent_is_loopback(address))
                return true;
        snmp_log(LOG_ERR,
                 "%s is not on loopback: standaloneAnywhere yes in ipsec-reportd.conf allows it\n",
                 address);
        return false;
}

static bool add_joins(struct agent *agent)
{
        agent->rules = rules_new(agent->store, agent->loop);
        agent->directions = directions_new(agent->store, agent->loop);
        agent->bypasses = bypasses_new(agent->store, agent->loop);
        agent->protection = protection_new(agent->store, agent->loop);
        agent->sa_owners = sa_owners_new(agent->store, agent->loop);
        agent->rule_owners = rule_owners_new(agent->store, agent->loop);
        agent->ike_sas = ike_sas_new(agent->store, agent->loop);
        agent->verdicts = flow_verdicts_new(agent->store, agent->loop);
        agent->totals = totals_new(agent->store, agent->loop);
        return agent->rules && agent->directions && agent->bypasses && agent->protection &&
               agent->sa_owners && agent->rule_owners && agent->ike_sas && agent->verdicts &&
               agent->totals;
}

/* What needs the configuration. */
static bool start_joins(struct agent *agent)
{
        const struct word_list *weak = &agent->settings.weak_algorithms;
        struct tunnels_config tunnels = tunnels_config(agent);

        agent->overdue = overdue_new(agent->store, agent->loop);
        agent->weak = weak_new(agent->store, agent->loop, weak->words, weak->n);
        agent->tunnels = tunnels_new(agent->store, agent->loop, &tunnels);
        if (!agent->overdue || !agent->weak || !agent->tunnels)
                return failed("making", "tunnels", -ENOMEM);
        self_tell_weak(agent->self, weak->words, weak->n);
        return true;
}

/* What is replayed belongs to another machine, or another time. */
static bool start_state(struct agent *agent)
{
        if (!agent->replay) {
                agent->state =
                        state_new(agent->store, agent->loop, agent->tunnels, agent->totals,
                                  agent->settings.state_file, agent->settings.state_interval);
                if (!agent->state)
                        return failed("keeping", "the state", -ENOMEM);
        }
        agent->tunnel_gauges =
                tunnel_gauges_new(agent->store, agent->loop, state_ike_totals(agent->state));
        return agent->tunnel_gauges || failed("making", "gauges", -ENOMEM);
}

/* What was restored is no event. */
static bool start_events(struct agent *agent)
{
        struct events_config events = events_config(agent);

        agent->journal = journal_new(agent->store, agent->loop, agent->settings.event_table_size);
        if (agent->journal)
                agent->events = events_new(agent->store, agent->loop, agent->journal, &events);
        return agent->events || failed("keeping", "a journal", -ENOMEM);
}

/* Rows first, then snmpd: what is registered is there to be asked for. */
static bool start(struct agent *agent)
{
        const struct opener_paths paths = { .vici_socket = agent->settings.vici_socket,
                                            .whack = agent->settings.whack_command };
        int err;

        if (!open_recordings(agent))
                return false;
        agent->self = self_new(agent->store, agent->loop);
        agent->handler = handler_new(agent->store, agent->loop);
        if (!agent->self || !add_joins(agent) || !agent->handler)
                return failed("registering", "the tables", -ENOMEM);
        err = agentx_shortcut_install(agent->handler);
        if (err == 0)
                err = watch_signals(agent);
        if (err < 0)
                return failed("preparing for", "snmpd and signals", err);
        snmp_agent_read();
        if (!may_listen(agent) || !start_joins(agent))
                return false;
        if (!snmp_agent_open(&agent->options)) {
                snmp_log(LOG_ERR, "%s cannot be opened for SNMP\n", agent->options.standalone);
                return false;
        }
        /* The opener keeps what is given up here. */
        agent->opener = opener_start(agent->loop, &paths);
        if (!agent->opener)
                return failed("starting", "the opener", -errno);
        if (!agent->replay)
                state_file_make_folder(agent->settings.state_file, agent->options.user);
        return drop_privileges(agent) && start_state(agent) && start_events(agent) &&
               start_collectors(agent);
}

static void stop(struct agent *agent)
{
        state_flush(agent->state);
        state_free(agent->state);
        for (size_t i = 0; i < agent->n_collectors; i++)
                agent->collectors[i]->ops->free(agent->collectors[i]);
        opener_stop(agent->opener);
        replay_free(agent->replay);
        recording_free(agent->recording);
        handler_free(agent->handler);
        snmp_agent_stop();
        ike_sas_free(agent->ike_sas);
        rule_owners_free(agent->rule_owners);
        sa_owners_free(agent->sa_owners);
        protection_free(agent->protection);
        bypasses_free(agent->bypasses);
        directions_free(agent->directions);
        events_free(agent->events);
        journal_free(agent->journal);
        tunnel_gauges_free(agent->tunnel_gauges);
        tunnels_free(agent->tunnels);
        weak_free(agent->weak);
        overdue_free(agent->overdue);
        totals_free(agent->totals);
        flow_verdicts_free(agent->verdicts);
        rules_free(agent->rules);
        self_free(agent->self);
        store_free(agent->store);
        event_loop_free(agent->loop);
        settings_free(&agent->settings);
}

static int run(struct agent *agent)
{
        if (!start(agent))
                return EXIT_FAILURE;
        snmp_log(LOG_NOTICE, "ipsec-reportd %s started\n", PACKAGE_VERSION);
        if (!agent->options.foreground && !agent->options.logging)
                snmp_disable_stderrlog();
        background_ready(agent->parent);
        sd_notify_send("READY=1");
        while (!agent->ending)
                agent_check_and_process(1);
        sd_notify_send("STOPPING=1");
        snmp_log(LOG_NOTICE, "ipsec-reportd ended\n");
        return EXIT_SUCCESS;
}

/* -t: reads everything, opens nothing. */
static int check_configuration(void)
{
        snmp_agent_read();
        if (settings_complaints() > 0)
                return EXIT_FAILURE;
        puts("the configuration is in order");
        return EXIT_SUCCESS;
}

static bool readable(const struct options *options)
{
        char file[PATH_MAX];
        int err = config_files_check(options, file);

        if (err < 0)
                fprintf(stderr, "ipsec-reportd: the configuration %s cannot be read: %s\n", file,
                        strerror(-err));
        return err == 0;
}

static void choose_logging(const struct options *options)
{
        if (options->logging)
                return;
        snmp_enable_stderrlog(); /* in the background: until it has started */
        if (!options->foreground && !options->check)
                snmp_enable_syslog_ident("ipsec-reportd", LOG_DAEMON);
}

int main(int argc, char **argv)
{
        struct agent agent = { .signals = -1, .parent = -1 };
        int status;

        /* The module's text is for managers; nothing here needs it, and Net-SNMP would look for it.
         */
        setenv("MIBS", "", 1);
        options_read(&agent.options, argc, argv);
        if (!readable(&agent.options))
                return EXIT_FAILURE;
        choose_logging(&agent.options);
        privileges_forbid_core_dumps();
        if (!agent.options.foreground && !agent.options.check) {
                agent.parent = background_enter();
                if (agent.parent < 0)
                        return EXIT_FAILURE;
        }
        if (!prepare(&agent))
                return EXIT_FAILURE;
        status = agent.options.check ? check_configuration() : run(&agent);
        stop(&agent);
        return status;
}
