"""The metrics show Airflow as it is, read from its real tables."""

from __future__ import annotations

import pytest

from tests.support.eventually import eventually
from weir.platform.airflow_config import inner_address
from weir.serving.airflow_reads import AirflowReads, api_answers
from weir.serving.metric_names import Metric

pytestmark = pytest.mark.platform


def test_every_part_of_a_healthy_airflow_is_up_and_no_file_is_unreadable(control_room):
    """A changed table of Airflow's would leave the rules without anything to judge."""
    settings = control_room.settings
    reads = AirflowReads(settings.dsn_file, lambda: api_answers(inner_address(settings)))

    def up():
        return {s.labels[0]: s.value for s in reads.read() if s.metric is Metric.AIRFLOW_UP}

    parts = ("airflow-api", "airflow-scheduler", "airflow-dags", "airflow-triggerer")
    eventually(up, lambda seen: seen == dict.fromkeys(parts, 1.0), within_seconds=120)
    found = {s.metric: s.value for s in reads.read() if not s.labels}
    assert found == {Metric.AIRFLOW_IMPORT_ERRORS: 0}
