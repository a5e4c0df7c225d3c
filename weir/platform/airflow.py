"""Airflow's four processes: API server, scheduler with its workers, DAG processor, triggerer."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from weir.platform import airflow_config as config
from weir.platform.airflow_jobs import is_alive
from weir.platform.component import Component, started
from weir.platform.layout import Layout
from weir.platform.secrets import keep_secret, write_private
from weir.platform.services import answers, passed_on
from weir.ports import Port

# Role in the metadata -> component and its command. Logs are read from the shared folder, so
# nobody serves them.
WORKERS = {
    "SchedulerJob": ("airflow-scheduler", ["scheduler", "--skip-serve-logs"]),
    "DagProcessorJob": ("airflow-dags", ["dag-processor"]),
    "TriggererJob": ("airflow-triggerer", ["triggerer", "--skip-serve-logs"]),
}
# Airflow imports it in every process, its command line included.
LOCAL_SETTINGS = """\
from stream_ops.spark_connection import teach

teach()
__all__: list[str] = []
"""
NAMES = ("airflow-api", *(name for name, _ in WORKERS.values()))


@dataclass(frozen=True)
class Airflow:
    """The control room of one layout."""

    layout: Layout

    @property
    def env(self) -> dict[str, str]:
        """What a process of Airflow needs; also for `bin/airflow`."""
        settings = self.layout.settings
        return {
            "AIRFLOW_HOME": str(config.home(self.layout)),
            "MALLOC_ARENA_MAX": "2",  # many threads, else each with memory of its own
            "PYTHONUNBUFFERED": "1",
            # A title must not overwrite the environment: by its mark `down` finds the workers that
            # outlive a killed scheduler.
            "SPT_NOENV": "1",
            **({"WEIR_KAFKA_USER": "airflow"} if settings.kafka_password_file is None else {}),
        }

    def components(self) -> list[Component]:
        """The API server first: every task talks to it."""
        return [self.api(), *(self._worker(job) for job in WORKERS)]

    def api(self) -> Component:
        """The pages, the REST API, and what running tasks talk to."""
        port = self.layout.settings.port(Port.AIRFLOW)
        host = self.layout.settings.airflow_host
        return self._component(
            "airflow-api",
            ["api-server", "--host", host, "--port", str(port)],
            lambda: answers(f"{config.inner_address(self.layout.settings)}/api/v2/version"),
            port=port,
        )

    def _worker(self, job: str) -> Component:
        name, words = WORKERS[job]
        dsn_file = self.layout.settings.dsn_file
        return self._component(
            name,
            words,
            lambda: is_alive(dsn_file, job, started(self.layout, name)),
            # A task that finds no API server fails and loses one of its tries.
            after=("airflow-api",) if job != "DagProcessorJob" else (),
        )

    def _component(
        self,
        name: str,
        words: list[str],
        healthy: Callable[[], bool],
        *,
        port: int | None = None,
        after: tuple[str, ...] = (),
    ) -> Component:
        return Component(
            name=name,
            argv=[str(self.layout.python), "-m", "airflow", *words],
            port=port,
            env=passed_on(self.layout) | self.env,
            after=("postgres", *after),
            healthy=healthy,
            prepare=self.prepare if name == "airflow-api" else lambda: None,
            start_seconds=180.0,
            alone=True,
        )

    def prepare(self) -> None:
        """Keys and passwords, made at the first start and kept."""
        keep_keys(self.layout.secrets)
        config.home(self.layout).mkdir(mode=0o700, parents=True, exist_ok=True)

    def configure(self) -> None:
        """Write the configuration anew: ports and addresses may have changed."""
        folder = config.home(self.layout) / "config"
        folder.mkdir(mode=0o700, exist_ok=True)
        write_private(folder / "airflow_local_settings.py", LOCAL_SETTINGS)
        text = config.render(config.sections(self.layout))
        write_private(config.home(self.layout) / "airflow.cfg", text)


def keep_keys(folder: Path) -> None:
    """The keys that all processes share, and the passwords of the logins, as 0600 files."""
    makers = {
        "fernet_key": lambda: base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "jwt_secret": lambda: secrets.token_urlsafe(64),
        "secret_key": lambda: secrets.token_urlsafe(32),
    }
    for key, file in config.KEYS.items():
        keep_secret(folder / file, makers[key])
    keep_secret(folder / config.PASSWORDS, _passwords)


def _passwords() -> str:
    return json.dumps({name: secrets.token_urlsafe(12) for name in config.USERS})
