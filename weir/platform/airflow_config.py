"""The text of airflow.cfg: one file that every component and `bin/airflow` read. No secret in it.

A key is the path of a 0600 file that Airflow reads by `cat`; the database's address names a
passfile. So the configuration may be shown, and its environment is one variable, AIRFLOW_HOME.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from urllib.parse import quote, urlencode

from psycopg import conninfo

from weir.platform.layout import Layout
from weir.ports import Port
from weir.settings import Settings
from weir.store.postgres import read_dsn

DATABASE = "airflow"
USERS = {"admin": "admin", "viewer": "viewer"}  # name: role
KEYS = {"fernet_key": "airflow.fernet", "jwt_secret": "airflow.jwt", "secret_key": "airflow.api"}
PASSWORDS = "airflow.passwords.json"

Sections = dict[str, dict[str, str]]


def home(layout: Layout) -> Path:
    """AIRFLOW_HOME: configuration and logs of the tasks."""
    return layout.home / "airflow"


def airflow_address(settings: Settings) -> str:
    """Where a person opens Airflow, on this machine."""
    return f"http://127.0.0.1:{settings.port(Port.AIRFLOW)}"


def inner_address(settings: Settings) -> str:
    """Where Airflow's other processes reach its API server."""
    return settings.airflow_url or airflow_address(settings)


def database_url(dsn_file: Path) -> str:
    """SQLAlchemy's address of the metadata, with a passfile in place of a password."""
    dsn = conninfo.conninfo_to_dict(read_dsn(dsn_file))
    query = urlencode({"passfile": dsn["passfile"]} if dsn.get("passfile") else {}, quote_via=quote)
    where = f"{quote(str(dsn['user']))}@{dsn['host']}:{dsn['port']}/{DATABASE}"
    return f"postgresql+psycopg2://{where}?{query}".rstrip("?")


def sections(layout: Layout) -> Sections:
    """Every setting that differs from Airflow's default, by section."""
    logs = home(layout) / "logs"
    return {
        "core": {
            "dags_folder": str(layout.repo / "dags"),
            "plugins_folder": str(layout.repo / "plugins"),
            "load_examples": "False",
            "executor": "LocalExecutor",
            "parallelism": "4",  # workers are forked at start; a running stream needs none
            "test_connection": "Enabled",
            "execution_api_server_url": f"{inner_address(layout.settings)}/execution/",
            "simple_auth_manager_users": ",".join(f"{n}:{role}" for n, role in USERS.items()),
            "simple_auth_manager_passwords_file": str(layout.secrets / PASSWORDS),
            "fernet_key_cmd": _cat(layout, "fernet_key"),
        },
        "database": {
            "sql_alchemy_conn": database_url(layout.settings.dsn_file),
            "sql_alchemy_max_overflow": "5",
        },
        "api": {
            "base_url": airflow_address(layout.settings),
            "instance_name": "Weir",
            "workers": "1",
            "secret_key_cmd": _cat(layout, "secret_key"),
        },
        "api_auth": {"jwt_secret_cmd": _cat(layout, "jwt_secret")},
        "scheduler": {
            "create_cron_data_intervals": "True",
            "orphaned_tasks_check_interval": "60",
            "task_instance_heartbeat_timeout": "60",
        },
        # The default of 5 s fails tasks on a machine under load.
        "workers": {"execution_api_timeout": "30"},
        "dag_processor": {
            "refresh_interval": "10",  # a new or changed file is seen after so many seconds
            "min_file_process_interval": "60",  # an unchanged one costs a second of processor
            "parsing_processes": "1",
        },
        "logging": {
            "base_log_folder": str(logs),
            "dag_processor_child_process_log_directory": str(logs / "dag_processor"),
        },
        "usage_data_collection": {"enabled": "False"},
    }


def render(found: Sections) -> str:
    """The file's text; a percent sign would be read as interpolation."""
    lines = []
    for section, values in found.items():
        escaped = (f"{name} = {value.replace('%', '%%')}" for name, value in values.items())
        lines += [f"[{section}]", *escaped, ""]
    return "\n".join(lines)


def _cat(layout: Layout, key: str) -> str:
    return f"cat {shlex.quote(str(layout.secrets / KEYS[key]))}"
