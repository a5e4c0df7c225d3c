"""From sample to live data and back, without ever adding one to the other.

Collector and stream must stand still, and everything published must be counted. Then the counts
are moved aside (schema `aside`, nothing is destroyed), the counted messages are deleted from the
topic, the cache is rebuilt empty, and the cursor is begun anew in the other mode. The cursor is
last: a switch that was interrupted is simply done again. Offsets go on, so that the stream does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

import orjson
import psycopg
from confluent_kafka import KafkaException, TopicPartition
from psycopg import sql

from weir.kafka.client import admin_client, reason_of, unavailable
from weir.kafka.declared import progress_of
from weir.kafka.reader import end_offsets, read_last
from weir.kafka.transactional import TransactionalPublisher
from weir.ops.gaps import refill_lock
from weir.ops.observed import fetch_state
from weir.ops.states import Observed
from weir.ops.streams import StreamSpec, load_streams
from weir.settings import Settings
from weir.sources.declared import Mode
from weir.sources.wikimedia.cursor import Positions
from weir.sources.wikimedia.intake import SOURCE
from weir.sources.wikimedia.switch_steps import StreamSigns, obstacle
from weir.store.collectors import fetch_collectors, is_working
from weir.store.redis import connect_redis
from weir.store.wikimedia_cache import WikimediaCache

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, kw_only=True)
class Switch:
    """What a switch would do. `stored` is the mode of what is stored; None: nothing is."""

    stored: str | None
    target: Mode
    tables: tuple[str, ...]
    messages_from: dict[int, int]  # partition -> offset; what is below is deleted

    @property
    def is_needed(self) -> bool:
        """There is data of the other mode."""
        return self.stored is not None and self.stored != self.target


def stored_mode(settings: Settings) -> str | None:
    """The mode of the data in the topic, as the last committed cursor says."""
    last = read_last(settings, progress_of(SOURCE), SOURCE.encode())
    return None if last is None else str(orjson.loads(last.value or b"{}").get("mode"))


def plan_switch(settings: Settings, connection: Connection, target: Mode, now: datetime) -> Switch:
    """Check everything and change nothing. Raises ContractError with what stands in the way."""
    streams = [spec for spec in load_streams().values() if spec.source == SOURCE]
    ends = end_offsets(settings, settings.wikimedia_topic)
    switch = Switch(
        stored=stored_mode(settings),
        target=target,
        tables=tuple(t for spec in streams for t in spec.answer_tables),
        messages_from=ends,
    )
    if switch.is_needed:
        signs = [_signs_of(settings, connection, spec, ends) for spec in streams]
        refusal = obstacle(SOURCE, target, _collector_pid(connection, now), signs)
        if refusal is not None:
            raise refusal
    return switch


def carry_out(settings: Settings, connection: Connection, switch: Switch, now: datetime) -> None:
    """Do what was planned. Doing it again after an interruption is harmless.

    Raises Unavailable while a refill works: it would publish the other mode.
    """
    with refill_lock(connection, SOURCE):
        _carry_out(settings, connection, switch, now)


def _carry_out(settings: Settings, connection: Connection, switch: Switch, now: datetime) -> None:
    publisher = TransactionalPublisher(settings, SOURCE)
    publisher.start()  # fences a collector that started meanwhile
    with connection.transaction():
        for table in switch.tables:
            _set_aside(connection, table, f"{switch.stored}_{now:%Y%m%dT%H%M%S}")
        connection.execute("delete from ops.collector where collector = %s", (SOURCE,))
    cache = WikimediaCache(connect_redis(settings.redis_address, settings.redis_password_path))
    cache.rebuild(connection, f"switch:{uuid4()}")
    _delete_messages(settings, switch.messages_from)
    publisher.commit([], Positions().as_cursor(switch.target))


def _collector_pid(connection: Connection, now: datetime) -> int | None:
    rows = fetch_collectors(connection)
    return next((r.pid for r in rows if r.collector == SOURCE and is_working(r, now)), None)


def _signs_of(
    settings: Settings, connection: Connection, spec: StreamSpec, ends: dict[int, int]
) -> StreamSigns:
    counted = dict(
        connection.execute(
            "select partition, next_offset from ops.query_offset "
            "where stream = %s and query = 'counts' and topic = %s",
            (spec.name, settings.wikimedia_topic),
        ).fetchall()
    )
    return StreamSigns(
        name=spec.name,
        observed=Observed(fetch_state(settings, connection, spec).observed),
        uncounted=sum(end - counted.get(number, 0) for number, end in ends.items() if counted),
    )


def _set_aside(connection: Connection, table: str, suffix: str) -> None:
    """Copy the rows to `aside.<table>_<suffix>` and empty the table; nothing for no rows."""
    source = sql.Identifier(*table.split("."))
    if connection.execute(sql.SQL("select 1 from {} limit 1").format(source)).fetchone() is None:
        return
    copy = sql.Identifier("aside", f"{table.replace('.', '_')}_{suffix}")
    connection.execute("create schema if not exists aside")
    connection.execute(sql.SQL("create table {} as table {}").format(copy, source))
    connection.execute(sql.SQL("truncate {}").format(source))


def _delete_messages(settings: Settings, before: dict[int, int]) -> None:
    places = [TopicPartition(settings.wikimedia_topic, n, end) for n, end in before.items()]
    try:
        admin = admin_client(settings)  # must outlive its answers
        for answer in admin.delete_records(places).values():
            answer.result()
    except KafkaException as error:
        raise unavailable(settings, f"deleting messages: {reason_of(error)}") from error
