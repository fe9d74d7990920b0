/* ipsec-reportd: wires collectors, tables and Net-SNMP together, and waits for signals. */
#include "config.h"

#include <net-snmp/net-snmp-config.h>

#include <net-snmp/net-snmp-includes.h>

#include <net-snmp/agent/net-snmp-agent-includes.h>

#include "agentx_shortcut.h"
#include "background.h"
#include "collectors/audit.h"
#include "config_files.h"
#include "configurations.h"
#include "event_loop.h"
#include "handler.h"
#include "joins/bypasses.h"
#include "joins/certificate_users.h"
#include "joins/directions.h"
#include "joins/flow_verdicts.h"
#include "joins/ike_sas.h"
#include "joins/journal.h"
#include "joins/overdue.h"
#include "joins/protection.h"
#include "joins/rule_owners.h"
#include "joins/rules.h"
#include "joins/sa_owners.h"
#include "joins/totals.h"
#include "joins/tunnel_gauges.h"
#include "joins/weak.h"
#include "opener.h"
#include "options.h"
#include "privileges.h"
#include "sd_notify.h"
#include "self.h"
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
        struct journal *journal;
        struct journal_file *journal_file;
        struct notifier *notifier;
        struct rules *rules;
        struct directions *directions;
        struct sa_owners *sa_owners;
        struct rule_owners *rule_owners;
        struct ike_sas *ike_sas;
        struct bypasses *bypasses;
        struct protection *protection;
        struct flow_verdicts *verdicts;
        struct totals *totals;
        struct overdue *overdue;
        struct certificate_users *certificate_users;
        struct weak *weak;
        struct tunnels *tunnels;
        struct state *state;
        struct tunnel_gauges *tunnel_gauges;
        struct events *events;
        struct sources sources;
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

/* ---- the journal ---- */

static void tell_own_event(struct agent *agent, enum event_kind kind, enum severity severity,
                           const char *text)
{
        struct event event;

        memset(&event, 0, sizeof(event));
        event.kind = (uint8_t)kind;
        event.entity = ENTITY_AGENT;
        event.severity = (uint8_t)severity;
        event.reason = REASON_NONE;
        event.text = text;
        journal_tell(agent->journal, &event, NULL);
}

static void notifications_counted(void *context, uint64_t sent, uint64_t suppressed)
{
        struct agent *agent = context;
        const struct notification_totals *earlier = state_notifications(agent->state);

        self_tell_notifications(agent->self, earlier->sent + sent,
                                earlier->suppressed + suppressed);
}

static void notification_settled(void *context, uint32_t number, enum event_notification fate)
{
        const struct agent *agent = context;

        journal_file_settled(agent->journal_file, number, fate);
}

/* Before snmpd is connected to: that is the first thing to be told. */
static bool start_journal(struct agent *agent)
{
        const struct notifier_config config = notifier_config(&agent->settings);
        const struct notifier_ops ops = {
                .context = agent,
                .settled = notification_settled,
                .counted = notifications_counted,
        };
        struct journal_file_config file;
        char path[256];

        agent->journal = journal_new(agent->store, agent->loop, agent->settings.event_table_size);
        file = journal_file_config(&agent->settings, agent->options.replay != NULL, path);
        agent->journal_file = journal_file_new(agent->store, agent->loop, &file);
        if (!agent->journal || !agent->journal_file)
                return false;
        agent->notifier = notifier_new(agent->store, agent->loop, agent->journal,
                                       agent->options.standalone != NULL, &config, &ops);
        return agent->notifier != NULL;
}

static void configure_journal(struct agent *agent)
{
        const struct notifier_config config = notifier_config(&agent->settings);
        struct journal_file_config file;
        char path[256];

        file = journal_file_config(&agent->settings, agent->options.replay != NULL, path);
        journal_file_configure(agent->journal_file, &file);
        notifier_configure(agent->notifier, &config);
}

/* ---- signals ---- */

static void configure_joins(struct agent *agent)
{
        const struct word_list *weak = &agent->settings.weak_algorithms;
        struct tunnels_config tunnels = tunnels_config(&agent->settings);
        struct events_config events = events_config(&agent->settings);

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
        struct xfrm_config xfrm = xfrm_config(&agent->settings, &agent->sources);
        struct interfaces_config interfaces = interfaces_config(&agent->settings, &agent->sources);
        struct statistics_config statistics = statistics_config(&agent->settings, &agent->sources);
        struct strongswan_config strongswan = strongswan_config(&agent->settings, &agent->sources);
        struct libreswan_config libreswan = libreswan_config(&agent->settings, &agent->sources);
        struct flows_config flows = flows_config(&agent->settings, &agent->sources);

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
        configure_journal(agent);
        tell_own_event(agent, EVENT_AGENT_RELOADED, SEVERITY_INFO,
                       "The configuration was read again");
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
                agent->sources.recording = recording_new(options->record, agent->loop, &err);
                if (!agent->sources.recording)
                        return failed("recording to", options->record, err);
        }
        if (!options->replay)
                return true;
        agent->sources.replay = replay_new(options->replay, agent->loop, &err);
        if (!agent->sources.replay)
                return failed("replaying", options->replay, err);
        if (replay_recorded(agent->sources.replay) != 0)
                event_loop_set_wall(agent->loop, replay_recorded(agent->sources.replay));
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
        struct xfrm_config xfrm = xfrm_config(&agent->settings, &agent->sources);
        struct interfaces_config interfaces = interfaces_config(&agent->settings, &agent->sources);
        struct statistics_config statistics = statistics_config(&agent->settings, &agent->sources);
        struct strongswan_config strongswan = strongswan_config(&agent->settings, &agent->sources);
        struct libreswan_config libreswan = libreswan_config(&agent->settings, &agent->sources);
        struct flows_config flows = flows_config(&agent->settings, &agent->sources);
        const struct audit_config audit = { .recording = agent->sources.recording,
                                            .replay = agent->sources.replay };

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
        if (agent->sources.replay && replay_start(agent->sources.replay) < 0)
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
                                  agent->settings.audit && !agent->sources.replay);

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
        agent->certificate_users = certificate_users_new(agent->store, agent->loop);
        return agent->rules && agent->directions && agent->bypasses && agent->protection &&
               agent->sa_owners && agent->rule_owners && agent->ike_sas && agent->verdicts &&
               agent->totals && agent->certificate_users;
}

/* What needs the configuration. */
static bool start_joins(struct agent *agent)
{
        const struct word_list *weak = &agent->settings.weak_algorithms;
        struct tunnels_config tunnels = tunnels_config(&agent->settings);

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
        if (!agent->sources.replay) {
                agent->state =
                        state_new(agent->store, agent->loop, agent->tunnels, agent->totals,
                                  agent->settings.state_file, agent->settings.state_interval);
                if (!agent->state)
                        return failed("keeping", "the state", -ENOMEM);
                notifications_counted(agent, 0, 0);
        }
        agent->tunnel_gauges =
                tunnel_gauges_new(agent->store, agent->loop, state_ike_totals(agent->state));
        return agent->tunnel_gauges || failed("making", "gauges", -ENOMEM);
}

static void make_folders(const struct agent *agent)
{
        struct journal_file_config journal;
        char path[256];

        journal = journal_file_config(&agent->settings, agent->options.replay != NULL, path);
        if (!agent->sources.replay)
                state_file_make_folder(agent->settings.state_file, agent->options.user);
        if (journal.size > 0)
                state_file_make_folder(journal.path, agent->options.user);
}

/* What was restored is no event. */
static bool start_events(struct agent *agent)
{
        struct events_config events = events_config(&agent->settings);

        agent->events = events_new(agent->store, agent->loop, agent->journal, &events);
        return agent->events || failed("keeping", "what happens", -ENOMEM);
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
        if (!agent->self || !start_journal(agent) || !add_joins(agent) || !agent->handler)
                return failed("registering", "the tables", -ENOMEM);
        err = agentx_shortcut_install(agent->handler);
        if (err == 0)
                err = watch_signals(agent);
        if (err < 0)
                return failed("preparing for", "snmpd and signals", err);
        snmp_agent_read();
        configure_journal(agent);
        if (!may_listen(agent) || !start_joins(agent))
                return false;
        if (!snmp_agent_open(&agent->options)) {
                snmp_log(LOG_ERR, "%s cannot be opened for SNMP\n", agent->options.standalone);
                return false;
        }
        /* The opener keeps what is given up here. */
        agent->sources.opener = opener_start(agent->loop, &paths);
        if (!agent->sources.opener)
                return failed("starting", "the opener", -errno);
        make_folders(agent);
        return drop_privileges(agent) && start_state(agent) && start_events(agent) &&
               start_collectors(agent);
}

/* The journal ends first: rows that go with their collectors are no events. */
static void stop(struct agent *agent)
{
        notifier_end(agent->notifier);
        journal_file_end(agent->journal_file);
        state_flush(agent->state);
        state_free(agent->state);
        for (size_t i = 0; i < agent->n_collectors; i++)
                agent->collectors[i]->ops->free(agent->collectors[i]);
        opener_stop(agent->sources.opener);
        replay_free(agent->sources.replay);
        recording_free(agent->sources.recording);
        notifier_free(agent->notifier);
        journal_file_free(agent->journal_file);
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
        certificate_users_free(agent->certificate_users);
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
        tell_own_event(agent, EVENT_AGENT_STARTED, SEVERITY_INFO,
                       "ipsec-reportd " PACKAGE_VERSION " started");
        snmp_log(LOG_NOTICE, "ipsec-reportd %s started\n", PACKAGE_VERSION);
        if (!agent->options.foreground && !agent->options.logging)
                snmp_disable_stderrlog();
        background_ready(agent->parent);
        sd_notify_send("READY=1");
        while (!agent->ending)
                agent_check_and_process(1);
        sd_notify_send("STOPPING=1");
        tell_own_event(agent, EVENT_AGENT_STOPPED, SEVERITY_INFO, "ipsec-reportd ended");
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
