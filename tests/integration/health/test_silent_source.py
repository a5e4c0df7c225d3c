"""A source that sends nothing, over a connection that looks alive."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.wikimedia.test_collector_exactly_once import fresh_topics
from tests.support.collector_process import (
    collector_environment,
    forget_cursor,
    supervised_collector,
)
from tests.support.eventually import eventually
from tests.support.stores import own_database
from tests.support.stream_specs import wikimedia_spec
from tests.support.wikimedia_sample import recent_source, running_sample
from weir.ops import lease
from weir.ops.health import Health
from weir.ops.health_reads import fetch_reports_once, fetch_sources
from weir.settings import Settings
from weir.store.postgres import connect

pytestmark = pytest.mark.platform


def test_a_source_that_falls_silent_is_said_of_it_and_of_its_streams(
    platform: Settings, tmp_path: Path
) -> None:
    """Counts that stand still look like a quiet day."""
    forget_cursor(platform)
    spec = wikimedia_spec(health={"silent_seconds": 4})
    with (
        own_database(platform, tmp_path) as settings,
        running_sample(recent_source(50)) as sample,
        connect(settings.dsn_file, application_name="test") as database,
    ):
        lease.ensure_stream(database, spec.name)
        given = collector_environment(settings, url=sample.url, topic=fresh_topics(platform))
        sample.faults.change({"silences": -1, "silent_after_events": 50})

        def source() -> Health | None:
            return fetch_sources(database, [spec]).get("wikimedia")

        def stream() -> set[Health]:
            (report,) = fetch_reports_once(settings, database, [spec])
            return {finding.health for finding in report.findings}

        with supervised_collector(given, tmp_path / "collector.log") as collector:
            eventually(source, lambda health: health is Health.HEALTHY, within_seconds=60)
            eventually(source, lambda health: health is Health.SILENT_SOURCE, within_seconds=20)
            assert Health.SILENT_SOURCE in stream(), collector.log
        eventually(source, lambda health: health is Health.PARKED, within_seconds=20)
        assert Health.SILENT_SOURCE not in stream()
