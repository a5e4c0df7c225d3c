"""A message that kills its driver, and a thousand bad ones, on the real stream of promo."""

from __future__ import annotations

import signal
import uuid
from collections import Counter
from pathlib import Path

import pytest

from tests.support.bad_campaigns import REPAIRED, bad_campaign
from tests.support.eventually import eventually
from tests.support.promo import campaign
from tests.support.promo_stream import PromoStream, promo_stream
from tests.support.topics import create_topic
from weir.kafka.declared import progress_of
from weir.kafka.transactional import TransactionalPublisher
from weir.ops.redrive import Redrive
from weir.ops.redrive_wish import Wish
from weir.settings import Settings

pytestmark = [
    pytest.mark.platform,
    pytest.mark.long,
    pytest.mark.step3,
    pytest.mark.timeout(1200),
]
HERE = str(uuid.uuid4())
SLOW_POISON = """
    create function linger() returns trigger language plpgsql as
      $$ begin perform pg_sleep(20); return new; end $$;
    create trigger linger before insert on promo.campaign
      for each row when (new.content = 'poison') execute function linger();
"""
LINGERS = (
    "select 1 from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()"
)
LETTERS = "select dedupe_key, reason, attempts, redrive_of from ops.dead_letter"


def test_a_campaign_that_kills_its_driver_each_time_is_quarantined_and_all_others_arrive(
    platform: Settings, tmp_path: Path
) -> None:
    """kill -9 whenever the database works on that campaign; five restarts would park the stream."""
    limits = {"restarts": {"max": 5, "within_minutes": 10}}
    with promo_stream(platform, tmp_path, **limits) as stream:
        stream.subscribe(HERE, ["a", "b"])
        with stream.connection() as connection:
            connection.execute(SLOW_POISON)  # type: ignore[arg-type]
        now = stream.now()
        times = {"start": now - 3600, "end": now + 3600}
        good = [campaign(HERE, content=f"good {n}", **times) for n in range(40)]
        stream.send(*good[:25], campaign(HERE, content="poison", **times), *good[25:])
        stream.start()
        kills = kill_while_it_lingers(stream)
        found = stream.wait_until_readable(80)
        assert found == stream.stored()
        assert Counter(content for _, content, _ in found) == Counter(
            {each.adv_campaign_content: 2 for each in good}
        )
        ((_, reason, attempts, _),) = stream.rows(LETTERS)
        assert (reason, attempts) == ("quarantined: the driver died", 3)
        assert 5 < kills < 12
        assert stream.lease().desired == "run"


def kill_while_it_lingers(stream: PromoStream) -> int:
    """How many drivers died until the campaign was a dead letter."""
    kills = 0
    while True:
        seen = eventually(
            lambda: (bool(stream.rows(LETTERS)), bool(stream.rows(LINGERS))),
            any,
            within_seconds=120,
        )
        if seen[0]:
            return kills
        epoch = stream.lease().epoch
        stream.signal_driver(signal.SIGKILL)
        kills += 1
        eventually(lambda: stream.rows(LINGERS), lambda rows: not rows, within_seconds=60)
        eventually(stream.lease, lambda lease, epoch=epoch: lease.epoch > epoch, within_seconds=120)


def test_of_a_thousand_bad_campaigns_the_stream_meets_exactly_the_redriven_again(
    platform: Settings, tmp_path: Path
) -> None:
    """The real stream gives twelve kinds of reasons; six kinds are sent again, once each."""
    with promo_stream(platform, tmp_path) as stream:
        stream.start()
        stream.send_raw(*(bad_campaign(number) for number in range(1000)))
        first = wait_for_letters(stream, 1000)
        reasons = Counter(reason for _, reason, _, _ in first)
        assert len(reasons) == 12
        wanted = {key for key, reason, _, _ in first if reason in REPAIRED}
        publisher = f"redrive-{stream.spec.name}"
        create_topic(stream.settings, progress_of(publisher), cleanup_policy="compact")
        with stream.connection() as connection:
            sent = Redrive(
                connection,
                TransactionalPublisher(stream.settings, publisher),
                asked_by="test",
                via="cli",
                check_topic=lambda _: None,
            ).run(Wish(topic=stream.settings.promo_in_topic, reasons=REPAIRED))
        assert sent.letters == len(wanted)
        again = [row for row in wait_for_letters(stream, 1000 + len(wanted)) if row[3]]
        assert {origin for _, _, _, origin in again} == wanted
        assert len(again) == len(wanted)
        assert {attempts for _, _, attempts, _ in again} == {2}


def wait_for_letters(stream: PromoStream, number: int) -> list[tuple[str, str, int, str | None]]:
    return eventually(  # type: ignore[return-value]
        lambda: stream.rows(LETTERS), lambda rows: len(rows) >= number, within_seconds=120
    )
