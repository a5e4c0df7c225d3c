"""The waking service on a real Kafka."""

from __future__ import annotations

import threading

import pytest

from tests.support.eventually import eventually
from tests.support.promo import SealingStream, campaign
from tests.support.topics import fresh_topic
from weir.cli.promo_wake import serve
from weir.kafka.reader import read_range
from weir.promo.wakeups import CampaignWake, parse_wake
from weir.settings import Settings

pytestmark = pytest.mark.platform


def test_a_start_is_told_within_two_seconds_also_after_a_lost_connection(
    stream: SealingStream, own: Settings
) -> None:
    """PostgreSQL restarts now and then; a campaign for lunch must not come at supper."""
    settings = own.model_copy(update={"promo_wakeups_topic": fresh_topic(own)})
    ((now,),) = stream.rows("select floor(extract(epoch from clock_timestamp()))::bigint")
    start = int(now) + 3
    stream.seal(campaign(name="lunch", start=start, end=start + 60), now=None)
    stop = threading.Event()
    service = threading.Thread(target=serve, args=(settings, stop))
    service.start()
    try:
        end = (
            "select count(pg_terminate_backend(pid)) from pg_stat_activity"
            " where application_name = 'weir-promo-wake' and datname = current_database()"
        )
        eventually(lambda: stream.rows(end)[0][0], bool)
        (told,) = eventually(lambda: list(read_range(own, settings.promo_wakeups_topic)), bool)
    finally:
        stop.set()
        service.join(20)
    assert parse_wake(told.value) == CampaignWake(campaign="lunch")
    assert told.timestamp_ms is not None
    assert 0 <= told.timestamp_ms - 1000 * start < 2000
