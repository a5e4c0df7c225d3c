"""Campaigns in a file: what is sent is what was written, or nothing at all."""

from pathlib import Path

import pytest

from weir.contracts.campaign import Campaign
from weir.errors import SettingError
from weir.promo.campaign_file import read_entries, refuse_bad

SAMPLE = (Path(__file__).parents[2] / "support" / "promo_campaign.json").read_bytes()
LINE = SAMPLE.strip()


def test_the_sample_is_one_entry_with_its_bytes_unchanged():
    """Spaces and order of fields are the sender's own."""
    ((line, value, judged),) = read_entries(SAMPLE)
    assert (line, value) == (1, LINE)
    assert isinstance(judged, Campaign)


def test_each_line_is_a_campaign_and_blank_lines_are_none():
    """Files come from Windows too."""
    entries = read_entries(b"\r\n" + LINE + b"\r\n\r\n" + LINE)
    assert [(entry.line, entry.value) for entry in entries] == [(2, LINE), (4, LINE)]


def test_one_campaign_may_be_written_over_many_lines():
    """People who write by hand break lines."""
    spread = LINE.replace(b",", b",\n  ")
    ((line, value, judged),) = read_entries(spread)
    assert (line, value) == (1, spread)
    assert isinstance(judged, Campaign)


def test_a_campaign_over_many_lines_that_is_refused_is_refused_as_one():
    """`not_json` for its first line would send the reader searching."""
    spread = LINE.replace(b"1659203516", b'"soon"').replace(b",", b",\n")
    with pytest.raises(SettingError, match="1 of 1 are no campaigns: line 1: time_as_text"):
        refuse_bad(read_entries(spread))


def test_one_bad_line_stops_all_and_is_named():
    """Half a file that was sent is hard to send again."""
    with pytest.raises(SettingError) as refused:
        refuse_bad(read_entries(LINE + b"\nnull\n" + LINE + b"\n{}"))
    assert "2 of 4 are no campaigns: line 2: not_an_object, it is null" in refused.value.what
    assert "line 4: missing_field, restaurant_id" in refused.value.what
    assert "nothing was sent" in refused.value.hint


def test_of_many_bad_lines_the_first_are_named():
    """A binary file must not fill the screen."""
    with pytest.raises(SettingError, match="and 95 more") as refused:
        refuse_bad(read_entries(b"x\n" * 100))
    assert "line 5: not_json" in refused.value.what
    assert "line 6:" not in refused.value.what


def test_an_empty_file_is_an_error():
    """A pipe that broke is not a success."""
    with pytest.raises(SettingError, match="no campaign in it"):
        read_entries(b" \n\n")
