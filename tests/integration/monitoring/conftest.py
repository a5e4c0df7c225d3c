"""A platform with Prometheus and all that it scrapes; and a quick Prometheus beside it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.support.alarm import Alarm, ringing
from tests.support.platform import attached_platform, running_platform, weir
from weir.platform import monitoring
from weir.settings import Settings

PARTS = (
    "postgres,kafka,redis,spark-master,spark-worker,wikimedia-sample,collect-wikimedia,api,"
    "exporter-host,exporter-postgres,exporter-redis,alertmanager,prometheus"
)


@pytest.fixture(scope="module")
def watched() -> Iterator[Settings]:
    """Everything that is scraped, with the stream running."""
    missing = set(monitoring.PROGRAMS) - set(monitoring.installed())
    if missing:
        pytest.skip(f"not installed: {', '.join(sorted(missing))}")
    home = os.environ.get("WEIR_TEST_HOME")
    wanted = {"monitoring": True, "airflow": False, "wikimedia_sample_rate": 20.0}
    with attached_platform(home) if home else running_platform(PARTS, **wanted) as settings:
        weir(settings, "streams", "start", "wikimedia_domain_counts")
        yield settings


@pytest.fixture(scope="module")
def alarm(watched: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alarm]:
    """The real rules, a hundred times quicker, and a receiver that remembers."""
    with ringing(watched, tmp_path_factory.mktemp("alarm")) as rung:
        yield rung
