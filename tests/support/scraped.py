"""What rules and dashboards ask for, and what the platform's Prometheus answers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import httpx
import yaml

from weir.ports import Port
from weir.settings import REPO, Settings

MONITORING = REPO / "monitoring"
PREFIXES = "weir|kafka|spark|metrics|node|pg|redis|jvm"


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
