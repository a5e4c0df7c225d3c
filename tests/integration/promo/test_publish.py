"""From sealed batches to notifications, on a real PostgreSQL and a real Kafka."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import orjson
import psycopg
import pytest
from confluent_kafka.admin import AdminClient

from tests.support.eventually import eventually
from tests.support.promo import DAY, NOON, SealingStream, campaign
from tests.support.topics import create_topic, fresh_topic
from weir.errors import ContractError, PublishError
from weir.kafka.declared import progress_of
from weir.kafka.identity import fetch_identity
from weir.kafka.reader import read_range
from weir.kafka.record import Message
from weir.kafka.transactional import TransactionalPublisher
from weir.ops.failpoint import FailpointReached
from weir.promo import stage
from weir.promo.marker import order_published
from weir.promo.notification import notification_id
from weir.promo.publish import NotificationPublisher, Outlet
from weir.settings import Settings

pytestmark = pytest.mark.platform

POINTS = (
    *("after_init", "before_publish", "in_transaction", "before_kafka_commit"),
    *("after_kafka_commit", "after_chunk"),
)


class Outside:
    """The topics of one stream, and what a reader of committed messages finds there."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.stream = f"promo_{uuid.uuid4().hex[:10]}"
        self.topic = fresh_topic(settings, partitions=2)
        self.progress = progress_of(self.stream)
        create_topic(settings, self.progress, cleanup_policy="compact")

    def publisher(self) -> NotificationPublisher:
        """A new process of the publisher."""
        inner = TransactionalPublisher(
            self.settings, self.stream, transactional_id=f"{self.stream}.publisher"
        )
        return NotificationPublisher(
            Outlet(
                stream=self.stream,
                topic=self.topic,
                publisher=inner,
                identity=lambda: fetch_identity(self.settings, self.progress),
            )
        )

    def messages(self) -> list[Message]:
        return list(read_range(self.settings, self.topic))

    def ids(self) -> list[str]:
        """The notifications in the topic, sorted; one that was sent twice is there twice."""
        return sorted((dict(m.headers)["notification_id"] or b"").decode() for m in self.messages())

    def markers(self) -> list[tuple[int, int]]:
        """(seq, chunk) of each marker."""
        found = [orjson.loads(m.value or b"") for m in read_range(self.settings, self.progress)]
        return [(marker["seq"], marker["chunk"]) for marker in found]


@pytest.fixture
def outside(own: Settings) -> Outside:
    return Outside(own)


@pytest.fixture
def stream(own: Settings, outside: Outside) -> Iterator[SealingStream]:
    """Three clients of one restaurant."""
    found = SealingStream(own, outside.stream)
    found.subscribe("r1", *"abc")
    yield found
    found.pg.close()


def expected(stream: SealingStream) -> list[str]:
    """What PostgreSQL says was to be sent."""
    rows = stream.rows("select adv_campaign_id, client_id from public.subscribers_feedback")
    return sorted(str(notification_id(*row)) for row in rows)


def test_a_notification_has_ten_fields_in_order_and_two_headers(
    stream: SealingStream, outside: Outside
) -> None:
    """Other systems read them by position as well as by name."""
    publisher = outside.publisher()
    publisher.start(stream.pg)
    sealed = stream.seal(campaign(name="soup", content="Суп «дня»"))
    assert sealed is not None
    assert publisher.publish(stream.pg) == 3
    assert publisher.publish(stream.pg) == 0
    assert len(outside.messages()) == 3
    (found,) = [m for m in outside.messages() if m.key == b"b"]
    assert (found.value or b"").decode() == (
        '{"restaurant_id":"r1","adv_campaign_id":"soup","adv_campaign_content":"Суп «дня»",'
        '"adv_campaign_owner":"Кафе «Север»","adv_campaign_owner_contact":"north@restaurant_id",'
        f'"adv_campaign_datetime_start":{NOON - DAY},"adv_campaign_datetime_end":{NOON + DAY},'
        f'"client_id":"b","datetime_created":{NOON - 2 * DAY},"trigger_datetime_created":{NOON}}}'
    )
    assert found.headers == (
        ("notification_id", str(notification_id("soup", "b")).encode()),
        ("weir-batch", f"{outside.stream}/{sealed.seq}/1".encode()),
    )


def test_what_a_dead_driver_sealed_is_published_by_the_next_one(
    stream: SealingStream, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In order, chunk by chunk; and nothing of it a second time."""
    monkeypatch.setattr(stage, "CHUNK_ROWS", 2)
    outside.publisher().start(stream.pg)
    first, second = stream.seal(campaign()), stream.seal(campaign())
    assert first is not None
    assert second is not None
    assert outside.publisher().start(stream.pg) == 6
    assert outside.ids() == expected(stream)
    assert outside.publisher().start(stream.pg) == 0
    assert outside.ids() == expected(stream)
    assert outside.markers() == [
        (0, 0),
        *((sealed.seq, chunk) for sealed in (first, second) for chunk in (1, 2)),
    ]


@pytest.mark.parametrize("point", POINTS)
def test_a_publisher_that_dies_loses_and_doubles_nothing(
    stream: SealingStream, outside: Outside, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At each step of the protocol; its successor knows only what the topics say."""
    monkeypatch.setattr(stage, "CHUNK_ROWS", 2)
    outside.publisher().start(stream.pg)
    stream.seal(campaign())

    def die(name: str) -> None:
        if name == point:
            raise FailpointReached(name)

    for module in ("weir.promo.publish", "weir.kafka.transactional"):
        monkeypatch.setattr(f"{module}.reach", die)
    dying = outside.publisher()  # stays open, as the connection of a process that hangs
    with pytest.raises(FailpointReached):
        dying.start(stream.pg)
    monkeypatch.undo()
    outside.publisher().start(stream.pg)
    assert outside.ids() == expected(stream)


def test_a_fenced_publisher_publishes_nothing(stream: SealingStream, outside: Outside) -> None:
    """A paused driver wakes up when its successor has published its batch."""
    old = outside.publisher()
    old.start(stream.pg)
    stream.seal(campaign())
    outside.publisher().start(stream.pg)
    with pytest.raises(PublishError):
        old.publish(stream.pg)
    assert outside.ids() == expected(stream)


def test_what_was_sealed_is_sent_in_its_words_though_they_changed_since(
    stream: SealingStream, outside: Outside
) -> None:
    """A correction between the seal and the publishing."""
    outside.publisher().start(stream.pg)
    stream.seal(campaign(content="sealed"))
    stream.pg.execute("update promo.campaign set content = 'corrected'")
    outside.publisher().start(stream.pg)
    assert {orjson.loads(m.value or b"")["adv_campaign_content"] for m in outside.messages()} == {
        "sealed"
    }


@pytest.mark.parametrize(("chunk", "again"), [(None, 3), (1, 4)])
def test_a_lost_progress_topic_stops_the_stream_until_a_person_decides(
    stream: SealingStream,
    outside: Outside,
    chunk: int | None,
    again: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Publishing history again, or leaving it out, would both be wrong without a word."""
    monkeypatch.setattr(stage, "CHUNK_ROWS", 2)
    outside.publisher().start(stream.pg)
    first, second = stream.seal(campaign()), stream.seal(campaign())
    assert first is not None
    assert second is not None
    outside.publisher().start(stream.pg)
    before = outside.ids()
    admin = AdminClient({"bootstrap.servers": outside.settings.bootstrap})
    admin.delete_topics([outside.progress])[outside.progress].result(timeout=30)
    create_topic_patiently(outside)
    with pytest.raises(ContractError, match="another one than before") as refused:
        outside.publisher().start(stream.pg)
    assert "--assume-published SEQ[/CHUNK]" in refused.value.hint
    assert "--republish-from SEQ[/CHUNK]" in refused.value.hint
    order_published(stream.pg, outside.stream, first.seq, chunk, "me")
    assert outside.publisher().start(stream.pg) == again
    assert len(outside.ids()) == len(before) + again
    assert outside.publisher().start(stream.pg) == 0


def create_topic_patiently(outside: Outside) -> None:
    """A deleted topic goes a moment after its deletion was confirmed."""
    admin = AdminClient({"bootstrap.servers": outside.settings.bootstrap})
    eventually(
        lambda: outside.progress in admin.list_topics(timeout=10).topics, lambda there: not there
    )
    create_topic(outside.settings, outside.progress, cleanup_policy="compact")


def test_markers_ahead_of_the_ledger_stop_the_stream(
    stream: SealingStream, outside: Outside
) -> None:
    """A database that was restored from yesterday knows less than Kafka."""
    outside.publisher().start(stream.pg)
    stream.seal(campaign())
    outside.publisher().start(stream.pg)
    stream.pg.execute("delete from ops.batch_ledger")
    with pytest.raises(ContractError, match="ahead of the ledger"):
        outside.publisher().start(stream.pg)


def test_markers_of_another_ledger_stop_the_stream(stream: SealingStream, outside: Outside) -> None:
    """The same number, and not the same batch."""
    outside.publisher().start(stream.pg)
    stream.seal(campaign())
    outside.publisher().start(stream.pg)
    stream.pg.execute("update promo.batch_chunk set digest = 'other'")
    with pytest.raises(ContractError, match="is another one"):
        outside.publisher().start(stream.pg)


@pytest.mark.parametrize(
    "change",
    [
        "delete from public.subscribers_feedback where client_id = 'b'",
        "update promo.batch_member set notification_id = gen_random_uuid() where client = 'b'",
    ],
)
def test_sealed_rows_that_somebody_changed_are_not_published(
    stream: SealingStream, outside: Outside, change: str
) -> None:
    """What was sealed is not left out in silence, nor is anything else sent in its place."""
    outside.publisher().start(stream.pg)
    stream.seal(campaign())
    stream.pg.execute(change)  # type: ignore[arg-type]
    with pytest.raises(ContractError, match="sealed with 3 notifications"):
        outside.publisher().start(stream.pg)
    assert outside.messages() == []


def test_no_notification_is_published_before_its_seal_is_committed(
    stream: SealingStream, outside: Outside
) -> None:
    """The publisher sees only what others see."""
    publisher = outside.publisher()
    publisher.start(stream.pg)
    with psycopg.connect(stream.pg.info.dsn) as other, stream.pg.transaction():
        stream.seal(campaign())
        assert publisher.publish(other) == 0  # type: ignore[arg-type]
    assert publisher.publish(stream.pg) == 3
