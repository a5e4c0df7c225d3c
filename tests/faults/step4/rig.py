"""The rig of the ban promise: a filter of its own, shops, a person who bans, and the oracle."""

from __future__ import annotations

import signal
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from psycopg import sql

from tests.faults.step3.drivers import OnCluster
from tests.faults.step4.catalogue import Catalogue
from tests.faults.step4.oracle import Let, World, leaks, owed
from tests.faults.step4.people import Banner, Shops, moments
from tests.support.drivers import processes_with
from tests.support.eventually import eventually
from tests.support.stores import own_database
from tests.support.topics import create_topic, fresh_topic
from weir.cli.market_relay import serve
from weir.kafka.declared import dlq_of
from weir.kafka.offsets import end_offsets
from weir.kafka.reader import read_range
from weir.market.filtered import Source, Version, read_mark
from weir.ops import desired, launch, lease
from weir.ops.launch import submit_application
from weir.ops.streams import FilterSpec, StreamSpec, find_stream
from weir.platform.driver_logs import newest_by_stream
from weir.platform.layout import Layout
from weir.settings import Settings
from weir.store.postgres import connect

STALE = Path(__file__).with_name("stale.py")
PATIENCE_SECONDS = 180.0
SMALL = {"driver_memory_mb": 640, "executor_memory_mb": 512, "executor_cores": 2}


class OnStale(OnCluster):
    """Drivers of the filter that reads its list once."""

    def start(self, settings: Settings, spec: StreamSpec) -> str:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(launch, "submit_application", _submit_stale)
            return super().start(settings, spec)


def _submit_stale(layout: Layout, spec: StreamSpec, _main: str, *arguments: str) -> str:
    return submit_application(layout, spec, str(STALE), *arguments)


class FilterRig:
    """Everything around one filter; `settings` name the rig's own database."""

    def __init__(self, platform: Settings, settings: Settings, spec: FilterSpec) -> None:
        self.settings = settings
        self.spec = spec
        self.world = World()
        self.drivers: OnCluster = OnCluster()
        self.token = ""
        self.banner = Banner(self.connection, self.world)
        self.catalogue = Catalogue(settings, spec)
        self._platform = platform
        self._over = threading.Event()
        self._relay = threading.Thread(
            target=serve, args=(settings, self._over, spec), name="relay", daemon=True
        )
        with self.connection() as connection:
            lease.ensure_stream(connection, spec.name)

    def connection(self) -> lease.Pg:
        return connect(self.settings.dsn_file, application_name="faults")

    def shops(self, rate: int) -> Shops:
        return Shops(self.settings, self.spec.topic, self.world, rate=rate)

    def start(self) -> None:
        """Relay, catalogue and the first driver; wait until it has filtered a product."""
        self._relay.start()
        self.catalogue.start()
        self.start_driver()
        first = self.shops(0)
        first.send(0)
        first.flush()
        eventually(self.let, bool, within_seconds=PATIENCE_SECONDS, every_seconds=0.5)

    def start_driver(self) -> None:
        self.forgive()
        self.token = self.drivers.start(self.settings, self.spec)

    def forgive(self) -> None:
        """A matrix kills more often than any driver may die by itself."""
        with self.connection() as connection:
            desired.want_run(connection, self.spec.name, "test")

    def kill(self) -> None:
        """kill -9 of both processes, when there are both; Spark's worker starts them again."""
        eventually(
            lambda: processes_with(self.token).keys(),
            lambda found: found >= {"jvm", "python"},
            within_seconds=PATIENCE_SECONDS,
        )
        self.drivers.kill(self.token)

    def stand_still(self) -> tuple[str, int]:
        """Stop the driver where it is, start another one; the token and epoch of the zombie."""
        zombie, epoch = self.token, self.epoch()
        self.drivers.kill(zombie, signal.SIGSTOP)
        self.start_driver()
        return zombie, epoch

    def wake(self, zombie: tuple[str, int]) -> None:
        """When another has taken over, the zombie goes on; wait until it has left."""
        token, epoch = zombie
        eventually(self.epoch, lambda now: now > epoch, within_seconds=PATIENCE_SECONDS)
        self.drivers.kill(token, signal.SIGCONT)
        self.drivers.wait_gone(token)
        self.forgive()

    def epoch(self) -> int:
        with self.connection() as connection:
            return lease.fetch_lease(connection, self.spec.name).epoch

    def ban_for(self, seconds: float, deeds: int, seed: int = 4) -> None:
        """So many deeds at random moments of this time."""
        began = time.monotonic()
        for moment in moments(seconds, deeds, seed):
            self._over.wait(max(0.0, began + moment - time.monotonic()))
            self.banner.act()

    @contextmanager
    def without_list(self) -> Iterator[None]:
        """Nobody reaches the rig's database."""
        with self.connection() as connection:
            database = connection.info.dbname
        name = sql.Identifier(database)
        allow = sql.SQL("alter database {} with allow_connections {}")
        with connect(self._platform.dsn_file, application_name="faults") as server:
            server.execute(allow.format(name, sql.SQL("false")))
            try:
                server.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s",
                    [database],
                )
                yield
            finally:
                server.execute(allow.format(name, sql.SQL("true")))

    def let(self) -> list[Let]:
        """The products in filtered-products, in the order of each partition."""
        found = []
        for message in read_range(self.settings, self.spec.products_topic):
            mark, at_ms = read_mark(message.headers), message.timestamp_ms
            assert mark is not None
            assert at_ms is not None
            if message.value is not None:
                found.append(Let((message.key or b"").decode(), mark, at_ms / 1000))
        return found

    def shown(self) -> set[str]:
        """Products of which the highest version in filtered-products is no tombstone."""
        last: dict[str, tuple[Version, bool]] = {}
        for message in read_range(self.settings, self.spec.products_topic):
            mark, key = read_mark(message.headers), (message.key or b"").decode()
            assert mark is not None
            if key not in last or last[key][0] <= mark.version:
                last[key] = (mark.version, message.value is not None)
        return {product for product, (_, there) in last.items() if there}

    def ends(self) -> int:
        """How much the filter has written."""
        topics = (self.spec.products_topic, self.spec.events_topic)
        return sum(sum(end_offsets(self.settings, topic).values()) for topic in topics)

    def stored(self) -> dict[str, tuple[str, Source]]:
        """The catalogue: state and newest record of each product."""
        with self.connection() as connection:
            rows = connection.execute(
                "select product_id, state, src_partition, src_offset from market.product"
            ).fetchall()
        return {row[0]: (row[1], Source(self.spec.topic, *row[2:])) for row in rows}

    def settle(self) -> dict[str, Any]:
        """Wait until the catalogue shows what it must; hold everything against the oracle."""
        eventually(
            self._still_wrong,
            lambda found: not found,
            within_seconds=PATIENCE_SECONDS,
            every_seconds=0.5,
        )
        let = self.let()
        states = {p: state for p, (state, _) in owed(self.world, time.time()).items()}
        blocked = {product for product, state in states.items() if state == "blocked"}
        return {
            "sent": len(self.world.sent),
            "let_through": len(let),
            "changes": dict(Counter(one.mark.change.value for one in let)),
            "deeds": self.banner.deeds,
            "epoch": self.epoch(),
            "blocked_in_the_end": len(blocked),
            "leaked": self.leaked(),
            "shown_though_banned": len(self.shown() & blocked),
        }

    def leaked(self) -> int:
        """How many products were let through that were sent after their ban."""
        return len(leaks(self.world, self.let()))

    def _still_wrong(self) -> list[str]:
        """The first products that the catalogue shows otherwise, and what the driver last said."""
        stored, expected = self.stored(), owed(self.world, time.time())
        wrong = [
            f"{product}: {stored.get(product)}, not {wanted}"
            for product, wanted in expected.items()
            if stored.get(product) != wanted
        ]
        return [f"{len(wrong)} of {len(expected)}", *wrong[:3], self._last_words()] if wrong else []

    def _last_words(self) -> str:
        log = newest_by_stream(Layout(self.settings)).get(self.spec.name)
        return "" if log is None else "\n".join(log.read_text().splitlines()[-40:])

    def end(self) -> None:
        """No driver or thread is left behind."""
        self._over.set()
        with self.connection() as connection:
            desired.want_drained(connection, self.spec.name, "test", "the test is over")
        self.drivers.end()
        if self._relay.is_alive():
            self._relay.join(30)
        if self.catalogue.is_alive():
            self.catalogue.end()


@contextmanager
def filter_rig(
    platform: Settings, folder: Path, *, partitions: int = 3, **changes: Any
) -> Iterator[FilterRig]:
    """A filter over fresh topics and a fresh database; nothing runs yet."""
    products = fresh_topic(platform, partitions, message_timestamp_type="LogAppendTime")
    bans = fresh_topic(platform, cleanup_policy="compact")
    for topic in (products, bans):
        create_topic(platform, dlq_of(topic), max_message_bytes="12582912")
    declared = find_stream("market_banned_filter")
    resources = declared.resources.model_copy(update=SMALL)
    spec = declared.model_copy(
        update={
            "name": f"filter_{uuid.uuid4().hex[:10]}",
            "topic": products,
            "bans_topic": bans,
            "products_topic": fresh_topic(platform, partitions, max_message_bytes="2097152"),
            "events_topic": fresh_topic(platform, partitions=2, max_message_bytes="2097152"),
            "resources": resources,
            "restarts": declared.restarts.model_copy(update={"max": 1000}),
        }
        | changes
    )
    assert isinstance(spec, FilterSpec)
    with own_database(platform, folder) as settings:
        rig = FilterRig(platform, settings, spec)
        try:
            yield rig
        finally:
            rig.end()
