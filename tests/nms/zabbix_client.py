#!/usr/bin/python3
"""zabbix_client.py URL COMMAND ARGS: what the suite does by Zabbix's API. Lines "ok - " and "not ok - " tell.

template FILE            imports the template, and lets guests look at everything
host PORT [ADDRESS]      makes the host, whose snmpd is there (127.0.0.1)
retire                   the host is not monitored any more
discover COUNT           has the tables discovered until there are COUNT tunnels
tunnels NAMES            those that were discovered are these
read PORT                has every item read; none may be unsupported, and values are those of snmpget
poll NAMES               has the items of these objects read once more
problem NAME             waits for an open problem of that name
resolved NAME            waits until it is over
rates FOLDER             rates of the tunnels are what the kernel counted meanwhile (tests/lab/published_pair.sh)
received KEY TEXT        waits for an item's value with TEXT in it
hostid                   prints the host's number

The host is called as ZABBIX_HOST says.
"""
import json
import os
import re
import subprocess
import sys
import time
import urllib.request

HOST, TEMPLATE = os.environ.get("ZABBIX_HOST", "gateway"), "IPsec by SNMP"
SNMP, TRAP, DEPENDENT = "20", "17", "18"
PATIENCE = 60
WALK_VALUE = "28"  # a step of preprocessing of 7.0
# What the agent tells is as old as its last full read of the kernel's counters, and takes a moment to be asked for
OLD, LATE = 6, 2
RATES_FOR = 30  # seconds between the first reading and the last, at least
TICKING = re.compile(r"Age$|Seconds|DaysLeft$|Polls$|Events$")
MICROSECONDS = 1000000  # that a read may have taken, where another one has taken something else


class Failed(Exception):
    pass


class Api:
    def __init__(self, url):
        self.url, self.token = url + "/api_jsonrpc.php", None
        version = self("apiinfo.version", {})
        self.new = int(version.split(".")[0]) >= 7
        self.token = self("user.login", {"username": "Admin", "password": "zabbix"})

    def __call__(self, method, parameters):
        message = {"jsonrpc": "2.0", "method": method, "params": parameters, "id": 1}
        headers = {"Content-Type": "application/json-rpc"}
        if self.token and self.new:
            headers["Authorization"] = "Bearer " + self.token
        elif self.token:
            message["auth"] = self.token
        request = urllib.request.Request(self.url, json.dumps(message).encode(), headers)
        with urllib.request.urlopen(request, timeout=600) as answer:
            told = json.load(answer)
        if "error" in told:
            raise Failed(f"{method}: {told['error'].get('data')}")
        return told["result"]

    def hostid(self):
        return self("host.get", {"filter": {"host": HOST}})[0]["hostid"]

    def items(self, **more):
        return self("item.get", {"hostids": self.hostid(), "output": "extend", "selectPreprocessing": "extend",
                                 **more})

    def execute(self, ids):
        """Check now. What the server does not know yet it refuses, all of the call."""
        for at in range(0, len(ids), 100):
            tasks = [{"type": 6, "request": {"itemid": one}} for one in ids[at:at + 100]]
            self("task.create", tasks)


def wait(what, condition):
    deadline, last = time.time() + PATIENCE, None
    while time.time() < deadline:
        last = condition()
        if last is True:
            print(f"ok - {what}")
            return
        time.sleep(0.5)
    print(f"not ok - {what}: {str(last)[:300]}")


def template(api, path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    every = {"createMissing": True, "updateExisting": True}
    rules = {"templates": every, "items": every, "discoveryRules": every, "triggers": every, "graphs": every,
             "valueMaps": every, "templateDashboards": every,
             **({"template_groups": every, "host_groups": every} if api.new else {"groups": {"createMissing": True}})}
    for turn in ("imported", "imported once more"):
        try:
            done = api("configuration.import", {"format": "yaml", "source": text, "rules": rules})
            print(f"ok - the template is {turn}" if done is True else f"not ok - the template is {turn}: {done}")
        except Failed as failed:
            print(f"not ok - the template is {turn}: {failed}")
            raise
    guest = api("user.get", {"filter": {"username": "guest"}})[0]["userid"]
    role = api("role.get", {"filter": {"name": "Super admin role"}})[0]["roleid"]
    groups = api("usergroup.get", {"filter": {"name": "Zabbix administrators"}})
    api("user.update", {"userid": guest, "roleid": role, "usrgrps": [{"usrgrpid": groups[0]["usrgrpid"]}]})


def host(api, port, address=""):
    linked = api("template.get", {"filter": {"host": TEMPLATE}})[0]["templateid"]
    group = api("hostgroup.get", {"filter": {"name": "Linux servers"}})[0]["groupid"]
    api("host.create", {
        "host": HOST, "groups": [{"groupid": group}], "templates": [{"templateid": linked}],
        "interfaces": [{"type": 2, "main": 1, "useip": 1, "ip": address or "127.0.0.1", "dns": "", "port": port,
                        "details": {"version": 2, "community": "public", "bulk": 1}}],
        "macros": [{"macro": "{$IPSEC.TUNNEL.DOWN.CHECKS}", "value": "#1"}]})


def retire(api):
    api("host.update", {"hostid": api.hostid(), "status": 1})


def masters_or_all(api, items):
    """What is asked for by itself: in 7.0 the walks."""
    return [item["itemid"] for item in items if item["type"] == SNMP]


def discover(api, wanted):
    rules = api("discoveryrule.get", {"hostids": api.hostid(), "output": ["itemid", "type", "key_"]})
    asked = [rule["itemid"] for rule in rules if rule["type"] == SNMP] or masters_or_all(api, api.items())

    def found():
        try:
            api.execute(asked)
        except Failed as failed:
            return failed
        time.sleep(2)
        count = sum(item["key_"].startswith("ipsrTunnelState[") for item in api.items())
        return count == int(wanted) or f"{count} tunnels"

    wait("the tunnels are discovered", found)


def tunnels(api, *wanted):
    found = sorted(re.match(r"Tunnel (.*): State$", item["name"])[1] for item in api.items()
                   if item["key_"].startswith("ipsrTunnelState["))
    print(f"ok - {len(found)} tunnels" if found == sorted(wanted) else f"not ok - tunnels: {found}")


def object_id(item):
    if item["snmp_oid"]:
        return item["snmp_oid"]
    return next(step["params"].split("\n")[0] for step in item["preprocessing"] if step["type"] == WALK_VALUE)


def snmpget(port, oids):
    found = {}
    for at in range(0, len(oids), 40):
        told = subprocess.run(["snmpget", "-v2c", "-c", "public", "-Onet", "-OU", f"127.0.0.1:{port}", *oids[at:at + 40]],
                              check=True, stdout=subprocess.PIPE, text=True).stdout
        for line in told.split("\n."):
            name, _, value = line.strip().lstrip(".").partition(" = ")
            found[name] = value
    return found


def plain(value):
    if value == '""':
        return ""
    kind, _, rest = value.partition(": ")
    if kind == "Hex-STRING":
        return bytes.fromhex(rest.replace(" ", "").replace("\n", "")).decode()
    return re.sub(r"\\(.)", r"\1", rest.strip('"')) if kind == "STRING" else rest


def same(item, value):
    name = item["key_"].split("[")[0]
    if item["value_type"] in ("1", "4"):
        return item["lastvalue"] == value
    slack = MICROSECONDS if name.endswith("Duration") else 120 if TICKING.search(name) else 0
    return abs(float(item["lastvalue"]) - float(value)) <= slack


def read(api, port):
    def polled():
        return [item for item in api.items() if item["type"] != TRAP and not item["key_"].startswith("ipsr.walk")]

    def all_there():
        try:
            api.execute(masters_or_all(api, api.items()))
        except Failed as failed:
            return failed
        time.sleep(3)
        missing = [item["key_"] for item in polled() if item["lastclock"] == "0" and item["state"] == "0"
                   and not item["key_"].startswith("ipsrEvent")]
        return not missing or f"{len(missing)} without a value: {missing[:4]}"

    wait("every item has a value", all_there)
    items = polled()
    bad = [(item["key_"], item["error"]) for item in items if item["state"] != "0"
           and not item["key_"].startswith("ipsrEvent")]  # of which there is no journal to tell
    print(f"ok - {len(items)} items, none is unsupported" if not bad else f"not ok - items: {len(bad)} of {len(items)} "
          f"are unsupported: {bad[:3]}")
    compared = [item for item in items if item["state"] == "0" and item["lastclock"] != "0" and not any(
        step["type"] == "10" for step in item["preprocessing"])]
    values = snmpget(port, [object_id(item) for item in compared])
    wrong = [(item["key_"], item["lastvalue"], values.get(object_id(item))) for item in compared
             if not same(item, plain(values[object_id(item)]))]
    print(f"ok - {len(compared)} values are those of snmpget" if not wrong and len(compared) > 100 else
          f"not ok - values: {len(wrong)} of {len(compared)} differ: {wrong[:4]}")


def poll(api, *names):
    items = api.items()
    wanted = [item for item in items if item["key_"].split("[")[0] in names]
    api.execute([item["itemid"] for item in wanted if item["type"] == SNMP]
                or [item["itemid"] for item in items if item["type"] == SNMP])


def problems(api):
    return {one["name"] for one in api("problem.get", {"hostids": api.hostid()})}


def repeatedly(api, names, condition):
    """Items are read again while it is waited: a reading may have been on its way before the change."""
    def now():
        poll(api, *names)
        time.sleep(2)
        return condition()
    return now


def problem(api, name):
    wait(f"problem: {name}", repeatedly(api, ("ipsrTunnelState", "ipsrTunnelFreshFlag"), lambda: name in problems(api)
                                        or problems(api)))


def resolved(api, name):
    wait(f"over: {name}", repeatedly(api, ("ipsrTunnelState", "ipsrTunnelFreshFlag"), lambda: name not in problems(api)
                                     or problems(api)))


def no_problem(api, pattern):
    found = [name for name in problems(api) if re.search(pattern, name)]
    print(f"not ok - no problem {pattern}: {found}" if found else f"ok - no problem {pattern}")


class Counted:
    """What the kernel counted: octets of a reqid in one direction, at moments of this machine."""

    def __init__(self, folder, reqid, address, outward):
        self.points = []
        for name in sorted(os.listdir(folder), key=int):
            path = os.path.join(folder, name)
            with open(path, encoding="utf-8") as file:
                sas = re.split(r"^(?=src )", file.read(), flags=re.MULTILINE)
            octets = [int(re.search(r"lifetime current:\s+(\d+)\(bytes\)", sa)[1]) for sa in sas
                      if re.search(rf"reqid {reqid}\(", sa) and sa.startswith(f"src {address} ") == outward]
            self.points.append((os.stat(path).st_mtime, sum(octets)))

    def least(self, moment):
        return max((octets for at, octets in self.points if at <= moment), default=0)

    def most(self, moment):
        return min((octets for at, octets in self.points if at >= moment), default=None)

    def between(self, begin, end):
        """The least and the most that the agent may have told of the time between two readings."""
        begin_most, end_most = self.most(begin + LATE), self.most(end + LATE)
        if end_most is None:
            return None
        return max(0, self.least(end - OLD) - begin_most), end_most - self.least(begin - OLD)


def readings(api, key):
    """moment and rate, in octets"""
    item = api.items(filter={"key_": key})[0]
    return sorted((int(one["clock"]) + int(one["ns"]) / 1e9, float(one["value"]) / 8)
                  for one in api("history.get", {"itemids": item["itemid"], "history": 0}))


def rate_is_true(points, counted):
    """True, or what is missing or wrong. Each reading, and all of them together."""
    if len(points) < 3 or points[-1][0] - points[0][0] < RATES_FOR:
        return f"{len(points)} readings"
    steps = [(one[0], other[0], other[1] * (other[0] - one[0])) for one, other in zip(points, points[1:])]
    whole = (points[0][0], points[-1][0], sum(octets for _, _, octets in steps))
    for begin, end, octets in (*steps, whole):
        bounds = counted.between(begin, end)
        if bounds is None:
            return "the kernel's count is not there yet"
        if not bounds[0] - 1 <= octets <= bounds[1] + 1:
            return f"{octets:.0f} octets in {end - begin:.0f} s, but the kernel counted {bounds[0]} to {bounds[1]}"
    if bounds[0] * 2 < bounds[1]:
        return f"no traffic to speak of: {bounds}"
    print(f"# {octets:.0f} octets in {end - begin:.0f} s by {len(steps)} rates; the kernel counted {bounds[0]} to {bounds[1]}")
    return True


def rates(api, folder):
    with open(os.path.join(folder, "tunnels"), encoding="utf-8") as file:
        lasting = [line.split() for line in file if not line.startswith("zurich")]  # which is dropped now and then
    for name, reqid, address in lasting:
        index = "".join(f"{len(part)}." + "".join(f"{octet}." for octet in part.encode()) for part in name.split("/")) + "1"
        for column in ("ipsrTunnelOctetsIn", "ipsrTunnelOctetsOut"):
            def true(column=column, key=f"{column}[{index}]", reqid=reqid, address=address):
                poll(api, "ipsrTunnelOctetsIn", "ipsrTunnelOctetsOut")
                time.sleep(2)
                return rate_is_true(readings(api, key), Counted(os.path.join(folder, "counted"), reqid, address,
                                                                column.endswith("Out")))
            wait(f"{column} of {name} is what the kernel counts", true)


def received(api, name, text):
    def there():
        for item in api.items():
            if item["type"] == TRAP and f"({name}|" in item["key_"]:
                return text in item["lastvalue"] or item["lastvalue"] or item["error"] or "nothing"
        return "no such item"
    wait(f"received: {name}", there)


def main(url, command, *arguments):
    api = Api(url)
    if command == "hostid":
        print(api.hostid())
    else:
        globals()[command](api, *arguments)


if __name__ == "__main__":
    main(*sys.argv[1:])
