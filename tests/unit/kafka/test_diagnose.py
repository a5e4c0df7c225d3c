"""The clause that tells a person what the brokers look like."""

from __future__ import annotations

from weir.kafka.diagnose import PartitionState, trouble

WHOLE = PartitionState(has_leader=True, replicas=3, in_sync=3)
THIN = PartitionState(has_leader=True, replicas=3, in_sync=1)
HEADLESS = PartitionState(has_leader=False, replicas=3, in_sync=0)


def test_a_healthy_topic_adds_nothing_to_the_number_of_brokers() -> None:
    """Noise in an error hides its reason."""
    assert trouble("3 of 3", "news", {0: WHOLE}) == "brokers alive: 3 of 3"


def test_partitions_without_enough_replicas_are_named() -> None:
    """With two of three brokers dead a producer must say why it stops."""
    assert trouble("1 of 3", "news", {0: THIN, 1: WHOLE, 2: HEADLESS}) == (
        "brokers alive: 1 of 3; news/0 has 1 living in-sync replicas of 3; "
        "news/2 has 0 living in-sync replicas of 3 and no leader"
    )


def test_a_missing_topic_is_named_with_the_way_out() -> None:
    """Auto-creation is off: the usual cause on a new cluster."""
    assert trouble("1 of 1", "news", {}, exists=False).endswith(
        "topic news does not exist: weir topics apply"
    )
