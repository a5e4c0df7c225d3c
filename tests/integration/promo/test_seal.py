"""What a sealing transaction decides, on a real PostgreSQL."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest

from tests.support.promo import NOON, TOPIC, SealingStream, campaign
from weir.errors import ContractError
from weir.kafka.dead_letters import DeadLetter
from weir.ops import lease, ledger
from weir.promo.seal import Sealed
from weir.promo.wakeups import CampaignWake, SubscriberWake

pytestmark = pytest.mark.platform


@pytest.mark.parametrize(
    ("now", "state", "rows"),
    [
        (NOON - 1, "held", 0),
        (NOON, "active", 1),
        (NOON + 9, "active", 1),
        (NOON + 10, "expired", 0),
    ],
)
def test_a_campaign_is_active_from_its_start_until_before_its_end(
    stream: SealingStream, now: int, state: str, rows: int
) -> None:
    """Both edges of start <= now < end."""
    stream.subscribe("r1", "a")
    sealed = stream.seal(campaign(name="edge", start=NOON, end=NOON + 10), now=now)
    assert (stream.states(), sealed and sealed.rows) == ({"edge": state}, rows)


def test_the_clock_of_the_database_decides(stream: SealingStream) -> None:
    """A driver's own clock may be wrong."""
    ((now,),) = stream.rows("select floor(extract(epoch from clock_timestamp()))::bigint")
    stream.seal(
        campaign(name="now", start=now, end=now + 60),
        campaign(name="soon", start=now + 60, end=now + 120),
        campaign(name="over", start=now - 60, end=now),
        now=None,
    )
    assert stream.states() == {"now": "active", "soon": "held", "over": "expired"}


def test_a_held_campaign_fires_when_it_is_woken_after_its_start(stream: SealingStream) -> None:
    """With those who subscribe at that moment; waking it twice changes nothing."""
    stream.subscribe("r1", "a")
    stream.seal(campaign(name="later", start=NOON + 5))
    stream.subscribe("r1", "b")
    wake = [CampaignWake(campaign="later")]
    stream.seal(wakes=wake, now=NOON + 4)
    assert stream.notified() == []
    stream.seal(wakes=wake, now=NOON + 5)
    stream.seal(wakes=wake * 2, now=NOON + 6)
    assert stream.notified() == [("soup for two", "a"), ("soup for two", "b")]
    assert stream.states() == {"later": "active"}


def test_a_held_campaign_that_is_woken_after_its_end_expires(stream: SealingStream) -> None:
    """The stream was down in between."""
    stream.subscribe("r1", "a")
    stream.seal(campaign(name="missed", start=NOON + 5, end=NOON + 10))
    stream.seal(wakes=[CampaignWake(campaign="missed")], now=NOON + 10)
    assert (stream.notified(), stream.states()) == ([], {"missed": "expired"})


def test_a_cancelled_campaign_reaches_nobody_who_was_not_sealed_before(
    stream: SealingStream,
) -> None:
    """What is sealed is sent; a message or a wake-up that comes later changes nothing."""
    stream.subscribe("r1", "a")
    first = campaign(name="stop")
    stream.seal(first)
    stream.seal(campaign(name="never", start=NOON + 5))
    stream.pg.execute("update promo.campaign set cancelled_at = now(), cancelled_by = 'me'")
    stream.subscribe("r1", "b")
    stream.seal(first, wakes=[SubscriberWake(restaurant="r1", clients=("b",))])
    stream.seal(wakes=[CampaignWake(campaign="never")], now=NOON + 5)
    assert stream.notified() == [("soup for two", "a")]
    assert stream.states() == {"stop": "cancelled", "never": "cancelled"}


def test_a_correction_reaches_only_those_who_were_not_notified(stream: SealingStream) -> None:
    """Nobody gets a campaign twice, and a late subscriber gets the newest words."""
    stream.subscribe("r1", "a")
    first = campaign(name="price", content="soup for 5")
    stream.seal(first)
    stream.subscribe("r1", "b")
    stream.seal(replace(first, adv_campaign_content="soup for 6"))
    assert stream.notified() == [("soup for 5", "a"), ("soup for 6", "b")]
    assert stream.rows("select revision, content, notified from promo.campaign") == [
        (2, "soup for 6", 2)
    ]


def test_of_two_versions_in_one_batch_the_last_one_counts(stream: SealingStream) -> None:
    """A correction that comes at once is the only one that anybody sees."""
    stream.subscribe("r1", "a")
    first = campaign(name="quick", content="old")
    stream.seal(first, replace(first, adv_campaign_content="new"))
    assert stream.notified() == [("new", "a")]


@pytest.mark.parametrize("together", [True, False])
def test_older_words_do_not_replace_newer_ones(stream: SealingStream, together: bool) -> None:
    """A backlog of another partition, or a dead letter that is sent again after its correction."""
    stream.subscribe("r1", "a")
    newer = campaign(name="price", content="soup for 6", created=NOON - 5)
    older = replace(newer, adv_campaign_content="soup for 5", datetime_created=NOON - 6)
    if together:
        stream.seal(newer, older)
    else:
        stream.seal(newer)
        stream.subscribe("r1", "b")
        stream.seal(older)
    assert {content for content, _ in stream.notified()} == {"soup for 6"}
    assert stream.rows("select revision, content from promo.campaign") == [(1, "soup for 6")]


def test_the_same_campaign_twenty_times_is_one_campaign(stream: SealingStream) -> None:
    """In one batch and in many."""
    stream.subscribe("r1", "a", "b")
    same = campaign(name="again")
    stream.seal(*[same] * 10)
    for _ in range(10):
        stream.seal(same)
    assert stream.notified() == [("soup for two", "a"), ("soup for two", "b")]
    assert stream.rows("select revision, notified from promo.campaign") == [(1, 2)]


def test_a_batch_is_sealed_once(stream: SealingStream) -> None:
    """A replay computes nothing anew, also when somebody subscribed meanwhile."""
    stream.subscribe("r1", "a")
    first = campaign()
    assert stream.seal(first) is not None
    stream.subscribe("r1", "b")
    assert stream.seal(first, again=True) is None
    assert len(stream.notified()) == 1
    assert stream.rows("select count(*) from ops.batch_ledger") == [(1,)]


def test_a_batch_of_other_offsets_is_refused(stream: SealingStream) -> None:
    """A restored checkpoint plans the same batch id with other messages."""
    stream.seal(campaign(), campaign())
    stream.begin, stream.offset = 1, 3
    with pytest.raises(ContractError, match="does not begin where the ledger stands"):
        stream.seal(campaign(), again=True)


def test_a_partition_that_the_topic_gained_is_sealed_from_its_beginning(
    stream: SealingStream,
) -> None:
    """The company's topic grows while the stream runs; nobody has to start it again."""
    stream.seal(campaign())
    assert stream.seal(campaign(), gained={1: (0, 3)}) is not None
    assert stream.seal(campaign(), gained={1: (0, 3)}, again=True) is None
    assert stream.seal(campaign(), gained={1: (3, 4)}) is not None
    assert ledger.fetch_offsets(stream.pg, stream.place) == {0: 3, 1: 4}
    with pytest.raises(ContractError, match="does not begin where the ledger stands"):
        stream.seal(campaign(), gained={1: (4, 4), 2: (5, 6)})


def test_an_old_epoch_seals_nothing(stream: SealingStream) -> None:
    """A paused driver wakes up when its successor has begun."""
    stream.subscribe("r1", "a")
    stream.take_over()
    with pytest.raises(lease.Fenced):
        stream.seal(campaign())
    assert (stream.notified(), stream.states()) == ([], {})


def test_an_epoch_that_ends_during_the_seal_seals_nothing(
    stream: SealingStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lease is looked at again after the work."""
    stream.subscribe("r1", "a")
    taken = iter([True])

    def between(name: str) -> None:
        if name == "before_hold" and next(taken, False):
            with psycopg.connect(stream.pg.info.dsn, autocommit=True) as other:
                other.execute("update ops.stream_lease set epoch = epoch + 1")

    monkeypatch.setattr("weir.promo.seal.reach", between)
    with pytest.raises(lease.Fenced):
        stream.seal(campaign())
    assert (stream.notified(), stream.states()) == ([], {})


def test_refused_messages_are_kept_with_the_batch(stream: SealingStream) -> None:
    """In the same transaction: what is not a campaign is a dead letter."""
    letters = [
        DeadLetter(topic=TOPIC, refused_by="promo", reason="nul", value=b"x", partition=0, offset=n)
        for n in range(20)
    ]
    assert isinstance(stream.seal(refusals=letters), Sealed)
    assert stream.rows("select count(*) from ops.dead_letter") == [(20,)]


def test_batch_ids_that_begin_again_are_another_generation(stream: SealingStream) -> None:
    """A checkpoint that was set aside counts its batches from zero."""
    stream.seal(campaign())
    stream.seal(campaign())
    stream.batch_id = -1
    stream.seal(campaign())
    assert stream.rows("select generation, batch_id from ops.batch_ledger order by seq") == [
        (1, 0),
        (1, 1),
        (2, 0),
    ]
