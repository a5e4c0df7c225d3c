"""Two stores are equal, or it is said where they differ."""

from __future__ import annotations

from uuid import UUID

import pytest

from weir.kafka.record import Message
from weir.promo.report_check import Compared, judge, sums_of

ONE, TWO = UUID(int=2**128 - 1), UUID(int=7)
CAMPAIGN = "c-1"


def message(
    name: UUID, place: str = "s/4/1", campaign: str = CAMPAIGN, content: str = ""
) -> Message:
    value = f'{{"adv_campaign_id": "{campaign}", "adv_campaign_content": "{content}"}}'.encode()
    headers = (("notification_id", str(name).encode()), ("weir-batch", place.encode()))
    return Message("t", 0, 0, b"client", value, headers, None)


def test_a_campaigns_notifications_are_summed_by_transaction():
    """Those of others are left out, also when they mention its id."""
    found = sums_of(
        [
            message(ONE),
            message(TWO),
            message(TWO, place="s/4/2"),
            message(ONE, campaign="c-2", content=CAMPAIGN),
        ],
        CAMPAIGN,
    )
    assert found == {("s", 4, 1): (2, 6), ("s", 4, 2): (1, 7)}  # the sum begins anew at 2**128


def test_equal_sums_are_equal_stores():
    """What the campaign's owner wants to hear."""
    sums = {("s", 4, 1): (2, 6)}
    compared = judge(sums, sums, deleted=False)
    assert compared == Compared(in_postgres=2, in_kafka=2, waiting=0, differing=[], deleted=False)
    assert compared.equal


def test_a_double_a_foreign_one_and_a_missing_one_are_differences():
    """Each of them has another number, or another sum."""
    here = {("s", n, 1): (2, 6) for n in (1, 2, 3)}
    there = {("s", 1, 1): (3, 13), ("s", 2, 1): (2, 9), ("s", 3, 1): (1, 7)}
    compared = judge(here, there, deleted=False)
    assert compared.differing == [
        "s/1/1: 2 in PostgreSQL, 3 in Kafka",
        "s/2/1: 2 in PostgreSQL, 2 in Kafka",
        "s/3/1: 2 in PostgreSQL, 1 in Kafka",
    ]
    assert not compared.equal


def test_a_batch_that_is_not_in_kafka_yet_waits_and_one_sealed_meanwhile_is_left_out():
    """Reading takes time, and the stream goes on."""
    here = {("s", 1, 1): (2, 6), ("s", 2, 1): (1, 7)}
    there = {("s", 1, 1): (2, 6), ("s", 3, 1): (5, 5)}
    compared = judge(here, there, deleted=False)
    assert (compared.in_postgres, compared.in_kafka, compared.waiting) == (3, 2, 1)
    assert compared.differing == []
    assert not compared.equal


def test_what_somebody_else_wrote_into_the_topic_is_a_difference():
    """Without headers, with broken ones, or in the name of a batch that had no such campaign."""
    value = message(ONE).value
    strangers = [
        Message("t", 0, 0, None, value, headers, None)
        for headers in (
            (),
            (("weir-batch", b"s/x/1"), ("notification_id", str(ONE).encode())),
            (("weir-batch", b"s/4/1"), ("notification_id", b"\xff")),
        )
    ]
    there = sums_of([message(ONE), message(TWO, place="s/3/1"), *strangers], CAMPAIGN)
    compared = judge({("s", 4, 1): (1, ONE.int)}, there, deleted=False)
    assert compared.differing == [
        "without the stream's headers: none in PostgreSQL, 3 in Kafka",
        "s/3/1: none in PostgreSQL, 1 in Kafka",
    ]


@pytest.mark.parametrize("value", [None, b"c-1", b'["c-1"]', b'{"adv_campaign_id": ["c-1"]}'])
def test_a_message_that_is_no_notification_belongs_to_no_campaign(value):
    """It is the topic's owner's matter, and no reason to break off."""
    assert sums_of([Message("t", 0, 0, None, value, (), None)], CAMPAIGN) == {}
