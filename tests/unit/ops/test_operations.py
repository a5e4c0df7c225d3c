"""The steps of an operation."""

from __future__ import annotations

from weir.ops.operations import STEPS, Step, Verb, step_after


def test_each_verb_goes_through_its_steps_once_and_ends():
    """A saga that comes back to a step never ends."""
    for verb in Verb:
        step, seen = STEPS[verb][0], []
        while step is not None:
            seen.append(step)
            step = step_after(verb, step)
        assert tuple(seen) == STEPS[verb]


def test_every_verb_first_says_what_is_wanted():
    """Whoever resumes it later finds the wish latched, whatever else happened."""
    assert {steps[0] for steps in STEPS.values()} == {Step.WANT}


def test_only_a_stop_kills():
    """A drain that takes long is waited for: its batch would be counted again otherwise."""
    assert {verb for verb, steps in STEPS.items() if Step.KILL in steps} == {Verb.STOP}
