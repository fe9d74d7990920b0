/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A lean SNMPv2c load client for the bench: asks over UDP, one request in flight, and prints how
 * many variables came per second. It keeps names as the octets that came, so that what is measured
 * is the agent and not the client. Kinds of requests: bulk  GETBULK of all columns side by side,
 * REPETITIONS rows each, from the first row to the last get   GET of all columns of REPETITIONS
 * rows, from a row chosen at random next  GETNEXT of the first column alone, from a row chosen at
 * random get and next take the rows to be numbered from 1 to ROWS, without gaps.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
        BER_INTEGER = 0x02,
        BER_OCTETS = 0x04,
        BER_OID = 0x06,
        BER_SEQUENCE = 0x30,
        PDU_GET = 0xa0,
        PDU_GETNEXT = 0xa1,
        PDU_RESPONSE = 0xa2,
        PDU_GETBULK = 0xa5,
        NO_SUCH_OBJECT = 0x80,
        END_OF_MIB_VIEW = 0x82
};

enum {
        MAX_COLUMNS = 128,
        MAX_NAMES = 2048,
        NAME_OCTETS = 255,
        MESSAGE = 65536,
        MAX_SAMPLES = 1 << 21
};

/* An object identifier as in BER, without tag and length. */
struct name {
        size_t length;
        uint8_t octets[NAME_OCTETS];
};

struct span {
        const uint8_t *at;
        const uint8_t *end;
};

struct writer {
        uint8_t *at;
        uint8_t *end;
};

static struct {
        const char *community;
        const char *entry;
        const char *columns;
        uint32_t port;
        uint32_t repetitions;
        uint32_t rows;
        double seconds;
} options = { "public", "1.3.6.1.4.1.8072.9999.9999.4301.1.5.1", "2", 161, 1, 1, 2.0 };

static struct name columns[MAX_COLUMNS];
static size_t column_count;

static struct name names[MAX_NAMES]; /* what is asked for, and then what was answered */
static size_t name_count;

static struct {
        uint64_t variables;
        size_t requests;
        double seconds[MAX_SAMPLES];
} taken;

static int udp;

static void die(const char *what)
{
        fprintf(stderr, "walker: %s\n", what);
        exit(1);
}

static double now(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* ---- names ---- */

static void append_subid(struct name *name, uint32_t subid)
{
        int shift = 28;

        if (name->length + 5 > NAME_OCTETS) {
                die("the OID is too long");
        }
        while (shift > 0 && subid >> shift == 0) {
                shift -= 7;
        }
        for (; shift > 0; shift -= 7) {
                name->octets[name->length++] = (uint8_t)(0x80 | (subid >> shift & 0x7f));
        }
        name->octets[name->length++] = (uint8_t)(subid & 0x7f);
}

static uint32_t parse_number(const char *text, char **end)
{
        unsigned long value;

        errno = 0;
        value = strtoul(text, end, 10);
        if (*end == text || errno != 0 || value > UINT32_MAX) {
                die("a number is needed, of at most 32 bits");
        }
        return (uint32_t)value;
}

static uint32_t parse_count(const char *text)
{
        char *end;
        uint32_t value = parse_number(text, &end);

        if (*end != '\0' || value == 0) {
                die("a count of at least 1 is needed");
        }
        return value;
}

static void parse_entry(const char *text, struct name *name)
{
        char *end;
        uint32_t first;

        name->length = 0;
        first = parse_number(text + (text[0] == '.'), &end);
        if (*end != '.' || first > 2) {
                die("the entry's OID is needed as numbers with dots");
        }
        append_subid(name, first * 40 + parse_number(end + 1, &end));
        while (*end == '.') {
                append_subid(name, parse_number(end + 1, &end));
        }
        if (*end != '\0') {
                die("the entry's OID is needed as numbers with dots");
        }
}

static void parse_columns(const char *text)
{
        struct name entry;
        char *end;

        parse_entry(options.entry, &entry);
        for (;; text = end + 1) {
                if (column_count == MAX_COLUMNS) {
                        die("too many columns");
                }
                columns[column_count] = entry;
                append_subid(&columns[column_count++], parse_number(text, &end));
                if (*end != ',') {
                        break;
                }
        }
        if (*end != '\0') {
                die("columns are numbers with commas");
        }
}

static bool in_column(const struct name *name, const struct name *column)
{
        return name->length > column->length &&
               memcmp(name->octets, column->octets, column->length) == 0;
}

/* ---- requests: every length of a sequence takes three octets, so that it can be filled in later
 * ---- */

static uint8_t *grow(struct writer *out, size_t length)
{
        uint8_t *p = out->at;

        if ((size_t)(out->end - p) < length) {
                die("the request is too long");
        }
        out->at += length;
        return p;
}

static uint8_t *begin(struct writer *out, uint8_t tag)
{
        uint8_t *p = grow(out, 4);

        p[0] = tag;
        p[1] = 0x82;
        return p;
}

static void finish(const struct writer *out, uint8_t *sequence)
{
        size_t length = (size_t)(out->at - sequence) - 4;

        sequence[2] = (uint8_t)(length >> 8);
        sequence[3] = (uint8_t)length;
}

static void put_integer(struct writer *out, uint32_t value)
{
        uint8_t *p = grow(out, 6);

        p[0] = BER_INTEGER;
        p[1] = 4;
        p[2] = (uint8_t)(value >> 24);
        p[3] = (uint8_t)(value >> 16);
        p[4] = (uint8_t)(value >> 8);
        p[5] = (uint8_t)value;
}

static void put_community(struct writer *out)
{
        size_t length = strlen(options.community);
        uint8_t *p;

        if (length > 127) {
                die("the community is too long");
        }
        p = grow(out, 2 + length);
        p[0] = BER_OCTETS;
        p[1] = (uint8_t)length;
        memcpy(p + 2, options.community, length);
}

static void put_variable(struct writer *out, const struct name *name)
{
        uint8_t *binding = begin(out, BER_SEQUENCE);
        uint8_t *p = grow(out, 3 + name->length + 2);

        p[0] = BER_OID;
        p[1] = 0x81;
        p[2] = (uint8_t)name->length;
        memcpy(p + 3, name->octets, name->length);
        p += 3 + name->length;
        p[0] = 0x05; /* NULL */
        p[1] = 0;
        finish(out, binding);
}

static size_t put_request(uint8_t *message, size_t size, uint8_t type, uint32_t id, size_t count)
{
        struct writer out = { message, message + size };
        uint8_t *whole = begin(&out, BER_SEQUENCE);
        uint8_t *pdu;
        uint8_t *list;

        put_integer(&out, 1); /* SNMPv2c */
        put_community(&out);
        pdu = begin(&out, type);
        put_integer(&out, id);
        put_integer(&out, 0);
        put_integer(&out, type == PDU_GETBULK ? options.repetitions : 0);
        list = begin(&out, BER_SEQUENCE);
        for (size_t i = 0; i < count; i++) {
                put_variable(&out, &names[i]);
        }
        finish(&out, list);
        finish(&out, pdu);
        finish(&out, whole);
        return (size_t)(out.at - message);
}

/* ---- answers ---- */

static struct span take(struct span *in, uint8_t *tag)
{
        size_t left = (size_t)(in->end - in->at);
        size_t head = 2;
        size_t length;
        struct span value;

        if (left < 2) {
                die("the answer is cut short");
        }
        *tag = in->at[0];
        length = in->at[1];
        if (length & 0x80) {
                size_t octets = length & 0x7f;

                head += octets;
                if (octets > 3 || left < head) {
                        die("the answer has a length that is none");
                }
                length = 0;
                for (size_t i = 0; i < octets; i++) {
                        length = length << 8 | in->at[2 + i];
                }
        }
        if (left - head < length) {
                die("the answer is cut short");
        }
        value.at = in->at + head;
        value.end = value.at + length;
        in->at = value.end;
        return value;
}

static struct span take_only(struct span *in, uint8_t wanted)
{
        uint8_t tag;
        struct span value = take(in, &tag);

        if (tag != wanted) {
                die("the answer is not what was asked for");
        }
        return value;
}

static uint32_t take_integer(struct span *in)
{
        struct span value = take_only(in, BER_INTEGER);
        uint32_t number = 0;

        while (value.at < value.end) {
                number = number << 8 | *value.at++;
        }
        return number;
}

/* Takes one variable: its name, and whether it has a value at all. */
static bool take_variable(struct span *in, struct name *name)
{
        struct span binding = take_only(in, BER_SEQUENCE);
        struct span octets = take_only(&binding, BER_OID);
        uint8_t tag;

        name->length = (size_t)(octets.end - octets.at);
        if (name->length > NAME_OCTETS) {
                die("the answer has a name that is too long");
        }
        memcpy(name->octets, octets.at, name->length);
        take(&binding, &tag);
        return tag < NO_SUCH_OBJECT || tag > END_OF_MIB_VIEW;
}

/* Opens the answer up to its variables; false when it answers an earlier request. */
static bool open_answer(struct span *in, uint32_t id)
{
        struct span whole = take_only(in, BER_SEQUENCE);
        struct span pdu;

        take_integer(&whole);
        take_only(&whole, BER_OCTETS);
        pdu = take_only(&whole, PDU_RESPONSE);
        if (take_integer(&pdu) != id) {
                return false;
        }
        if (take_integer(&pdu) != 0) {
                die("the agent answers with an error status");
        }
        take_integer(&pdu);
        *in = take_only(&pdu, BER_SEQUENCE);
        return true;
}

static struct span exchange(uint8_t type, size_t count)
{
        static uint8_t message[MESSAGE];
        static uint32_t id;
        size_t length = put_request(message, sizeof message, type, ++id & 0x7fffffff, count);
        struct span answer;

        if (send(udp, message, length, 0) < 0) {
                die(strerror(errno));
        }
        do {
                ssize_t got = recv(udp, message, sizeof message, 0);

                if (got < 0) {
                        die(errno == EAGAIN ? "no answer" : strerror(errno));
                }
                answer.at = message;
                answer.end = message + got;
        } while (!open_answer(&answer, id & 0x7fffffff));
        return answer;
}

/* Asks for the first COUNT names and leaves in names what came; counts what has a value. */
static size_t ask(uint8_t type, size_t count)
{
        double start = now();
        struct span answer = exchange(type, count);
        size_t values = 0;

        if (taken.requests < MAX_SAMPLES) {
                taken.seconds[taken.requests] = now() - start;
        }
        taken.requests++;
        for (name_count = 0; answer.at < answer.end; name_count++) {
                if (name_count == MAX_NAMES) {
                        die("the answer has too many variables");
                }
                values += take_variable(&answer, &names[name_count]);
        }
        return values;
}

/* ---- the kinds of requests ---- */

static void start_bulk(void)
{
        memcpy(names, columns, column_count * sizeof names[0]);
}

/* How many whole rows of the table the answer holds. */
static size_t answered_rows(void)
{
        size_t rows = 0;

        while ((rows + 1) * column_count <= name_count &&
               in_column(&names[rows * column_count], &columns[0])) {
                rows++;
        }
        return rows;
}

/* One GETBULK; the last row of the answer is where the next one goes on. */
static void step_bulk(void)
{
        static size_t rows_before;
        size_t rows;

        ask(PDU_GETBULK, column_count);
        rows = answered_rows();
        if (rows == 0 && rows_before == 0) {
                die("the table is empty");
        }
        rows_before = rows;
        taken.variables += rows * column_count;
        if (rows * column_count < name_count || rows == 0) {
                start_bulk();
        } else {
                memmove(names, names + (rows - 1) * column_count, column_count * sizeof names[0]);
        }
}

static uint32_t random_row(void)
{
        static uint32_t state = 2463534242U; /* the same rows in every run */

        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        return state % options.rows;
}

static void step_get(void)
{
        uint32_t first = random_row();
        size_t count = 0;

        for (uint32_t i = 0; i < options.repetitions; i++) {
                for (size_t c = 0; c < column_count; c++) {
                        if (count == MAX_NAMES) {
                                die("too many variables in one request");
                        }
                        names[count] = columns[c];
                        append_subid(&names[count++], (first + i) % options.rows + 1);
                }
        }
        if (ask(PDU_GET, count) != count) {
                die("a row is missing");
        }
        taken.variables += count;
}

static void step_next(void)
{
        names[0] = columns[0];
        append_subid(&names[0], random_row());
        if (ask(PDU_GETNEXT, 1) != 1 || !in_column(&names[0], &columns[0])) {
                die("a row is missing");
        }
        taken.variables++;
}

static int compare_seconds(const void *a, const void *b)
{
        double x = *(const double *)a;
        double y = *(const double *)b;

        return (x > y) - (x < y);
}

static void print_result(double seconds)
{
        size_t samples = taken.requests < MAX_SAMPLES ? taken.requests : MAX_SAMPLES;

        qsort(taken.seconds, samples, sizeof taken.seconds[0], compare_seconds);
        printf("variables %llu\n", (unsigned long long)taken.variables);
        printf("requests %zu\n", taken.requests);
        printf("seconds %.3f\n", seconds);
        printf("rate %.0f\n", (double)taken.variables / seconds);
        printf("median_us %.1f\n", taken.seconds[samples / 2] * 1e6);
        printf("p99_us %.1f\n", taken.seconds[samples * 99 / 100] * 1e6);
}

static void run(void (*step)(void))
{
        double start = now();

        do {
                step();
        } while (now() - start < options.seconds);
        print_result(now() - start);
}

static void open_udp(void)
{
        struct sockaddr_in address = { .sin_family = AF_INET,
                                       .sin_port = htons((uint16_t)options.port) };
        struct timeval patience = { .tv_sec = 5 };

        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (udp < 0 || connect(udp, (const struct sockaddr *)&address, sizeof address) < 0 ||
            setsockopt(udp, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) < 0) {
                die(strerror(errno));
        }
}

static void usage(void)
{
        fprintf(stderr, "usage: walker [-p PORT] [-c COMMUNITY] [-e ENTRY] [-C COLUMN,...]\n"
                        "              [-r REPETITIONS] [-n ROWS] [-t SECONDS] bulk|get|next\n");
        exit(1);
}

static void parse_options(int argc, char **argv)
{
        int option;

        while ((option = getopt(argc, argv, "p:c:e:C:r:n:t:")) != -1) {
                switch (option) {
                case 'p':
                        options.port = parse_count(optarg);
                        break;
                case 'c':
                        options.community = optarg;
                        break;
                case 'e':
                        options.entry = optarg;
                        break;
                case 'C':
                        options.columns = optarg;
                        break;
                case 'r':
                        options.repetitions = parse_count(optarg);
                        break;
                case 'n':
                        options.rows = parse_count(optarg);
                        break;
                case 't':
                        options.seconds = strtod(optarg, NULL);
                        break;
                default:
                        usage();
                }
        }
}

int main(int argc, char **argv)
{
        parse_options(argc, argv);
        if (optind != argc - 1 || options.port > 65535) {
                usage();
        }
        parse_columns(options.columns);
        open_udp();
        if (strcmp(argv[optind], "bulk") == 0) {
                start_bulk();
                run(step_bulk);
        } else if (strcmp(argv[optind], "get") == 0) {
                run(step_get);
        } else if (strcmp(argv[optind], "next") == 0) {
                run(step_next);
        } else {
                usage();
        }
        return 0;
}
