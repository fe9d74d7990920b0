#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""snmp_rules.py [--name NAME] [--save FILE] [--rows N] HOST:PORT ROOT

Asks an SNMP agent for everything below ROOT in every way there is, and prints for each whether the
answers are what RFC 3416 (and for SNMPv1 RFC 3584) demands: one line "ok - ..." or "not ok - ...".
It speaks SNMP by itself, so that no library smooths anything over. The community is "public" for
reading, "private" for the attempt to write.

--save writes the walk, "OID type value" a line. --rows: how many rows the SA table must have.
"""
import argparse
import bisect
import random
import socket
import struct
import sys
import time

INTEGER, OCTETS, NULL, OID, SEQUENCE = 0x02, 0x04, 0x05, 0x06, 0x30
COUNTER32, GAUGE32, TIMETICKS, COUNTER64 = 0x41, 0x42, 0x43, 0x46
NO_SUCH_OBJECT, NO_SUCH_INSTANCE, END_OF_VIEW = 0x80, 0x81, 0x82
GET, GETNEXT, RESPONSE, SET, GETBULK = 0xa0, 0xa1, 0xa2, 0xa3, 0xa5
NO_ERROR, NO_SUCH_NAME, NOT_WRITABLE = 0, 2, 17
KINDS = {INTEGER: "INTEGER", OCTETS: "OCTETS", OID: "OID", COUNTER32: "Counter32", GAUGE32: "Gauge32",
         TIMETICKS: "TimeTicks", COUNTER64: "Counter64"}
HIGHEST = 2 ** 32 - 1
MAX_LENGTH = 128  # sub-identifiers of an OID
AGE = 10  # seconds by which a reading may differ from one before


def plain(name):
    """An OID as text."""
    return ".".join(map(str, name))


# ---- BER ----


def tlv(tag, content):
    """A value with its tag and length."""
    if len(content) < 0x80:
        return bytes((tag, len(content))) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def integer(number, tag=INTEGER):
    """An integer, in as few octets as do."""
    return tlv(tag, number.to_bytes(number.bit_length() // 8 + 1, "big", signed=True))


def oid(name):
    """An object identifier."""
    content = b""
    for number in (name[0] * 40 + name[1],) + tuple(name[2:]):
        part = bytes((number & 0x7f,))
        while number > 0x7f:
            number >>= 7
            part = bytes((number & 0x7f | 0x80,)) + part
        content += part
    return tlv(OID, content)


def take(data):
    """(tag, content, rest) of what stands first."""
    tag, length, start = data[0], data[1], 2
    if length & 0x80:
        start += length & 0x7f
        length = int.from_bytes(data[2:start], "big")
    if start + length > len(data):
        raise ValueError("an answer is cut short")
    return tag, data[start:start + length], data[start + length:]


def number_of(content):
    """An integer's value."""
    return int.from_bytes(content, "big", signed=True)


def name_of(content):
    """An object identifier's sub-identifiers."""
    numbers, number = [], 0
    for octet in content:
        number = number << 7 | octet & 0x7f
        if not octet & 0x80:
            numbers.append(number)
            number = 0
    first = min(numbers[0] // 40, 2)
    return (first, numbers[0] - first * 40) + tuple(numbers[1:])


class Agent:
    """One SNMP agent; counts the questions."""

    def __init__(self, host, port):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect((host, port))
        self.socket.settimeout(10)
        self.asked = 0

    def ask(self, kind, names, first=0, second=0, version=1, community=b"public", value=None):
        """(error status, error index, [(name, tag, content)]); first and second are a GETBULK's
        non-repeaters and repetitions."""
        self.asked += 1
        value = tlv(NULL, b"") if value is None else value
        varbinds = b"".join(tlv(SEQUENCE, oid(name) + value) for name in names)
        pdu = tlv(kind, integer(self.asked) + integer(first) + integer(second)
                  + tlv(SEQUENCE, varbinds))
        self.socket.send(tlv(SEQUENCE, integer(version) + tlv(OCTETS, community) + pdu))
        while True:
            _, message, _ = take(self.socket.recv(65536))
            _, _, rest = take(message)
            _, _, rest = take(rest)
            tag, pdu, _ = take(rest)
            _, number, rest = take(pdu)
            if number_of(number) == self.asked:  # else a late answer
                break
        if tag != RESPONSE:
            raise ValueError("not a response: %x" % tag)
        _, status, rest = take(rest)
        _, index, rest = take(rest)
        _, rest, _ = take(rest)
        answers = []
        while rest:
            _, varbind, rest = take(rest)
            _, name, value = take(varbind)
            tag, content, _ = take(value)
            answers.append((name_of(name), tag, content))
        return number_of(status), number_of(index), answers

    def get(self, *names, **more):
        """GET."""
        return self.ask(GET, names, **more)

    def after(self, *names, **more):
        """GETNEXT."""
        return self.ask(GETNEXT, names, **more)

    def bulk(self, names, repetitions, without=0):
        """GETBULK; the first WITHOUT names are asked for once."""
        return self.ask(GETBULK, names, without, repetitions)


class Wrong(Exception):
    """What an answer should not have been."""


def want(holds, text, *values):
    """Fails unless it holds."""
    if not holds:
        raise Wrong(text % values if values else text)


def same(one, other):
    """Two readings of one object: equal, or a number of seconds that went on. A TimeStamp that does
    not stand still has a rule of its own."""
    if one[:2] != other[:2]:
        return False
    if one[2] == other[2] or one[1] == TIMETICKS:
        return True
    return one[1] == INTEGER and abs(number_of(one[2]) - number_of(other[2])) <= AGE


# ---- the rules ----


class Rules:
    """What is asked, and what must come; each method that begins with rule_ is one line."""

    def __init__(self, agent, root, rows):
        self.agent = agent
        self.root = root
        self.objects = root + (1,)
        self.rows = rows
        self.walk = []  # (name, tag, content) of everything, in order
        self.names = []
        self.random = random.Random(1)

    def is_ours(self, name):
        """Whether the name lies below the root."""
        return name[:len(self.root)] == self.root

    def columns(self):
        """{column or scalar: one of its instances}"""
        found = {}
        for name in self.names:
            scalar = len(name) == len(self.objects) + 3 and name[-1] == 0
            found.setdefault(name[:len(self.objects) + (2 if scalar else 3)], name)
        return found

    def scalars(self):
        """The scalars, without the 0."""
        return [column for column in self.columns() if len(column) == len(self.objects) + 2]

    def successor(self, name):
        """What comes after a name in the walk; None behind the last."""
        at = bisect.bisect_right(self.names, name)
        return self.walk[at] if at < len(self.walk) else None

    def check_next(self, name, got):
        """Whether this is the right answer to GETNEXT of a name."""
        wanted = self.successor(name)
        if wanted is None:
            ended = got[1] == END_OF_VIEW and got[0] == name
            want(ended or (got[0] > name and not self.is_ours(got[0])),
                 "%s comes after %s, behind the end", plain(got[0]), plain(name))
        else:
            want(same(got, wanted), "%s (type %x) comes after %s, not %s", plain(got[0]), got[1],
                 plain(name), plain(wanted[0]))

    # GETNEXT over everything; it comes first, the others compare with it

    def rule_getnext_gives_each_oid_in_order(self):
        name = self.root
        while True:
            status, _, [got] = self.agent.after(name)
            want(status == NO_ERROR, "error %d after %s", status, plain(name))
            if got[1] == END_OF_VIEW or not self.is_ours(got[0]):
                break
            want(got[0] > name, "%s comes after %s", plain(got[0]), plain(name))
            want(got[1] in KINDS, "%s has the type %x", plain(got[0]), got[1])
            self.walk.append(got)
            name = got[0]
            self.names.append(name)
        want(self.names, "nothing is there")
        want(all(name[:len(self.objects)] == self.objects for name in self.names),
             "something is outside ipsrObjects")
        return "%d objects" % len(self.names)

    def rule_the_tables_are_full(self):
        sas = [name for name in self.names if name[:-1] == self.objects + (5, 1, 2)]
        want(self.rows is None or len(sas) == self.rows, "%d SAs", len(sas))
        return "%d SAs" % len(sas)

    def rule_every_row_has_every_column(self):
        counted = {}
        for name in self.names:
            if len(name) > len(self.objects) + 2:
                table = counted.setdefault(name[len(self.objects)], {})
                column = name[len(self.objects) + 2]
                table[column] = table.get(column, 0) + 1
        for number, table in counted.items():
            want(len(set(table.values())) == 1, "table %d: %s", number, table)

    def rule_getbulk_gives_the_same(self):
        for repetitions in (1, 2, 3, 7, 10, 50, 100, 5000):
            name, found = self.root, []
            while True:
                status, _, answers = self.agent.bulk([name], repetitions)
                want(status == NO_ERROR, "error %d with %d repetitions", status, repetitions)
                want(answers, "no answer to %d repetitions", repetitions)
                found += [got for got in answers if self.is_ours(got[0]) and got[1] in KINDS]
                name = answers[-1][0]
                if answers[-1][1] == END_OF_VIEW or not self.is_ours(name):
                    break
            want(len(found) == len(self.walk), "%d objects with %d repetitions, not %d",
                 len(found), repetitions, len(self.walk))
            for got, wanted in zip(found, self.walk):
                want(same(got, wanted), "%s with %d repetitions, not %s", plain(got[0]),
                     repetitions, plain(wanted[0]))

    def rule_getbulk_with_several_cursors(self):
        for cursors, repetitions in ((2, 1), (2, 10), (5, 7), (20, 5), (40, 2)):
            for _ in range(10):
                names = [self.random.choice(self.names) for _ in range(cursors)]
                status, _, answers = self.agent.bulk(names, repetitions)
                want(status == NO_ERROR, "error %d with %d cursors", status, cursors)
                want(0 < len(answers) <= cursors * repetitions, "%d answers", len(answers))
                for position, got in enumerate(answers):
                    cursor = position % cursors
                    if self.is_ours(names[cursor]):  # behind the end it is not ours to judge
                        self.check_next(names[cursor], got)
                    names[cursor] = got[0]

    def rule_getbulk_with_non_repeaters(self):
        for without, cursors, repetitions in ((1, 1, 5), (3, 2, 4), (2, 0, 9), (1, 3, 0)):
            names = [self.random.choice(self.names[:-20]) for _ in range(without + cursors)]
            status, _, answers = self.agent.bulk(names, repetitions, without)
            want(status == NO_ERROR, "error %d", status)
            want(len(answers) == without + cursors * repetitions, "%d answers", len(answers))
            for position, got in enumerate(answers):
                cursor = position
                if position >= without:
                    cursor = without + (position - without) % cursors
                self.check_next(names[cursor], got)
                if position >= without:
                    names[cursor] = got[0]

    def rule_get_gives_the_same(self):
        for start in range(0, len(self.walk), 25):
            wanted = self.walk[start:start + 25]
            status, _, answers = self.agent.get(*(name for name, _, _ in wanted))
            want(status == NO_ERROR, "error %d", status)
            for got, expected in zip(answers, wanted):
                want(same(got, expected), "GET of %s differs", plain(expected[0]))

    def rule_timestamps_stand_still(self):
        """A manager takes a changed one for a discontinuity."""
        names = [name for name, tag, _ in self.walk if tag == TIMETICKS][:20]
        want(names, "there are none")
        end, seen = time.monotonic() + 0.3, set()
        while time.monotonic() < end:
            _, _, answers = self.agent.get(*names)
            seen.update((name, number_of(content)) for name, _, content in answers)
        for name in names:
            values = sorted(value for seen_name, value in seen if seen_name == name)
            want(len(values) == 1, "%s has been %s", plain(name), " and ".join(map(str, values)))

    def rule_getnext_from_anywhere(self):
        """Names cut, lengthened and changed at random, and what they must lead to."""
        for _ in range(2000):
            name = list(self.random.choice(self.names))
            below = len(self.root)
            for _ in range(self.random.randint(1, 3)):
                kind = self.random.randrange(5)
                place = self.random.randrange(below, len(name)) if len(name) > below else 0
                if kind == 0:
                    name = name[:max(below, len(name) - self.random.randint(1, 4))]
                elif kind == 1:
                    name += [self.random.choice((0, 1, 255, HIGHEST))
                             for _ in range(self.random.randint(1, 3))]
                elif kind == 2 and place:
                    name[place] = self.random.choice((0, 1, name[place] ^ 1, HIGHEST))
                elif kind == 3 and place:
                    name[place] = min(name[place] + 1, HIGHEST)
                elif place:
                    name[place] = max(name[place] - 1, 0)
            name = tuple(name)
            status, _, [got] = self.agent.after(name)
            want(status == NO_ERROR, "error %d after %s", status, plain(name))
            self.check_next(name, got)

    def rule_getnext_from_each_beginning_of_a_name(self):
        for name in self.columns().values():
            for length in range(len(self.root), len(name) + 1):
                status, _, [got] = self.agent.after(name[:length])
                want(status == NO_ERROR, "error %d after %s", status, plain(name[:length]))
                self.check_next(name[:length], got)

    def rule_the_longest_oid(self):
        for name in list(self.columns().values())[::7]:
            for filler in (0, HIGHEST):
                long = name + (filler,) * (MAX_LENGTH - len(name))
                status, _, [got] = self.agent.after(long)
                want(status == NO_ERROR, "error %d", status)
                self.check_next(long, got)
                status, _, [got] = self.agent.get(long)
                want(got[1] == NO_SUCH_INSTANCE, "GET: type %x", got[1])

    def expect(self, name, tag):
        """GET of a name gives this exception."""
        status, _, [got] = self.agent.get(name)
        want(status == NO_ERROR and got[:2] == (name, tag) and got[2] == b"",
             "GET of %s: error %d, type %x", plain(name), status, got[1])

    def rule_missing_instances(self):
        for column, name in self.columns().items():
            index = name[len(column):]
            for wrong in ((), index + (0,), index + (HIGHEST,) * 3, index[:-1],
                          index[:-1] + (HIGHEST,), (0,) * (len(index) + 1), (HIGHEST,)):
                if wrong != index:
                    self.expect(column + wrong, NO_SUCH_INSTANCE)

    def rule_missing_objects(self):
        """No column, no entry, no table, nothing."""
        tables = {}
        for column in self.columns():
            tables.setdefault(column[:-1], []).append(column[-1])
        for parent, numbers in tables.items():
            self.expect(parent, NO_SUCH_OBJECT)
            missing = {0, max(numbers) + 1, HIGHEST}
            if len(parent) > len(self.objects) + 1:
                missing.add(1)  # the index, not accessible
                self.expect(parent[:-1], NO_SUCH_OBJECT)
                for entry in (0, 2):
                    self.expect(parent[:-1] + (entry, 2, 1), NO_SUCH_OBJECT)
            for number in missing - set(numbers):
                self.expect(parent + (number,), NO_SUCH_OBJECT)
                self.expect(parent + (number, 0), NO_SUCH_OBJECT)
                self.expect(parent + (number, 1, 1), NO_SUCH_OBJECT)
        for name in ((), (0,), (1,), (2, 1), (1, 0, 0), (1, HIGHEST, 1, 1)):
            self.expect(self.root + name, NO_SUCH_OBJECT)

    def rule_found_and_missing_in_one_get(self):
        names = [self.names[0], self.objects + (5, 1, 2, 0), self.names[-1],
                 self.objects + (5, 1, 9999, 1)]
        status, _, answers = self.agent.get(*names)
        want(status == NO_ERROR, "error %d", status)
        want([name for name, _, _ in answers] == names, "other names")
        want(same(answers[0], self.walk[0]) and same(answers[2], self.walk[-1]), "other values")
        want(answers[1][1] == NO_SUCH_INSTANCE and answers[3][1] == NO_SUCH_OBJECT,
             "types %x and %x", answers[1][1], answers[3][1])

    def rule_walks_past_the_end(self):
        status, _, [got] = self.agent.after(self.names[-1])
        want(status == NO_ERROR, "error %d", status)
        self.check_next(self.names[-1], got)
        end = (2, 39, HIGHEST)  # behind every object there is
        status, _, [got] = self.agent.after(end)
        want(status == NO_ERROR and got == (end, END_OF_VIEW, b""), "type %x", got[1])
        status, _, answers = self.agent.bulk([self.names[-1], end, self.names[0]], 3)
        want(status == NO_ERROR, "error %d", status)
        want(len(answers) == 9, "%d answers", len(answers))
        self.check_next(self.names[-1], answers[0])
        for position in (1, 4, 7):
            want(answers[position] == (end, END_OF_VIEW, b""), "type %x", answers[position][1])
        for turn, position in enumerate((2, 5, 8), 1):
            want(same(answers[position], self.walk[turn]), "another object")

    def rule_getnext_goes_on_to_the_end_of_the_view(self):
        name = self.names[-1]
        for _ in range(5000):
            status, _, answers = self.agent.bulk([name], 20)
            want(status == NO_ERROR, "error %d after %s", status, plain(name))
            for got in answers:
                if got[1] == END_OF_VIEW:
                    want(got[0] == name, "another name at the end")
                    return
                want(got[0] > name, "%s comes after %s", plain(got[0]), plain(name))
                name = got[0]
        raise Wrong("it does not end")

    # SET: there is nothing to be set

    def rule_set_is_refused(self):
        for column, name in self.columns().items():
            _, tag, content = self.walk[self.names.index(name)]
            for target in (name, column + (HIGHEST,)):
                status, index, _ = self.agent.ask(SET, [target], community=b"private",
                                                  value=tlv(tag, content))
                want((status, index) == (NOT_WRITABLE, 1), "SET of %s: error %d at %d",
                     plain(target), status, index)
        status, _, _ = self.agent.ask(SET, [self.names[0]], community=b"public",
                                      value=tlv(OCTETS, b"x"))
        want(status != NO_ERROR, "SET with a read-only community")
        status, _, _ = self.agent.ask(SET, [self.names[0]], community=b"private", version=0,
                                      value=tlv(OCTETS, b"x"))
        want(status == NO_SUCH_NAME, "SNMPv1: error %d", status)
        self.rule_get_gives_the_same()

    # SNMPv1: no exceptions, and no Counter64

    def rule_snmpv1_get(self):
        for got in self.walk[::5]:
            status, index, [answer] = self.agent.get(got[0], version=0)
            if got[1] == COUNTER64:
                want((status, index) == (NO_SUCH_NAME, 1), "Counter64 %s: error %d",
                     plain(got[0]), status)
            else:
                want(status == NO_ERROR and same(answer, got), "%s: error %d", plain(got[0]),
                     status)
        for name in (self.objects + (5, 1, 2, 0), self.objects + (99,)):
            status, index, answers = self.agent.get(self.names[0], name, version=0)
            want((status, index) == (NO_SUCH_NAME, 2), "error %d at %d", status, index)
            want([answer[0] for answer in answers] == [self.names[0], name], "other names")

    def rule_snmpv1_getnext_leaves_counter64_out(self):
        wanted = [got for got in self.walk if got[1] != COUNTER64]
        name, found = self.root, []
        while True:
            status, _, [got] = self.agent.after(name, version=0)
            if status == NO_SUCH_NAME or not self.is_ours(got[0]):
                break
            want(status == NO_ERROR, "error %d", status)
            want(got[0] > name, "%s comes after %s", plain(got[0]), plain(name))
            found.append(got)
            name = got[0]
        want(len(found) == len(wanted), "%d objects, not %d", len(found), len(wanted))
        for got, expected in zip(found, wanted):
            want(same(got, expected), "%s, not %s", plain(got[0]), plain(expected[0]))


def value_text(tag, content):
    """A value for a line of the saved walk."""
    if tag in (OCTETS, OID):
        return content.hex() or "-"
    return str(number_of(content))


def main():
    """The command line; exit status 1 when any rule is broken."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--name", default="agent")
    parser.add_argument("--save")
    parser.add_argument("--rows", type=int)
    parser.add_argument("address")
    parser.add_argument("root")
    args = parser.parse_args()
    host, port = args.address.rsplit(":", 1)
    rules = Rules(Agent(host, int(port)), tuple(map(int, args.root.strip(".").split("."))),
                  args.rows)
    failed = 0
    methods = [name for name in Rules.__dict__ if name.startswith("rule_")]
    for method in methods:  # in the order in which they stand above
        what = "%s: %s" % (args.name, method[5:].replace("_", " "))
        try:
            more = getattr(rules, method)()
            print("ok - %s%s" % (what, " (%s)" % more if more else ""), flush=True)
        except (Wrong, OSError, ValueError, IndexError, struct.error) as error:
            print("not ok - %s: %s" % (what, str(error) or type(error).__name__), flush=True)
            failed += 1
    if args.save:
        with open(args.save, "w", encoding="ascii") as file:
            for name, tag, content in rules.walk:
                file.write("%s %s %s\n" % (plain(name), KINDS[tag], value_text(tag, content)))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
