#include "config.h"

#include "check.h"

#include "columns.h"
#include "complain.h"
#include "error_rate.h"
#include "peer.h"
#include "reading.h"
#include "tables/certificate.h"
#include "tables/global_scalars.h"
#include "tables/tunnel.h"
#include "text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { SECONDS_A_DAY = 86400 };

/* What has thresholds. A label is the metric's name. */
static const struct metric {
        const char *name;
        const char *unit;    /* of the plugin guidelines */
        const char *warning; /* by default; NULL none */
        const char *critical;
        const char *help; /* what the number is */
} metrics[CHECK_METRICS] = {
        [CHECK_DOWN] = { "down", "", NULL, "0", "tunnels that ought to be up and are not" },
        [CHECK_CONNECTING] = { "connecting", "", "0", NULL, "tunnels that are coming up" },
        [CHECK_UP] = { "up", "", NULL, NULL, "tunnels that are up" },
        [CHECK_EXPIRY] = { "expiry", "s", NULL, NULL, "seconds until the first of them expires" },
        [CHECK_CERTIFICATE] = { "certificate", "", "30:", "7:", "days until the first one ends" },
        [CHECK_ERRORS] = { "errors", "", NULL, NULL, "packets per second that failed" },
        [CHECK_SOURCES] = { "sources", "", "0", NULL, "sources of the agent that are not well" },
};

/* What was read, and what it comes to. */
struct check {
        const struct check_options *options;
        const struct filter *filter;
        const struct agent_scalars *agent;
        struct session *session;
        bool verbose;
        struct moment now;
        struct rows *tunnels;
        struct rows *certificates;
        struct rows *collectors;
        struct rows *global;
        double values[CHECK_METRICS];
        bool known[CHECK_METRICS];
        size_t n_tunnels; /* templates are none */
        size_t n_idle;
        uint64_t octets_in;
        uint64_t octets_out;
        uint64_t error_packets;
        enum check_status status;
        FILE *lines; /* what comes below */
};

/* ---- thresholds ---- */

void check_defaults(struct check_options *options)
{
        *options = (struct check_options){ 0 };
        for (size_t i = 0; i < CHECK_METRICS; i++) {
                if (metrics[i].warning)
                        range_parse(&options->warning[i], metrics[i].warning);
                if (metrics[i].critical)
                        range_parse(&options->critical[i], metrics[i].critical);
        }
}

int check_set_threshold(struct range thresholds[CHECK_METRICS], const char *text)
{
        const char *equals = strchr(text, '=');
        size_t length = equals ? (size_t)(equals - text) : strlen(text);

        for (size_t i = 0; equals && i < CHECK_METRICS; i++) {
                if (strlen(metrics[i].name) != length ||
                    strncmp(metrics[i].name, text, length) != 0)
                        continue;
                if (range_parse(&thresholds[i], equals + 1) == 0)
                        return 0;
                complain("'%s' is no range: say [@]start:end, as in 10, 10:, ~:10 or @5:10",
                         equals + 1);
                return -EINVAL;
        }
        complain("'%s' is no threshold: say down=0, expiry=300: or another of -help", text);
        return -EINVAL;
}

void check_print_metrics(FILE *file)
{
        for (size_t i = 0; i < CHECK_METRICS; i++)
                fprintf(file, "  %-13s%s%s%s%s%s\n", metrics[i].name, metrics[i].help,
                        metrics[i].warning ? "; -warning " : "",
                        metrics[i].warning ? metrics[i].warning : "",
                        metrics[i].critical ? "; -critical " : "",
                        metrics[i].critical ? metrics[i].critical : "");
}

/* ---- reading ---- */

static const uint16_t tunnel_members[] = {
        NEEDS(struct tunnel, name),
        NEEDS(struct tunnel, remote),
        NEEDS(struct tunnel, state),
        NEEDS(struct tunnel, since),
        NEEDS(struct tunnel, down_reason),
        NEEDS(struct tunnel, hard_expiry),
        NEEDS(struct tunnel, octets_in),
        NEEDS(struct tunnel, octets_out),
        NEEDS(struct tunnel, replay_window_errors),
        NEEDS(struct tunnel, replay_errors),
        NEEDS(struct tunnel, integrity_errors),
};

static const uint16_t certificate_members[] = {
        NEEDS(struct certificate, subject),
        NEEDS(struct certificate, not_after),
        NEEDS(struct certificate, kind),
};

static const uint16_t collector_members[] = {
        NEEDS(struct collector_row, state),        NEEDS(struct collector_row, name),
        NEEDS(struct collector_row, last_success), NEEDS(struct collector_row, polls),
        NEEDS(struct collector_row, last_error),
};

static const uint16_t global_members[] = {
        NEEDS(struct global_scalars, totals.octets_in),
        NEEDS(struct global_scalars, totals.octets_out),
        NEEDS(struct global_scalars, totals.integrity_failures),
        NEEDS(struct global_scalars, totals.replay_failures),
        NEEDS(struct global_scalars, totals.no_sa_drops),
};

#define MEMBERS(array) (array), sizeof(array) / sizeof((array)[0])

/* Certificates have no peer: with one asked for they are not looked at. */
static bool wants_certificates(const struct check *c)
{
        return !(c->filter->given & FILTER_PEER);
}

static int read_all(struct check *c)
{
        int err = peer_check_sources(c->session, c->agent, NULL, 0);

        if (err == 0)
                err = read_rows(c->session, &tunnel_type, MEMBERS(tunnel_members), c->filter,
                                &c->tunnels, &c->now);
        if (err == 0 && wants_certificates(c))
                err = read_rows(c->session, &certificate_type, MEMBERS(certificate_members),
                                c->filter, &c->certificates, &c->now);
        if (err == 0 && !c->filter->given)
                err = read_rows(c->session, &global_scalars_type, MEMBERS(global_members), NULL,
                                &c->global, &c->now);
        /* Last, since there are some: so the moment is set. */
        if (err == 0)
                err = read_rows(c->session, &collector_row_type, MEMBERS(collector_members), NULL,
                                &c->collectors, &c->now);
        return err;
}

/* ---- what it comes to ---- */

static void add(struct check *c, enum check_metric metric, double value)
{
        c->values[metric] += value;
        c->known[metric] = true;
}

static void lower(struct check *c, enum check_metric metric, double value)
{
        if (!c->known[metric] || value < c->values[metric])
                c->values[metric] = value;
        c->known[metric] = true;
}

static bool is_up(const struct tunnel *t)
{
        return t->state == TUNNEL_UP || t->state == TUNNEL_REKEYING ||
               t->state == TUNNEL_NOT_CONFIGURED;
}

static bool same_text(const char *a, const char *b)
{
        return a && b && strcmp(a, b) == 0;
}

/* A template's counters have those of its peers, who come behind it. */
static bool is_counted(const struct tunnel *t, const struct tunnel *template)
{
        return !template || !same_text(t->policy_key, template->policy_key) ||
               !same_text(t->child_key, template->child_key);
}

static void count_traffic(struct check *c, const struct tunnel *t)
{
        c->octets_in += t->octets_in;
        c->octets_out += t->octets_out;
        c->error_packets += t->replay_window_errors + t->replay_errors + t->integrity_errors;
}

static void count_tunnel(struct check *c, const struct tunnel *t)
{
        c->n_tunnels++;
        c->n_idle += t->state == TUNNEL_IDLE;
        add(c, CHECK_UP, is_up(t));
        add(c, CHECK_DOWN, t->state == TUNNEL_DOWN);
        add(c, CHECK_CONNECTING, t->state == TUNNEL_CONNECTING);
        if (is_up(t) && t->hard_expiry != 0) {
                int64_t left = t->hard_expiry - c->now.wall;

                lower(c, CHECK_EXPIRY, left > 0 ? (double)left : 0);
        }
}

static void count_tunnels(struct check *c)
{
        const struct tunnel *template = NULL;

        c->known[CHECK_UP] = c->known[CHECK_DOWN] = c->known[CHECK_CONNECTING] = true;
        for (size_t i = 0; i < rows_count(c->tunnels); i++) {
                const struct tunnel *t = rows_at(c->tunnels, i);

                if (is_counted(t, template))
                        count_traffic(c, t);
                if (t->instance == TUNNEL_TEMPLATE)
                        template = t;
                else
                        count_tunnel(c, t);
        }
}

/* What is not of tunnels, too: packets that no SA was for. */
static void count_global(struct check *c)
{
        const struct global_scalars *global;

        if (!c->global || rows_count(c->global) == 0)
                return;
        global = rows_at(c->global, 0);
        c->octets_in = global->totals.octets_in;
        c->octets_out = global->totals.octets_out;
        c->error_packets = global->totals.integrity_failures + global->totals.replay_failures +
                           global->totals.no_sa_drops;
}

/* Revocation lists end all the time, and are renewed by themselves. */
static bool has_end(const struct certificate *certificate)
{
        return certificate->not_after != 0 && certificate->kind != CERTIFICATE_CRL &&
               certificate->kind != CERTIFICATE_PUBLIC_KEY;
}

/* A part of a day is a day, as in the MIB. */
static double days_left(const struct check *c, const struct certificate *certificate)
{
        int64_t left = certificate->not_after - c->now.wall;

        return left > 0 ? (double)((left + SECONDS_A_DAY - 1) / SECONDS_A_DAY) : 0;
}

static void count_certificates(struct check *c)
{
        for (size_t i = 0; c->certificates && i < rows_count(c->certificates); i++) {
                const struct certificate *certificate = rows_at(c->certificates, i);

                if (has_end(certificate))
                        lower(c, CHECK_CERTIFICATE, days_left(c, certificate));
        }
}

static bool is_overdue(const struct check *c, const struct collector_row *row)
{
        return row->state == COLLECTOR_UP && row->last_success != 0 &&
               peer_is_overdue(c->now.wall - row->last_success, c->now.wall - c->agent->start_time,
                               row->polls);
}

/* What nobody wants or has, or what nobody asks for now, is well. */
static bool is_well(const struct check *c, const struct collector_row *row)
{
        return row->state == COLLECTOR_DISABLED || row->state == COLLECTOR_UNSUPPORTED ||
               row->state == COLLECTOR_IDLE || (row->state == COLLECTOR_UP && !is_overdue(c, row));
}

static void count_collectors(struct check *c)
{
        for (size_t i = 0; i < rows_count(c->collectors); i++)
                add(c, CHECK_SOURCES, !is_well(c, rows_at(c->collectors, i)));
}

/* The rate since the check before, which left its counter in a file. */
static int count_errors(struct check *c)
{
        double rate;
        int err;

        if (!c->options->state)
                return 0;
        err = error_rate(c->options->state, session_address(c->session), c->filter,
                         c->error_packets, &rate);
        if (err > 0)
                add(c, CHECK_ERRORS, rate);
        return err < 0 ? err : 0;
}

static enum check_status judge(const struct check *c, size_t metric)
{
        if (!c->known[metric])
                return CHECK_OK;
        if (range_alerts(&c->options->critical[metric], c->values[metric]))
                return CHECK_CRITICAL;
        return range_alerts(&c->options->warning[metric], c->values[metric]) ? CHECK_WARNING
                                                                             : CHECK_OK;
}

/* ---- printing: '|' would begin the performance data ---- */

static void put(FILE *file, const char *text)
{
        char escaped[TEXT_ESCAPED_SIZE];

        text_escape(text ? text : "", escaped);
        for (char *at = escaped; *at; at++)
                if (*at == '|')
                        *at = '/';
        fputs(escaped, file);
}

static void print_tunnel(struct check *c, const struct tunnel *t)
{
        const char *reason = label_of(event_reasons, label_known(event_reasons, t->down_reason));
        char address[INET_ADDR_TEXT_SIZE], duration[TEXT_DATE_SIZE];

        put(c->lines, t->name);
        if (inet_addr_text(&t->remote, address) > 0)
                fprintf(c->lines, " (%s)", address);
        fprintf(c->lines, " is %s", label_of(tunnel_states, label_known(tunnel_states, t->state)));
        if (t->since != 0) {
                text_duration(c->now.wall - t->since, duration);
                fprintf(c->lines, " for %s", duration);
        }
        if (!is_up(t) && t->down_reason != 0 && t->down_reason != REASON_NONE &&
            t->down_reason != REASON_UNKNOWN)
                fprintf(c->lines, ": %s", reason);
        fputs("\n", c->lines);
}

/* Those that are to blame, and all with -verbose. */
static void print_tunnels(struct check *c)
{
        for (size_t i = 0; i < rows_count(c->tunnels); i++) {
                const struct tunnel *t = rows_at(c->tunnels, i);
                bool blamed = t->state == TUNNEL_DOWN || t->state == TUNNEL_CONNECTING;

                if (t->instance != TUNNEL_TEMPLATE && (blamed || c->verbose))
                        print_tunnel(c, t);
        }
}

static void print_certificates(struct check *c)
{
        for (size_t i = 0; c->certificates && i < rows_count(c->certificates); i++) {
                const struct certificate *certificate = rows_at(c->certificates, i);
                double days = has_end(certificate) ? days_left(c, certificate) : 0;

                if (!has_end(certificate) ||
                    (!c->verbose && !range_alerts(&c->options->warning[CHECK_CERTIFICATE], days) &&
                     !range_alerts(&c->options->critical[CHECK_CERTIFICATE], days)))
                        continue;
                fputs("certificate ", c->lines);
                put(c->lines, certificate->subject);
                if (days > 0)
                        fprintf(c->lines, " ends in %.0f %s\n", days, days == 1 ? "day" : "days");
                else
                        fputs(" has ended\n", c->lines);
        }
}

static void print_collectors(struct check *c)
{
        for (size_t i = 0; i < rows_count(c->collectors); i++) {
                const struct collector_row *row = rows_at(c->collectors, i);

                if (is_well(c, row))
                        continue;
                put(c->lines, row->name ? row->name : row->key);
                fprintf(c->lines, " is %s",
                        is_overdue(c, row) ? "overdue"
                                           : label_of(collector_states,
                                                      label_known(collector_states, row->state)));
                if (row->last_error && *row->last_error) {
                        fputs(": ", c->lines);
                        put(c->lines, row->last_error);
                }
                fputs("\n", c->lines);
        }
}

static const char *tunnels_word(size_t n)
{
        return n == 1 ? "tunnel" : "tunnels";
}

static void print_metric(FILE *file, const struct check *c, size_t metric, const char *before)
{
        double value = c->values[metric];

        fputs(before, file);
        switch (metric) {
        case CHECK_DOWN:
        case CHECK_CONNECTING:
        case CHECK_UP:
                fprintf(file, "%.0f of %zu %s %s", value, c->n_tunnels, tunnels_word(c->n_tunnels),
                        metrics[metric].name);
                break;
        case CHECK_EXPIRY:
                fprintf(file, "SAs expire in %.0f s", value);
                break;
        case CHECK_CERTIFICATE:
                if (value > 0)
                        fprintf(file, "a certificate ends in %.0f %s", value,
                                value == 1 ? "day" : "days");
                else
                        fputs("a certificate has ended", file);
                break;
        case CHECK_ERRORS:
                fprintf(file, "%.3g packets failed per second", value);
                break;
        default:
                fprintf(file, "%.0f %s not well", value, value == 1 ? "source is" : "sources are");
                break;
        }
}

/* What is to blame, the worst first; else how many tunnels are up. */
static void print_text(FILE *file, const struct check *c)
{
        const char *before = "";

        for (int status = CHECK_CRITICAL; status > CHECK_OK; status--) {
                for (size_t i = 0; i < CHECK_METRICS; i++) {
                        if ((int)judge(c, i) != status)
                                continue;
                        print_metric(file, c, i, before);
                        before = ", ";
                }
        }
        if (*before)
                return;
        fprintf(file, "%.0f %s up", c->values[CHECK_UP], tunnels_word((size_t)c->values[CHECK_UP]));
        if (c->n_idle > 0)
                fprintf(file, ", %zu idle", c->n_idle);
}

static void print_number(FILE *file, double value)
{
        char text[64];
        size_t n = (size_t)snprintf(text, sizeof(text), "%.3f", value);

        while (n > 0 && text[n - 1] == '0')
                text[--n] = '\0';
        if (n > 0 && text[n - 1] == '.')
                text[--n] = '\0';
        fputs(text, file);
}

static const char *threshold(const struct range *range)
{
        return range->text ? range->text : "";
}

static void print_performance(FILE *file, const struct check *c)
{
        for (size_t i = 0; i < CHECK_METRICS; i++) {
                if (!c->known[i])
                        continue;
                fprintf(file, " %s=", metrics[i].name);
                print_number(file, c->values[i]);
                fprintf(file, "%s;%s;%s;0", metrics[i].unit, threshold(&c->options->warning[i]),
                        threshold(&c->options->critical[i]));
                if (i <= CHECK_UP)
                        fprintf(file, ";%zu", c->n_tunnels);
        }
        fprintf(file, " idle=%zu;;;0;%zu error_packets=%lluc;;;0 octets_in=%lluc;;;0 ", c->n_idle,
                c->n_tunnels, (unsigned long long)c->error_packets,
                (unsigned long long)c->octets_in);
        fprintf(file, "octets_out=%lluc;;;0", (unsigned long long)c->octets_out);
}

static const char *status_word(int status)
{
        static const char *const words[] = { "OK", "WARNING", "CRITICAL", "UNKNOWN" };

        return words[status];
}

static int evaluate(struct check *c)
{
        int err;

        count_tunnels(c);
        count_global(c);
        count_certificates(c);
        count_collectors(c);
        err = count_errors(c);
        for (size_t i = 0; i < CHECK_METRICS; i++)
                if (judge(c, i) > c->status)
                        c->status = judge(c, i);
        return err;
}

static void print_check(FILE *file, struct check *c)
{
        fprintf(file, "IPSEC %s - ", status_word((int)c->status));
        print_text(file, c);
        fputs(" |", file);
        print_performance(file, c);
        fputs("\n", file);
        c->lines = file;
        print_tunnels(c);
        print_certificates(c);
        print_collectors(c);
        if (c->options->state && !c->known[CHECK_ERRORS])
                fputs("the rate of errors is known from the next check on\n", file);
}

static void free_check(struct check *c)
{
        rows_free(c->tunnels);
        rows_free(c->certificates);
        rows_free(c->collectors);
        rows_free(c->global);
}

int check_run(struct session *session, const struct agent_scalars *agent,
              const struct check_options *options, const struct filter *filter, bool verbose,
              FILE *file)
{
        struct check c = { .options = options,
                           .filter = filter,
                           .agent = agent,
                           .session = session,
                           .verbose = verbose };
        int err = read_all(&c);

        if (err == 0 && filter->given && rows_count(c.tunnels) == 0) {
                complain("no tunnel is such a one: see ipsec_report -summary");
                err = -ENOENT;
        }
        if (err == 0)
                err = evaluate(&c);
        if (err == 0)
                print_check(file, &c);
        free_check(&c);
        return err < 0 ? err : (int)c.status;
}

void check_print_failure(FILE *file, const char *reasons)
{
        fprintf(file, "IPSEC %s - ", status_word(CHECK_UNKNOWN));
        for (const char *at = reasons; *at; at++)
                fputc(*at == '|' ? '/' : *at, file);
        if (*reasons == '\0')
                fputs("it ended without a word\n", file);
}
