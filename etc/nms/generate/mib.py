"""IPSEC-REPORT-MIB as Net-SNMP's own parser understands it: no second list of columns is kept here."""
import os
import re
import subprocess
import sys
import tempfile

MODULE = "IPSEC-REPORT-MIB"
ROOT = "1.3.6.1.4.1.8072.9999.9999.4301"  # where the module in mibs/ stands; a moved one is moved at installation
WORDS = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
ABBREVIATIONS = {"sa": "SA", "sas": "SAs", "ike": "IKE", "mib": "MIB", "dh": "DH", "eap": "EAP", "nat": "NAT", "pfs": "PFS",
                 "ppk": "PPK", "prf": "PRF", "ips": "IPs", "xfrm": "XFRM"}


class Object:
    """A scalar, a column, a table, a row or a notification."""

    def __init__(self, name, oid, text):
        self.name, self.oid = name, oid
        self.kind = self._first(r"^\S+ (OBJECT-TYPE|NOTIFICATION-TYPE)", text)
        self.convention = self._first(r"-- TEXTUAL CONVENTION (\S+)", text)
        self.syntax = self._first(r"^  SYNTAX\s+([A-Za-z0-9]+(?: STRING| IDENTIFIER)?)", text)
        self.access = self._first(r"^  MAX-ACCESS\s+(\S+)", text)
        self.units = self._first(r'^  UNITS\s+"([^"]*)"', text)
        self.index = self._list(r"^  INDEX\s+\{(.*?)\}", text)
        self.objects = self._list(r"^  OBJECTS\s+\{(.*?)\}", text)
        self.description = re.sub(r"\s+", " ", self._first(r'^  DESCRIPTION\s+"(.*?)"\n::=', text, re.S) or "")
        labels = self._first(r"^  SYNTAX\s+(?:INTEGER|BITS) \{(.*?)\}", text) or ""
        self.labels = {label: int(number) for label, number in re.findall(r"(\w+)\((\d+)\)", labels)}
        size = self._first(r"^  SYNTAX\s+OCTET STRING \((\d+)\)", text)
        self.fixed_size = int(size) if size else None  # octets, of an octet string that always has as many
        self.table = None  # of a column: the table's name; of a scalar: its group's
        self.column = False

    @staticmethod
    def _first(pattern, text, flags=0):
        found = re.search(pattern, text, re.M | flags)
        return found.group(1) if found else None

    @classmethod
    def _list(cls, pattern, text):
        return re.findall(r"\w+", cls._first(pattern, text, re.S) or "")

    @property
    def type(self):
        """The SYNTAX as the module has it: the textual convention where there is one."""
        return self.convention or self.syntax

    @property
    def readable(self):
        return self.access == "read-only"

    def words(self, stem):
        """The name without its stem, in words: ipsrTunnelSecondsToRekey is "Seconds to rekey"."""
        found = WORDS.findall(self.name[len(stem):])
        words = [ABBREVIATIONS.get(word.lower(), word.lower()) for word in found]
        return words[0][0].upper() + " ".join(words)[1:]


class Mib:
    def __init__(self, module):
        """module: the path of IPSEC-REPORT-MIB.txt; base modules are those of tests/mibs."""
        bases = os.path.join(os.path.dirname(__file__), "..", "..", "..", "tests", "mibs")
        self.folders = [os.path.realpath(bases), os.path.dirname(os.path.realpath(module))]
        with tempfile.TemporaryDirectory() as scratch:  # no other configuration, and no index is left behind
            self.environment = dict(PATH=os.environ["PATH"], HOME=scratch, SNMPCONFPATH=scratch,
                                    SNMP_PERSISTENT_DIR=scratch)
            os.mkdir(os.path.join(scratch, "cert_indexes"))
            oids = dict(re.findall(r'^"(\w+)"\s+"([\d.]+)"', self._ask("-Tz"), re.M))
            names = [name for name in oids if oids[name].startswith(ROOT)]
            told = self._ask("-Td", *(f"{MODULE}::{name}" for name in names))
        parts = re.split(rf"^{MODULE}::(\w+)\n", told, flags=re.M)
        every = {name: Object(name, oids[name], text) for name, text in zip(parts[1::2], parts[2::2])}
        self.objects = {name: item for name, item in every.items() if item.kind == "OBJECT-TYPE"}
        self.notifications = {name: item for name, item in every.items() if item.kind == "NOTIFICATION-TYPE"}
        self.names = set(oids)
        if not self.notifications or not self.objects:
            sys.exit(f"nothing of {MODULE} was found in {module}")
        self.groups = {}  # what stands below Objects, by its name: the readable objects in the order of their numbers
        by_oid = {item.oid: item for item in every.values()}
        for item in sorted(self.objects.values(), key=self.order):
            parent = by_oid[item.oid.rpartition(".")[0]]
            item.column = bool(parent.index)
            group = by_oid[parent.oid.rpartition(".")[0]] if item.column else parent
            item.table = group.name
            if item.readable:
                self.groups.setdefault(group.name, []).append(item)

    def _ask(self, *arguments):
        command = ["snmptranslate", "-M", ":".join(self.folders), "-m", MODULE, *arguments]
        return subprocess.run(command, env=self.environment, check=True, stdout=subprocess.PIPE, text=True).stdout

    @staticmethod
    def order(item):
        return [int(number) for number in item.oid.split(".")]

    def __getitem__(self, name):
        if name not in self.objects:
            sys.exit(f"a maker of etc/nms/generate names {name}, which the module does not have")
        return self.objects[name]

    def value(self, name, label):
        """The number of a label of an enumeration."""
        return self[name].labels[label]

    def index_of(self, table):
        """The names of a table's index objects."""
        oid = next(item.oid for item in self.objects.values() if item.name == table)
        return next(item.index for item in self.objects.values() if item.oid == oid + ".1")
