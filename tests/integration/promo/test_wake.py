"""What the waking service tells the stream, on a real PostgreSQL; and that the stream then acts."""

from __future__ import annotations

import pytest

from tests.support.promo import SealingStream, campaign
from weir.errors import PublishError
from weir.kafka.memory import MemoryLog, MemoryPublisher
from weir.promo import wake
from weir.promo.wake import AGAIN_SECONDS, Waker
from weir.promo.wakeups import CampaignWake, SubscriberWake, Wake, parse_wake

pytestmark = pytest.mark.platform

TOPIC = "wakes"


class Service:
    """A waker on a broker in memory, and its clock."""

    def __init__(self, stream: SealingStream, look_again_seconds: float | None = None) -> None:
        self.now = 0.0
        self.log = MemoryLog()
        self.publisher = MemoryPublisher(self.log)
        self._stream = stream
        self._seen = 0
        self._waker = Waker(
            self.publisher, TOPIC, look_again_seconds=look_again_seconds, clock=lambda: self.now
        )

    def told(self) -> list[Wake | None]:
        """What one more pass tells."""
        self._waker.wake_once(self._stream.pg)
        records = self.log.of(TOPIC)[self._seen :]
        self._seen += len(records)
        return [parse_wake(record.value) for record in records]


def moment(stream: SealingStream) -> int:
    ((now,),) = stream.rows("select floor(extract(epoch from clock_timestamp()))::bigint")
    return int(now)


def test_what_is_due_is_woken_until_the_stream_has_decided(stream: SealingStream) -> None:
    """A start, an end, a cancellation; not what lies ahead, nor what is settled."""
    now = moment(stream)
    stream.seal(
        campaign(name="starts", start=now + 50, end=now + 90),
        campaign(name="ahead", start=now + 50, end=now + 90),
        campaign(name="ends", start=now - 50, end=now + 50),
        campaign(name="runs", start=now - 50, end=now + 50),
        campaign(name="stopped", start=now - 50, end=now + 50),
        campaign(name="over", start=now - 50, end=now - 1),
        now=now,
    )
    update = "update promo.campaign set {} where adv_campaign_id = '{}'"
    stream.pg.execute(update.format(f"starts_at = {now}", "starts"))  # type: ignore[arg-type]
    stream.pg.execute(update.format(f"ends_at = {now}", "ends"))  # type: ignore[arg-type]
    stream.pg.execute(update.format("cancelled_at = now()", "stopped"))  # type: ignore[arg-type]
    service = Service(stream)
    wakes = [CampaignWake(campaign=name) for name in ("ends", "starts", "stopped")]
    assert sorted(service.told(), key=str) == wakes
    assert service.told() == []  # they are on their way
    service.now += AGAIN_SECONDS
    assert sorted(service.told(), key=str) == wakes
    stream.seal(wakes=wakes, now=now)
    service.now += AGAIN_SECONDS
    assert service.told() == []
    assert stream.states() == {
        "starts": "active",
        "ahead": "held",
        "ends": "expired",
        "runs": "active",
        "stopped": "cancelled",
        "over": "expired",
    }


def test_many_that_wait_for_the_stream_do_not_hide_the_next_ones(
    stream: SealingStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten campaigns at noon, of which one pass tells three."""
    monkeypatch.setattr(wake, "MAX_CAMPAIGNS", 3)
    now = moment(stream)
    names = {f"c{n}" for n in range(10)}
    stream.seal(*(campaign(name=name, start=now + 50, end=now + 90) for name in names), now=now)
    stream.pg.execute("update promo.campaign set starts_at = %s", [now])
    service = Service(stream)
    told = [service.told() for _ in range(5)]
    assert [len(wakes) for wakes in told] == [3, 3, 3, 1, 0]
    assert {w.campaign for wakes in told for w in wakes if isinstance(w, CampaignWake)} == names


def test_new_subscribers_are_told_once_and_forgotten(stream: SealingStream) -> None:
    """By restaurant, each client once."""
    stream.subscribe("r1", "b", "a", "b")
    stream.subscribe("r2", "c")
    service = Service(stream)
    assert service.told() == [
        SubscriberWake(restaurant="r1", clients=("a", "b")),
        SubscriberWake(restaurant="r2", clients=("c",)),
    ]
    assert service.told() == []
    assert stream.rows("select count(*) from promo.subscriber_change") == [(0,)]


def test_what_kafka_did_not_confirm_is_told_again(stream: SealingStream) -> None:
    """A subscriber who was forgotten would never hear of an active campaign."""
    stream.subscribe("r1", "a")
    service = Service(stream)
    service.publisher.failure = "Kafka is away"
    with pytest.raises(PublishError):
        service.told()
    assert Service(stream).told() == [SubscriberWake(restaurant="r1", clients=("a",))]


def test_foreign_subscribers_of_active_campaigns_are_looked_at_again_and_again(
    stream: SealingStream,
) -> None:
    """Their database tells nobody of changes."""
    now = moment(stream)
    stream.seal(
        campaign(name="runs", start=now - 50, end=now + 50),
        campaign(name="held", start=now + 40, end=now + 50),
        now=now,
    )
    service = Service(stream, look_again_seconds=60)
    assert service.told() == []
    service.now = 60
    assert service.told() == [CampaignWake(campaign="runs", again=True)]
    service.now = 119
    assert service.told() == []
