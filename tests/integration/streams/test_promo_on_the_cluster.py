"""Campaigns through time on the real cluster, with the driver killed in between.

The tests share one stream and go on from each other, because a driver takes seconds to start.
"""

from __future__ import annotations

import signal
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import orjson
import pytest

from tests.support import kcat
from tests.support.eventually import eventually
from tests.support.promo import campaign
from tests.support.promo_stream import PromoStream, promo_stream
from weir.kafka.declared import dlq_of
from weir.kafka.reader import read_range
from weir.promo.campaigns import cancel_campaign
from weir.settings import REPO, Settings

pytestmark = [pytest.mark.platform, pytest.mark.timeout(600)]

HOUR = 3600
FIRST, SECOND = str(uuid.uuid4()), str(uuid.uuid4())
SOON = 15


@pytest.fixture(scope="module")
def stream(platform: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PromoStream]:
    """One stream for all tests of this module."""
    with promo_stream(platform, tmp_path_factory.mktemp("promo")) as stream:
        stream.subscribe(FIRST, ["a", "b"])
        stream.start()
        now = stream.now()
        stream.send(campaign(FIRST, content="warm", start=now - HOUR, end=now + HOUR))
        stream.wait_until_readable(2)
        yield stream


def test_campaigns_are_held_fired_expired_corrected_cancelled_and_reach_late_subscribers(
    stream: PromoStream,
) -> None:
    """Each of them with the driver killed between its two halves."""
    now, here = stream.now(), SECOND
    before = stream.readable()
    stream.subscribe(here, ["a", "b"])
    times = {"start": now - HOUR, "end": now + HOUR}
    active = campaign(here, content="active", **times)
    over = campaign(here, content="over", start=now - HOUR, end=now)
    later = campaign(here, content="later", start=now + SOON, end=now + HOUR)
    fixed = campaign(here, content="misprint", start=now + SOON, end=now + HOUR)
    stopped = campaign(here, content="stopped", start=now + SOON, end=now + HOUR)
    stream.send(active, over, later, fixed, stopped)
    names = [c.adv_campaign_id for c in (active, over, later, fixed, stopped)]
    wanted = dict(zip(names, ("active", "expired", "held", "held", "held"), strict=True))
    eventually(lambda: wanted.items() - stream.states().items(), lambda left: not left)
    stream.wait_until_readable(before.total() + 2)

    epoch = stream.lease().epoch
    stream.signal_driver(signal.SIGKILL)
    stream.send(replace(fixed, adv_campaign_content="print"), active)
    with stream.connection() as connection:
        cancel_campaign(connection, stopped.adv_campaign_id, who="test", via="test")
    stream.subscribe(here, ["b", "c"])
    eventually(stream.now, lambda moment: moment >= now + SOON)
    stream.wake()
    stream.wait_for_epoch(epoch + 1)

    expected = Counter(
        (found.adv_campaign_id, content, client)
        for found, content in ((active, "active"), (later, "later"), (fixed, "print"))
        for client in "abc"
    )
    assert stream.wait_until_readable(before.total() + 9) - before == expected
    assert stream.stored() == expected + before
    wanted = dict(zip(names, ("active", "expired", "active", "active", "cancelled"), strict=True))
    assert not wanted.items() - stream.states().items()


def test_what_people_send_today_passes_and_what_is_no_campaign_becomes_a_dead_letter(
    stream: PromoStream,
) -> None:
    """With a key and without; a value of ten megabytes too."""
    sent = (REPO / "tests" / "support" / "promo_campaign.json").read_bytes()
    body = orjson.loads(sent)
    stream.subscribe(body["restaurant_id"], ["sample"])
    bad = [b"{", b"null", None, b'"' + b"x" * 10_000_000 + b'"', b"[" * 1000]
    before = stream.readable().total()
    stream.send_raw(sent, *bad, sent)
    stream.send_raw(sent, key=b"any")
    found = stream.wait_until_readable(before + 1)
    assert found[(body["adv_campaign_id"], body["adv_campaign_content"], "sample")] == 1
    letters = eventually(
        lambda: stream.rows("select reason, value from ops.dead_letter order by 1"),
        lambda rows: len(rows) >= len(bad),
    )
    assert [reason for reason, _ in letters] == [
        *("not_an_object", "not_json", "tombstone", "too_deep", "too_large"),
    ]
    assert {value for _, value in letters} == set(bad)
    dead = read_range(stream.settings, dlq_of(stream.settings.promo_in_topic))
    assert {message.value for message in dead} == set(bad)
    assert found == stream.stored()


def test_the_real_kcat_sends_that_message_with_a_key_and_reads_the_notification(
    stream: PromoStream,
) -> None:
    """What restaurants have; the secure profile has the same test at a company's Kafka."""
    known = (REPO / "tests" / "support" / "promo_campaign.json").read_text().strip()
    # Another campaign: of one that is active the same message asks for nothing new.
    sent = known.replace(orjson.loads(known)["adv_campaign_id"], str(uuid.uuid4()))
    body = orjson.loads(sent)
    stream.subscribe(body["restaurant_id"], ["by-kcat"])
    before = stream.readable().total()
    assert kcat.send(stream.settings, stream.settings.promo_in_topic, f"any-key:{sent}") == ""
    stream.wait_until_readable(before + 1)
    found = kcat.read(stream.settings, stream.settings.promo_out_topic)
    ((_, headers, value),) = [line for line in found if line[0] == "by-kcat"]
    assert {name: orjson.loads(value)[name] for name in body} == body
    assert {part.split("=")[0] for part in headers.split(",")} == {"notification_id", "weir-batch"}


def test_the_way_of_a_probe_is_timed(stream: PromoStream) -> None:
    """It is no campaign, no wake-up and no dead letter; without it an idle stream says nothing."""
    timed = "select probe_ms from ops.stream_progress where probe_ms is not null"
    ((way_ms,), *_) = eventually(lambda: stream.rows(timed), bool)
    assert 0 <= way_ms < 60_000
    refused = {topic for (topic,) in stream.rows("select topic from ops.dead_letter")}
    assert stream.settings.promo_wakeups_topic not in refused
