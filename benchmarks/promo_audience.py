"""What an audience costs: one campaign for a million subscribers, and for twenty among millions.

Needs a running platform with PostgreSQL and Kafka; works in a database and topics of its own. No
Spark: a batch's part there does not grow with the audience.

Run: `.venv/bin/python -m benchmarks.promo_audience [result.json]`.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

from tests.support.promo import NOON, SealingStream, campaign
from tests.support.stores import own_database
from tests.support.topics import create_topic, fresh_topic
from weir.kafka.declared import progress_of
from weir.kafka.identity import fetch_identity
from weir.kafka.transactional import TransactionalPublisher
from weir.promo.publish import NotificationPublisher, Outlet
from weir.settings import Settings, load_settings

MILLION = 1_000_000
CROWDS = (10_000, 1_000_000, 10_000_000)
BATCHES = 20


def outlet(settings: Settings, stream: str) -> NotificationPublisher:
    topic = fresh_topic(settings, partitions=6)
    create_topic(settings, progress_of(stream), cleanup_policy="compact")
    publisher = TransactionalPublisher(settings, stream, transactional_id=f"{stream}.publisher")
    return NotificationPublisher(
        Outlet(
            stream=stream,
            topic=topic,
            publisher=publisher,
            identity=lambda: fetch_identity(settings, progress_of(stream)),
        )
    )


def fill(stream: SealingStream, rows: int, restaurant: str) -> None:
    """So many subscribers; `restaurant` is an expression of n."""
    stream.pg.execute("alter table public.subscribers_restaurants disable trigger user")
    stream.pg.execute(
        "insert into public.subscribers_restaurants (client_id, restaurant_id)"
        f" select gen_random_uuid()::text, {restaurant} from generate_series(1, {rows}) n"  # type: ignore[arg-type]
    )
    stream.pg.execute("alter table public.subscribers_restaurants enable trigger user")
    stream.pg.execute("vacuum analyze public.subscribers_restaurants")


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def one_large(settings: Settings, rows: int) -> dict[str, Any]:
    """One campaign of a restaurant with this many subscribers, into both stores."""
    stream = SealingStream(settings, f"promo_{uuid.uuid4().hex[:8]}")
    fill(stream, rows, "'large'")
    publisher = outlet(settings, stream.stream)
    publisher.start(stream.pg)
    stream.subscribe("small", "a")
    stream.seal(campaign("small"))
    publisher.publish(stream.pg)
    before = peak_mb()
    began, cpu = time.monotonic(), time.process_time()
    sealed = stream.seal(campaign("large"))
    seal_seconds = time.monotonic() - began
    assert sealed is not None
    assert sealed.rows == rows
    began = time.monotonic()
    assert publisher.publish(stream.pg) == rows
    publish_seconds = time.monotonic() - began
    return {
        "rows": rows,
        "chunks": sealed.chunks,
        "seal_seconds": round(seal_seconds, 1),
        "publish_seconds": round(publish_seconds, 1),
        "notifications_per_second": round(rows / (seal_seconds + publish_seconds)),
        "python_cpu_seconds": round(time.process_time() - cpu, 1),
        "peak_mb_before": round(before),
        "peak_mb_after": round(peak_mb()),
    }


def among_many(settings: Settings, rows: int) -> dict[str, Any]:
    """A campaign for twenty subscribers, among this many of other restaurants."""
    stream = SealingStream(settings, f"promo_{uuid.uuid4().hex[:8]}")
    fill(stream, rows, f"'r' || (n % {max(1, rows // 20)})")
    took = []
    for number in range(BATCHES + 1):
        one = campaign(f"r{number + 1}")
        began = time.monotonic()
        sealed = stream.seal(one, now=NOON)
        took.append(time.monotonic() - began)
        assert sealed is not None
        assert sealed.rows == 20, sealed
    took = sorted(took[1:])  # the first one meets cold caches
    return {
        "subscriber_rows": rows,
        "batch_ms_p50": round(1000 * took[len(took) // 2], 1),
        "batch_ms_max": round(1000 * took[-1], 1),
    }


def main() -> None:
    settings = load_settings()
    found: dict[str, Any] = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        own_database(settings, Path(folder)) as own,
    ):
        found["one_large"] = one_large(own, int(sys.argv[2]) if len(sys.argv) > 2 else MILLION)
        print(json.dumps(found["one_large"]), flush=True)
        crowds = CROWDS if len(sys.argv) <= 3 else CROWDS[: int(sys.argv[3])]
        found["twenty_among"] = [among_many(own, rows) for rows in crowds]
    text = json.dumps(found, indent=1)
    print(text)
    if len(sys.argv) > 1 and sys.argv[1] != "-":
        Path(sys.argv[1]).write_text(text + "\n")


if __name__ == "__main__":
    main()
