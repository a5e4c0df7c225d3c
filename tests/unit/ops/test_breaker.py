"""How many restarts are too many."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from weir.ops.breaker import RestartLimit, judge_restarts


def test_one_restart_more_than_the_limit_is_refused_with_the_numbers():
    """Supervision would go on for ever; the reason is what a person reads at night."""
    limit = RestartLimit(max=3, within_minutes=7)
    assert judge_restarts(2, limit) is None
    assert judge_restarts(3, limit) == "3 restarts in 7 minutes: it only dies"


@pytest.mark.parametrize("wrong", [{"max": 0}, {"within_minutes": 0}, {"minutes": 3}])
def test_a_limit_that_cannot_work_is_refused(wrong):
    """No restart at all would park a stream at its first crash."""
    with pytest.raises(ValidationError):
        RestartLimit(**wrong)
