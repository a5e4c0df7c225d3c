"""Who is stopped before whom."""

from __future__ import annotations

from weir.platform.catalogue import components
from weir.platform.down import stop_order
from weir.platform.layout import Layout
from weir.settings import Settings


def test_what_needs_others_is_stopped_before_them(tmp_path):
    """A driver without Kafka, or a task without Airflow's API, would end with an error."""
    every = [c.name for c in components(Layout(Settings(_env_file=None, home=tmp_path)))]
    order = sorted(every, key=stop_order)
    assert order == [
        *("airflow-triggerer", "airflow-scheduler", "airflow-dags", "airflow-api", "reconcile"),
        *("collect-wikimedia", "api", "spark-worker", "spark-master"),
        *("kafka", "postgres", "redis", "wikimedia-sample"),
    ]
