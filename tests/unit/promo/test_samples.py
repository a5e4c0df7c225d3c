"""The sample data says what it is and goes nowhere but into an empty local platform."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from weir.contracts.campaign import Campaign
from weir.promo import samples
from weir.promo.campaign_file import read_entries
from weir.promo.send import activity
from weir.promo.subscribers import parse_subscribers
from weir.settings import Settings

NOW = 1_795_000_000


def test_every_sample_campaign_is_one_and_says_that_it_is_a_sample():
    """Whoever reads a notification must see that it is made up."""
    entries = read_entries(samples.CAMPAIGNS.read_bytes())
    campaigns = [entry.judged for entry in entries]
    assert len(campaigns) == 7
    for campaign in campaigns:
        assert isinstance(campaign, Campaign)
        assert campaign.adv_campaign_content.startswith("SAMPLE: ")
    states = Counter(activity(one, NOW) for one in campaigns if isinstance(one, Campaign))
    assert states == {"active": 5, "held": 1, "expired": 1}


def test_every_sample_campaign_has_subscribers_and_each_subscribes_once():
    """The first look shows notifications for each of them."""
    with samples.SUBSCRIBERS.open(encoding="utf-8", newline="") as lines:
        subscribers = list(parse_subscribers(lines))
    assert len(subscribers) == len(set(subscribers)) == 140
    entries = read_entries(samples.CAMPAIGNS.read_bytes())
    wanted = {one.judged.restaurant_id for one in entries if isinstance(one.judged, Campaign)}
    assert wanted == {subscriber.restaurant_id for subscriber in subscribers}


@pytest.mark.parametrize(
    "given",
    [
        {"promo_samples": False},
        {"promo_in_bootstrap": "kafka.example:9092"},
        {"promo_out_bootstrap": "kafka.example:9092"},
        {"kafka_bootstrap": "kafka.example:9092"},
        {"subscribers_dsn_file": Path("/somewhere/else")},
        {"postgres_dsn_file": Path("/somewhere/else")},
    ],
    ids=str,
)
def test_samples_never_go_to_somebody_elses_systems(given: dict[str, object], monkeypatch):
    """A company's customers would be told of soup that does not exist."""
    monkeypatch.setattr(samples, "fill_if_empty", lambda settings: pytest.fail("filled"))
    settings = Settings(_env_file=None, **given)
    assert samples.put_samples(settings) == "no sample data wanted"
