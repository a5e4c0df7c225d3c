"""Rules and dashboards speak only of metrics that exist, and the rules fire when they should."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess

import pytest
import yaml

from weir.serving.metric_names import DECLARED
from weir.settings import REPO

MONITORING = REPO / "monitoring"
RULES = sorted((MONITORING / "prometheus" / "rules").glob("*.yml"))
RULE_TESTS = sorted((MONITORING / "prometheus" / "tests").glob("*.yml"))
DASHBOARDS = sorted((MONITORING / "grafana").glob("*.json"))
SUFFIXES = ("_bucket", "_sum", "_count")


def known_names():
    names = {metric.value for metric in DECLARED}
    for metric, declared in DECLARED.items():
        if declared.kind == "histogram":
            names |= {metric.value + suffix for suffix in SUFFIXES}
    return names


def expressions():
    for path in RULES:
        for group in yaml.safe_load(path.read_text())["groups"]:
            yield from ((path.name, rule["expr"]) for rule in group["rules"])
    for path in DASHBOARDS:
        for panel in json.loads(path.read_text())["panels"]:
            yield from ((path.name, target["expr"]) for target in panel["targets"])


def test_rules_and_dashboards_use_only_declared_metrics():
    """A misspelt name never fires, and nobody notices."""
    found = list(expressions())
    assert len(RULES) == 10
    assert DASHBOARDS
    used = {(file, name) for file, text in found for name in re.findall(r"\bweir_\w+", text)}
    assert len(used) > 20
    assert {(file, name) for file, name in used if name not in known_names()} == set()


def test_rules_and_dashboards_use_only_declared_labels():
    """A selector on a label that a metric has not matches nothing."""
    labels = {metric.value: set(declared.labels) for metric, declared in DECLARED.items()}
    checked = 0
    for file, text in expressions():
        for name, selector in re.findall(r"\b(weir_\w+)\{([^}]*)\}", text):
            metric = next((name.removesuffix(s) for s in SUFFIXES if name.endswith(s)), name)
            asked = set(re.findall(r"(\w+)\s*[=!]", selector))
            assert asked <= labels[metric] | {"le"}, f"{file}: {name}{{{selector}}}"
            checked += 1
    assert checked > 10


def test_every_dashboard_is_what_its_declaration_makes():
    """A change of the JSON by hand is lost at the next `make.py`."""
    spec = importlib.util.spec_from_file_location("make", MONITORING / "grafana" / "make.py")
    make = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make)
    declared = sorted((MONITORING / "grafana").glob("*.yaml"))
    assert [path.with_suffix(".json") for path in declared] == DASHBOARDS
    assert len(DASHBOARDS) == 7
    for path in declared:
        assert make.rendered(path) == path.with_suffix(".json").read_text(), path.name


def test_every_panel_fits_the_grid_and_overlaps_no_other():
    """Grafana moves what overlaps, and the reader finds nothing where it was."""
    for path in DASHBOARDS:
        taken = set()
        for panel in json.loads(path.read_text())["panels"]:
            at = panel["gridPos"]
            cells = {
                (x, y)
                for x in range(at["x"], at["x"] + at["w"])
                for y in range(at["y"], at["y"] + at["h"])
            }
            assert not cells & taken, (path.name, panel["title"])
            assert at["x"] + at["w"] <= 24
            taken |= cells


def test_every_alert_says_what_happened_and_what_to_do():
    """At night nobody reads source code."""
    for path in RULES:
        for group in yaml.safe_load(path.read_text())["groups"]:
            for rule in group["rules"]:
                assert set(rule["annotations"]) == {"summary", "action"}, rule["alert"]
                assert rule["labels"]["severity"] in ("page", "ticket"), rule["alert"]


def test_every_alert_has_a_rule_test_that_sees_it_fire():
    """A rule that was never seen firing may never fire."""
    alerts = {
        rule["alert"]
        for path in RULES
        for group in yaml.safe_load(path.read_text())["groups"]
        for rule in group["rules"]
    }
    fired = {
        case["alertname"]
        for path in RULE_TESTS
        for test in yaml.safe_load(path.read_text())["tests"]
        for case in test["alert_rule_test"]
        if case.get("exp_alerts")
    }
    assert alerts == fired


def test_every_alert_has_a_rule_test_that_sees_it_clear():
    """An alert that stays for ever is switched off by hand, and then misses the next time."""
    alerts, cleared = set(), set()
    for path in RULES:
        for group in yaml.safe_load(path.read_text())["groups"]:
            alerts |= {rule["alert"] for rule in group["rules"]}
    for path in RULE_TESTS:
        for test in yaml.safe_load(path.read_text())["tests"]:
            fired = {}
            for case in test["alert_rule_test"]:
                name, minute = case["alertname"], seconds(case["eval_time"])
                if case.get("exp_alerts"):
                    fired[name] = minute
                elif fired.get(name, minute) < minute:
                    cleared.add(name)
    assert alerts
    assert alerts - cleared == set()


def seconds(text):
    """A time such as 1m30s."""
    units = {"h": 3600, "m": 60, "s": 1}
    return sum(int(n) * units[u] for n, u in re.findall(r"(\d+)([hms])", text))


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_the_rules_fire_when_they_should_and_only_then():
    """Runs the tests in monitoring/prometheus/tests."""
    assert RULE_TESTS
    words = ["promtool", "test", "rules", *map(str, RULE_TESTS)]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
