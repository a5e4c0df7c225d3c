"""Asks Kafka where topics begin and end, how long they keep, and how old what waits is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import structlog
from confluent_kafka import Consumer, IsolationLevel, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import ConfigResource, OffsetSpec, ResourceType

from weir.clock import Clock, Monotonic, monotonic, utc_now
from weir.errors import Unavailable
from weir.kafka.client import LastError, admin_client, kafka_options, reason_of, unavailable
from weir.kafka.cluster import promo_input, settings_at
from weir.ops.lag import NOTHING_WAITS, Lags, PartitionSeen, TopicLag, TopicSeen, measure
from weir.ops.lease import Pg
from weir.settings import Settings

log = structlog.get_logger()
ANSWER_SECONDS: Final = 2.0
PATIENT_SECONDS: Final = 10.0
OLDEST_SECONDS: Final = 2.0
RETENTION_KEPT_SECONDS: Final = 60.0

Positions = Mapping[str, Mapping[int, int]]
Place = tuple[str, int]
Queries = Mapping[tuple[str, str], Positions]

POSITIONS = "select stream, query, topic, partition, next_offset from ops.query_offset"


def fetch_lags(connection: Pg, reader: LagReader) -> Lags:
    """The lags of all streams now."""
    return measure_lags(reader, fetch_positions(connection))


def fetch_lags_once(connection: Pg, settings: Settings) -> Lags:
    """The same by a connection to Kafka of its own, for who asks once."""
    reader = LagReader(settings, answer_seconds=PATIENT_SECONDS)
    try:
        return fetch_lags(connection, reader)
    finally:
        reader.close()


def fetch_positions(connection: Pg) -> dict[tuple[str, str], dict[str, dict[int, int]]]:
    """Per (stream, query), topic and partition: the offset that is counted next."""
    found: dict[tuple[str, str], dict[str, dict[int, int]]] = {}
    for stream, query, topic, partition, next_offset in connection.execute(POSITIONS):
        found.setdefault((stream, query), {}).setdefault(topic, {})[partition] = next_offset
    return found


def measure_lags(reader: LagReader, queries: Queries, clock: Clock = utc_now) -> Lags:
    """Compare the ledger with Kafka. A topic that Kafka has not is left out."""
    lags: dict[str, tuple[TopicLag, ...]] = {}
    try:
        for (stream, query), topics in queries.items():
            seen = reader.fetch(topics)
            now = clock().timestamp()
            lags[stream] = lags.get(stream, ()) + tuple(
                measure(query, topic, topics[topic], seen[topic], now)
                for topic in sorted(topics.keys() & seen.keys())
            )
    except Unavailable as error:
        return Lags(trouble=error.what)
    return Lags(by_stream=lags)


def ends_of(lags: Lags) -> dict[str, dict[int, int]]:
    """Per topic and partition the end that was seen with the lags."""
    return {
        lag.topic: {part.partition: part.end for part in lag.partitions}
        for topics in lags.by_stream.values()
        for lag in topics
    }


class LagReader:
    """Keeps its connections, for being asked again and again by one thread."""

    def __init__(
        self,
        settings: Settings,
        *,
        answer_seconds: float = ANSWER_SECONDS,
        clock: Monotonic = monotonic,
    ) -> None:
        self._settings = settings
        self._answer_seconds = answer_seconds
        self._clock = clock
        self._admin = admin_client(settings)
        self._consumer: Consumer | None = None
        self._partitions: dict[str, list[int]] = {}
        self._retention: dict[str, float | None] = {}
        self._retention_read_at = 0.0
        self._times: dict[tuple[str, int, int], float] = {}
        company = promo_input(settings)
        self._elsewhere: LagReader | None = None
        if company.bootstrap != settings.bootstrap:
            there = settings_at(settings, company)
            self._elsewhere = LagReader(there, answer_seconds=answer_seconds, clock=clock)

    def fetch(self, positions: Positions) -> dict[str, TopicSeen]:
        """What Kafka says of each topic in `positions` (topic -> partition -> next offset).

        A partition without a position gets no waiting time. A topic that does not exist is left
        out, and so is one on a company's Kafka that does not answer. Raises Unavailable.
        """
        topic = self._settings.promo_in_topic
        if self._elsewhere is None or topic not in positions:
            return self._fetch_here(positions)
        seen = self._fetch_here({t: parts for t, parts in positions.items() if t != topic})
        try:
            return seen | self._elsewhere.fetch({topic: positions[topic]})
        except Unavailable as error:
            log.debug("no lag", topic=topic, error=error.what)
            return seen

    def _fetch_here(self, positions: Positions) -> dict[str, TopicSeen]:
        try:
            places = [(t, p) for t in positions for p in self._partitions_of(t)]
            if not places:
                return {}
            first = self._offsets(places, OffsetSpec.earliest())
            ends = self._offsets(places, OffsetSpec.latest())
            retention = self._retention_of({topic for topic, _ in places})
            waiting = {
                place: at
                for place in places
                if (offset := positions[place[0]].get(place[1])) is not None
                and (at := max(offset, first[place])) < ends[place]
            }
            since = self._oldest(waiting)
        except KafkaException as error:
            self._partitions = {}
            raise unavailable(self._settings, reason_of(error)) from error
        seen: dict[str, dict[int, PartitionSeen]] = {}
        for place in places:
            seen.setdefault(place[0], {})[place[1]] = PartitionSeen(
                first=first[place],
                end=ends[place],
                waiting_since=since.get(place) if place in waiting else NOTHING_WAITS,
            )
        return {
            topic: TopicSeen(partitions=partitions, retention_seconds=retention.get(topic))
            for topic, partitions in seen.items()
        }

    def close(self) -> None:
        """Close what was opened."""
        if self._elsewhere is not None:
            self._elsewhere.close()
        if self._consumer is not None:
            self._consumer.close()
            self._consumer = None

    def _partitions_of(self, topic: str) -> list[int]:
        if topic not in self._partitions:
            known = self._admin.list_topics(topic, timeout=self._answer_seconds).topics[topic]
            if known.error is not None or not known.partitions:
                return []
            self._partitions[topic] = sorted(known.partitions)
        return self._partitions[topic]

    def _offsets(self, places: Iterable[Place], spec: OffsetSpec) -> dict[Place, int]:
        futures = self._admin.list_offsets(
            {TopicPartition(*place): spec for place in places},
            isolation_level=IsolationLevel.READ_COMMITTED,
            request_timeout=self._answer_seconds,
        )
        answers: dict[Place, Any] = {(p.topic, p.partition): f for p, f in futures.items()}
        found = {place: int(future.result().offset) for place, future in answers.items()}
        if any(offset < 0 for offset in found.values()):
            # A broker that hangs is no error to the library: each offset is then an invalid one.
            raise unavailable(self._settings, f"no offsets within {self._answer_seconds:g} s")
        return found

    def _retention_of(self, topics: set[str]) -> Mapping[str, float | None]:
        """Per topic the broker's own answer: a changed topic may differ from its declaration."""
        stale = self._clock() - self._retention_read_at > RETENTION_KEPT_SECONDS
        if stale or not topics <= self._retention.keys():
            resources = [ConfigResource(ResourceType.TOPIC, topic) for topic in topics]
            answers = self._admin.describe_configs(resources, request_timeout=self._answer_seconds)
            self._retention = {r.name: _retention(f.result()) for r, f in answers.items()}
            self._retention_read_at = self._clock()
        return self._retention

    def _oldest(self, places: Mapping[Place, int]) -> dict[Place, float | None]:
        """Unix seconds of the first message at or after each offset; see PartitionSeen."""
        kept = {(t, p, o): self._times.get((t, p, o)) for (t, p), o in places.items()}
        found: dict[Place, float | None] = {(t, p): at for (t, p, _), at in kept.items() if at}
        asked = {place: offset for place, offset in places.items() if place not in found}
        if asked:
            found |= self._read_oldest(asked)
        self._times = {
            (t, p, o): at for (t, p), o in places.items() if (at := found.get((t, p))) and at > 0
        }
        return found

    def _read_oldest(self, places: Mapping[Place, int]) -> dict[Place, float | None]:
        consumer = self._consumer = self._consumer or Consumer(self._consumer_options())
        consumer.assign([TopicPartition(*place, offset) for place, offset in places.items()])
        found: dict[Place, float | None] = {}
        deadline = self._clock() + OLDEST_SECONDS
        while len(found) < len(places) and self._clock() < deadline:
            for message in consumer.consume(len(places), 0.05):
                place = (str(message.topic()), int(message.partition() or 0))
                if place in found:
                    continue
                error = message.error()
                if error is None:
                    kind, stamp = message.timestamp()
                    found[place] = stamp / 1000 if kind else None
                elif error.code() == KafkaError._PARTITION_EOF:
                    found[place] = NOTHING_WAITS
                else:
                    continue
                # Else a partition with much to read would fill the queue alone.
                consumer.incremental_unassign([TopicPartition(*place)])
        consumer.unassign()
        return found

    def _consumer_options(self) -> dict[str, Any]:
        return kafka_options(
            self._settings,
            group_id="weir-unused",  # librdkafka wants a name; it is never joined nor committed to
            enable_auto_commit=False,
            enable_auto_offset_store=False,
            enable_partition_eof=True,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            fetch_wait_max_ms=50,
            fetch_message_max_bytes=65_536,  # a larger batch comes whole
            queued_min_messages=1,
            fetch_queue_backoff_ms=10,  # by default a full queue rests for a second
            error_cb=LastError(),
        )


def _retention(config: Mapping[str, Any]) -> float | None:
    """Seconds after which a message may be deleted by age; None when it may not."""
    if "delete" not in str(config["cleanup.policy"].value):
        return None
    ms = int(config["retention.ms"].value)
    return None if ms < 0 else ms / 1000
