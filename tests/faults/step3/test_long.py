"""The long matrix of promo, `make faults STEP=3`: figures go to benchmarks/results."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.results import write_result
from tests.faults.step3.drivers import Drivers, OnCluster, Plain
from tests.faults.step3.play import CAFE, POINTS, entries, one_round, play
from tests.faults.step3.rig import PromoRig, promo_rig
from tests.support.eventually import eventually
from tests.support.platform import INFRASTRUCTURE, running_platform
from weir.platform.layout import Layout
from weir.settings import Settings

pytestmark = [pytest.mark.long, pytest.mark.step3, pytest.mark.timeout(3000)]

NOTIFICATIONS = 100_000
STADIUM = "5a0f5f1e-2c7b-4f3a-8d61-9e4c7b1a0d22"  # a restaurant whose campaigns need several chunks


def signal_server(rig: PromoRig, component: str, number: signal.Signals) -> None:
    """Hit a server; the supervisor starts it again when it died."""
    pid = int((Layout(rig.settings).run / f"{component}.pid").read_text())
    os.kill(pid, number)


def report(name: str, rig: PromoRig, notifications: int, began: float) -> None:
    write_result(
        name,
        notifications=notifications,
        faults=rig.broken(),
        lost=0,
        doubled=0,
        concurrent_reader=True,
        seconds=round(time.monotonic() - began, 1),
    )


def test_100_000_notifications_survive_a_death_and_a_zombie_at_every_point(
    platform: Settings, tmp_path: Path
):
    """Each of the 13 points twice, and a campaign of three chunks under three of them."""
    began = time.monotonic()
    faults = (
        entries(POINTS, POINTS) + ",after_chunk:kill9,in_transaction@2:kill9,after_chunk@2:stop"
    )
    with promo_rig(platform, tmp_path, Plain(tmp_path), faults) as rig:
        rig.subscribe(CAFE, range(3_000))
        play(rig, CAFE, 2 * len(POINTS))
        rig.subscribe(STADIUM, range(60_000))
        rounds = 0
        while len(rig.broken()) < 2 * len(POINTS) + 3 or len(rig.reader.fields) < NOTIFICATIONS:
            rounds += 1
            one_round(rig, STADIUM if rounds == 1 else CAFE, 1_000 + rounds)
        report("faults_step3_points", rig, rig.check(), began)


@pytest.mark.parametrize("spark", [False, True], ids=["plain", "spark"])
def test_servers_that_die_in_mid_commit_cost_nothing(spark: bool, tmp_path: Path):
    """PostgreSQL in COPY and in COMMIT; the broker killed, and silent for longer than patience."""
    began = time.monotonic()
    hurts: list[tuple[str, Callable[[PromoRig], None]]] = [
        ("in_copy", lambda r: signal_server(r, "postgres", signal.SIGQUIT)),
        ("before_seal_commit", lambda r: signal_server(r, "postgres", signal.SIGQUIT)),
        ("before_kafka_commit", lambda r: signal_server(r, "kafka", signal.SIGKILL)),
        ("before_kafka_commit", black_hole),
    ]
    drivers: Drivers = OnCluster() if spark else Plain(tmp_path)
    only = INFRASTRUCTURE if spark else "postgres,kafka"
    faults = ",".join(f"{point}:stop" for point, _ in hurts)
    with running_platform(only) as stack, promo_rig(stack, tmp_path, drivers, faults) as rig:
        rig.subscribe(CAFE, range(1_000))
        rig.start()
        for number, (_, hurt) in enumerate(hurts, start=1):
            rig.overtaken = number  # this one is not overtaken: it goes on itself
            rig.send(CAFE)
            eventually(rig.broken, lambda b, n=number: len(b) == n, within_seconds=300)
            rig.hold()  # whoever is relaunched because of this must not take the next point
            hurt(rig)
            drivers.kill(rig.token, signal.SIGCONT)
            rig.wait_read()
            rig.release()
            drivers.kill(rig.token)  # only a start looks for the next point
        report(f"faults_step3_servers_{'spark' if spark else 'plain'}", rig, rig.check(), began)


def black_hole(rig: PromoRig) -> None:
    """The broker hears nothing until the driver has given up; then the late commit arrives."""
    before = rig.drivers.launches(rig.token)
    signal_server(rig, "kafka", signal.SIGSTOP)
    try:
        rig.drivers.kill(rig.token, signal.SIGCONT)
        eventually(
            lambda: rig.drivers.launches(rig.token), lambda n: n > before, within_seconds=300
        )
    finally:
        signal_server(rig, "kafka", signal.SIGCONT)


def test_spark_drivers_survive_a_death_at_every_point(tmp_path: Path):
    """The same with the real driver: its JVM and its Python die or stand still together."""
    began = time.monotonic()
    zombies = ("in_copy", "before_seal_commit", "in_transaction", "before_kafka_commit")
    faults = entries(POINTS, zombies)
    with (
        running_platform(INFRASTRUCTURE) as stack,
        promo_rig(stack, tmp_path, OnCluster(), faults) as rig,
    ):
        rig.subscribe(CAFE, range(1_000))
        play(rig, CAFE, len(POINTS) + len(zombies))
        report("faults_step3_spark", rig, rig.check(), began)
