"""The long matrix, `make faults STEP=1`: figures go to benchmarks/results."""

from __future__ import annotations

import signal
import time

import pytest

from tests.faults.results import write_result
from tests.faults.rig import rig
from tests.support.eventually import eventually

pytestmark = [pytest.mark.long, pytest.mark.step1, pytest.mark.timeout(3000)]


def test_100_000_events_survive_cuts_kills_and_a_lost_checkpoint():
    """10 server cuts, 3 collector kills, 1 Kafka restart, 2 driver kills, checkpoint deleted."""
    total = 100_000
    began = time.monotonic()
    with rig(total, rate=700.0) as r:
        r.order(cuts=10, cut_after_events=8000, cut_mid_event=True)
        for at, hurt in (
            (5_000, lambda: r.kill("collect-wikimedia")),
            (15_000, r.kill_driver),
            (30_000, lambda: r.kill("collect-wikimedia")),
            (40_000, lambda: r.kill("kafka", signal.SIGTERM)),
            (55_000, lambda: (r.kill_driver(), r.delete_checkpoint())),
            (75_000, lambda: r.kill("collect-wikimedia")),
        ):
            r.wait_for(at, within_seconds=600)
            hurt()
        expected = r.check(within_seconds=900)
        restarts = {name: row["restarts"] for name, row in r.components().items()}
        write_result(
            "faults_step1_100k",
            events_sent=total,
            canaries=total - len(expected.ids),
            in_topic=len(expected.ids),
            lost=0,
            doubled=0,
            domains=len(expected.totals),
            component_restarts=restarts,
            seconds=round(time.monotonic() - began, 1),
        )


def test_a_dead_leader_of_three_brokers_costs_nothing():
    """Replication 3, min in-sync 2: one broker may die under load; with two dead, writing stops."""
    total = 70_000
    with rig(total, rate=250.0, kafka_brokers=3) as r:
        r.wait_for(3_000)
        for name in ("kafka-1", "kafka-2", "kafka-3"):
            r.kill(name)
            done = r.counted()
            r.wait_for(done + 3_000)
        for name in ("kafka-2", "kafka-3"):
            r.stop(name)
        said = eventually(
            r.collector_error, lambda text: "in-sync" in text.lower(), within_seconds=120
        )
        for name in ("kafka-2", "kafka-3"):
            r.start(name)
        r.check(within_seconds=600)
        write_result(
            "faults_step1_three_brokers",
            said_with_two_dead=said,
            events_sent=total,
            leaders_killed=3,
            lost=0,
            doubled=0,
        )


def test_recovery_after_driver_kills():
    """From kill -9 to the next committed batch, 20 times."""
    from weir.store.postgres import connect

    seconds: list[float] = []
    with rig(10_000_000, rate=100.0) as r:
        r.wait_for(500)
        for _ in range(20):
            with connect(r.settings.dsn_file, application_name="faults") as connection:

                def newest(c=connection):
                    row = c.execute(
                        "select epoch, count(*) from ops.stream_progress group by 1 order by 1 desc"
                    )
                    return row.fetchone()

                epoch = newest()[0]
                began = time.monotonic()
                r.kill_driver()
                eventually(newest, lambda row, e=epoch: row[0] > e, within_seconds=180)
                seconds.append(time.monotonic() - began)
    ordered = sorted(seconds)
    write_result(
        "faults_step1_recovery",
        kills=len(seconds),
        p50_seconds=round(ordered[len(ordered) // 2], 1),
        p95_seconds=round(ordered[int(len(ordered) * 0.95) - 1], 1),
        seconds=[round(s, 1) for s in seconds],
    )
    assert len(seconds) == 20
