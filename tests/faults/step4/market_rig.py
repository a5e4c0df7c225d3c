"""The market's three streams on a real platform: fed, killed, replayed, and asked for numbers."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.faults.step4.assortment import Message
from tests.faults.step4.reckoning import EPOCH, REASON, Place, Record, Rule, World, canonical
from tests.support.drivers import processes_with
from tests.support.eventually import eventually
from tests.support.platform import weir
from weir.kafka.declared import Topic
from weir.kafka.offsets import end_offsets, first_offsets
from weir.kafka.producer import ConfirmedProducer
from weir.kafka.reader import read_range
from weir.kafka.redrive_header import REDRIVE_HEADER
from weir.ops import launch
from weir.ops.launch import submit_application
from weir.ops.streams import StreamSpec
from weir.platform.layout import Layout
from weir.settings import Settings
from weir.store.postgres import connect

YESTERDAY = Path(__file__).with_name("yesterday.py")
FILTER, CATALOGUE, STATISTICS = "market_banned_filter", "market_catalogue", "market_statistics"
READ_BY = {
    FILTER: (Topic.SHOP_PRODUCTS, Topic.MARKET_BANS),
    CATALOGUE: (Topic.FILTERED_PRODUCTS, Topic.FILTERED_EVENTS),
    STATISTICS: (Topic.FILTERED_PRODUCTS, Topic.FILTERED_EVENTS),
}
PATIENCE_SECONDS = 180.0
WORDS = (
    *("sku", "shop", "name", "description", "category", "brand", "price", "currency", "stock"),
    *("tags", "attributes", "images", "created_at"),
)
PRODUCT_ROWS = f"""
    select product_id, state, {", ".join(WORDS)},
      (extract(epoch from updated_at) * 1000000)::bigint, src_partition, src_offset, ban_version,
      payload
    from market.product
"""
PARQUET = (
    *("change", "product_id", "sku", "shop", "name", "category", "brand", "currency", "price"),
    *("updated_at", "ban_version", "src_partition", "src_offset", "reason", "payload"),
)


def _submit_yesterday(layout: Layout, spec: StreamSpec, _main: str, *arguments: str) -> str:
    return submit_application(layout, spec, str(YESTERDAY), *arguments)


class Market:
    """The platform, and the world as it must be."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.world = World()
        self.sent: list[Message] = []
        self._waiting: Counter[Message] = Counter()
        self._taken = first_offsets(settings, Topic.SHOP_PRODUCTS)
        self._producer = ConfirmedProducer(settings)

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with connect(self.settings.dsn_file, application_name="faults") as connection:
            found = connection.execute(query, values)  # type: ignore[arg-type]
            return found.fetchall() if found.description else []

    def start_yesterdays_filter(self) -> None:
        """With a mistake, and a death after its first products, before its ledger knows."""
        broken = self.settings.model_copy(update={"failpoint": "after_write:kill9"})
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(launch, "submit_application", _submit_yesterday)
            launch.start_stream(broken, FILTER, changed_by="test")

    def order(self, verb: str, *streams: str) -> None:
        """`weir streams start|stop`, all at once."""
        with ThreadPoolExecutor(len(streams)) as pool:
            list(pool.map(lambda name: weir(self.settings, "streams", verb, name), streams))

    def kill(self, stream: str) -> None:
        """kill -9 of both processes of the driver; Spark's worker starts it again."""
        ((token,),) = self.rows("select token from ops.stream where stream = %s", stream)
        found = eventually(
            lambda: processes_with(token),
            lambda found: found.keys() >= {"jvm", "python"},
            within_seconds=PATIENCE_SECONDS,
        )
        for pid in found.values():
            with suppress(ProcessLookupError):  # one of them may end because the other did
                os.kill(pid, signal.SIGKILL)

    def epochs(self) -> dict[str, int]:
        """How often each stream was taken over."""
        return dict(self.rows("select stream, epoch from ops.stream_lease order by stream"))

    def forget(self) -> None:
        """Of parked streams: no checkpoint, and two of them begin again at the first message."""
        for stream in READ_BY:
            shutil.rmtree(Layout(self.settings).checkpoints / stream)
        self.rows(
            "update ops.query_offset set next_offset = 0 where stream = any(%s)",
            [CATALOGUE, STATISTICS],
        )

    def send(self, messages: Iterable[Message], topic: str = Topic.SHOP_PRODUCTS) -> None:
        """Confirmed by Kafka, in this order."""
        for message in messages:
            self._producer.send(topic, message.value, key=message.key)
            if topic == Topic.SHOP_PRODUCTS:
                self._waiting[message] += 1
                self.sent.append(message)
        self._producer.flush()

    def redrive(self, letters: Iterable[Message]) -> dict[str, Any]:
        """All dead letters again; `letters`: those that go to the shops' topic."""
        self._waiting.update(letters)
        done = weir(self.settings, "dlq", "redrive", "--json")
        return dict(json.loads(done.stdout))

    def ban(self, *rules: Rule) -> None:
        """Ban at a quiet moment, and wait until it is quiet again."""
        self.world.ban(rules, self.order_rules("ban", rules))
        self.calm()

    def lift(self, *rules: Rule) -> None:
        self.world.lift(rules, self.order_rules("unban", rules))
        self.calm()

    def order_rules(self, verb: str, rules: Iterable[Rule]) -> int:
        """`weir market ban|unban`; the version of the list then."""
        words = [word for kind, value in rules for word in (f"--{kind}", value)]
        done = weir(self.settings, "market", verb, *words, "--reason", REASON, "--json")
        return int(json.loads(done.stdout)["version"])

    def ends(self, topic: str) -> int:
        """How much was ever written there."""
        return sum(end_offsets(self.settings, topic).values())

    def calm(self) -> None:
        """Wait until the three streams are at the end of what they read, and every rule holds."""
        eventually(
            self._open, lambda left: not left, within_seconds=PATIENCE_SECONDS, every_seconds=0.5
        )

    def _open(self) -> list[Any]:
        left: list[Any] = self.rows("select kind, value from market.ban_unsettled")
        for stream, topics in READ_BY.items():
            if left:
                break  # what a stream before it still writes is not yet at its end
            stands = {
                (topic, partition): offset
                for topic, partition, offset in self.rows(
                    "select topic, partition, next_offset from ops.query_offset where stream = %s",
                    stream,
                )
            }
            for topic in topics:
                for partition, end in end_offsets(self.settings, topic).items():
                    at = stands.get((topic.value, partition), -1)
                    left += [(stream, topic.value, partition, at, end)] if at != end else []
        return left

    def take(self, is_refused: Callable[[Message, bool], bool]) -> int:
        """Read what lies in the shops' topic since the last time into the world; how many.

        `is_refused` is told of each message whether it is a dead letter that was sent again.
        """
        ends = end_offsets(self.settings, Topic.SHOP_PRODUCTS)
        found = list(read_range(self.settings, Topic.SHOP_PRODUCTS, self._taken, ends))
        self._taken = ends
        there = Counter(Message(m.key, m.value) for m in found)
        assert ((self._waiting - there).total(), (there - self._waiting).total()) == (0, 0)
        self._waiting.clear()
        for message in sorted(found, key=lambda m: (m.partition, m.offset)):
            again = any(name == REDRIVE_HEADER for name, _ in message.headers)
            sent = Message(message.key, message.value)
            if is_refused(sent, again):
                continue
            assert message.key is not None
            assert message.timestamp_ms is not None
            self.world.send(
                Record(
                    product_id=message.key.decode(),
                    partition=message.partition,
                    offset=message.offset,
                    at_ms=message.timestamp_ms,
                    body=None if message.value is None else json.loads(message.value),
                )
            )
        return len(found)

    def statistics(self, level: str, *words: str) -> dict[Place, dict[str, Any]]:
        """What `weir market stats` says."""
        asked = ("market", "stats", "--by", level, "--limit", "1000000", "--json", *words)
        rows = json.loads(weir(self.settings, *asked).stdout)["rows"]
        found = {}
        for row in rows:
            start = row.pop("window_start")
            second = None if start is None else int(datetime.fromisoformat(start).timestamp())
            found[row.pop("key"), row.pop("currency"), second] = row
        assert len(found) == len(rows)
        return found

    def catalogue(self) -> dict[str, tuple[Any, ...]]:
        """What market.product holds."""
        return {
            row[0]: (*row[1:-1], None if row[-1] is None else canonical(json.loads(row[-1])))
            for row in self.rows(PRODUCT_ROWS)
        }

    def archive(self) -> dict[str, Any]:
        """One run; what it did."""
        done = weir(self.settings, "market", "archive", "run", "--json")
        return dict(json.loads(done.stdout))

    def archived(self) -> Counter[tuple[Any, ...]]:
        """Every row of the Parquet files, read as anybody reads them."""
        found: Counter[tuple[Any, ...]] = Counter()
        folder = Layout(self.settings).home / "archive" / "market"
        for dataset in ("products", "events"):
            for path in (folder / dataset).glob("date=*/*.parquet"):
                table = pq.read_table(path, columns=[*PARQUET, "src_topic"])
                assert set(table["src_topic"].to_pylist()) <= {Topic.SHOP_PRODUCTS.value}
                for row in table.select(list(PARQUET)).to_pylist():
                    said = None if row["payload"] is None else json.loads(row["payload"])
                    if said is not None and dataset == "events":
                        said = said["product"]
                    since = row["updated_at"] - EPOCH
                    row["updated_at"] = since.days * 86_400_000_000 + (
                        since.seconds * 1_000_000 + since.microseconds
                    )
                    row["payload"] = canonical(said)
                    found[(dataset, *(row[name] for name in PARQUET))] += 1
        return found
