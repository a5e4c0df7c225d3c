"""What Spark 4.2 does with a supervised driver when its worker or its master is lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.drivers import Ground, OwnCluster, own_cluster, processes_with
from tests.support.eventually import eventually
from weir.errors import Unavailable
from weir.ops.master import fetch_master, wait_until_alive


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnCluster]:
    """A master and a worker that these tests kill, in their order."""
    with own_cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def ground(cluster: OwnCluster, tmp_path_factory: pytest.TempPathFactory) -> Ground:
    """A driver on it."""
    wait_until_alive(cluster.settings, 60)
    ground = Ground(cluster.settings, tmp_path_factory.mktemp("ground"), "record")
    ground.submit("stay")
    ground.wait("query")
    return ground


def test_a_driver_outlives_its_master_and_is_known_to_the_next_one(
    cluster: OwnCluster, ground: Ground
) -> None:
    """Without a recovery mode the new master would kill every driver after 18 s."""
    before = fetch_master(cluster.settings).drivers
    cluster.kill("master")
    cluster.start_master()
    state = wait_until_alive(cluster.settings, 90)
    assert set(state.drivers) == set(before)
    assert len(ground.lines("begun")) == 1


def test_a_lost_worker_takes_its_driver_along_and_the_next_worker_gets_it_under_a_new_id(
    cluster: OwnCluster, ground: Ground
) -> None:
    """So a stream is followed by its heartbeat, never by its driver's id."""
    before = set(fetch_master(cluster.settings).drivers)
    cluster.kill("worker")
    eventually(lambda: processes_with(str(ground.record)), lambda p: not p, within_seconds=30)
    cluster.start_worker()
    ground.wait("begun", times=2, within_seconds=120)
    assert set(fetch_master(cluster.settings).drivers) - before


def test_a_submission_to_a_master_that_is_not_yet_alive_is_refused_in_words(
    cluster: OwnCluster, ground: Ground, tmp_path: Path
) -> None:
    """Spark's client prints the refusal and then waits for ever."""
    cluster.kill_all()
    cluster.start_master()  # it recovers for a minute, for it misses the worker it remembers
    eventually(
        lambda: _status(cluster),
        lambda status: status in ("RECOVERING", "STANDBY"),
        within_seconds=30,
    )
    with pytest.raises(Unavailable, match="refused to submit: Can only accept"):
        Ground(cluster.settings, tmp_path, "never").submit("exit:0")


def _status(cluster: OwnCluster) -> str:
    try:
        return fetch_master(cluster.settings).status
    except Unavailable:
        return "away"
