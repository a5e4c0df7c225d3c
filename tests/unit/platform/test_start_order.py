"""What must be ready before what."""

from __future__ import annotations

import pytest

from weir.platform.up import _met

ALL = {"postgres", "kafka-1", "kafka-2", "schema", "topics", "redis"}


@pytest.mark.parametrize(
    ("needed", "ready", "met"),
    [
        ((), set(), True),
        (("postgres",), set(), False),
        (("postgres",), {"postgres"}, True),
        (("kafka",), {"kafka-1"}, False),
        (("kafka",), {"kafka-1", "kafka-2"}, True),
        (("schema", "topics"), {"schema"}, False),
        (("spark-master",), set(), True),
    ],
)
def test_a_need_is_met_by_every_broker_and_never_by_what_is_not_started(needed, ready, met):
    """`kafka` means all of them; `weir up --only redis` must not wait for Spark."""
    assert _met(needed, ready, ALL) is met
