"""Make the dashboards: each `NAME.yaml` here becomes `NAME.json` for Grafana.

Run after a change: `.venv/bin/python monitoring/grafana/make.py`. A test compares both.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
COLUMNS = 24
SOURCE = {"type": "prometheus", "uid": "${source}"}
CHOICE = {"name": "source", "type": "datasource", "query": "prometheus", "label": "Prometheus"}


def dashboard(declared: dict[str, Any]) -> dict[str, Any]:
    """Rows of panels of equal width, from the top down."""
    panels: list[dict[str, Any]] = []
    top = 0
    for row in declared["rows"]:
        count = len(row["panels"])
        left = 0
        for place, wanted in enumerate(row["panels"]):
            width = COLUMNS // count + (place >= count - COLUMNS % count)
            where = {"x": left, "y": top, "w": width, "h": row["height"]}
            panels.append(panel(wanted, len(panels) + 1, where))
            left += width
        top += row["height"]
    return {
        "uid": declared["uid"],
        "title": declared["title"],
        "tags": ["weir"],
        "timezone": "utc",
        "schemaVersion": 39,
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {"list": [CHOICE]},
        "panels": panels,
    }


def panel(wanted: dict[str, Any], number: int, where: dict[str, int]) -> dict[str, Any]:
    """One panel; its queries are named by the letters from A on."""
    kind = "stat" if "stat" in wanted else "timeseries"
    queries = wanted["queries"].items()
    return {
        "id": number,
        "type": kind,
        "title": wanted.get("stat", wanted.get("lines")),
        "description": wanted.get("hint", ""),
        "datasource": SOURCE,
        "gridPos": where,
        "fieldConfig": {
            "defaults": {"unit": wanted.get("unit", "short"), "min": 0},
            "overrides": [],
        },
        "targets": [
            {
                "refId": chr(ord("A") + i),
                "expr": expression,
                "legendFormat": legend,
                "datasource": SOURCE,
            }
            for i, (legend, expression) in enumerate(queries)
        ],
    }


def rendered(source: Path) -> str:
    """The JSON text of one declaration."""
    return json.dumps(dashboard(yaml.safe_load(source.read_text())), indent=2) + "\n"


if __name__ == "__main__":
    for source in sorted(HERE.glob("*.yaml")):
        source.with_suffix(".json").write_text(rendered(source))
