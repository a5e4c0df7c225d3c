"""A switch that cannot take place yet says what leads to it."""

from __future__ import annotations

import pytest

from weir.ops.states import Observed
from weir.sources.wikimedia.switch_steps import StreamSigns, obstacle

DRAIN = "weir streams drain counts"
SWITCH = "weir sources switch wikimedia live"
LIST = "weir streams list   # again, until the column lag says 0"
ANEW = [
    "weir down",
    "weir up --only postgres,kafka,redis,spark",
    "weir streams start counts",
    LIST,
    DRAIN,
    SWITCH,
]


def counts(observed: Observed, uncounted: int = 0) -> list[StreamSigns]:
    return [StreamSigns(name="counts", observed=observed, uncounted=uncounted)]


@pytest.mark.parametrize("observed", [Observed.PARKED, Observed.DOWN])
def test_nothing_stands_in_the_way_when_all_is_counted_and_stopped(observed: Observed):
    """However fresh the last sign of life is."""
    assert obstacle("wikimedia", "live", None, counts(observed)) is None


@pytest.mark.parametrize(
    ("pid", "streams", "reason", "steps"),
    [
        (None, counts(Observed.RUNNING), "counts is running", [DRAIN, SWITCH]),
        (None, counts(Observed.RESTARTING), "counts is restarting", [DRAIN, SWITCH]),
        (
            None,
            counts(Observed.RUNNING, 7),
            "counts has 7 messages to count",
            [LIST, DRAIN, SWITCH],
        ),
        (None, counts(Observed.PARKED, 7), "counts has 7 messages to count", ANEW),
        (42, counts(Observed.RUNNING, 7), "the collector is running (process 42)", ANEW),
        (42, counts(Observed.PARKED), "the collector is running (process 42)", ANEW),
    ],
)
def test_a_refusal_names_every_command_that_is_still_needed_in_order(
    pid: int | None, streams: list[StreamSigns], reason: str, steps: list[str]
):
    """A person copies them line by line."""
    refused = obstacle("wikimedia", "live", pid, streams)
    assert refused is not None
    assert refused.what == reason
    assert [line.strip() for line in refused.hint.splitlines()[1:]] == steps
