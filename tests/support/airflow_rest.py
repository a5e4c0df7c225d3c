"""Airflow as a person with a login sees it: its REST API."""

from __future__ import annotations

import json
from typing import Any

import httpx

from weir.platform.airflow_config import PASSWORDS, airflow_address
from weir.platform.layout import Layout
from weir.settings import Settings


class AirflowRest:
    """One user of a running Airflow."""

    def __init__(self, settings: Settings, user: str = "admin") -> None:
        self.address = airflow_address(settings)
        passwords = json.loads((Layout(settings).secrets / PASSWORDS).read_text())
        self.login = {"username": user, "password": passwords[user]}
        self._token = ""

    def token(self) -> str:
        """A session token, fetched once."""
        if not self._token:
            answer = httpx.post(f"{self.address}/auth/token", json=self.login, timeout=30)
            answer.raise_for_status()
            self._token = answer.json()["access_token"]
        return self._token

    def ask(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """One request; the answer whatever its status."""
        return httpx.request(
            method,
            f"{self.address}/api/v2{path}",
            json=body,
            headers={"Authorization": f"Bearer {self.token()}"},
            timeout=60,
        )

    def do(self, method: str, path: str, body: Any = None) -> Any:
        """One request that must succeed; its JSON."""
        answer = self.ask(method, path, body)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json() if answer.content else None

    def pause(self, dag_id: str, paused: bool = True) -> None:
        self.do("PATCH", f"/dags/{dag_id}", {"is_paused": paused})

    def mark_failed(self, dag_id: str, run_id: str) -> None:
        self.do("PATCH", f"/dags/{dag_id}/dagRuns/{run_id}", {"state": "failed"})

    def clear(self, dag_id: str, run_id: str) -> None:
        body = {"dag_run_id": run_id, "dry_run": False, "only_failed": False}
        self.do("POST", f"/dags/{dag_id}/clearTaskInstances", body)

    def trigger(self, dag_id: str, **conf: Any) -> str:
        """Trigger a run; its id."""
        body = {"logical_date": None, "conf": conf}
        return str(self.do("POST", f"/dags/{dag_id}/dagRuns", body)["dag_run_id"])

    def run_state(self, dag_id: str, run_id: str) -> str:
        return str(self.do("GET", f"/dags/{dag_id}/dagRuns/{run_id}")["state"])
