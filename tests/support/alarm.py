"""Prometheus and Alertmanager with the real rules in quick time, and a receiver of their alerts."""

from __future__ import annotations

import json
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml

from tests.support.eventually import eventually
from tests.support.platform import free_port_base
from weir.platform import monitoring
from weir.platform.component import Component
from weir.platform.layout import Layout
from weir.platform.prometheus_config import prometheus_config
from weir.ports import Port
from weir.settings import REPO, Settings

RULES = REPO / "monitoring" / "prometheus" / "rules"
LOOK_EVERY_SECONDS = 1.0


class Alarm:
    """What the receiver was told, newest last."""

    def __init__(self) -> None:
        self._told: list[dict[str, Any]] = []
        self._lock = threading.Lock()

    def note(self, alerts: list[dict[str, Any]]) -> None:
        with self._lock:
            self._told += alerts

    def last(self, name: str) -> str:
        """`firing`, `resolved`, or `silent` when nothing was ever told of this alert."""
        with self._lock:
            told = [a["status"] for a in self._told if a["labels"]["alertname"] == name]
        return told[-1] if told else "silent"

    def wait(self, name: str, status: str, within_seconds: float = 90.0) -> None:
        """Until the receiver was last told `status` of the alert `name`."""
        eventually(
            lambda: (name, self.last(name)),
            lambda seen: seen[1] == status,
            within_seconds=within_seconds,
        )


@contextmanager
def ringing(watched: Settings, folder: Path) -> Iterator[Alarm]:
    """The rules watch the platform `watched` while the context lasts."""
    layout = Layout(Settings(_env_file=None, home=folder / "home", port_base=free_port_base()))
    layout.create()
    programs = monitoring.installed()
    alarm = Alarm()
    with ExitStack() as stack:
        receiver = stack.enter_context(_receiving(alarm))
        config = folder / "alertmanager.yml"
        config.write_text(_quick_routes(f"http://127.0.0.1:{receiver}"))
        manager = monitoring.alertmanager(layout, programs["alertmanager"], config)
        prometheus = monitoring.prometheus(layout, programs["prometheus"])
        monitoring.config_file(layout).write_text(
            prometheus_config(
                monitoring.jobs(Layout(watched)),
                rules=str(_quick_rules(folder / "rules")),
                alertmanager=f"127.0.0.1:{layout.settings.port(Port.ALERTMANAGER)}",
                every_seconds=LOOK_EVERY_SECONDS,
            )
        )
        for component in (manager, prometheus):
            stack.enter_context(_process(component, folder / f"{component.name}.log"))
        yield alarm


def _quick_rules(folder: Path) -> Path:
    """The real rules with `for` of two seconds and ranges of ten; limits stay as they are."""
    folder.mkdir()
    for source in sorted(RULES.glob("*.yml")):
        text = re.sub(r"^( +for:).*$", r"\1 2s", source.read_text(), flags=re.MULTILINE)
        text = re.sub(r"\[\d+[mh]\]", "[10s]", text)
        (folder / source.name).write_text(re.sub(r"offset \d+[mh]", "offset 10s", text))
    return folder / "*.yml"


def _quick_routes(address: str) -> str:
    """The real routes and inhibitions, told to `address` without waiting for company."""
    config = yaml.safe_load(monitoring.ALERTMANAGER.read_text())
    config["route"] |= {"group_wait": "0s", "group_interval": "1s"}
    for receiver in config["receivers"]:
        receiver["webhook_configs"] = [{"url": address, "send_resolved": True}]
    return yaml.safe_dump(config)


@contextmanager
def _receiving(alarm: Alarm) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            alarm.note(json.loads(body)["alerts"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing: the tests say what they miss."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()


@contextmanager
def _process(component: Component, log: Path) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(component.argv, stdout=output, stderr=subprocess.STDOUT)
    try:
        eventually(component.healthy, bool, within_seconds=40)
        yield
    finally:
        process.terminate()
        process.wait(20)
