"""Prometheus finds everything that is asked for, and real faults reach the receiver and end.

One module, because its platform is started for it alone and stopped after it.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.alarm import Alarm
from tests.support.eventually import eventually
from tests.support.scraped import ask, expressions, names_in
from weir.kafka.producer import ConfirmedProducer
from weir.platform.component import pid_file
from weir.platform.layout import Layout
from weir.platform.supervisor import Supervisor
from weir.settings import Settings

pytestmark = [pytest.mark.platform, pytest.mark.timeout(400)]

# Nothing to show until it happens, or not part of this platform.
LATER = {
    "weir_dead_letters": "no message was refused yet",
    "weir_quarantined_messages": "no message was put aside yet",
    "weir_stats_served_total": "nobody asked /stats yet",
    "weir_stream_probe_age_seconds": "the first probe comes within a minute",
    "weir_promo_unpublished_notifications": "promo is not part of this start",
    "weir_promo_unpublished_seconds": "promo is not part of this start",
    "weir_promo_publish_delay_seconds": "promo is not part of this start",
    "weir_promo_answers_total": "nobody has answered yet",
    "weir_market_archive_age_seconds": "market is not part of this start",
    "weir_market_archive_failed": "market is not part of this start",
    "weir_market_recommend_slowest_seconds": "nobody was recommended anything yet",
    "weir_market_search_events_total": "nobody has searched yet",
    "weir_market_searches_total": "nobody has searched yet",
    "weir_airflow_up": "no Airflow here",
    "weir_airflow_heartbeat_age_seconds": "no Airflow here",
    "weir_airflow_tasks": "no Airflow here",
    "weir_airflow_import_errors": "no Airflow here",
}


def test_every_target_is_up(watched: Settings) -> None:
    """What is down is not watched; the driver's target comes with its stream."""

    def targets() -> dict[str, str]:
        found = ask(watched, "targets", state="active")
        assert isinstance(found, dict)
        return {
            f"{t['labels']['job']} {t['lastError']}": t["health"] for t in found["activeTargets"]
        }

    seen = eventually(
        targets,
        lambda now: len(now) > 10 and set(now.values()) == {"up"},
        within_seconds=120,
        every_seconds=1,
    )
    assert {name.split()[0] for name in seen} == {
        *("weir", "kafka", "spark-master", "spark-worker", "spark-driver", "spark-executors"),
        *("host", "postgres", "redis", "prometheus", "alertmanager"),
    }


def test_every_metric_of_a_rule_or_a_panel_is_scraped(watched: Settings) -> None:
    """A panel on a name that nobody exports is empty for ever, and its alert silent."""
    wanted = set().union(*map(names_in, expressions()))
    assert len(wanted) > 80

    def missing() -> set[str]:
        found = ask(watched, "label/__name__/values")
        assert isinstance(found, list)
        return wanted - set(found) - LATER.keys()

    eventually(missing, lambda names: names == set(), within_seconds=90, every_seconds=1)


def test_every_query_is_one_that_prometheus_can_answer(watched: Settings) -> None:
    """A sum of two metrics with other labels, or a misplaced bracket, shows only here."""
    queries = sorted(set(expressions()))
    assert queries
    for query in queries:
        answer = ask(watched, "query", query=query)
        assert isinstance(answer, dict), query


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
