"""How many products a second a shop can send with every delivery confirmed.

One broker and this process on the same cores; four ways side by side, passes in turn:

  loop       a bare producer that is told nothing: acks=1, no idempotence, no confirmations
  confirmed  `send_all` with records made before: idempotent, acks=all, each confirmed
  generated  the same, and each product is made, stamped and written out meanwhile
  file       the same with the products of a file: read, judged, stamped, sent

Run: `.venv/bin/python -m benchmarks.market_shop_send [--products 200000] [--passes 3]`.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from confluent_kafka import Producer

from benchmarks.counting.report import RESULTS, revision
from tests.support.platform import attached_platform, running_platform
from tests.support.topics import fresh_topic
from weir.contracts.product import product_json
from weir.kafka.client import kafka_options
from weir.kafka.offsets import end_offsets
from weir.kafka.producer import ConfirmedProducer
from weir.market.generator import products
from weir.market.offers_file import read_offers
from weir.market.shop_send import Pace, Sending, generated, send_all, sendings_of
from weir.settings import Settings

PARTITIONS = 6


def bare_loop(settings: Settings, topic: str, records: list[Sending]) -> None:
    """What a script without any promise does."""
    producer = Producer(
        kafka_options(settings)
        | {"acks": 1, "linger.ms": 5, "compression.type": "lz4", "batch.size": 262_144}
    )
    for record in records:
        while True:
            try:
                producer.produce(topic, value=record.value, key=record.product_id)
                break
            except BufferError:
                producer.poll(0.05)
    producer.flush()


def confirmed(settings: Settings, topic: str, records: list[Sending]) -> None:
    """The shipped way, without the work of making products."""
    publisher = ConfirmedProducer(settings)
    send_all(publisher, topic, iter(records), pace=Pace(None), wait=threading.Event().wait)


def made(settings: Settings, topic: str, records: list[Sending]) -> None:
    """What `weir shop send --shops 1` does."""
    publisher = ConfirmedProducer(settings)
    sendings = generated(1, len(records))
    send_all(publisher, topic, sendings, pace=Pace(None), wait=threading.Event().wait)


def from_file(settings: Settings, topic: str, records: list[Sending]) -> None:
    """What `weir shop send --file F` does; the file is in memory."""
    content = b"\n".join(record.value or b"" for record in records)
    publisher = ConfirmedProducer(settings)
    sendings = sendings_of(read_offers(content))
    send_all(publisher, topic, sendings, pace=Pace(None), wait=threading.Event().wait)


WAYS: dict[str, Callable[[Settings, str, list[Sending]], None]] = {
    "loop": bare_loop,
    "confirmed": confirmed,
    "generated": made,
    "file": from_file,
}


def measure(settings: Settings, number: int, passes: int) -> dict[str, Any]:
    """Products per second of each way and pass; every product must be in the topic."""
    records = [Sending(p.product_id, product_json(p)) for p in products(number)]
    size = sum(len(record.value or b"") for record in records) / number
    rates: dict[str, list[int]] = {way: [] for way in WAYS}
    for _ in range(passes):
        for way, send in WAYS.items():
            topic = fresh_topic(settings, partitions=PARTITIONS)
            began = time.perf_counter()
            send(settings, topic, records)
            took = time.perf_counter() - began
            arrived = sum(end_offsets(settings, topic).values())
            if arrived != number:
                raise AssertionError(f"{way}: {arrived} of {number} arrived")
            rates[way].append(round(number / took))
            print(way, rates[way][-1], flush=True)
    plain = statistics.median(rates["loop"])
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "revision": revision(),
        "machine": {"cores": os.cpu_count(), "load_at_end": round(os.getloadavg()[0], 1)},
        "products": number,
        "bytes_each": round(size),
        "products_per_second": rates,
        "confirmed_share_of_loop": round(statistics.median(rates["confirmed"]) / plain, 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--products", type=int, default=200_000)
    parser.add_argument("--passes", type=int, default=3)
    parser.add_argument("--out", type=Path, default=RESULTS / "market_shop_send.json")
    options = parser.parse_args()
    home = os.environ.get("WEIR_TEST_HOME")
    with attached_platform(home) if home else running_platform("kafka") as settings:
        result = measure(settings, options.products, options.passes)
    print(json.dumps(result, indent=2))
    options.out.write_bytes(orjson.dumps(result, option=orjson.OPT_INDENT_2) + b"\n")


if __name__ == "__main__":
    main()
