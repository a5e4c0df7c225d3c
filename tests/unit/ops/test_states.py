"""Every combination of signs leads to a pair of desired and observed that people can read about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import product

import pytest

from weir.ops.states import MEANINGS, Desired, Observed, Signs, judge_state

FRESH, OLD = 5.0, 5000.0
AGES = (None, FRESH, OLD)


def every_signs() -> Iterator[Signs]:
    """Each sign absent, small and large, in every combination."""
    for desired, owned, draining, beat, submitted, taken, progress, lag, waits, *flags in product(
        Desired,
        (False, True),
        (False, True),
        AGES,
        AGES,
        AGES,
        AGES,
        (None, 0, 10),
        AGES,
        *((False, True),) * 3,
    ):
        yield Signs(
            desired=desired,
            owned=owned,
            draining=draining,
            heartbeat_seconds=beat,
            submitted_seconds=submitted,
            taken_seconds=taken,
            progress_seconds=progress,
            lag_messages=lag,
            waiting_seconds=waits,
            queued=flags[0],
            slotless=flags[1],
            app_started=flags[2],
        )


@pytest.fixture(scope="module")
def judged() -> dict[Observed, list[Signs]]:
    found = defaultdict(list)
    for signs in every_signs():
        found[judge_state(signs)].append(signs)
    return found


def alive(signs: Signs) -> bool:
    return signs.owned and signs.heartbeat_seconds == FRESH


def test_the_pairs_that_can_be_are_those_with_a_meaning(judged):
    """A pair without a meaning is a blank line at night; a meaning without a pair is a lie."""
    found = {(Desired(s.desired), state) for state, signs in judged.items() for s in signs}
    assert found == MEANINGS.keys()


def test_a_stream_that_is_not_wanted_is_parked_exactly_when_nobody_lives(judged):
    """Parked is a promise that nobody writes."""
    for signs in judged[Observed.PARKED]:
        assert signs.desired != Desired.RUN
        assert not alive(signs)
    for state in set(Observed) - {Observed.PARKED}:
        assert all(s.desired == Desired.RUN or alive(s) for s in judged[state]), state


def test_a_driver_that_works_though_nobody_wants_it_is_orphaned_until_it_was_asked(judged):
    """The order has reached it exactly when it drains."""
    for signs in judged[Observed.ORPHANED]:
        assert alive(signs)
        assert signs.desired != Desired.RUN
        assert not signs.draining
    assert all(alive(s) and s.draining for s in judged[Observed.DRAINING])


def test_only_a_living_driver_is_said_to_run_or_to_stall(judged):
    """A dead stream that looks healthy is found out by its readers."""
    for signs in judged[Observed.RUNNING] + judged[Observed.STALLED]:
        assert alive(signs)
        assert not signs.draining
        assert signs.desired == Desired.RUN


def test_a_running_stream_counts_or_has_nothing_to_count(judged):
    """Neither an old batch nor a missing one is healthy while messages have long been waiting."""
    for signs in judged[Observed.RUNNING]:
        counted = signs.progress_seconds == FRESH
        nothing_to_count = not signs.lag_messages
        just_came = signs.waiting_seconds == FRESH
        assert counted or nothing_to_count or just_came, signs


def test_a_stalled_stream_has_messages_that_wait_and_no_young_batch(judged):
    """An idle stream is not a stalled one."""
    for signs in judged[Observed.STALLED]:
        assert signs.lag_messages
        assert signs.progress_seconds != FRESH
        assert signs.waiting_seconds != FRESH


def test_a_wanted_stream_without_a_sign_of_life_is_coming_or_gone(judged):
    """Down needs a person, restarting does not yet."""
    absent = {Observed.STARTING, Observed.WAITING, Observed.RESTARTING, Observed.DOWN}
    for state, signs in judged.items():
        if any(s.desired == Desired.RUN and not alive(s) for s in signs):
            assert state in absent
    assert not any(s.owned for s in judged[Observed.DOWN])
    assert all(s.owned for s in judged[Observed.RESTARTING])


def test_a_wanted_stream_waits_exactly_when_the_master_has_no_room(judged):
    """A person raises the cores, or drains something else; logs would say nothing."""
    for state, all_signs in judged.items():
        for signs in all_signs:
            if signs.desired != Desired.RUN or (alive(signs) and signs.draining):
                assert state is not Observed.WAITING
            else:
                roomless = signs.slotless if alive(signs) else signs.queued
                assert (state is Observed.WAITING) is roomless, signs


def test_a_relaunch_on_an_idle_topic_runs_before_its_first_batch():
    """There may be no batch for hours, and nothing is wrong."""
    idle = Signs(
        desired="run",
        owned=True,
        draining=False,
        heartbeat_seconds=1.0,
        submitted_seconds=20.0,
        taken_seconds=10.0,
        progress_seconds=None,
        lag_messages=0,
        app_started=True,
    )
    assert judge_state(idle) is Observed.RUNNING
