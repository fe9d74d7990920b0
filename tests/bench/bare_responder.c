/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A bare AgentX (RFC 2741) subagent: no SNMP library, no allocation and two system calls per PDU.
 * It serves a made-up table of ROWS x COLUMNS below OID, indexed by one Unsigned32 from 1 on. The
 * bench takes what it reaches as the most that any subagent can reach through this snmpd.
 */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
        PDU_OPEN = 1,
        PDU_CLOSE = 2,
        PDU_REGISTER = 3,
        PDU_GET = 5,
        PDU_GETNEXT = 6,
        PDU_GETBULK = 7,
        PDU_TESTSET = 8,
        PDU_COMMITSET = 9,
        PDU_UNDOSET = 10,
        PDU_RESPONSE = 18
};

enum { FLAG_CONTEXT = 0x08, FLAG_NETWORK_ORDER = 0x10 };

enum {
        TYPE_OCTETS = 4,
        TYPE_UNSIGNED = 66,
        TYPE_COUNTER64 = 70,
        NO_SUCH_OBJECT = 128,
        NO_SUCH_INSTANCE = 129,
        END_OF_MIB_VIEW = 130
};

enum {
        NO_ERROR = 0,
        GEN_ERR = 5,
        COMMIT_FAILED = 14,
        UNDO_FAILED = 15,
        NOT_WRITABLE = 17,
        PARSE_ERROR = 266
};

enum {
        HEADER = 20,
        RESULT = 8,
        MAX_SUBIDS = 128,
        MAX_RANGES = 256,
        INPUT = 1 << 16,
        OUTPUT = 1 << 18
};

struct reader {
        const uint8_t *at;
        const uint8_t *end;
        bool bad;
};

struct writer {
        uint8_t *at;
        uint8_t *end;
        bool full;
};

struct oid {
        uint32_t count;
        bool include;
        uint32_t subid[MAX_SUBIDS];
};

struct range {
        struct oid start;
        struct oid end;
};

struct cell {
        uint32_t column;
        uint32_t row;
};

static struct {
        struct oid root;
        uint32_t rows;
        uint32_t columns;
} table;

static uint32_t session;

static void die(const char *what)
{
        fprintf(stderr, "bare_responder: %s\n", what);
        exit(1);
}

static void die_errno(const char *what)
{
        fprintf(stderr, "bare_responder: %s: %s\n", what, strerror(errno));
        exit(1);
}

/* ---- numbers and names on the wire: network byte order, which the Open PDU chose ---- */

static uint32_t load32(const uint8_t *p)
{
        return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void store32(uint8_t *p, uint32_t value)
{
        p[0] = (uint8_t)(value >> 24);
        p[1] = (uint8_t)(value >> 16);
        p[2] = (uint8_t)(value >> 8);
        p[3] = (uint8_t)value;
}

static const uint8_t *take(struct reader *in, size_t length)
{
        const uint8_t *p = in->at;

        if (in->bad || (size_t)(in->end - in->at) < length) {
                in->bad = true;
                return NULL;
        }
        in->at += length;
        return p;
}

static uint32_t take32(struct reader *in)
{
        const uint8_t *p = take(in, 4);

        return p != NULL ? load32(p) : 0;
}

static void take_oid(struct reader *in, struct oid *oid)
{
        static const uint32_t internet[] = { 1, 3, 6, 1 };
        const uint8_t *head = take(in, 4);
        const uint8_t *subids;
        uint32_t prefixed;

        oid->count = 0;
        oid->include = false;
        if (head == NULL) {
                return;
        }
        prefixed = head[1] != 0 ? 5 : 0;
        subids = take(in, (size_t)head[0] * 4);
        if (subids == NULL || prefixed + head[0] > MAX_SUBIDS) {
                in->bad = true;
                return;
        }
        if (prefixed != 0) {
                memcpy(oid->subid, internet, sizeof internet);
                oid->subid[4] = head[1];
        }
        for (uint32_t i = 0; i < head[0]; i++) {
                oid->subid[prefixed + i] = load32(subids + i * 4);
        }
        oid->count = prefixed + head[0];
        oid->include = head[2] != 0;
}

static void skip_octets(struct reader *in)
{
        uint32_t length = take32(in);

        take(in, ((size_t)length + 3) & ~(size_t)3);
}

static uint8_t *grow(struct writer *out, size_t length)
{
        uint8_t *p = out->at;

        if (out->full || (size_t)(out->end - out->at) < length) {
                out->full = true;
                return NULL;
        }
        out->at += length;
        return p;
}

static void put32(struct writer *out, uint32_t value)
{
        uint8_t *p = grow(out, 4);

        if (p != NULL) {
                store32(p, value);
        }
}

static void put_octets(struct writer *out, const char *text)
{
        size_t length = strlen(text);
        size_t padded = (length + 3) & ~(size_t)3;
        uint8_t *p;

        put32(out, (uint32_t)length);
        p = grow(out, padded);
        if (p != NULL) {
                memset(p, 0, padded);
                memcpy(p, text, length);
        }
}

/* Names below internet (1.3.6.1) are sent short, as snmpd and its library do. */
static void put_oid(struct writer *out, const struct oid *oid)
{
        bool internet = oid->count >= 5 && oid->subid[0] == 1 && oid->subid[1] == 3 &&
                        oid->subid[2] == 6 && oid->subid[3] == 1 && oid->subid[4] > 0 &&
                        oid->subid[4] < 256;
        uint32_t first = internet ? 5 : 0;
        uint8_t *p = grow(out, 4 + (size_t)(oid->count - first) * 4);

        if (p == NULL) {
                return;
        }
        p[0] = (uint8_t)(oid->count - first);
        p[1] = internet ? (uint8_t)oid->subid[4] : 0;
        p[2] = 0;
        p[3] = 0;
        for (uint32_t i = first; i < oid->count; i++) {
                p += 4;
                store32(p, oid->subid[i]);
        }
}

/* ---- the table: nothing is stored, names and values follow from column and row ---- */

static int compare_subids(const struct oid *a, const struct oid *b, uint32_t count)
{
        for (uint32_t i = 0; i < count; i++) {
                if (a->subid[i] != b->subid[i]) {
                        return a->subid[i] < b->subid[i] ? -1 : 1;
                }
        }
        return 0;
}

static int compare_oid(const struct oid *a, const struct oid *b)
{
        int order = compare_subids(a, b, a->count < b->count ? a->count : b->count);

        if (order != 0 || a->count == b->count) {
                return order;
        }
        return a->count < b->count ? -1 : 1;
}

/* Where NAME lies as seen from the table: before it, in it or at its root, behind it. */
static int compare_root(const struct oid *name)
{
        if (name->count < table.root.count) {
                return compare_oid(name, &table.root);
        }
        return compare_subids(name, &table.root, table.root.count);
}

static void name_of(struct cell cell, struct oid *name)
{
        name->count = table.root.count + 2;
        name->include = false;
        memcpy(name->subid, table.root.subid, table.root.count * sizeof name->subid[0]);
        name->subid[table.root.count] = cell.column;
        name->subid[table.root.count + 1] = cell.row;
}

static bool find(const struct oid *name, struct cell *cell)
{
        uint32_t depth = table.root.count;

        if (name->count != depth + 2 || compare_root(name) != 0) {
                return false;
        }
        cell->column = name->subid[depth];
        cell->row = name->subid[depth + 1];
        return cell->column >= 1 && cell->column <= table.columns && cell->row >= 1 &&
               cell->row <= table.rows;
}

/* The first cell behind NAME, column by column; false behind the last. */
static bool find_next(const struct oid *name, struct cell *cell)
{
        uint32_t depth = table.root.count;
        int order = compare_root(name);

        *cell = (struct cell){ 1, 1 };
        if (order != 0 || name->count == depth || name->subid[depth] < 1) {
                return order <= 0;
        }
        cell->column = name->subid[depth];
        if (cell->column > table.columns) {
                return false;
        }
        if (name->count == depth + 1) {
                return true;
        }
        if (name->subid[depth + 1] < table.rows) {
                cell->row = name->subid[depth + 1] + 1;
                return true;
        }
        cell->column++;
        return cell->column <= table.columns;
}

static bool find_in_range(const struct range *range, struct cell *cell)
{
        struct oid name;

        if (!(range->start.include && find(&range->start, cell)) &&
            !find_next(&range->start, cell)) {
                return false;
        }
        name_of(*cell, &name);
        return range->end.count == 0 || compare_oid(&name, &range->end) < 0;
}

/* The columns that are text in the table of SAs are text here too, and so on: equal octets to move.
 */
static void put_value(struct writer *out, struct cell cell)
{
        switch (cell.column) {
        case 9:
        case 12:
                put_octets(out, "198.51.100.123");
                break;
        case 13:
                put_octets(out, "AES256-CBC");
                break;
        case 16:
                put_octets(out, "HMAC-SHA2-256-128");
                break;
        case 21:
                put_octets(out, "");
                break;
        case 47:
        case 48:
        case 55:
        case 56:
        case 59:
        case 60:
                put32(out, cell.column);
                put32(out, cell.row);
                break;
        default:
                put32(out, cell.row * 2654435761U + cell.column);
                break;
        }
}

static uint32_t type_of(uint32_t column)
{
        switch (column) {
        case 9:
        case 12:
        case 13:
        case 16:
        case 21:
                return TYPE_OCTETS;
        case 47:
        case 48:
        case 55:
        case 56:
        case 59:
        case 60:
                return TYPE_COUNTER64;
        default:
                return TYPE_UNSIGNED;
        }
}

static void put_cell(struct writer *out, struct cell cell)
{
        struct oid name;

        name_of(cell, &name);
        put32(out, type_of(cell.column) << 16);
        put_oid(out, &name);
        put_value(out, cell);
}

static void put_exception(struct writer *out, const struct oid *name, uint32_t type)
{
        put32(out, type << 16);
        put_oid(out, name);
}

/* ---- requests ---- */

static void take_range(struct reader *in, struct range *range)
{
        take_oid(in, &range->start);
        take_oid(in, &range->end);
}

static uint32_t exception_for(const struct oid *name)
{
        uint32_t depth = table.root.count;
        bool column = name->count > depth && compare_root(name) == 0 && name->subid[depth] >= 1 &&
                      name->subid[depth] <= table.columns;

        return column ? NO_SUCH_INSTANCE : NO_SUCH_OBJECT;
}

static void answer_get(struct reader *in, struct writer *out)
{
        struct range range;
        struct cell cell;

        while (!in->bad && in->at < in->end) {
                take_range(in, &range);
                if (find(&range.start, &cell)) {
                        put_cell(out, cell);
                } else {
                        put_exception(out, &range.start, exception_for(&range.start));
                }
        }
}

/* Answers one range and leaves its start at what was found, for the repetitions of a GetBulk. */
static bool answer_next(struct range *range, struct writer *out)
{
        struct cell cell;

        if (!find_in_range(range, &cell)) {
                put_exception(out, &range->start, END_OF_MIB_VIEW);
                return false;
        }
        put_cell(out, cell);
        name_of(cell, &range->start);
        return true;
}

static void answer_getnext(struct reader *in, struct writer *out)
{
        struct range range;

        while (!in->bad && in->at < in->end) {
                take_range(in, &range);
                answer_next(&range, out);
        }
}

static void answer_getbulk(struct reader *in, struct writer *out)
{
        static struct range ranges[MAX_RANGES];
        uint32_t counts = take32(in);
        uint32_t single = counts >> 16;
        uint32_t repetitions = counts & 0xffff;
        uint32_t count = 0;
        bool more = true;

        while (!in->bad && in->at < in->end && count < MAX_RANGES) {
                take_range(in, &ranges[count++]);
        }
        for (uint32_t i = 0; i < single && i < count; i++) {
                answer_next(&ranges[i], out);
        }
        /* RFC 2741, 7.2.3.3: a repetition that finds nothing any more is the last one. */
        for (uint32_t done = 0; done < repetitions && more && !out->full; done++) {
                more = false;
                for (uint32_t i = single; i < count; i++) {
                        more |= answer_next(&ranges[i], out);
                }
        }
}

static uint32_t answer(uint8_t type, struct reader *in, struct writer *out)
{
        switch (type) {
        case PDU_GET:
                answer_get(in, out);
                break;
        case PDU_GETNEXT:
                answer_getnext(in, out);
                break;
        case PDU_GETBULK:
                answer_getbulk(in, out);
                break;
        case PDU_TESTSET:
                return NOT_WRITABLE;
        case PDU_COMMITSET:
                return COMMIT_FAILED;
        case PDU_UNDOSET:
                return UNDO_FAILED;
        default:
                return PARSE_ERROR;
        }
        if (in->bad) {
                return PARSE_ERROR;
        }
        return out->full ? GEN_ERR : NO_ERROR;
}

/* ---- the session ---- */

static void send_all(int fd, const uint8_t *data, size_t length)
{
        while (length > 0) {
                ssize_t sent = send(fd, data, length, MSG_NOSIGNAL);

                if (sent < 0) {
                        die_errno("sending to snmpd");
                }
                data += sent;
                length -= (size_t)sent;
        }
}

static void put_header(uint8_t *pdu, uint8_t type, uint32_t transaction, uint32_t packet)
{
        pdu[0] = 1; /* version */
        pdu[1] = type;
        pdu[2] = FLAG_NETWORK_ORDER;
        pdu[3] = 0;
        store32(pdu + 4, session);
        store32(pdu + 8, transaction);
        store32(pdu + 12, packet);
}

static void respond(int fd, const uint8_t *pdu, size_t length)
{
        static uint8_t response[OUTPUT];
        struct reader in = { pdu + HEADER, pdu + length, false };
        struct writer out = { response + HEADER + RESULT, response + sizeof response, false };
        uint32_t error;

        if (pdu[2] & FLAG_CONTEXT) {
                skip_octets(&in);
        }
        error = answer(pdu[1], &in, &out);
        if (error != NO_ERROR) {
                out.at = response + HEADER + RESULT;
        }
        put_header(response, PDU_RESPONSE, load32(pdu + 8), load32(pdu + 12));
        store32(response + 4, load32(pdu + 4));
        store32(response + 16, (uint32_t)(out.at - response - HEADER));
        store32(response + HEADER, 0); /* sysUpTime: only the master's counts */
        store32(response + HEADER + 4, error << 16 | (error != NO_ERROR ? 1 : 0));
        send_all(fd, response, (size_t)(out.at - response));
}

static void handle(int fd, const uint8_t *pdu, size_t length)
{
        if (pdu[1] == PDU_CLOSE) {
                exit(0);
        }
        /* CleanupSet (11) wants no response, and a Response here is to nothing that we asked. */
        if ((pdu[1] >= PDU_GET && pdu[1] <= PDU_UNDOSET)) {
                respond(fd, pdu, length);
        }
}

/* The length of the PDU at the start of DATA, 0 while it is not there in full. */
static size_t whole_pdu(const uint8_t *data, size_t length)
{
        uint32_t payload;

        if (length < HEADER) {
                return 0;
        }
        payload = load32(data + 16);
        if (data[0] != 1 || !(data[2] & FLAG_NETWORK_ORDER) || payload > INPUT - HEADER) {
                die("a PDU that is too long, or of another version or byte order");
        }
        return length >= HEADER + payload ? HEADER + payload : 0;
}

static size_t receive(int fd, uint8_t *data, size_t space)
{
        ssize_t got = recv(fd, data, space, 0);

        if (got < 0) {
                die_errno("receiving from snmpd");
        }
        if (got == 0) {
                exit(0); /* snmpd is gone */
        }
        return (size_t)got;
}

static void serve(int fd)
{
        static uint8_t input[INPUT];
        size_t have = 0;
        size_t used;
        size_t length;

        for (;;) {
                have += receive(fd, input + have, sizeof input - have);
                for (used = 0; (length = whole_pdu(input + used, have - used)) > 0;
                     used += length) {
                        handle(fd, input + used, length);
                }
                have -= used;
                memmove(input, input + used, have);
        }
}

/* Sends an administrative PDU, waits for its response and takes the session's number from that. */
static void ask(int fd, uint8_t *pdu, struct writer *out, uint8_t type)
{
        static uint8_t reply[INPUT];
        size_t have = 0;

        if (out->full) {
                die("the OID is too long");
        }
        put_header(pdu, type, 0, type);
        store32(pdu + 16, (uint32_t)(out->at - pdu - HEADER));
        send_all(fd, pdu, (size_t)(out->at - pdu));
        do {
                have += receive(fd, reply + have, sizeof reply - have);
        } while (whole_pdu(reply, have) == 0);
        if (reply[1] != PDU_RESPONSE || have < HEADER + RESULT ||
            load32(reply + HEADER + 4) >> 16 != NO_ERROR) {
                die(type == PDU_OPEN ? "snmpd refuses the session" : "snmpd refuses the subtree");
        }
        session = load32(reply + 4);
}

static void open_session(int fd)
{
        static const struct oid null = { .count = 0 };
        uint8_t pdu[512];
        struct writer out = { pdu + HEADER, pdu + sizeof pdu, false };

        put32(&out, 0); /* the master's time-out */
        put_oid(&out, &null);
        put_octets(&out, "bare responder");
        ask(fd, pdu, &out, PDU_OPEN);
}

static void register_table(int fd)
{
        uint8_t pdu[HEADER + 4 + 4 + MAX_SUBIDS * 4];
        struct writer out = { pdu + HEADER, pdu + sizeof pdu, false };

        put32(&out, 127U << 16); /* time-out, priority, no range */
        put_oid(&out, &table.root);
        ask(fd, pdu, &out, PDU_REGISTER);
}

static int connect_to(const char *path)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (strlen(path) >= sizeof address.sun_path) {
                die("the socket's path is too long");
        }
        memcpy(address.sun_path, path, strlen(path) + 1);
        if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) < 0) {
                die_errno(path);
        }
        return fd;
}

/* ---- the command line ---- */

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

        if (*end != '\0' || value == 0 || value == UINT32_MAX) {
                die("rows and columns are counts of at least 1");
        }
        return value;
}

static void parse_oid(const char *text, struct oid *oid)
{
        char *end;

        oid->count = 0;
        text += text[0] == '.';
        do {
                if (oid->count == MAX_SUBIDS - 2) {
                        die("the OID is too long");
                }
                oid->subid[oid->count++] = parse_number(text, &end);
                text = end + 1;
        } while (*end == '.');
        if (*end != '\0') {
                die("the OID is not numeric");
        }
}

static void usage(void)
{
        fprintf(stderr, "usage: bare_responder -x SOCKET [-o OID] [-n ROWS] [-m COLUMNS]\n");
        exit(1);
}

int main(int argc, char **argv)
{
        const char *path = NULL;
        int option;
        int fd;

        parse_oid("1.3.6.1.4.1.8072.9999.9999.4302.1.5.1", &table.root);
        table.rows = 1000;
        table.columns = 102;
        while ((option = getopt(argc, argv, "x:o:n:m:")) != -1) {
                switch (option) {
                case 'x':
                        path = optarg;
                        break;
                case 'o':
                        parse_oid(optarg, &table.root);
                        break;
                case 'n':
                        table.rows = parse_count(optarg);
                        break;
                case 'm':
                        table.columns = parse_count(optarg);
                        break;
                default:
                        usage();
                }
        }
        if (path == NULL || optind != argc) {
                usage();
        }
        fd = connect_to(path);
        open_session(fd);
        register_table(fd);
        serve(fd);
}
