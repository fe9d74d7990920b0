/* -summary on terminals of any width, and again and again: what is cut, what is colored, rates. */
#include "cli/report.h"
#include "suite.h"
#include "tables/tunnel.h"

#include <stdlib.h>
#include <string.h>

static const struct moment now = { .wall = 1795510800, .monotonic = 5000000, .snmp_start = 1 };

static struct rows *tunnels, *before;
static const struct rows *earlier[1];
static char *text;

static void setup(void)
{
        tunnels = rows_new(&tunnel_type);
        before = rows_new(&tunnel_type);
        earlier[0] = before;
        text = NULL;
}

static void teardown(void)
{
        rows_free(tunnels);
        rows_free(before);
        free(text);
}

static struct tunnel tunnel(const char *child)
{
        struct tunnel row = {
                .policy_key = "gw",
                .child_key = child,
                .instance = 1,
                .name = child,
                .state = TUNNEL_UP,
                .since = now.wall - 60,
                .rekey = now.wall + 600,
                .encryption = "AES128-GCM-16",
                .discontinuity = 1000,
        };

        ck_assert(inet_addr_parse(&row.remote, "192.0.2.2", 9));
        return row;
}

static void add(const char *name, uint8_t state)
{
        struct tunnel row = tunnel(name);

        row.state = state;
        ck_assert_int_eq(rows_add(tunnels, &row), 0);
}

static const char *print(const struct look *look)
{
        const struct rows *parts[] = { tunnels };
        size_t size;
        FILE *file;

        free(text);
        file = open_memstream(&text, &size);
        ck_assert_int_eq(report_summary.print_look(file, parts, &now, false, look), 0);
        fclose(file);
        return text;
}

static size_t longest_line(void)
{
        size_t longest = 0;

        for (const char *at = text; *at; at += strcspn(at, "\n") + 1)
                if (strcspn(at, "\n") > longest)
                        longest = strcspn(at, "\n");
        return longest;
}

START_TEST(narrow)
{
        struct look look = { .rates = false };
        bool rates[] = { false, true };

        add("a-very-long-name-of-a-gateway/and-of-the-network-behind-it", TUNNEL_UP);
        add("short", TUNNEL_DOWN);
        ck_assert(strstr(print(&look), "/and-of-the-network-behind-it  192.0.2.2"));
        for (size_t i = 0; i < 2; i++) {
                look.rates = rates[i];
                for (look.width = 200; look.width >= 24; look.width--) {
                        print(&look);
                        ck_assert_msg(longest_line() <= look.width, "%zu in %zu:\n%s",
                                      longest_line(), look.width, text);
                        ck_assert(strstr(text, "short ") && strstr(text, "down"));
                }
        }
        look = (struct look){ .width = 80 };
        print(&look);
        ck_assert(strstr(text, "~  192.0.2.2") && strstr(text, "SINCE") && strstr(text, "OUT"));
        ck_assert(!strstr(text, "ENCRYPTION"));
        look.rates = true;
        print(&look);
        ck_assert(strstr(text, "PKT OUT/S") && strstr(text, "192.0.2.2"));
        /* Nothing is cut where there is room. */
        look.width = 200;
        ck_assert(!strchr(print(&look), '~'));
}
END_TEST

START_TEST(colored)
{
        struct look look = { .color = true };
        char plain[4096];
        size_t n = 0;

        add("one", TUNNEL_UP);
        add("two", TUNNEL_DOWN);
        add("three", TUNNEL_IDLE);
        add("four", TUNNEL_CONNECTING);
        print(&look);
        ck_assert(strstr(text, COLOR_GOOD "up" COLOR_END) &&
                  strstr(text, COLOR_BAD "down" COLOR_END));
        ck_assert(strstr(text, COLOR_DOUBTFUL "connecting" COLOR_END));
        ck_assert(strstr(text, "  idle  "));
        /* Without the codes it is what it is without color. */
        for (const char *at = text; *at; at++) {
                if (*at == '\033')
                        at = strchr(at, 'm');
                else
                        plain[n++] = *at;
        }
        plain[n] = '\0';
        look.color = false;
        ck_assert_str_eq(print(&look), plain);
}
END_TEST

static void change(struct tunnel *row, uint64_t octets, uint64_t packets)
{
        row->octets_in += octets;
        row->packets_out += packets;
}

START_TEST(rates)
{
        struct look look = { .rates = true, .before = earlier, .seconds = 2 };
        struct tunnel steady = tunnel("steady"), restarted = tunnel("restarted");
        struct tunnel fallen = tunnel("fallen"), new = tunnel("new");

        steady.octets_in = fallen.octets_in = 1000;
        ck_assert_int_eq(rows_add(before, &fallen), 0);
        ck_assert_int_eq(rows_add(before, &restarted), 0);
        ck_assert_int_eq(rows_add(before, &steady), 0);
        change(&steady, 3000, 5);
        steady.discontinuity += 40; /* as another reading of the uptime has it */
        change(&restarted, 5000, 1);
        restarted.discontinuity = 4999000;
        fallen.octets_in = 999;
        rows_add(tunnels, &new);
        rows_add(tunnels, &steady);
        rows_add(tunnels, &restarted);
        rows_add(tunnels, &fallen);
        print(&look);
        ck_assert(strstr(text, "steady     192.0.2.2   up        1m      AES128-GCM-16   1.5 kB  "
                               "0 B     0         2.5 "));
        ck_assert(strstr(text, "restarted  192.0.2.2   up        1m      AES128-GCM-16   -       "
                               "-       -         - "));
        ck_assert(strstr(text,
                         "fallen     192.0.2.2   up        1m      AES128-GCM-16   -       0 B"));
        ck_assert(
                strstr(text, "new        192.0.2.2   up        1m      AES128-GCM-16   -       -"));
        look.before = NULL;
        ck_assert(strstr(print(&look),
                         "steady     192.0.2.2   up        1m      AES128-GCM-16   - "));
}
END_TEST

int main(void)
{
        TCase *tcase = tcase_create("summary");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, narrow);
        tcase_add_test(tcase, colored);
        tcase_add_test(tcase, rates);
        return run_suite("cli summary", tcase);
}
