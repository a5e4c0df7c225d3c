"""Four who look at the health of one stream: command line, page, metrics over HTTP, and alerts."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from prometheus_client import CollectorRegistry, start_http_server

from tests.support.eventually import eventually
from tests.support.platform import free_port_base
from weir.ops.health_reads import fetch_reports_once, fields_of
from weir.ops.streams import StreamSpec
from weir.serving.metrics import ReadAtScrape
from weir.serving.room.history import Span
from weir.serving.room.room import Room
from weir.serving.scrape import Scrape
from weir.serving.watch import Watch
from weir.settings import REPO, Settings
from weir.store.postgres import connect
from weir.store.redis import connect_redis
from weir.store.wikimedia_cache import WikimediaCache

AGREE_SECONDS = 15.0
METRICS, PROMETHEUS = 8001, 9090
PROMETHEUS_YML = """
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [{rules}]
scrape_configs: [{{job_name: weir, static_configs: [{{targets: ["127.0.0.1:{port}"]}}]}}]
"""


class Eyes:
    """What each of them says now."""

    def __init__(self, settings: Settings, spec: StreamSpec, port_base: int) -> None:
        self.settings = settings
        self.spec = spec
        self.room = Room(settings, {spec.name: spec})
        self._metrics = f"http://127.0.0.1:{port_base + METRICS}/metrics"
        self._prometheus = f"http://127.0.0.1:{port_base + PROMETHEUS}"

    def cli(self) -> list[str]:
        """The findings of `weir streams list --json`, worst first."""
        with connect(self.settings.dsn_file, application_name="test") as connection:
            (report,) = fetch_reports_once(self.settings, connection, [self.spec])
        said = json.loads(json.dumps(fields_of(report), default=str))
        assert said["health"] == said["findings"][0]["health"]
        return [finding["health"] for finding in said["findings"]]

    def page(self) -> list[str]:
        """The findings on the stream's page."""
        findings = self.room.closely(self.spec.name, Span.HALF_HOUR).findings
        return [finding.health.value for finding in findings]

    def metric(self) -> list[str]:
        """The healths that the exporter shows as 1."""
        pattern = rf'^weir_stream_health{{health="(\w+)",stream="{self.spec.name}"}} 1\.0$'
        return re.findall(pattern, self.scrape(), re.MULTILINE)

    def scrape(self) -> str:
        """All metrics as text."""
        return httpx.get(self._metrics, timeout=20).text

    def value(self, name: str) -> float | None:
        """The value of a metric of this stream; None while there is none."""
        pattern = rf'^{name}{{[^}}]*stream="{self.spec.name}"[^}}]*}} (\S+)$'
        found = re.search(pattern, self.scrape(), re.MULTILINE)
        return float(found[1]) if found else None

    def alerts(self) -> set[str]:
        """The alerts of this stream that are pending or firing in Prometheus."""
        alerts = httpx.get(f"{self._prometheus}/api/v1/alerts", timeout=20).json()["data"]["alerts"]
        return {a["labels"]["alertname"] for a in alerts if self._is_mine(a)}

    def agree_on(self, health: str, alert: str | None, *, within_seconds: float) -> None:
        """Wait until the command line says this first; then all must say it within 15 s."""
        eventually(
            self.cli, lambda said: said[0] == health, within_seconds=within_seconds, every_seconds=1
        )
        eventually(
            lambda: (self.page(), self.metric(), self.alerts()),
            lambda said: (
                said[0][0] == health
                and health in said[1]
                and (alert in said[2] if alert else not said[2])
            ),
            within_seconds=AGREE_SECONDS,
            every_seconds=0.5,
        )

    def _is_mine(self, alert: dict) -> bool:
        return alert["labels"].get("stream") == self.spec.name


@contextmanager
def eyes_on(settings: Settings, spec: StreamSpec, folder: Path) -> Iterator[Eyes]:
    """An exporter and a Prometheus with the shipped rules, for this stream alone."""
    prometheus = shutil.which("prometheus")
    if prometheus is None:
        pytest.skip("prometheus is not installed")
    base = free_port_base()
    watch = Watch(settings)
    registry = CollectorRegistry()
    redis = connect_redis(settings.redis_address, settings.redis_password_path, answer_seconds=1)
    scrape = Scrape(settings, WikimediaCache(redis), watch, [spec])
    registry.register(ReadAtScrape(scrape.read))
    server, thread = start_http_server(base + METRICS, "127.0.0.1", registry)
    watch.start()
    config = folder / "prometheus.yml"
    rules = REPO / "monitoring" / "prometheus" / "rules" / "streams.yml"
    config.write_text(PROMETHEUS_YML.format(rules=rules, port=base + METRICS))
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(
            [
                *(prometheus, f"--config.file={config}", f"--storage.tsdb.path={folder / 'tsdb'}"),
                f"--web.listen-address=127.0.0.1:{base + PROMETHEUS}",
            ],
            stdout=log,
            stderr=log,
        )
    try:
        yield Eyes(settings, spec, base)
    finally:
        process.terminate()
        process.wait(20)
        server.shutdown()
        thread.join()
        watch.stop()
