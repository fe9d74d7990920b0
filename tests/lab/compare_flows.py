#!/usr/bin/env python3
"""compare_flows.py TRUTH REPORT: does `ipsec_report -cache -json` say what flow_truth.py saw the kernel do?

Prints what differs, and a line of counts; the exit status is 1 when anything does."""
import collections
import json
import sys

with open(sys.argv[1]) as f:
    truth = [json.loads(line) for line in f]
with open(sys.argv[2]) as f:
    report = json.load(f)
spis = {sa["index"]: int(sa["spi"], 16) for sa in report.get("ipsec_sa", [])}
KEYS = ["direction", "protocol", "source", "destination", "source_port", "destination_port"]
rows = {tuple(flow[key] for key in KEYS): flow for flow in report.get("flow", [])}
bad = 0
counts = collections.Counter()


def differs(seen, row):
    """None, or what is wrong"""
    action, verdict = row["action"], seen["verdict"]
    counts[seen["direction"], verdict, "spi" in seen] += 1
    if verdict == "mismatch":
        # protected by the policy of what comes; of what is forwarded the outbound policy may say more
        wanted = {"secure", "discard"} if seen["direction"] == "forward" else {"secure"}
        return None if action in wanted else "action is %s" % action
    if action != verdict:
        return "action is %s" % action
    if verdict == "secure":
        spi = spis.get(row.get("sa"))
        if spi != seen.get("spi"):
            return "SPI is %s" % (spi and hex(spi))
    return None


for seen in truth:
    row = rows.get(tuple(seen[key] for key in KEYS))
    wrong = "no such flow" if row is None else differs(seen, row)
    if wrong:
        bad += 1
        if "spi" in seen:
            seen["spi"] = hex(seen["spi"])
        print(wrong, seen, row)
print("%d flows, %d differ:" % (len(truth), bad),
      ", ".join("%d %s %s%s" % (n, d, v, " with an SA" if s else "") for (d, v, s), n in sorted(counts.items())))
sys.exit(bad > 0)
