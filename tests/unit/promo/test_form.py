"""A form is a campaign, or is refused by the stream's own words."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest

from weir.errors import SettingError
from weir.promo.form import campaign_of_form

ASKED = datetime(2026, 11, 22, 10, 0, 0, 999_000, tzinfo=UTC)
FILLED = {
    "restaurant_id": "123e4567-e89b-12d3-a456-426614174000",
    "adv_campaign_id": "123e4567-e89b-12d3-a456-426614174003",
    "adv_campaign_content": "суп",
    "adv_campaign_owner": "Кафе «Север»",
    "adv_campaign_owner_contact": "",
    "adv_campaign_datetime_start": 1_700_000_000,
    "adv_campaign_datetime_end": 1_700_000_060,
    "datetime_created": None,
    "dry_run": False,
}


def test_a_form_is_the_message_and_nothing_else():
    """An empty creation time is the moment of the form, also in a retry an hour later."""
    entry, campaign = campaign_of_form(FILLED, ASKED)
    expected = {name: value for name, value in FILLED.items() if name != "dry_run"}
    assert orjson.loads(entry.value) == expected | {"datetime_created": 1_795_341_600}
    assert campaign.datetime_created == 1_795_341_600


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"adv_campaign_datetime_end": 1_700_000_000}, "end_before_start: "),
        ({"adv_campaign_content": "  "}, "empty_content: "),
        ({"adv_campaign_datetime_start": 1_700_000_000_000}, "time_in_milliseconds: "),
        ({"adv_campaign_owner": None}, "missing_field: adv_campaign_owner"),
    ],
)
def test_what_the_stream_would_refuse_is_refused_before_it_is_sent(changed, words):
    """A dead letter is found too late."""
    with pytest.raises(SettingError, match=words):
        campaign_of_form(FILLED | changed, ASKED)
