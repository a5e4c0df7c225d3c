"""The well-known port of each service; `WEIR_PORT_BASE` shifts them all.

With the default base 0 the ports are the ones people expect. Two copies run side by side
when one of them has, for example, `WEIR_PORT_BASE=10000`.
"""

from __future__ import annotations

from enum import IntEnum


class Port(IntEnum):
    """Offsets from the port base. Spark's master UI leaves 8080 to Airflow."""

    GRAFANA = 3000  # in containers only
    SPARK_DRIVER_UI = 4040  # + one for each further stream
    POSTGRES = 5432
    REDIS = 6379
    SPARK_MASTER = 7077
    API = 8000
    METRICS = 8001
    WIKIMEDIA_SAMPLE = 8010
    AIRFLOW = 8080
    SPARK_MASTER_UI = 8081
    SPARK_WORKER_UI = 8082  # + worker index
    PROMETHEUS = 9090
    KAFKA = 9092  # + 100 x broker index
    ALERTMANAGER = 9093
    KAFKA_CONTROLLER = 9095  # + 100 x broker index
    KAFKA_INTERNAL = 9096  # + 100 x broker index; in the secure profile only
    NODE_EXPORTER = 9100
    REDIS_EXPORTER = 9121
    POSTGRES_EXPORTER = 9187
    KAFKA_METRICS = 9404  # + 100 x broker index


BROKER_STEP = 100
OF_BROKERS = (Port.KAFKA, Port.KAFKA_CONTROLLER, Port.KAFKA_INTERNAL, Port.KAFKA_METRICS)
