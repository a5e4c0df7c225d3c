"""What is a campaign, and by which word everything else is refused."""

from pathlib import Path

import orjson
import pytest

from tests.support.bad_campaigns import GOOD
from weir.contracts.campaign import Campaign, Limits, Refusal, campaign_json, parse_campaign

SAMPLE = Path(__file__).parents[2] / "support" / "promo_campaign.json"


def message(**changed: object) -> bytes:
    return orjson.dumps(GOOD | changed)


def raw(name: str, text: str) -> bytes:
    """A message in which one field holds the given JSON text."""
    return message(**{name: "@"}).replace(b'"@"', text.encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize("key", [None, b"", b"123e4567", b"\xff\x00"])
def test_the_message_that_users_send_today_passes_unchanged_with_any_key(key: bytes | None):
    """Its contact is no e-mail address, and its end lies beyond int4."""
    assert parse_campaign(SAMPLE.read_bytes(), key) == Campaign(
        restaurant_id="123e4567-e89b-12d3-a456-426614174000",
        adv_campaign_id="123e4567-e89b-12d3-a456-426614174003",
        adv_campaign_content="first campaign",
        adv_campaign_owner="Ivanov Ivan Ivanovich",
        adv_campaign_owner_contact="iiivanov@restaurant_id",
        adv_campaign_datetime_start=1659203516,
        adv_campaign_datetime_end=2659207116,
        datetime_created=1659131516,
    )


def test_what_is_written_is_what_was_read():
    """The command line sends what the stream will read, in the order of the contract."""
    campaign = parse_campaign(message())
    assert isinstance(campaign, Campaign)
    assert campaign_json(campaign) == message()


def test_fields_that_nobody_declared_are_ignored():
    """A restaurant that adds a field must not lose its campaigns."""
    assert parse_campaign(message(colour="red", tags=[{"a": 1e400}, 10**15])) == parse_campaign(
        message()
    )


def test_a_campaign_id_is_the_same_in_capitals_and_the_restaurants_id_stays_as_it_was():
    """Else one campaign would notify twice, or would miss subscribers who are kept in capitals."""
    found = parse_campaign(
        message(
            adv_campaign_id="123E4567-E89B-12D3-A456-42661417400F",
            restaurant_id="123E4567-E89B-12D3-A456-42661417400A",
        )
    )
    assert isinstance(found, Campaign)
    assert found.adv_campaign_id == "123e4567-e89b-12d3-a456-42661417400f"
    assert found.restaurant_id == "123E4567-E89B-12D3-A456-42661417400A"


@pytest.mark.parametrize("name", ["adv_campaign_owner", "adv_campaign_owner_contact"])
def test_owner_and_contact_are_free_text_and_may_be_empty(name: str):
    """Only the content is what subscribers are told."""
    assert isinstance(parse_campaign(message(**{name: ""})), Campaign)


START, END = "adv_campaign_datetime_start", "adv_campaign_datetime_end"
DEEP = b'{"a": ' * 1000 + b"1" + b"}" * 1000
TWICE = message().replace(b"{", b'{"datetime_created": 1, ', 1)
BAD = {
    "an empty value": (b"", "not_json"),
    "a word": (b"hello", "not_json"),
    "half a message": (message()[:-5], "not_json"),
    "two messages": (message() + message(), "not_json"),
    "a raw control character": (raw("adv_campaign_content", '"a\x00b"'), "not_json"),
    "a byte order mark": (b"\xef\xbb\xbf" + message(), "not_json"),
    "UTF-16": (message().decode().encode("utf-16"), "not_utf8"),
    "a raw surrogate": (raw("adv_campaign_content", '"\ud800"'), "not_utf8"),
    "null": (b"null", "not_an_object"),
    "an array": (b"[" + message() + b"]", "not_an_object"),
    "a text": (b'"text"', "not_an_object"),
    "a number": (b"7", "not_an_object"),
    "10 MB": (b" " * 10_000_000 + message(), "too_large"),
    "1,000 deep": (DEEP, "too_deep"),
    "100,000 deep": (b"[" * 100_000, "too_deep"),
    "deep in a field of its own": (raw("tags", "[" * 40 + "]" * 40), "too_deep"),
    "a field twice": (TWICE, "duplicate_key"),
    "NaN": (raw(START, "NaN"), "not_a_number"),
    "minus infinity": (raw("extra", "-Infinity"), "not_a_number"),
    "no field at all": (b"{}", "missing_field"),
    "an id of the wrong form": (message(restaurant_id="123e4567"), "wrong_uuid"),
    "an id without hyphens": (message(adv_campaign_id="1" * 32), "wrong_uuid"),
    "an id and a line end": (message(adv_campaign_id=GOOD["adv_campaign_id"] + "\n"), "wrong_uuid"),
    "a number as an id": (message(adv_campaign_id=7), "wrong_type"),
    "null as content": (message(adv_campaign_content=None), "wrong_type"),
    "empty content": (message(adv_campaign_content=""), "empty_content"),
    "blank content": (message(adv_campaign_content=" \n\t"), "empty_content"),
    "long content": (message(adv_campaign_content="x" * 10_001), "too_long"),
    "a long owner": (message(adv_campaign_owner="x" * 1_001), "too_long"),
    "NUL": (raw("adv_campaign_content", '"a\\u0000b"'), "nul"),
    "a lone surrogate": (raw("adv_campaign_owner", '"\\ud800"'), "lone_surrogate"),
    "beyond int64": (raw(END, str(2**63)), "number_too_large"),
    "far below int64": (raw(START, "-" + "9" * 19), "number_too_large"),
    "200,000 digits": (raw(END, "9" * 200_000), "number_too_large"),
    "milliseconds": (message(**{START: 1_700_000_000_000}), "time_in_milliseconds"),
    "microseconds": (message(**{START: 1_700_000_000_000_000}), "time_out_of_range"),
    "before 1970": (message(**{START: -1}), "time_out_of_range"),
    "a time as text": (message(**{START: "1700000000"}), "time_as_text"),
    "a time as an ISO text": (message(datetime_created="2026-11-18T10:00:00Z"), "time_as_text"),
    "a time with a fraction": (message(**{START: 1.7e9}), "wrong_type"),
    "a time that is true": (message(**{START: True}), "wrong_type"),
    "a time that is null": (message(**{START: None}), "wrong_type"),
    "an end before the start": (message(**{END: 1_699_999_999}), "end_before_start"),
    "an end at the start": (message(**{END: 1_700_000_000}), "end_before_start"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_message_that_is_no_campaign_is_refused_by_its_word(name: str):
    """People filter dead letters by these words when they send them again."""
    value, word = BAD[name]
    found = parse_campaign(value, b"any key")
    assert isinstance(found, Refusal)
    assert found.reason == word


@pytest.mark.parametrize("key", [None, b"123e4567-e89b-12d3-a456-426614174003"])
def test_a_tombstone_is_refused_whatever_its_key(key: bytes | None):
    """Any key is accepted, so a key names no campaign that could be taken back."""
    found = parse_campaign(None, key)
    assert isinstance(found, Refusal)
    assert found.reason == "tombstone"


@pytest.mark.parametrize("name", GOOD)
def test_a_missing_field_is_named(name: str):
    """The sender must know which."""
    rest = {field: value for field, value in GOOD.items() if field != name}
    assert parse_campaign(orjson.dumps(rest)) == Refusal("missing_field", name)


def test_brackets_and_escaped_quotes_in_a_text_are_no_nesting():
    """An advertisement may hold what looks like JSON."""
    content = '"[' * 999 + "\\"  # a text that ends with a backslash is not open
    found = parse_campaign(message(adv_campaign_content=content, note="[" * 99))
    assert isinstance(found, Campaign)
    assert found.adv_campaign_content == content


def test_limits_belong_to_the_caller():
    """A company with longer advertisements raises a number, not the code."""
    limits = Limits(content_chars=10_001)
    assert isinstance(parse_campaign(BAD["long content"][0], None, limits), Campaign)
