"""Logins and rights on a real broker: who may work, who is refused, and with which words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewTopic,
    ResourcePatternType,
    ResourceType,
)

from tests.support.eventually import eventually
from weir.errors import SettingError
from weir.kafka.client import kafka_options
from weir.kafka.identity import fetch_identity
from weir.kafka.limits import fetch_limit_bytes
from weir.kafka.offsets import end_offsets, partitions_of
from weir.kafka.producer import ConfirmedProducer
from weir.kafka.reader import read_range
from weir.kafka.record import Record
from weir.kafka.transactional import TransactionalPublisher
from weir.platform.certificates import keep_certificates
from weir.platform.kafka_listeners import node_options
from weir.platform.kafka_users import apply_users
from weir.settings import Settings

QUICK = {"topic.metadata.refresh.interval.ms": 1000, "message.timeout.ms": 10_000}


def produced(settings: Settings, topic: str, **options: object) -> KafkaError | None:
    """The broker's answer to one message; None when it was taken."""
    answers: list[KafkaError | None] = []
    client = Producer(kafka_options(settings) | QUICK | options)
    client.produce(topic, value=b"{}", on_delivery=lambda error, _: answers.append(error))
    client.flush(15)
    (answer,) = answers
    return answer


def is_told(options: dict[str, object], code: int) -> None:
    """A client with these options hears this error within 10 s, and no answer."""
    codes: list[int] = []
    client = AdminClient(options | {"error_cb": lambda error: codes.append(error.code())})
    eventually(lambda: (client.poll(0.1), codes)[1], lambda c: code in c, within_seconds=10)
    with pytest.raises(KafkaException):
        client.list_topics(timeout=1)


def read_first(settings: Settings, topic: str) -> KafkaError | None:
    """The broker's answer to who reads the beginning of a topic."""
    options = kafka_options(settings, group_id="weir-unused", enable_partition_eof=True)
    consumer = Consumer(options | {"auto.offset.reset": "earliest"})
    try:
        consumer.assign([TopicPartition(topic, 0, 0)])
        message = eventually(lambda: consumer.poll(1), lambda m: m is not None, within_seconds=15)
        error = message.error()
        ended = error is not None and error.code() == KafkaError._PARTITION_EOF
        return None if ended else error
    finally:
        consumer.close()


def test_a_collector_and_a_stream_do_their_whole_work_with_their_few_rights(
    secure: Settings,
) -> None:
    """Least rights that stop the work would soon be replaced by all rights."""
    collector = secure.acting_as("collector-wikimedia")
    publisher = TransactionalPublisher(collector, "wikimedia")
    publisher.start()
    publisher.commit([Record(topic="wikimedia_events", value=b"{}", key=b"k")], {"at": 1})
    assert publisher.peek() == {"at": 1}
    stream = secure.acting_as("wikimedia_domain_counts")
    ends = end_offsets(stream, "wikimedia_events")
    starts = {partition: 0 for partition in ends}
    assert b"{}" in [m.value for m in read_range(stream, "wikimedia_events", starts, ends)]
    letters = ConfirmedProducer(stream)
    letters.send("wikimedia_events.dlq", b"bad")
    assert letters.flush() == 1
    group = Consumer(kafka_options(stream, group_id="wikimedia_domain_counts"))
    group.commit(offsets=[TopicPartition("wikimedia_events", 0, 1)], asynchronous=False)
    group.close()


@pytest.mark.parametrize(
    ("user", "topic"),
    [
        ("wikimedia_domain_counts", "wikimedia.progress"),
        ("promo-reader", "promo-notifications"),
        ("promo-sender", "promo-notifications"),
        ("watcher", "wikimedia_events"),
    ],
)
def test_a_user_writes_to_no_topic_but_its_own(secure: Settings, user: str, topic: str) -> None:
    """Else one broken part forges the output of another."""
    error = produced(secure.acting_as(user), topic)
    assert error is not None
    assert error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED


def test_a_writer_does_not_read_what_others_wrote(secure: Settings) -> None:
    """A restaurant must not see who else advertises."""
    error = read_first(secure.acting_as("promo-sender"), "promo-campaigns")
    assert error is not None
    assert error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED


def test_a_topic_without_any_right_is_refused_in_words(secure: Settings) -> None:
    """`does not exist` would be searched for in the wrong place."""
    with pytest.raises(SettingError, match="authorization failed"):
        partitions_of(secure.acting_as("collector-wikimedia"), "promo-notifications")


def test_a_stream_creates_no_topic_and_takes_no_other_publishers_name(secure: Settings) -> None:
    """Taking the name would fence the other for ever."""
    stream = secure.acting_as("wikimedia_domain_counts")
    admin = AdminClient(kafka_options(stream))
    with pytest.raises(KafkaException) as created:
        next(iter(admin.create_topics([NewTopic("mine", 1, 1)]).values())).result()
    assert created.value.args[0].code() == KafkaError.TOPIC_AUTHORIZATION_FAILED
    thief = Producer(kafka_options(stream, transactional_id="wikimedia"))
    with pytest.raises(KafkaException) as taken:
        thief.init_transactions(10)
    assert taken.value.args[0].code() == KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED


def test_a_missing_right_ends_the_program_and_is_not_waited_for(secure: Settings) -> None:
    """A stream that waits for a right looks alive, for ever."""
    stream = secure.acting_as("promo_join")
    thief = TransactionalPublisher(stream, "promo_join", transactional_id="wikimedia")
    with pytest.raises(SettingError, match="refuses: init_transactions"):
        thief.start()
    for ask in (fetch_identity, fetch_limit_bytes):
        with pytest.raises(SettingError, match=r"refuses: .*promo-notifications"):
            ask(secure.acting_as("collector-wikimedia"), "promo-notifications")


def test_a_wrong_password_is_refused(secure: Settings, tmp_path: Path) -> None:
    """The broker must say no, and not hang."""
    file = tmp_path / "password"
    file.touch(mode=0o600)
    file.write_text("not it")
    stranger = secure.model_copy(update={"kafka_password_file": file, "kafka_user": "operator"})
    is_told(kafka_options(stranger), KafkaError._AUTHENTICATION)


def test_a_client_without_tls_or_with_another_authority_is_refused(
    secure: Settings, tmp_path: Path
) -> None:
    """A man in the middle has another authority's certificate."""
    keep_certificates(tmp_path / "other", datetime.now(UTC))
    is_told({"bootstrap.servers": secure.bootstrap, "log_level": 0}, KafkaError._ALL_BROKERS_DOWN)
    foreign = kafka_options(secure) | {"ssl.ca.location": str(tmp_path / "other" / "ca.pem")}
    is_told(foreign, KafkaError._SSL)


@pytest.fixture
def narrowed(secure: Settings) -> Iterator[None]:
    apply_users(secure)
    yield
    apply_users(secure)


def test_a_right_that_is_declared_no_more_is_taken_away_and_an_own_password_changes(
    secure: Settings, narrowed: None
) -> None:
    """A list that only grows ends as everybody may do everything."""
    extra = AclBinding(
        ResourceType.TOPIC,
        "promo-notifications",
        ResourcePatternType.LITERAL,
        "User:promo-sender",
        "*",
        AclOperation.WRITE,
        AclPermissionType.ALLOW,
    )
    admin = AdminClient(node_options(secure))
    for made in admin.create_acls([extra]).values():
        made.result()
    sender = secure.acting_as("promo-sender")
    eventually(
        lambda: produced(sender, "promo-notifications"), lambda e: e is None, within_seconds=9
    )
    (secure.kafka_secrets / "promo-sender.password").unlink()
    assert apply_users(secure)[1] == 1
    error = produced(sender, "promo-notifications")
    assert error is not None
    assert error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED
    assert produced(sender, "promo-campaigns") is None


def test_promo_has_the_rights_that_its_protocol_needs(secure: Settings) -> None:
    """Campaigns and wake-ups in; notifications, markers and dead letters out."""
    stream = secure.acting_as("promo_join")
    sent = produced(secure.acting_as("promo-sender"), "promo-campaigns")
    woken = produced(secure.acting_as("promo-wake"), "promo-wakeups")
    assert (sent, woken) == (None, None)
    for topic in ("promo-campaigns", "promo-wakeups"):
        assert b"{}" in [message.value for message in read_range(stream, topic)]
    publisher = TransactionalPublisher(
        stream, "promo_join", transactional_id="promo_join.publisher"
    )
    publisher.start()
    assert publisher.limit_bytes("promo-notifications") > 0
    publisher.commit([Record(topic="promo-notifications", value=b"{}", key=b"c")], {"seq": 0})
    assert publisher.peek() == {"seq": 0}
    assert fetch_identity(stream, "promo_join.progress").topic_id
    letters = ConfirmedProducer(stream)
    for topic in ("promo-campaigns.dlq", "promo-wakeups.dlq"):
        letters.send(topic, b"bad")
    assert letters.flush() == 2
    assert read_first(secure.acting_as("promo-reader"), "promo-notifications") is None
