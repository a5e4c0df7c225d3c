"""What the Spark master says about itself and its drivers (the /json/ page of its web UI)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from weir.errors import Unavailable
from weir.settings import Settings

POLL_SECONDS = 0.2
QUEUED = "SUBMITTED"
"""State of a driver for which no worker has room yet."""
WAITING = frozenset({QUEUED, "RUNNING"})
"""States of a driver that will work without a new submission (RELAUNCHING may last for ever)."""


@dataclass(frozen=True)
class App:
    """One active application; `waiting` while no executor was given to it."""

    id: str
    name: str
    waiting: bool


@dataclass(frozen=True)
class MasterState:
    """One look at the master."""

    status: str
    alive_workers: int
    drivers: Mapping[str, str]  # driver id -> state
    apps: tuple[str, ...]  # names of the active applications
    applications: tuple[App, ...] = ()


def parse_master(answer: Mapping[str, Any]) -> MasterState:
    """The master's answer as a value."""
    drivers = [*answer.get("completeddrivers", ()), *answer.get("activedrivers", ())]
    return MasterState(
        status=str(answer["status"]),
        alive_workers=int(answer.get("aliveworkers", 0)),
        drivers={str(driver["id"]): str(driver["state"]) for driver in drivers},
        apps=tuple(str(app["name"]) for app in answer.get("activeapps", ())),
        applications=tuple(
            App(
                id=str(app.get("id", "")),
                name=str(app["name"]),
                waiting=str(app.get("state", "")) == "WAITING",
            )
            for app in answer.get("activeapps", ())
        ),
    )


def fetch_master(settings: Settings) -> MasterState:
    """Ask the master. Raises Unavailable."""
    url = f"{settings.spark_master_ui_url}/json/"
    try:
        answer = httpx.get(url, timeout=3)
        answer.raise_for_status()
        return parse_master(answer.json())
    except (httpx.HTTPError, ValueError, KeyError) as error:
        raise Unavailable(
            f"the Spark master does not answer at {url}: {error or type(error).__name__}",
            "weir status; weir logs spark-master; the address is WEIR_SPARK_MASTER_UI",
        ) from error


def wait_until_alive(settings: Settings, within_seconds: float) -> MasterState:
    """Wait for an ALIVE master with a worker: a submission to a STANDBY one is refused."""
    deadline = time.monotonic() + within_seconds
    while True:
        try:
            state = fetch_master(settings)
            if state.status == "ALIVE" and state.alive_workers > 0:
                return state
            seen = Unavailable(
                f"the Spark master is {state.status} with {state.alive_workers} alive workers",
                "weir status; weir logs spark-master spark-worker",
            )
        except Unavailable as error:
            seen = error
        if time.monotonic() > deadline:
            raise seen
        time.sleep(POLL_SECONDS)
