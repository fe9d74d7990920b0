"""What the comparers of IKE daemons' tables share: what the agent tells, read from snmpbulkwalk's output, and
the search for differences. Shares nothing with the project."""
import re

IKE_SA, IKE_POLICY, CONFIGURED = 7, 8, 9
TRUE, FALSE = 1, 2


class Near:
    """A number that the two readings need not agree on exactly."""

    def __init__(self, low, high):
        self.low, self.high = low, high

    def __eq__(self, other):
        return isinstance(other, int) and self.low <= other <= self.high

    def __repr__(self):
        return "%s..%s" % (self.low, self.high)


def key(name):
    """FNV-1a of 32 bits where a name is longer than an index may be"""
    octets, value = name.encode(), 2166136261
    if len(octets) <= 48:
        return octets
    for octet in octets:
        value = (value ^ octet) * 16777619 % 2 ** 32
    return octets[:39] + b"~%08x" % value


def value_of(text):
    kind, _, rest = text.partition(": ")
    if text == '""' or text.endswith(":") and kind.rstrip(":") in ("STRING", "Hex-STRING"):
        return b""
    if kind == "Hex-STRING":
        return bytes.fromhex(rest.replace(" ", ""))
    if kind == "STRING":
        return rest.strip('"').encode()
    return int((rest or text).split(" ")[0])


def read_walk(text, numbers):
    """{table: {index: {column: value}}} of these tables and no other"""
    tables = {}
    pattern = r"\.1\.(%s)\.1\.(\d+)\.([\d.]+)$" % "|".join(str(number) for number in numbers)
    for line in re.sub(r"\n(?!\.)", " ", text).splitlines():
        name, _, value = line.partition(" = ")
        found = re.search(pattern, name)
        if not found or "No Such" in value or "No more" in value:
            raise ValueError("no row: " + line)
        table, column, index = int(found.group(1)), int(found.group(2)), found.group(3)
        tables.setdefault(table, {}).setdefault(index, {})[column] = value_of(value)
    return tables


def names_of(index):
    """The strings that an index holds"""
    numbers, names = [int(number) for number in index.split(".")], []
    while numbers:
        names.append(bytes(numbers[1:1 + numbers[0]]))
        numbers = numbers[1 + numbers[0]:]
    return tuple(names)


def differences(wanted, told):
    for identity in sorted(set(wanted) | set(told), key=repr):
        if identity not in told:
            yield "table %d has no %s" % identity
        elif identity not in wanted:
            yield "table %d has %s, and the daemon has not" % identity
        else:
            for column, value in wanted[identity].items():
                if column not in told[identity] or not value == told[identity][column]:
                    yield "%d.%d of %s is %r, not %r" % (
                        identity[0], column, identity[1], told[identity].get(column), value)
