"""What goes into the topic, and what a person is told before."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from weir.contracts.campaign import Campaign
from weir.kafka.memory import MemoryLog, MemoryPublisher
from weir.promo.campaign_file import read_entries, refuse_bad
from weir.promo.send import activity, describe, send_campaigns
from weir.settings import Settings

SAMPLE = (Path(__file__).parents[2] / "support" / "promo_campaign.json").read_bytes()
START, END = 1_659_203_516, 2_659_207_116


def sample() -> Campaign:
    ((_, campaign),) = refuse_bad(read_entries(SAMPLE))
    return campaign


@pytest.mark.parametrize(
    ("at", "is_"),
    [
        (START - 1, "held"),
        (START, "active"),
        (END - 1, "active"),
        (END - 0.001, "active"),
        (END, "expired"),
    ],
)
def test_active_begins_at_the_start_and_is_over_at_the_end(at: float, is_: str):
    """start <= now < end, at both edges."""
    assert activity(sample(), at) == is_


def test_a_person_sees_times_in_words():
    """Epoch seconds are not read by people."""
    ((entry, campaign),) = refuse_bad(read_entries(SAMPLE))
    shown = describe(entry, campaign, datetime(2026, 1, 1, tzinfo=UTC))
    assert shown.starts == datetime(2022, 7, 30, 17, 51, 56, tzinfo=UTC)
    assert shown.now == "active"


def test_the_original_bytes_go_out_under_the_campaigns_id():
    """All revisions of one campaign stay in order."""
    settings = Settings(_env_file=None, promo_in_topic="adverts")
    log = MemoryLog()
    assert send_campaigns(settings, refuse_bad(read_entries(SAMPLE)), MemoryPublisher(log)) == 1
    (record,) = log.records
    assert (record.topic, record.value) == ("adverts", SAMPLE.strip())
    assert record.key == b"123e4567-e89b-12d3-a456-426614174003"
