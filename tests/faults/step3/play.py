"""The play of the matrix: one campaign and one late subscriber for each way to break."""

from __future__ import annotations

from tests.faults.step3.rig import PromoRig

CAFE = "0b9d8a51-6c1c-4ad0-9b2e-3f1c5a7e2d10"  # the restaurant of the matrix

# In the order of a batch. Every second one decides, so that no batch dies three times in a row.
POINTS = (
    *("before_batch", "after_seal", "after_decision", "before_publish", "in_copy"),
    *("in_transaction", "after_rows", "before_kafka_commit", "before_hold", "after_kafka_commit"),
    *("before_seal_commit", "after_chunk", "after_publish"),
)


def entries(kills: tuple[str, ...], zombies: tuple[str, ...]) -> str:
    """The setting: all kills, then all zombies."""
    return ",".join([f"{k}:kill9" for k in kills] + [f"{z}:stop" for z in zombies])


def play(rig: PromoRig, restaurant: str, entries: int) -> int:
    """Campaigns and late subscribers until everything has broken once; how many campaigns.

    A driver that stands still is overtaken by a new one, and goes on when all was published.
    """
    rounds = 0
    rig.start()
    while len(rig.broken()) < entries:
        rounds += 1
        one_round(rig, restaurant, rounds)
    one_round(rig, restaurant, rounds + 1)
    return rounds + 1


def one_round(rig: PromoRig, restaurant: str, nth: int) -> None:
    """One campaign and one more subscriber, until all messages were read."""
    rig.send(restaurant)
    rig.subscribe(restaurant, range(1_000_000 + nth, 1_000_001 + nth))
    rig.wake()
    rig.wait_read()
    rig.wake_sleepers()
