"""Real faults reach the receiver through Prometheus and Alertmanager, and so does their end."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.alarm import Alarm
from weir.kafka.producer import ConfirmedProducer
from weir.platform.component import pid_file
from weir.platform.layout import Layout
from weir.platform.supervisor import Supervisor
from weir.settings import Settings

pytestmark = [pytest.mark.platform, pytest.mark.timeout(400)]


@contextmanager
def stopped(settings: Settings, name: str) -> Iterator[None]:
    """The component is away while the context lasts."""
    supervisor = Supervisor(Layout(settings))
    supervisor.stop_component(name)
    try:
        yield
    finally:
        supervisor.start_component(name)


@pytest.mark.parametrize(
    ("component", "alert"),
    [
        ("redis", "WeirRedisAway"),
        ("exporter-host", "WeirTargetDown"),
        ("kafka", "WeirBrokerDown"),
    ],
)
def test_a_part_that_goes_away_is_told_and_so_is_its_return(
    watched: Settings, alarm: Alarm, component: str, alert: str
) -> None:
    """The whole way: process, metric, rule, route, receiver."""
    with stopped(watched, component):
        alarm.wait(alert, "firing")
    alarm.wait(alert, "resolved")


def test_a_collector_that_hangs_is_told_and_so_is_its_recovery(
    watched: Settings, alarm: Alarm
) -> None:
    """The supervisor sees nothing: the process is there."""
    pid = int(pid_file(Layout(watched), "collect-wikimedia").read_text())
    os.kill(pid, signal.SIGSTOP)
    try:
        alarm.wait("WeirCollectorDead", "firing")
    finally:
        os.kill(pid, signal.SIGCONT)
    alarm.wait("WeirCollectorDead", "resolved")


def test_many_refused_messages_are_told_and_so_is_that_no_more_come(
    watched: Settings, alarm: Alarm
) -> None:
    """Somebody upstream has changed a format."""
    producer = ConfirmedProducer(watched)
    for number in range(200):
        producer.send(watched.wikimedia_topic, b"{%d" % number, key=b"bad")
    producer.flush()
    alarm.wait("WeirDeadLettersRising", "firing")
    alarm.wait("WeirDeadLettersRising", "resolved")
