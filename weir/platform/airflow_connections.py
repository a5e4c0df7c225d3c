"""What Airflow finds ready: connections without a secret, and pools. Pure."""

from __future__ import annotations

from typing import Any

from psycopg import conninfo

from weir.kafka.cluster import main_cluster
from weir.platform.kafka_listeners import certificate_options
from weir.settings import Settings
from weir.store.postgres import read_dsn

STREAMS_POOL = "streams"


def connections(settings: Settings) -> dict[str, dict[str, Any]]:
    """Connections by id, as Airflow's JSON form has them.

    PostgreSQL's names a passfile, Spark of the local platform has no login: what Airflow shows
    and logs of them holds no secret. Kafka's client knows no file for a password, so the local
    secure brokers know Airflow by certificate; on an outside Kafka with a login there is no such
    connection. Our tasks do not use it.
    """
    dsn = conninfo.conninfo_to_dict(read_dsn(settings.dsn_file))
    master, _, port = settings.spark_master_url.rpartition(":")
    passfile = {"passfile": dsn["passfile"]} if dsn.get("passfile") else {}
    found: dict[str, dict[str, Any]] = {
        "spark_default": {
            "conn_type": "spark",
            "description": "The standalone cluster that runs the streams",
            "host": master,
            "port": int(port),
            "extra": {"deploy-mode": "cluster"},
        },
        "kafka_default": {
            "conn_type": "kafka",
            "description": "The brokers; reading commits no offset by itself",
            "extra": {
                **_kafka(settings),
                "group.id": "airflow",
                "enable.auto.commit": False,
                "isolation.level": "read_committed",
            },
        },
        "postgres_default": {
            "conn_type": "postgres",
            "description": "Weir's database; the password is in a passfile",
            "host": dsn["host"],
            "port": int(str(dsn["port"])),
            "login": dsn["user"],
            "schema": dsn["dbname"],
            "extra": passfile,
        },
    }
    if settings.kafka_bootstrap and main_cluster(settings).protocol == "sasl_ssl":
        del found["kafka_default"]
    return found


def _kafka(settings: Settings) -> dict[str, str]:
    if settings.security == "sasl_ssl" and not settings.kafka_bootstrap:
        return certificate_options(settings, "airflow.pem")
    return {"bootstrap.servers": settings.bootstrap}


def pools() -> dict[str, dict[str, Any]]:
    """Pools by name. A stream waits deferred: it holds a slot only for the seconds of a start."""
    return {
        STREAMS_POOL: {
            "slots": 4,
            "description": "Starts of streams; a running stream holds no slot",
            "include_deferred": False,
        }
    }
