"""Which sealed batches are forgotten, on a real PostgreSQL."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.promo import SealingStream, campaign
from weir.errors import SettingError
from weir.ops.housekeeping import list_chores
from weir.promo import forget
from weir.promo.forget import count_forgettable, forget_published
from weir.promo.marker import order_published
from weir.promo.republish import UpTo, take_as_published

pytestmark = pytest.mark.platform

KEPT = """
    select l.seq, count(distinct c.chunk), count(m.client) from ops.batch_ledger l
    left join promo.batch_chunk c using (stream, seq)
    left join promo.batch_member m using (stream, seq, chunk)
    group by l.seq order by l.seq
"""
REST = "select count(*) from promo.{} where seq < (select min(seq) from ops.batch_ledger)"


def seals(stream: SealingStream, batches: int) -> list[int]:
    """So many batches of three notifications, 40 days old, all but the last published."""
    stream.subscribe("r1", *"abc")
    found = [sealed.seq for _ in range(batches) if (sealed := stream.seal(campaign()))]
    assert len(found) == batches
    stream.pg.execute("update ops.batch_ledger set sealed_at = now() - interval '40 days'")
    published(stream, found[-2])
    return found


def published(stream: SealingStream, seq: int) -> None:
    stream.pg.execute("delete from ops.publication")
    stream.pg.execute(
        "insert into ops.publication (stream, cluster_id, topic_id, published_seq)"
        " values (%s, 'c', 't', %s)",
        [stream.stream, seq],
    )


def kept(stream: SealingStream) -> list[tuple[Any, ...]]:
    return stream.rows(KEPT)


def rest(stream: SealingStream) -> list[tuple[Any, ...]]:
    """Members and chunks of batches that are forgotten."""
    return [
        *stream.rows(REST.format("batch_member")),
        *stream.rows(REST.format("batch_chunk")),
    ]


def test_batches_published_a_month_ago_are_forgotten(stream: SealingStream) -> None:
    """Not the one that the marker stands in, nor what is not published, nor what is young."""
    batches = seals(stream, 5)
    stream.pg.execute(
        "update ops.batch_ledger set sealed_at = now() - interval '29 days' where seq = %s",
        [batches[2]],
    )
    assert count_forgettable(stream.pg) == 2
    assert forget_published(stream.pg) == 2
    assert kept(stream) == [(seq, 1, 3) for seq in batches[2:]]
    assert rest(stream) == [(0,), (0,)]
    assert forget_published(stream.pg) == count_forgettable(stream.pg) == 0


@pytest.mark.parametrize("at_once", [1, 3, 7, 100])
def test_many_batches_are_forgotten_in_short_transactions(
    stream: SealingStream, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    """All of them in one night, whatever a transaction holds."""
    monkeypatch.setattr(forget, "BATCHES_AT_ONCE", at_once)
    monkeypatch.setattr(forget, "MEMBERS_AT_ONCE", at_once)
    batches = seals(stream, 8)
    assert forget_published(stream.pg) == 6
    assert kept(stream) == [(seq, 1, 3) for seq in batches[6:]]
    assert rest(stream) == [(0,), (0,)]


def test_what_a_crash_left_of_a_batch_is_forgotten_the_next_night(
    stream: SealingStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row of the ledger is gone, its members are not."""
    batches = seals(stream, 4)
    monkeypatch.setattr(forget, "OLDEST", "select 'promo', 0")
    assert forget_published(stream.pg) == 2
    assert rest(stream) == [(6,), (2,)]
    monkeypatch.undo()
    assert forget_published(stream.pg) == 0
    assert rest(stream) == [(0,), (0,)]
    assert kept(stream) == [(seq, 1, 3) for seq in batches[2:]]


def test_what_a_person_ordered_to_be_published_again_is_kept(stream: SealingStream) -> None:
    """Until the next start has done it."""
    batches = seals(stream, 5)
    order_published(stream.pg, stream.stream, batches[1], None, "me")
    assert forget_published(stream.pg) == 1
    assert [seq for seq, *_ in kept(stream)] == batches[1:]


def test_an_order_that_comes_in_the_middle_keeps_what_it_names(
    stream: SealingStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What may go was found out before it."""
    batches = seals(stream, 5)
    looked_before = f"select 'promo', {batches[2]} where %(days)s > 0"
    monkeypatch.setattr(forget, "LAST", looked_before)
    order_published(stream.pg, stream.stream, batches[1], None, "me")
    assert forget_published(stream.pg) == 1
    assert [seq for seq, *_ in kept(stream)] == batches[1:]


def test_what_is_forgotten_cannot_be_published_again(stream: SealingStream) -> None:
    """An order that leaves out in silence what it names would be a loss."""
    batches = seals(stream, 5)
    forget_published(stream.pg)
    oldest = batches[3]
    for up_to in (UpTo(oldest - 2), UpTo(batches[0], None)):
        with pytest.raises(SettingError, match=f"that is kept is {oldest}"):
            take_as_published(stream.pg, stream.stream, up_to, who="me", via="cli")
    assert stream.rows("select assume_published from ops.publication") == [(None,)]
    take_as_published(stream.pg, stream.stream, UpTo(oldest - 1), who="me", via="cli")
    assert stream.rows("select assume_published from ops.publication") == [(oldest - 1,)]


def test_the_nightly_housekeeping_forgets_them(stream: SealingStream) -> None:
    """The batches themselves have something better to do."""
    seals(stream, 3)
    now = stream.rows("select now()")[0][0]
    (chore,) = [c for c in list_chores(stream.settings, now) if c.rule == forget.RULE]
    assert (chore.count(), chore.do(), chore.count()) == (1, 1, 0)
