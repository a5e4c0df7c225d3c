"""From a campaign that is produced to notifications that can be read: p50, p95, p99.

The real stream on the real cluster of a running platform (WEIR_TEST_HOME), with topics and a
database of its own: so many campaigns per second, each with so many subscribers.

Run: `.venv/bin/python -m benchmarks.promo_latency [--rate 50] [--subscribers 20] [--seconds 60]
[--warm-seconds 60]`.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import threading
import time
import uuid
from pathlib import Path
from typing import Any

import orjson
from confluent_kafka import Consumer, TopicPartition

from benchmarks.counting.report import RESULTS, revision
from tests.support.platform import attached_platform, running_platform
from tests.support.promo import campaign
from tests.support.promo_stream import PromoStream, promo_stream
from weir.contracts.campaign import campaign_json
from weir.kafka.client import kafka_options
from weir.kafka.offsets import end_offsets
from weir.ops.streams import find_stream

HOUR = 3600
RESTAURANTS = 50
GRACE_SECONDS = 30.0


def read_notifications(
    stream: PromoStream, seen: dict[tuple[str, str], float], stop: threading.Event
) -> None:
    """Note when each notification could be read for the first time."""
    topic = stream.settings.promo_out_topic
    consumer = Consumer(
        kafka_options(
            stream.settings,
            group_id="unused",
            enable_auto_commit=False,
            isolation_level="read_committed",
            fetch_wait_max_ms=5,
        )
    )
    ends = end_offsets(stream.settings, topic)
    consumer.assign([TopicPartition(topic, p, end) for p, end in ends.items()])
    while not stop.is_set():
        for message in consumer.consume(1000, 0.02):
            now = time.time()
            body = orjson.loads(message.value() or b"null")
            seen.setdefault((body["adv_campaign_id"], body["client_id"]), now)
    consumer.close()


def measure(
    stream: PromoStream, rate: float, subscribers: int, seconds: float, warm_seconds: float
) -> dict[str, Any]:
    """Produce at a steady rate and compare both ends, once the JVMs have compiled what is hot."""
    restaurants = [str(uuid.uuid4()) for _ in range(RESTAURANTS)]
    for restaurant in restaurants:
        stream.subscribe(restaurant, [str(uuid.uuid4()) for _ in range(subscribers)])
    with stream.connection() as connection:
        connection.execute("truncate promo.subscriber_change")
    now = stream.now()
    times = {"start": now - HOUR, "end": now + HOUR}
    stream.start()
    stream.send(campaign(restaurants[0], **times))
    stream.wait_until_readable(subscribers)
    seen: dict[tuple[str, str], float] = {}
    stop = threading.Event()
    reader = threading.Thread(target=read_notifications, args=(stream, seen, stop))
    reader.start()
    produced: dict[str, float] = {}
    producer, topic = stream.producer(), stream.settings.promo_in_topic
    began = time.time()
    for number in range(int(rate * (seconds + warm_seconds))):
        stop.wait(max(0.0, began + number / rate - time.time()))
        one = campaign(restaurants[number % RESTAURANTS], **times)
        produced[one.adv_campaign_id] = time.time()
        producer.send(topic, campaign_json(one))
    producer.flush()
    expected = len(produced) * subscribers
    deadline = time.time() + GRACE_SECONDS
    while len(seen) < expected and time.time() < deadline:
        stop.wait(0.1)
    stop.set()
    reader.join()
    delays = sorted(
        at - produced[name]
        for (name, _), at in seen.items()
        if produced.get(name, 0) > began + warm_seconds
    )
    cuts = statistics.quantiles(delays, n=100)
    return {
        "revision": revision(),
        "campaigns_per_second": rate,
        "subscribers": subscribers,
        "warm_seconds": warm_seconds,
        "notifications": len(delays),
        "missing": expected - len(seen),
        "p50_ms": round(1000 * cuts[49]),
        "p95_ms": round(1000 * cuts[94]),
        "p99_ms": round(1000 * cuts[98]),
        "max_ms": round(1000 * delays[-1]),
        "load_average": os.getloadavg()[0],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=50)
    parser.add_argument("--subscribers", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--warm-seconds", type=float, default=60)
    parser.add_argument("--out", type=Path, default=RESULTS / "promo_latency.json")
    options = parser.parse_args()
    home = os.environ.get("WEIR_TEST_HOME")
    shipped = find_stream("promo_join")
    changes = {"resources": shipped.resources.model_dump(), "trigger_ms": shipped.trigger_ms}
    with (
        attached_platform(home) if home else running_platform() as settings,
        tempfile.TemporaryDirectory() as folder,
        promo_stream(settings, Path(folder), **changes) as stream,
    ):
        result = measure(
            stream, options.rate, options.subscribers, options.seconds, options.warm_seconds
        )
    print(json.dumps(result, indent=2))
    options.out.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
