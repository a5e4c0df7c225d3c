"""The sample stream: repeatable, plausible, never the same id twice."""

from collections import Counter
from statistics import mean

import orjson
import pytest

from weir.sources.wikimedia.generator import SampleStream


def events(stream: SampleStream, count: int) -> list[dict]:
    return [orjson.loads(stream.event(index)) for index in range(count)]


def test_an_event_is_a_pure_function_of_its_number():
    """A server that restarts must send the same event under the same id."""
    assert SampleStream(seed=7).event(1234) == SampleStream(seed=7).event(1234)


@pytest.mark.parametrize("other", [{"seed": 2}, {"rate": 41.0}, {"start_ms": 1}])
def test_another_seed_rate_or_start_repeats_no_id(other: dict):
    """Ids that come back under another clock would be counted twice."""
    first = {event["meta"]["id"] for event in events(SampleStream(), 500)}
    second = {event["meta"]["id"] for event in events(SampleStream(**other), 500)}
    assert len(first) == len(second) == 500
    assert not first & second


def test_the_mix_and_the_size_are_like_the_real_stream():
    """Counts and loads measured on samples should say something about the real site."""
    sample = [e for e in events(SampleStream(), 5000) if e["meta"]["domain"] != "canary"]
    kinds = Counter(event["type"] for event in sample)
    share = {kind: kinds[kind] / len(sample) for kind in kinds}
    assert 0.59 < share["edit"] < 0.65
    assert 0.23 < share["categorize"] < 0.29
    assert 0.04 < share["new"] < 0.08
    assert 0.04 < share["log"] < 0.08
    assert len({event["meta"]["domain"] for event in sample}) == 40
    assert 1000 < mean(len(SampleStream().event(index)) for index in range(1000)) < 1300


def test_only_edits_and_new_pages_have_lengths():
    """The real stream leaves the field out; who needs it must meet that here."""
    sample = [e for e in events(SampleStream(), 2000) if e["meta"]["domain"] != "canary"]
    assert {e["type"] for e in sample if "length" in e} == {"edit", "new"}
    assert all("old" not in e["length"] for e in sample if e["type"] == "new")


def test_sample_events_say_that_they_are_samples():
    """A person who finds one in a table or a topic must be able to tell."""
    assert all(event["weir_sample"] is True for event in events(SampleStream(), 600))


@pytest.mark.parametrize("rate", [0.7, 40.0, 1000.0, 3333.3])
def test_the_first_event_at_its_own_time_is_found_again(rate: float):
    """Resume asks by time; an off-by-one would lose or repeat an event."""
    stream = SampleStream(rate=rate)
    for index in (0, 1, 499, 123_457):
        at_ms = stream.timestamp_ms(index)
        found = stream.index_at(at_ms)
        assert stream.timestamp_ms(found) == at_ms
        assert found == 0 or stream.timestamp_ms(found - 1) < at_ms


def test_the_data_centre_switches_and_canaries_visit_both():
    """Canaries are what keeps the position of an idle data centre fresh."""
    stream = SampleStream(switch_every=1000)
    assert stream.topic(0) == "eqiad.mediawiki.recentchange"
    assert stream.topic(1000) == "codfw.mediawiki.recentchange"
    assert {stream.topic(index) for index in (499, 999)} == {
        "eqiad.mediawiki.recentchange",
        "codfw.mediawiki.recentchange",
    }
