"""What people ask and order of campaigns, on a real PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from tests.support.promo_rows import Past
from weir.errors import SettingError
from weir.ops.audit import fetch_deeds
from weir.promo.campaigns import admit_latecomers, cancel_campaign, fetch_campaign, list_campaigns
from weir.promo.feedback import Answered, Outcome, set_feedback
from weir.promo.reach import Reach, count_reach, to_be_notified
from weir.promo.report import Answer, Hour, fetch_report
from weir.promo.subscribers import (
    Imported,
    Subscriber,
    import_subscribers,
    list_restaurants,
    list_subscribers,
)
from weir.settings import Settings
from weir.store.postgres import connect

pytestmark = pytest.mark.platform

HOUR = 1_800_000_000 // 3600 * 3600


@pytest.fixture
def connection(platform: Settings) -> Iterator[psycopg.Connection[Any]]:
    with connect(platform.dsn_file, application_name="test") as connection:
        yield connection


@pytest.fixture
def past(connection: psycopg.Connection[Any]) -> Past:
    return Past(connection)


def test_a_list_can_be_of_one_state_and_one_restaurant(connection, past):
    """A restaurant asks for its own."""
    past.received(state="held")
    (found,) = list_campaigns(connection, state="held", restaurant=past.restaurant)
    assert (found.adv_campaign_id, found.content, found.starts_at) == (past.campaign, "soup", 100)
    assert list_campaigns(connection, state="active", restaurant=past.restaurant) == []


def test_a_campaign_is_found_by_its_id_in_capitals_and_an_unknown_one_is_an_error(connection, past):
    """An id is copied from anywhere."""
    past.received()
    assert fetch_campaign(connection, past.campaign.upper()).adv_campaign_id == past.campaign
    with pytest.raises(SettingError, match="no campaign"):
        fetch_campaign(connection, "123e4567-e89b-12d3-a456-426614174999")


def test_cancelling_is_an_order_that_is_given_once_and_kept_in_the_audit(connection, past):
    """The second person is not the one who cancelled it."""
    past.received(notified=3)
    first = cancel_campaign(connection, past.campaign, who="anna", via="test")
    again = cancel_campaign(connection, past.campaign.upper(), who="boris", via="test")
    assert first.cancelled_at is not None
    assert (again.cancelled_at, again.cancelled_by) == (first.cancelled_at, "anna")
    # The state is the stream's to write, in the transaction that seals.
    assert again.state == "active"
    (deed,) = fetch_deeds(connection, f"campaign {past.campaign}")
    assert (deed.who, deed.action, deed.details) == ("anna", "cancel", {"notified": 3})


def test_a_cancellation_waits_for_the_batch_that_is_being_sealed(platform, connection, past):
    """So it knows how many were notified before it."""
    past.received(notified=0)
    done: list[int] = []

    def cancel() -> None:
        with connect(platform.dsn_file, application_name="test") as own:
            done.append(cancel_campaign(own, past.campaign, who="anna", via="test").notified)

    with connection.transaction():  # the row is locked as the sealing transaction locks it
        connection.execute(
            "update promo.campaign set notified = 5 where adv_campaign_id = %s", [past.campaign]
        )
        other = threading.Thread(target=cancel)
        other.start()
        other.join(timeout=0.3)
        assert done == []
    other.join(timeout=10)
    assert done == [5]
    (deed,) = fetch_deeds(connection, f"campaign {past.campaign}")
    assert deed.details == {"notified": 5}


def test_latecomers_are_refused_and_admitted_by_a_word_that_the_audit_keeps(connection, past):
    """Some offers are only for those who were there."""
    past.received(notified=1)
    past.subscribed("a", "b")
    reach = count_reach(connection, past.restaurant)
    for admitted in (False, False, True):
        found = admit_latecomers(connection, past.campaign, admitted, who="anna", via="test")
        assert found.at_start_only is not admitted
        assert to_be_notified(found, reach) == (1 if admitted else 0)
    deeds = fetch_deeds(connection, f"campaign {past.campaign}")
    assert [deed.details for deed in deeds] == [{"admitted": True}, {"admitted": False}]


def test_reach_counts_a_client_once_and_leaves_out_the_notified(connection, past):
    """What a wake-up would still send."""
    past.received(notified=1)
    past.subscribed("a", "a", "b", "c")
    reach = count_reach(connection, past.restaurant)
    assert reach == Reach(restaurant_id=past.restaurant, clients=3, subscriptions=4)
    assert to_be_notified(fetch_campaign(connection, past.campaign), reach) == 2
    cancelled = cancel_campaign(connection, past.campaign, who="anna", via="test")
    assert to_be_notified(cancelled, reach) == 0


def test_a_report_counts_by_hour_what_was_sent_and_what_of_it_was_answered(connection, past):
    """The sums of the hours are the sums of the campaign."""
    past.received(notified=4)
    past.sealed(["a", "b", "c"], at=HOUR + 3599)
    past.sealed(["d"], at=HOUR + 3600)
    for client, answer in (("a", "yes"), ("b", "no"), ("d", "yes")):
        set_feedback(connection, past.campaign, client, answer, "last")
    report = fetch_report(connection, past.campaign)
    first = datetime.fromtimestamp(HOUR, UTC)
    second = datetime.fromtimestamp(HOUR + 3600, UTC)
    assert report.hours == [
        Hour(starts=first, sent=3, answered=2),
        Hour(starts=second, sent=1, answered=1),
    ]
    assert (report.sent, report.answered, report.answered_share) == (4, 3, 0.75)
    assert report.answers == [
        Answer(feedback="yes", clients=2),
        Answer(feedback="no", clients=1),
    ]
    assert [(part.chunk, part.notifications) for part in report.parts] == [(0, 3), (0, 1)]


def test_a_report_of_a_campaign_that_nobody_got_is_empty(connection, past):
    """Empty is not an error, and no division by zero."""
    past.received(state="held")
    report = fetch_report(connection, past.campaign)
    assert (report.sent, report.hours, report.parts, report.answered_share) == (0, [], [], None)


def test_the_last_answer_wins_or_the_first_and_the_same_one_changes_nothing(connection, past):
    """A click that is delivered twice is one answer."""
    past.received()
    past.sealed(["a", "b"], at=HOUR)
    given = [set_feedback(connection, past.campaign, "a", text, "last") for text in "xxy"]
    assert [one.outcome for one in given] == [Outcome.SET, Outcome.SAME, Outcome.SET]
    assert past.feedback_of("a") == "y"
    given = [set_feedback(connection, past.campaign, "b", text, "first") for text in "xxy"]
    assert [one.outcome for one in given] == [Outcome.SET, Outcome.SAME, Outcome.KEPT]
    assert given[-1] == Answered(outcome=Outcome.KEPT, feedback="x")
    assert past.feedback_of("b") == "x"


def test_an_answer_of_somebody_who_was_not_notified_is_unknown_and_makes_no_row(connection, past):
    """Answers must not invent notifications."""
    past.received()
    answered = set_feedback(connection, past.campaign, "nobody", "yes", "last")
    assert answered == Answered(outcome=Outcome.UNKNOWN, feedback=None)
    assert fetch_report(connection, past.campaign).sent == 0


def test_of_two_first_answers_at_the_same_moment_one_wins(platform, connection, past):
    """The second waits for the row and then sees the first."""
    past.received()
    past.sealed(["a"], at=HOUR)
    outcomes: list[Outcome] = []

    def answer() -> None:
        with connect(platform.dsn_file, application_name="test") as own:
            outcomes.append(set_feedback(own, past.campaign, "a", "second", "first").outcome)

    with connection.transaction():
        set_feedback(connection, past.campaign, "a", "first", "first")
        other = threading.Thread(target=answer)
        other.start()
        other.join(timeout=0.3)
        assert outcomes == []  # it waits
    other.join(timeout=10)
    assert outcomes == [Outcome.KEPT]
    assert past.feedback_of("a") == "first"


def test_a_dry_run_of_an_answer_says_what_would_be_and_writes_nothing(connection, past):
    """As every changing command."""
    past.received()
    past.sealed(["a"], at=HOUR)
    answered = set_feedback(connection, past.campaign, "a", "yes", "last", dry_run=True)
    assert answered.outcome is Outcome.SET
    assert past.feedback_of("a") is None


def test_an_import_adds_whom_it_does_not_find_and_a_second_one_nobody(connection, past):
    """A file that is imported twice must not make doubles."""
    past.subscribed("a")
    rows = [Subscriber(client, past.restaurant) for client in ("a", "b", "b", "c")]
    assert import_subscribers(connection, rows, dry_run=True) == Imported(rows=4, added=2)
    assert list_subscribers(connection, past.restaurant) == [("a", 1)]
    assert import_subscribers(connection, rows) == Imported(rows=4, added=2)
    assert import_subscribers(connection, rows) == Imported(rows=4, added=0)
    assert list_subscribers(connection, past.restaurant) == [("a", 1), ("b", 1), ("c", 1)]
    assert (past.restaurant, 3, 3) in list_restaurants(connection, limit=1000)


def test_an_import_that_breaks_off_leaves_nothing(connection, past):
    """All or none: nobody has to find out which half is there."""

    def rows() -> Iterator[Subscriber]:
        yield Subscriber("a", past.restaurant)
        raise SettingError("line 3: 1 columns")

    with pytest.raises(SettingError, match="line 3"):
        import_subscribers(connection, rows())
    assert list_subscribers(connection, past.restaurant) == []
