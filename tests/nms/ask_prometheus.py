#!/usr/bin/python3
"""ask_prometheus.py URL DASHBOARD.JSON INSTANCE: every query of the dashboard returns data of the instances that this
expression matches, as do its variables."""
import json
import sys
import urllib.parse
import urllib.request

VALUES = {"$__rate_interval": "30s", "${datasource}": "prometheus"}


def ask(url, path, **parameters):
    with urllib.request.urlopen(f"{url}{path}?{urllib.parse.urlencode(parameters)}", timeout=10) as answer:
        return json.load(answer)["data"]


def queries(dashboard):
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]


def main(url, path, instance):
    with open(path, encoding="utf-8") as file:
        dashboard = json.load(file)
    failed = 0
    for title, expression in queries(dashboard):
        for variable, value in {**VALUES, "$instance": instance}.items():
            expression = expression.replace(variable, value)
        result = ask(url, "/api/v1/query", query=expression)["result"]
        numbers = [sample["value"][1] for sample in result if sample["value"][1] != "NaN"]
        print(f"{'ok' if numbers else 'not ok'} - {title}: {expression}" + ("" if numbers else ": no data"))
        failed += not numbers
    instances = ask(url, "/api/v1/label/instance/values", **{"match[]": "ipsrAgentMibRevision"})
    print(f"{'ok' if instances else 'not ok'} - the variable instance has values{'' if instances else ': none'}")
    return 1 if failed or not instances else 0


sys.exit(main(*sys.argv[1:]))
