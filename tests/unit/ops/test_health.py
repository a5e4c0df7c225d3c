"""The health of a stream, from its signs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from weir.ops.health import NEXT, Health, Signs, in_words, judge_health, judge_source
from weir.ops.health_limits import HealthLimits
from weir.ops.lag import PartitionSeen, TopicLag, TopicSeen, measure
from weir.ops.observed import Observed
from weir.settings import REPO

DAY = 86_400.0
LIMITS = HealthLimits()


def lag(seconds: float = 0.0, messages: int = 0, first: int = 0) -> TopicLag:
    look = PartitionSeen(first=first, end=100, waiting_since=DAY - seconds)
    seen = TopicSeen(partitions={0: look}, retention_seconds=DAY)
    return measure("counts", "events", {0: 100 - messages}, seen, DAY)


HEALTHY = Signs(
    desired="run",
    observed="running",
    reason=None,
    lags=(lag(),),
    restarts=0,
    source_seconds=1.0,
)
PARKED = replace(HEALTHY, desired="drained", observed="parked")


@pytest.mark.parametrize(
    ("signs", "expected"),
    [
        (HEALTHY, [Health.HEALTHY]),
        (replace(HEALTHY, lags=()), [Health.HEALTHY]),
        (replace(HEALTHY, lags=(lag(60, 9),)), [Health.HEALTHY]),
        (replace(HEALTHY, lags=(lag(61, 9),)), [Health.BEHIND]),
        (replace(HEALTHY, lags=(lag(0.6 * DAY, 9),)), [Health.RETENTION_DANGER, Health.BEHIND]),
        (replace(HEALTHY, lags=None), [Health.UNKNOWN]),
        (replace(HEALTHY, observed="stalled", lags=(lag(61, 9),)), [Health.STALLED, Health.BEHIND]),
        (replace(HEALTHY, observed="down"), [Health.DOWN]),
        (replace(HEALTHY, observed="restarting"), [Health.DOWN]),
        (replace(HEALTHY, observed="orphaned", desired="drained"), [Health.ORPHANED]),
        (replace(HEALTHY, observed="starting"), [Health.STARTING]),
        (replace(HEALTHY, restarts=2), [Health.HEALTHY]),
        (replace(HEALTHY, restarts=3), [Health.LOOPING]),
        (replace(HEALTHY, restarts=3, observed="starting"), [Health.LOOPING, Health.STARTING]),
        (replace(HEALTHY, source_seconds=None), [Health.HEALTHY]),
        (replace(HEALTHY, source_seconds=181.0), [Health.SILENT_SOURCE]),
        (PARKED, [Health.PARKED]),
        (replace(PARKED, lags=(lag(0.4 * DAY, 9),)), [Health.PARKED]),
        (replace(PARKED, lags=(lag(0.6 * DAY, 9),)), [Health.RETENTION_DANGER, Health.PARKED]),
        (replace(PARKED, source_seconds=181.0, restarts=9), [Health.PARKED]),
        (replace(PARKED, desired="failed"), [Health.FAILED]),
        (
            replace(PARKED, desired="failed", lags=(lag(1, 9, first=99),)),
            [Health.LOST, Health.FAILED],
        ),
    ],
)
def test_each_combination_of_signs_has_its_findings_worst_first(signs, expected):
    """The headline must be what a person has to act on."""
    assert [f.health for f in judge_health("s", signs, LIMITS)] == expected


@pytest.mark.parametrize("observed", list(Observed))
@pytest.mark.parametrize("desired", ["run", "drained", "failed"])
def test_every_state_has_a_health_and_a_next_step(observed, desired):
    """A state that nobody judges would look healthy."""
    signs = replace(HEALTHY, observed=observed.value, desired=desired)
    findings = judge_health("s", signs, LIMITS)
    healthy = [f.health for f in findings] == [Health.HEALTHY]
    assert healthy == (observed is Observed.RUNNING and desired != "failed")
    assert all(f.words and f.next_step for f in findings)


def test_a_stopped_stream_is_told_how_much_will_be_lost_and_when():
    """The warning comes while there is time."""
    (finding, _) = judge_health("s", replace(PARKED, lags=(lag(0.75 * DAY, 9),)), LIMITS)
    assert finding.words == "9 messages of events wait; Kafka deletes the oldest in 6.0 h"
    assert finding.next_step == "weir streams start s, or raise the topic's retention.ms"


def test_every_health_has_a_next_step():
    """A red word alone helps nobody."""
    assert set(NEXT) == set(Health)


@pytest.mark.parametrize(
    ("state", "heartbeat_seconds", "event_seconds", "health"),
    [
        ("streaming", 1.0, 2.0, Health.HEALTHY),
        ("streaming", 1.0, 61.0, Health.SILENT_SOURCE),
        ("waiting", 1.0, 61.0, Health.SILENT_SOURCE),
        ("connecting", 1.0, None, Health.STARTING),
        ("streaming", 31.0, 2.0, Health.DOWN),
        ("stopped", 999.0, 999.0, Health.PARKED),
    ],
)
def test_a_collector_is_judged_by_its_sign_of_life_and_its_events(
    state, heartbeat_seconds, event_seconds, health
):
    """A connection that brings nothing looks alive."""
    judged = judge_source(
        state=state,
        heartbeat_seconds=heartbeat_seconds,
        event_seconds=event_seconds,
        silent_seconds=60.0,
    )
    assert judged is health


def test_durations_are_said_in_a_unit_to_act_on():
    """Nobody converts 345600 seconds at night."""
    said = [in_words(s) for s in (42, 119, 120, 7199, 7200, 100_000, 345_600, -300)]
    assert said == ["42 s", "119 s", "2 min", "120 min", "2.0 h", "27.8 h", "4.0 days", "5 min ago"]


def test_the_page_about_health_names_every_state_and_every_limit():
    """A word that nobody explains is searched for at night."""
    page = (REPO / "docs" / "health.md").read_text()
    assert [h for h in Health if f"`{h.value}`" not in page] == []
    assert [limit for limit in HealthLimits.model_fields if f"`{limit}`" not in page] == []


def test_a_restart_at_a_batch_boundary_is_a_start_and_not_a_wish_to_stop():
    """A cleared task asks the driver to drain while people still want the stream."""
    [found] = judge_health("s", replace(HEALTHY, observed="draining"), LIMITS)
    assert (found.health, found.words) == (Health.STARTING, "stops at a batch boundary")
    [found] = judge_health("s", replace(PARKED, observed="draining"), LIMITS)
    assert found.health is Health.PARKED
