"""Who is stopped before whom."""

from __future__ import annotations

from itertools import groupby

from weir.platform.catalogue import components
from weir.platform.down import wave_of
from weir.platform.layout import Layout
from weir.settings import Settings


def test_what_needs_others_is_stopped_before_them(tmp_path):
    """A driver without Kafka, or a task without Airflow's API, would end with an error."""
    every = [c.name for c in components(Layout(Settings(_env_file=None, home=tmp_path)))]
    order = [set(wave) for _, wave in groupby(sorted(every, key=wave_of), wave_of)]
    assert order == [
        {
            *("airflow-triggerer", "airflow-scheduler", "airflow-dags"),
            *("reconcile", "collect-wikimedia"),
        },
        {"airflow-api", "api", "spark-worker"},
        {"spark-master", "kafka", "postgres", "redis", "wikimedia-sample"},
    ]
