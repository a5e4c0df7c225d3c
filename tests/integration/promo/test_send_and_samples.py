"""Campaigns on their way into Kafka: by the command line, and the samples of a first start."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.in_process import weir_here
from tests.support.stores import own_database
from tests.support.topics import fresh_topic
from weir.errors import SettingError
from weir.kafka.reader import read_range
from weir.promo.samples import CAMPAIGNS, fill_if_empty
from weir.settings import REPO, Settings
from weir.store.postgres import connect

pytestmark = pytest.mark.platform

SAMPLE = REPO / "tests" / "support" / "promo_campaign.json"


def messages(settings: Settings) -> list[tuple[bytes | None, bytes | None]]:
    return [(m.key, m.value) for m in read_range(settings, settings.promo_in_topic)]


def test_a_sent_file_arrives_byte_by_byte_and_a_dry_run_sends_nothing(platform: Settings):
    """The stream must read what the person has checked."""
    own = platform.model_copy(update={"promo_in_topic": fresh_topic(platform)})
    would = weir_here(own, "promo", "send", str(SAMPLE), "--dry-run")
    assert would.splitlines()[-1] == f"1 would be sent to {own.promo_in_topic}"
    assert messages(own) == []
    sent = json.loads(weir_here(own, "promo", "send", str(SAMPLE), "--json"))
    assert (sent["topic"], [one["now"] for one in sent["campaigns"]]) == (
        own.promo_in_topic,
        ["active"],
    )
    key = b"123e4567-e89b-12d3-a456-426614174003"
    assert messages(own) == [(key, SAMPLE.read_bytes().strip())]


def test_a_file_with_one_bad_line_sends_nothing(platform: Settings, tmp_path: Path):
    """The line and its reason."""
    own = platform.model_copy(update={"promo_in_topic": fresh_topic(platform)})
    file = tmp_path / "campaigns.jsonl"
    file.write_bytes(SAMPLE.read_bytes() + b'{"restaurant_id": 5}\n')
    words = "1 of 2 are no campaigns: line 2: missing_field, adv_campaign_id"
    with pytest.raises(SettingError, match=words):
        weir_here(own, "promo", "send", str(file))
    assert messages(own) == []


def test_samples_fill_an_empty_platform_once(platform: Settings, tmp_path: Path):
    """A second start, or one with somebody's own data, adds nothing."""
    with own_database(platform, tmp_path) as database:
        own = database.model_copy(update={"promo_in_topic": fresh_topic(platform)})
        assert fill_if_empty(own) == "140 subscribers, 7 campaigns"
        assert sorted(value or b"" for _, value in messages(own)) == sorted(
            CAMPAIGNS.read_bytes().splitlines()
        )
        assert fill_if_empty(own) == "has campaigns already"
        other = own.model_copy(update={"promo_in_topic": fresh_topic(platform)})
        assert fill_if_empty(other) == "has subscribers already"
        with connect(own.dsn_file, application_name="test") as connection:
            row = connection.execute("select count(*) from subscribers_restaurants").fetchone()
        assert row == (140,)
        assert messages(other) == []
