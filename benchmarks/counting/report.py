"""The result file of the window-count benchmark."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
from datetime import UTC, datetime
from typing import Any

from weir.settings import REPO

RESULTS = REPO / "benchmarks" / "results"
NAMES = {
    "plain": "plain Python loop (no guarantee, no sink)",
    "shipped": "Weir's job, shipped settings, all guarantees, PostgreSQL sink",
    "tutorial": "Spark with tutorial defaults (stateful window, no guarantee)",
}
WHY = """\
| setting | why |
|---|---|
| `spark.sql.shuffle.partitions` = 2 | 200 by default: 198 empty tasks in each batch |
| 4 task slots on 2 cores | a task that waits for the broker leaves its core to another: \
188,000 → 218,000/s |
| `maxOffsetsPerTrigger` = 2,000,000 | a bound on memory; small batches waste the fixed cost |
| `kafka.max.poll.records` = 10,000, `max.partition.fetch.bytes` = 4 MB, 1 MB receive buffer | \
fewer, larger answers: about a fifth less CPU in the scan |
| ParallelGC in the executor, SerialGC in the driver | throughput there, little memory here |
| AQE off | nothing to adapt in one small shuffle; planning between stages costs time |
| `from_json` of the read fields only, time as a text cast apart | \
the declared schema is all that is parsed |
| COPY of Arrow-written CSV, one ordered merge | no row passes through a Python loop |"""


def write_results(messages: int, passes: dict[str, list[dict[str, Any]]]) -> None:
    """JSON for machines, Markdown for people."""
    plain = statistics.median(run["messages_per_second"] for run in passes["plain"])
    warm = [run["messages_per_second"] for run in passes["shipped"][2:]]
    result = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "revision": revision(),
        "machine": {"cores": os.cpu_count(), "load_at_end": round(os.getloadavg()[0], 1)},
        "messages": messages,
        "warm_messages_per_second": statistics.median(warm),
        "share_of_plain_loop": round(statistics.median(warm) / plain, 2),
        "passes": passes,
    }
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "window_counts.json").write_text(json.dumps(result, indent=2) + "\n")
    rows = [
        f"| {NAMES[name]} | {_temperature(name, number)} | {run['messages_per_second']:,} |"
        f" {run['cpu_seconds_per_million']} | {run['pss_mb']:,} |"
        for name, runs in passes.items()
        for number, run in enumerate(runs, 1)
    ]
    text = [
        "# Window counts: a job with all guarantees next to a plain loop",
        "",
        f"{messages:,} JSON messages of about 160 bytes in 4 partitions, counts per user (1,000)",
        "and minute (30). Each pass is checked against an independent count. Warm: median from",
        f"the third pass on: **{result['warm_messages_per_second']:,.0f} messages/s**, "
        f"{result['share_of_plain_loop']:.2f} of the plain loop in the same run",
        "(goals: 200,000 and 0.4).",
        "",
        "| what | pass | messages/s | CPU s per million | PSS MB |",
        "|---|---|---|---|---|",
        *rows,
        "",
        "CPU and PSS are of the driver's JVM and Python and of the executor; the broker and",
        "PostgreSQL share the same cores. The clock runs from the moment the messages are readable",
        "to the commit of the last count.",
        "",
        WHY,
        "",
        f"Revision {result['revision']}, {result['measured_at']}, {os.cpu_count()} cores, load "
        f"{os.getloadavg()[0]:.1f} at the end.",
        "Run: `.venv/bin/python -m benchmarks.window_counts`.",
    ]
    (RESULTS / "window_counts.md").write_text("\n".join(text) + "\n")
    print("\n".join(text))


def _temperature(name: str, number: int) -> str:
    if name == "plain":
        return str(number)
    return f"{number} (cold)" if number == 1 else f"{number} (warm)"


def revision() -> str:
    """The commit that was measured; `+` when tracked files differ from it."""
    git = ["git", "-C", str(REPO)]
    head = subprocess.check_output([*git, "rev-parse", "--short", "HEAD"], text=True).strip()
    changed = subprocess.check_output([*git, "status", "--porcelain", "-uno"], text=True).strip()
    return head + ("+" if changed else "")
