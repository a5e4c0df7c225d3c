"""Whom a sealing transaction reaches, on a real PostgreSQL."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.promo import DAY, NOON, SealingStream, campaign
from tests.support.stores import own_database
from weir.errors import Unavailable
from weir.promo import stage
from weir.promo.notification import notification_id
from weir.promo.subscriptions import connect_to_subscribers, subscriber_table
from weir.promo.wakeups import CampaignWake, SubscriberWake
from weir.settings import Settings

pytestmark = pytest.mark.platform


def test_each_subscriber_of_the_restaurant_gets_one_row(stream: SealingStream) -> None:
    """A client who subscribed twice is one client, one of another restaurant is none."""
    stream.subscribe("r1", "b", "a", "b")
    stream.subscribe("r2", "c")
    sealed = stream.seal(campaign(name="soup"))
    assert sealed is not None
    assert (sealed.chunks, sealed.rows) == (1, 2)
    assert stream.rows(
        "select restaurant_id, adv_campaign_id, adv_campaign_content, adv_campaign_owner,"
        " adv_campaign_owner_contact, adv_campaign_datetime_start, adv_campaign_datetime_end,"
        " datetime_created, client_id, trigger_datetime_created, feedback"
        " from public.subscribers_feedback order by client_id"
    ) == [
        (
            *("r1", "soup", "soup for two", "Кафе «Север»", "north@restaurant_id"),
            *(NOON - DAY, NOON + DAY, NOON - 2 * DAY, client, NOON, None),
        )
        for client in ("a", "b")
    ]
    assert stream.rows(
        "select chunk, client, campaign, notification_id from promo.batch_member order by client"
    ) == [(1, client, "soup", notification_id("soup", client)) for client in ("a", "b")]
    assert stream.rows("select notified from promo.campaign") == [(2,)]


def test_a_late_subscriber_gets_the_active_campaigns_of_the_restaurant(
    stream: SealingStream,
) -> None:
    """But not those that reach only who subscribed at the start, nor those of others."""
    stream.subscribe("r1", "a")
    stream.seal(
        campaign(name="open", content="open"),
        campaign(name="closed", content="closed"),
        campaign(name="held", start=NOON + 5),
        campaign("r2", name="other"),
    )
    stream.pg.execute(
        "update promo.campaign set at_start_only = true where adv_campaign_id = 'closed'"
    )
    stream.subscribe("r1", "b")
    sealed = stream.seal(wakes=[SubscriberWake(restaurant="r1", clients=("b", "stranger"))])
    assert sealed is not None
    assert sealed.rows == 1
    assert stream.notified() == [("closed", "a"), ("open", "a"), ("open", "b")]


def test_each_new_subscription_leaves_a_change_to_tell_of(stream: SealingStream) -> None:
    """Inserted one by one or by the thousand."""
    stream.subscribe("r1", "a", "a", "b")
    assert stream.rows(
        "select restaurant_id, client_id from promo.subscriber_change order by id"
    ) == [("r1", "a"), ("r1", "a"), ("r1", "b")]


def test_a_subscription_that_moves_leaves_a_change_to_tell_of(stream: SealingStream) -> None:
    """A client of another restaurant is new there; also an upsert is an update."""
    stream.subscribe("r1", "a", "b")
    stream.pg.execute("delete from promo.subscriber_change")
    stream.pg.execute(
        "update public.subscribers_restaurants set restaurant_id = 'r2' where client_id = 'a'"
    )
    assert stream.rows("select restaurant_id, client_id from promo.subscriber_change") == [
        ("r2", "a")
    ]


def test_rows_loaded_as_a_replica_does_leave_changes_too(stream: SealingStream) -> None:
    """Tools that copy a database switch ordinary triggers off."""
    with stream.pg.transaction():
        stream.pg.execute("set local session_replication_role = replica")
        stream.subscribe("r1", "a")
        stream.pg.execute("update public.subscribers_restaurants set client_id = 'b'")
    assert stream.rows("select client_id from promo.subscriber_change order by id") == [
        ("a",),
        ("b",),
    ]


def test_subscribers_that_cannot_be_read_stop_the_batch(stream: SealingStream) -> None:
    """Away is not the same as nobody."""
    stream.subscribe("r1", "a")

    class Away:
        tells_changes = False

        def whole(self, restaurants):
            yield ("r1", "a")
            raise Unavailable("gone in the middle")

    stream.subscriptions = Away()
    with pytest.raises(Unavailable, match="gone in the middle"):
        stream.seal(campaign())
    assert (stream.notified(), stream.states()) == ([], {})


def test_subscribers_may_live_in_another_database(
    stream: SealingStream, own: Settings, platform: Settings, tmp_path: Path
) -> None:
    """Of a company; read without anything that a transaction pooler refuses."""
    with own_database(platform, tmp_path) as theirs:
        there = own.model_copy(update={"subscribers_dsn_file": theirs.dsn_file})
        with connect_to_subscribers(there) as company:
            company.execute(
                "insert into public.subscribers_restaurants (client_id, restaurant_id)"
                " values ('theirs', 'r1')"
            )
            assert company.prepare_threshold is None
            assert "options" not in company.info.get_parameters()
        stream.subscribe("r1", "ours")
        stream.subscriptions = subscriber_table(there)
        stream.seal(campaign())
        assert [client for _, client in stream.notified()] == ["theirs"]
        assert not stream.subscriptions.tells_changes
    # Dropped together with the connection that was kept.
    with pytest.raises(Unavailable):
        stream.seal(campaign())
    assert len(stream.notified()) == 1


def test_elsewhere_a_repeated_campaign_looks_at_the_subscribers_again(
    stream: SealingStream,
) -> None:
    """A foreign database tells nobody of new subscribers."""
    stream.subscriptions.tells_changes = False
    stream.subscribe("r1", "a")
    same = campaign(name="again")
    stream.seal(same)
    stream.subscribe("r1", "b")
    stream.seal(same)
    assert [client for _, client in stream.notified()] == ["a", "b"]
    stream.subscribe("r1", "c")
    stream.seal(wakes=[CampaignWake(campaign="again", again=True)])
    assert [client for _, client in stream.notified()] == ["a", "b", "c"]


def test_a_large_audience_is_sealed_in_chunks(
    stream: SealingStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each chunk becomes one transaction of Kafka; a chunk of known clients is none."""
    monkeypatch.setattr(stage, "CHUNK_ROWS", 3)
    stream.subscribe("r1", *"abc")
    first = campaign(name="wide")
    stream.seal(first)
    stream.subscribe("r1", *"defgh")
    sealed = stream.seal(replace(first, adv_campaign_content="more"))
    assert sealed is not None
    assert (sealed.chunks, sealed.rows) == (2, 5)
    query = "select chunk, n, digest from promo.batch_chunk where seq = {} order by chunk"
    ids = [str(notification_id("wide", client)) for client in "defgh"]
    assert stream.rows(query.format(sealed.seq)) == [
        (1, 3, stage.digest_of(ids[:3])),
        (2, 2, stage.digest_of(ids[3:])),
    ]


def test_a_chunk_of_known_clients_leaves_the_stage_to_the_next_one(
    stream: SealingStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a campaign that everybody has costs the square of its audience."""
    monkeypatch.setattr(stage, "CHUNK_ROWS", 3)
    stream.subscribe("r1", *"abcdefghi")
    first = campaign(name="known")
    stream.seal(first)
    staged: list[int] = []

    def look(name: str) -> None:
        if name == "after_rows":
            ((n,),) = stream.rows("select count(*) from promo_stage")
            staged.append(n)

    monkeypatch.setattr(stage, "reach", look)
    sealed = stream.seal(replace(first, adv_campaign_content="other words"))
    assert (sealed and sealed.rows, staged) == (0, [3, 3, 3])


def test_long_contents_make_smaller_chunks(
    stream: SealingStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory is bounded in bytes, not in rows."""
    monkeypatch.setattr(stage, "CHUNK_BYTES", 100)
    stream.subscribe("r1", *"abc")
    sealed = stream.seal(campaign(content="x" * 100))
    assert sealed is not None
    assert sealed.chunks == 3
