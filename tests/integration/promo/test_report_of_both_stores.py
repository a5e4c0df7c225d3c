"""A report that reads both stores, on a real PostgreSQL and a real Kafka."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from tests.support.promo import SealingStream, campaign
from tests.support.topics import create_topic, fresh_topic
from weir.cli.promo_report import words_of
from weir.errors import SettingError
from weir.kafka.declared import progress_of
from weir.kafka.identity import fetch_identity
from weir.kafka.producer import ConfirmedProducer
from weir.kafka.reader import read_range
from weir.kafka.transactional import TransactionalPublisher
from weir.ops.audit import fetch_deeds
from weir.promo.publish import NotificationPublisher, Outlet
from weir.promo.report import fetch_report
from weir.promo.report_check import Compared, compare_stores
from weir.promo.republish import UpTo, take_as_published
from weir.settings import Settings

pytestmark = pytest.mark.platform


@pytest.fixture
def settings(own: Settings) -> Settings:
    return own.model_copy(update={"promo_out_topic": fresh_topic(own, partitions=2)})


@pytest.fixture
def stream(settings: Settings) -> Iterator[SealingStream]:
    found = SealingStream(settings, f"promo_{uuid.uuid4().hex[:10]}")
    found.subscribe("r1", *"abc")
    create_topic(settings, progress_of(found.stream), cleanup_policy="compact")
    yield found
    found.pg.close()


@pytest.fixture
def publisher(settings: Settings, stream: SealingStream) -> NotificationPublisher:
    inner = TransactionalPublisher(settings, stream.stream)
    made = NotificationPublisher(
        Outlet(
            stream=stream.stream,
            topic=settings.promo_out_topic,
            publisher=inner,
            identity=lambda: fetch_identity(settings, progress_of(stream.stream)),
        )
    )
    made.start(stream.pg)
    return made


def test_a_report_says_whether_kafka_has_what_postgres_has(
    settings: Settings, stream: SealingStream, publisher: NotificationPublisher
):
    """Before publishing, after it, with a later subscriber, and with a message too many."""
    one, other = campaign(), campaign(content="tea")

    def compared() -> Compared:
        return compare_stores(settings, stream.pg, fetch_report(stream.pg, one.adv_campaign_id))

    stream.seal(one, other)
    assert words_of(compared()) == "3 in PostgreSQL, 0 in Kafka; 3 not published yet"
    publisher.publish(stream.pg)
    assert words_of(compared()) == "equal, 3 notifications in each"
    (message, *_) = [
        m
        for m in read_range(settings, settings.promo_out_topic)
        if one.adv_campaign_id.encode() in (m.value or b"")
    ]
    double = ConfirmedProducer(settings)
    double.send(message.topic, message.value, key=message.key, headers=message.headers)
    double.flush()
    found = compared()
    assert not found.equal
    (difference,) = found.differing
    assert difference.endswith("/1: 3 in PostgreSQL, 4 in Kafka")


def test_what_was_published_is_copied_for_people(
    stream: SealingStream, publisher: NotificationPublisher
):
    """Metrics read the copy; the truth stays in Kafka."""
    sealed = stream.seal(campaign())
    assert sealed is not None
    copy = "select published_seq, published_chunk, delay_seconds >= 0 from ops.publication"
    assert stream.rows(copy) == [(0, 0, None)]
    publisher.publish(stream.pg)
    assert stream.rows(copy) == [(sealed.seq, 1, True)]


def test_an_order_on_what_readers_have_is_taken_only_within_the_ledger(stream: SealingStream):
    """A seq that does not exist would leave out everything to come."""
    with pytest.raises(SettingError, match="has sealed no batches"):
        take_as_published(stream.pg, stream.stream, UpTo(0), who="anna", via="test")
    sealed = stream.seal(campaign())
    assert sealed is not None
    with pytest.raises(SettingError, match=f"newest sealed batch of .* is {sealed.seq}"):
        take_as_published(stream.pg, stream.stream, UpTo(sealed.seq + 1), who="anna", via="test")
    with pytest.raises(SettingError, match=f"batch {sealed.seq} of .* has 1 chunks"):
        take_as_published(stream.pg, stream.stream, UpTo(sealed.seq, 2), who="anna", via="test")
    take_as_published(stream.pg, stream.stream, UpTo(sealed.seq), who="anna", via="test")
    orders = stream.rows("select assume_published, ordered_by from ops.publication")
    assert orders == [(sealed.seq, "anna")]
    (deed,) = fetch_deeds(stream.pg, stream.stream)
    assert (deed.who, deed.action, deed.details) == ("anna", "published", {"up_to": sealed.seq})
