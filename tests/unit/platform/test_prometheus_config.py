"""Prometheus asks every part, and one metric has one name for all streams."""

from __future__ import annotations

import re

import yaml

from weir.platform.layout import Layout
from weir.platform.prometheus_config import (
    DRIVER_NAMES,
    DRIVER_RELABELLING,
    local_jobs,
    prometheus_config,
)
from weir.ports import Port
from weir.settings import Settings


def config_of(folder, **settings):
    layout = Layout(Settings(_env_file=None, home=folder, **settings))
    jobs = local_jobs(layout, streams=2, exporters={"host": Port.NODE_EXPORTER})
    return yaml.safe_load(
        prometheus_config(jobs, rules="/rules/*.yml", alertmanager="127.0.0.1:1", every_seconds=0.5)
    )


def test_every_part_of_the_platform_is_a_target(tmp_path):
    """What is not asked is not watched."""
    found = {
        job["job_name"]: job["static_configs"][0]["targets"]
        for job in config_of(tmp_path, kafka_brokers=3, spark_workers=2)["scrape_configs"]
    }
    assert found == {
        "weir": ["127.0.0.1:8001"],
        "kafka": ["127.0.0.1:9404", "127.0.0.1:9504", "127.0.0.1:9604"],
        "spark-master": ["127.0.0.1:8081"],
        "spark-worker": ["127.0.0.1:8082", "127.0.0.1:8083"],
        "spark-driver": ["127.0.0.1:4040", "127.0.0.1:4041"],
        "spark-executors": ["127.0.0.1:4040", "127.0.0.1:4041"],
        "host": ["127.0.0.1:9100"],
        "prometheus": ["127.0.0.1:9090"],
        "alertmanager": ["127.0.0.1:9093"],
    }


def test_the_pace_and_the_files_are_those_given(tmp_path):
    """A test looks twice a second, a laptop every 15 s."""
    config = config_of(tmp_path)
    assert config["global"] == {"scrape_interval": "500ms", "evaluation_interval": "500ms"}
    assert config["rule_files"] == ["/rules/*.yml"]


def test_a_drivers_metric_has_its_stream_as_a_label(tmp_path):
    """Spark puts the application's name into the metric's name: no query could span streams."""
    name = "metrics_wikimedia_domain_counts_driver_jvm_heap_used_Value"
    found = re.fullmatch(DRIVER_NAMES, name)
    assert found
    assert found.groups() == ("wikimedia_domain_counts", "jvm_heap_used_Value")
    jobs = {job["job_name"]: job for job in config_of(tmp_path)["scrape_configs"]}
    assert jobs["spark-driver"]["metric_relabel_configs"] == list(DRIVER_RELABELLING)
    assert "metric_relabel_configs" not in jobs["spark-executors"]
