"""One word per component."""

from __future__ import annotations

import pytest

from weir.platform.status import judge


@pytest.mark.parametrize(
    ("supervised", "healthy", "word"),
    [
        ("RUNNING", True, "healthy"),
        ("RUNNING", False, "unhealthy"),
        ("STARTING", False, "starting"),
        ("BACKOFF", False, "starting"),
        ("FATAL", False, "failed"),
        ("EXITED", False, "failed"),
        ("STOPPED", False, "stopped"),
    ],
)
def test_the_state_is_what_the_supervisor_and_the_component_say(supervised, healthy, word):
    """A process that runs but does not serve is not healthy."""
    assert judge(supervised, healthy) == word
