"""Settings are parsed once and refuse nonsense in words."""

from __future__ import annotations

import pytest

from weir.errors import SettingError
from weir.ports import Port
from weir.settings import Settings, load_settings


def test_a_value_that_cannot_work_is_named_with_its_setting(monkeypatch):
    """`validation error for Settings` helps nobody."""
    monkeypatch.setenv("WEIR_KAFKA_BROKERS", "2")
    with pytest.raises(SettingError, match=r"WEIR_KAFKA_BROKERS is 2"):
        load_settings()


def test_the_port_base_shifts_every_address():
    """Two copies run side by side."""
    shifted = Settings(_env_file=None, port_base=10_000, kafka_brokers=3)
    assert shifted.bootstrap == "127.0.0.1:19092,127.0.0.1:19192,127.0.0.1:19292"
    assert shifted.port(Port.SPARK_WORKER_UI, 1) == 18083
    assert shifted.api_url == "http://127.0.0.1:18000"


def test_kafkas_usual_variable_is_understood(monkeypatch):
    """People bring KAFKA_BOOTSTRAP_SERVERS from elsewhere."""
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "broker:9092")
    assert Settings(_env_file=None).bootstrap == "broker:9092"
