"""Every rule and every panel asks for something that is really there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import httpx
import pytest
import yaml

from tests.support.eventually import eventually
from weir.ports import Port
from weir.settings import REPO, Settings

pytestmark = pytest.mark.platform

MONITORING = REPO / "monitoring"
PREFIXES = "weir|kafka|spark|metrics|node|pg|redis|jvm"
# Nothing to show until it happens, or not part of this platform.
LATER = {
    "weir_dead_letters": "no message was refused yet",
    "weir_stats_served_total": "nobody asked /stats yet",
    "weir_stream_probe_age_seconds": "the first probe comes within a minute",
    "weir_airflow_up": "no Airflow here",
    "weir_airflow_heartbeat_age_seconds": "no Airflow here",
    "weir_airflow_tasks": "no Airflow here",
    "weir_airflow_import_errors": "no Airflow here",
}


def ask(settings: Settings, path: str, **words: str) -> object:
    """An answer of the platform's Prometheus."""
    port = settings.port(Port.PROMETHEUS)
    answer = httpx.get(f"http://127.0.0.1:{port}/api/v1/{path}", params=words, timeout=10)
    return answer.raise_for_status().json()["data"]


def expressions() -> Iterator[str]:
    for path in (MONITORING / "prometheus" / "rules").glob("*.yml"):
        for group in yaml.safe_load(path.read_text())["groups"]:
            yield from (rule["expr"] for rule in group["rules"])
    for path in (MONITORING / "grafana").glob("*.json"):
        for panel in json.loads(path.read_text())["panels"]:
            yield from (target["expr"] for target in panel["targets"])


def names_in(expression: str) -> set[str]:
    """Metric names, without what stands between braces or is a label to match on."""
    bare = re.sub(r"\{[^}]*\}", "", expression)
    return set(re.findall(rf"\b(?:{PREFIXES})_\w+", bare))


def test_every_target_is_up(watched: Settings) -> None:
    """What is down is not watched; the driver's target comes with its stream."""

    def targets() -> dict[str, str]:
        found = ask(watched, "targets", state="active")
        assert isinstance(found, dict)
        return {
            f"{t['labels']['job']} {t['lastError']}": t["health"] for t in found["activeTargets"]
        }

    seen = eventually(
        targets,
        lambda now: len(now) > 10 and set(now.values()) == {"up"},
        within_seconds=120,
        every_seconds=1,
    )
    assert {name.split()[0] for name in seen} == {
        *("weir", "kafka", "spark-master", "spark-worker", "spark-driver", "spark-executors"),
        *("host", "postgres", "redis", "prometheus", "alertmanager"),
    }


def test_every_metric_of_a_rule_or_a_panel_is_scraped(watched: Settings) -> None:
    """A panel on a name that nobody exports is empty for ever, and its alert silent."""
    wanted = set().union(*map(names_in, expressions()))
    assert len(wanted) > 80

    def missing() -> set[str]:
        found = ask(watched, "label/__name__/values")
        assert isinstance(found, list)
        return wanted - set(found) - LATER.keys()

    eventually(missing, lambda names: names == set(), within_seconds=90, every_seconds=1)


def test_every_query_is_one_that_prometheus_can_answer(watched: Settings) -> None:
    """A sum of two metrics with other labels, or a misplaced bracket, shows only here."""
    queries = sorted(set(expressions()))
    assert queries
    for query in queries:
        answer = ask(watched, "query", query=query)
        assert isinstance(answer, dict), query
