"""Each message is counted once, whatever happens to the driver, its folder or its input.

The tests share one stream and go on from each other, because a driver takes seconds to start.
"""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator

import pytest
from psycopg.types.json import Jsonb

from tests.support.counting_stream import CountingStream, counting_stream, wikimedia_event
from tests.support.eventually import eventually
from tests.support.topics import create_topic
from weir.kafka.declared import dlq_of, progress_of
from weir.kafka.reader import read_range
from weir.kafka.transactional import TransactionalPublisher
from weir.ops.master import fetch_master
from weir.ops.redrive import Redrive
from weir.ops.redrive_wish import Wish
from weir.settings import Settings
from weir.store.redis import connect_redis
from weir.store.wikimedia_cache import WikimediaCache

pytestmark = [pytest.mark.platform, pytest.mark.timeout(600)]
QUARANTINED = "quarantined: RaiseException: odd"
BREAK = """
    create function refuse() returns trigger language plpgsql as
      $$ begin raise exception 'odd'; end $$;
    create trigger refuse before insert on wikimedia.domain_minute
      for each row when (new.domain = 'poison.example') execute function refuse();
"""
LEDGER = "select partition, next_offset from ops.query_offset where stream = %s"


@pytest.fixture(scope="module")
def stream(
    platform: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CountingStream]:
    """One stream for all tests of this module."""
    with counting_stream(platform, tmp_path_factory.mktemp("stream")) as stream:
        stream.start()
        yield stream


def some_events(first: int, number: int) -> list[tuple[str | None, bytes | None]]:
    kinds = ("edit", "new", "log")
    events = []
    for i in range(first, first + number):
        domain = f"wiki{i % 40}.example"
        events.append((domain, wikimedia_event(domain, kind=kinds[i % 3], bot=i % 5 == 0)))
    return events


def test_bad_messages_become_dead_letters_and_the_others_are_counted(
    stream: CountingStream,
) -> None:
    """Each of these could stop a stream for ever: a pill is read again after every restart."""
    now = wikimedia_event("x")[-60:]
    bad: list[bytes | None] = [
        *(b"{", b"null", b"[1, 2]", b"", None),
        now.replace(b"x", b"y")[:-1],
        wikimedia_event("").replace(b'"domain": "", ', b""),
        wikimedia_event("nul\0"),
        wikimedia_event("lone\ud800"),
        wikimedia_event("k" * 3000),
        wikimedia_event("far", dt="99999-01-01T00:00:00Z"),
        wikimedia_event("late", dt="9999-01-01T00:00:00Z"),
    ]
    wide = [(f"d{i}.example", wikimedia_event(f"d{i}.example")) for i in range(10_000)]
    stream.produce([*wide, *((None, value) for value in bad), *some_events(0, 2000)])
    stream.wait_until_counted()
    letters = eventually(stream.dead_letters, lambda found: len(found) >= len(bad))
    assert sorted(letters.values()) == sorted(
        [
            *["not the declared JSON"] * 4,
            *["no value"] * 2,
            "meta.domain is missing",
            *["meta.domain holds a character that cannot be stored"] * 2,
            "meta.domain is longer than 255 characters",
            "meta.dt is not an ISO 8601 time",
            "meta.dt is outside the accepted range",
        ]
    )
    sent_on = list(read_range(stream.settings, dlq_of(stream.spec.topic)))
    assert {message.value for message in sent_on} == set(bad)


def test_the_cache_holds_the_same_totals(stream: CountingStream) -> None:
    """The dashboard reads Redis."""
    settings = stream.settings
    redis = connect_redis(settings.redis_address, settings.redis_password_path)
    cache = WikimediaCache(redis, prefix=stream.spec.cache or "")

    def cached() -> dict[str, tuple[int, ...]]:
        read = cache.read(within=None, minutes=[])
        return {domain: tuple(counts) for domain, counts in read.domains.items()}

    eventually(cached, lambda totals: totals == stream.expected_totals(), within_seconds=20)


def test_a_driver_killed_inside_the_transaction_counts_the_batch_once(
    stream: CountingStream,
) -> None:
    """kill -9 at the worst moment; the relaunch takes over by its token at once."""
    before = stream.lease()
    with stream.batch_held():
        stream.produce(some_events(0, 500))
        stream.wait_until_held()
        stream.signal_driver(stream.token, signal.SIGKILL, "jvm", "python")
    stream.wait_until_counted()
    after = stream.lease()
    assert (after.epoch, after.token) == (before.epoch + 1, before.token)


def test_a_connection_lost_inside_the_transaction_costs_no_restart(stream: CountingStream) -> None:
    """A restart of PostgreSQL looks like this to the driver."""
    before = stream.lease().epoch
    with stream.batch_held():
        stream.produce(some_events(0, 500))
        stream.wait_until_held()
        with stream.connection() as connection:
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and application_name like 'weir:%%'"
            )
    stream.wait_until_counted()
    assert stream.lease().epoch == before


def test_a_paused_driver_is_fenced_by_its_successor_and_writes_nothing(
    stream: CountingStream,
) -> None:
    """Both processes stop, another driver takes over, then the zombie wakes up."""
    old_token, old_driver = stream.token, stream.submitted[-1]
    before = stream.lease()
    with stream.batch_held():
        stream.produce(some_events(0, 500))
        stream.wait_until_held()
        stream.signal_driver(old_token, signal.SIGSTOP, "jvm", "python")
    stream.start()
    stream.wait_for_epoch(before.epoch + 1)
    stream.wait_until_counted()
    stream.signal_driver(old_token, signal.SIGCONT, "jvm", "python")
    eventually(
        lambda: fetch_master(stream.settings).drivers.get(old_driver),
        lambda state: state == "FINISHED",
        within_seconds=90,
    )
    assert stream.lease().epoch == before.epoch + 1
    stream.produce(some_events(0, 100))
    stream.wait_until_counted()


def test_a_deleted_checkpoint_neither_loses_nor_doubles(stream: CountingStream) -> None:
    """The ledger in PostgreSQL is the truth; and an older copy is kept for the next test."""
    stream.drain()
    shutil.copytree(stream.checkpoint, stream.checkpoint.with_name("old copy"))
    shutil.rmtree(stream.checkpoint)
    stream.produce(some_events(0, 300))
    stream.start()
    stream.wait_until_counted()


def test_a_restored_older_checkpoint_neither_loses_nor_doubles(stream: CountingStream) -> None:
    """It plans batches that were counted long ago."""
    stream.drain()
    shutil.rmtree(stream.checkpoint)
    shutil.copytree(stream.checkpoint.with_name("old copy"), stream.checkpoint)
    stream.produce(some_events(0, 300))
    stream.start()
    stream.wait_until_counted()
    assert list(stream.checkpoint.parent.glob("counts.aside-*"))


def test_a_poison_message_is_quarantined_and_counted_after_a_repair_and_a_redrive(
    stream: CountingStream,
) -> None:
    """Two drivers have failed on the batch already; the third takes it apart."""
    stream.produce(some_events(0, 10))
    stream.wait_until_counted()
    stream.drain()
    poison = wikimedia_event("poison.example")
    with stream.connection() as connection:
        connection.execute(BREAK)
        stands = {str(n): o for n, o in connection.execute(LEDGER, [stream.spec.name]).fetchall()}
        connection.execute(
            "insert into ops.batch_attempt as a (stream, query, epoch, begins, ends, attempts,"
            " bisecting) values (%s, 'counts', 1, %s, '{}', 2, false) on conflict (stream, query)"
            " do update set begins = excluded.begins, attempts = 2",
            [stream.spec.name, Jsonb({stream.spec.topic: stands})],
        )
    stream.produce([*some_events(0, 20), (None, poison), *some_events(20, 10)])
    epoch = stream.lease().epoch
    stream.start()
    stream.wait_until_counted()
    (place,) = [p for p, reason in stream.dead_letters().items() if reason.startswith(QUARANTINED)]
    assert stream.lease().epoch == epoch + 1, "no further driver was needed"

    with stream.connection() as connection:
        connection.execute("drop function refuse cascade")
        publisher = f"redrive-{stream.spec.name}"
        create_topic(stream.settings, progress_of(publisher), cleanup_policy="compact")
        redrive = Redrive(
            connection,
            TransactionalPublisher(stream.settings, publisher),
            asked_by="test",
            via="cli",
            check_topic=lambda _: None,
        )
        assert redrive.run(Wish(keys=[f"{stream.spec.topic}/{place}"])).letters == 1
    for measure in (0, 1):
        stream.expected["poison.example", measure] += 1
    stream.wait_until_counted()


def test_a_ledger_that_was_changed_by_hand_parks_the_stream_with_the_reason(
    stream: CountingStream,
) -> None:
    """A gap must be seen by a person, not counted over."""
    with stream.connection() as connection:
        connection.execute("update ops.query_offset set next_offset = next_offset + 1")
    stream.produce(some_events(0, 300))
    parked = eventually(
        stream.lease, lambda lease: lease.desired == "failed" and not lease.owner, within_seconds=60
    )
    assert parked.desired == "failed"
    eventually(
        lambda: fetch_master(stream.settings).drivers.get(stream.submitted[-1]),
        lambda state: state == "FINISHED",
        within_seconds=60,
    )
    with stream.connection() as connection:
        row = connection.execute("select reason from ops.stream").fetchone()
    assert row is not None
    assert "does not begin where the ledger stands" in row[0]
