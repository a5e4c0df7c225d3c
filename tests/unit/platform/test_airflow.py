"""Airflow's configuration, keys and start, without an Airflow."""

from __future__ import annotations

import configparser
import json
import shlex
import stat
import subprocess
import sys
from urllib.parse import parse_qs, urlsplit

import pytest

from weir.platform import airflow_config as config
from weir.platform.airflow import Airflow, keep_keys
from weir.platform.airflow_connections import connections, pools
from weir.platform.catalogue import components, select
from weir.platform.layout import Layout
from weir.platform.secrets import write_private
from weir.platform.up import _met, _steps_before
from weir.settings import REPO, Settings

FOUR = ["airflow-api", "airflow-scheduler", "airflow-dags", "airflow-triggerer"]


@pytest.fixture
def layout(tmp_path) -> Layout:
    """A prepared copy whose folder has a space and a percent sign in its name."""
    found = Layout(Settings(_env_file=None, home=tmp_path / "100% data", port_base=10_000))
    found.secrets.mkdir(parents=True)
    dsn = f"host=127.0.0.1 port=15432 dbname=weir user=weir passfile='{found.secrets}/pgpass'\n"
    write_private(found.secrets / "postgres.dsn", dsn)
    Airflow(found).prepare()
    Airflow(found).configure()
    return found


def read_configuration(layout: Layout) -> configparser.ConfigParser:
    found = configparser.ConfigParser()
    assert found.read(config.home(layout) / "airflow.cfg")
    return found


def secret_texts(layout: Layout) -> list[str]:
    keys = [(layout.secrets / file).read_text() for file in config.KEYS.values()]
    return keys + list(json.loads((layout.secrets / config.PASSWORDS).read_text()).values())


def test_the_configuration_holds_no_secret(layout):
    """People paste it into tickets."""
    text = (config.home(layout) / "airflow.cfg").read_text()
    assert "fernet_key_cmd" in text
    assert [secret for secret in secret_texts(layout) if secret in text] == []


def test_each_key_is_read_by_a_command_that_survives_a_space(layout):
    """A path that a shell splits ends in two missing files."""
    found = read_configuration(layout)
    places = {"fernet_key": "core", "jwt_secret": "api_auth", "secret_key": "api"}
    for key, section in places.items():
        words = shlex.split(found[section][f"{key}_cmd"])
        assert words == ["cat", str(layout.secrets / config.KEYS[key])]


def test_the_databases_address_names_a_passfile_and_a_database_of_its_own(layout):
    """Airflow's tables do not mix with Weir's, and no password stands in the address."""
    address = urlsplit(read_configuration(layout)["database"]["sql_alchemy_conn"])
    assert (address.scheme, address.netloc) == ("postgresql+psycopg2", "weir@127.0.0.1:15432")
    assert address.path == "/airflow"
    assert parse_qs(address.query) == {"passfile": [str(layout.secrets / "pgpass")]}


def test_a_shifted_port_reaches_every_address_of_airflow(layout):
    """A task that talks to port 8080 would talk to another copy."""
    found = read_configuration(layout)
    assert found["api"]["base_url"] == "http://127.0.0.1:18080"
    assert found["core"]["execution_api_server_url"] == "http://127.0.0.1:18080/execution/"


def test_keys_and_passwords_are_private_and_kept(layout):
    """New keys would log everybody out and make stored values unreadable."""
    first = secret_texts(layout)
    keep_keys(layout.secrets)
    assert secret_texts(layout) == first
    assert len(set(first)) == 5
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in layout.secrets.iterdir()}
    assert set(modes.values()) == {0o600}, modes


def test_the_connections_reach_this_copys_services_without_a_secret(layout):
    """Airflow shows connections in its pages and writes them into logs."""
    found = connections(layout.settings)
    assert {name: fields.get("host") for name, fields in found.items()} == {
        "spark_default": "spark://127.0.0.1",
        "kafka_default": None,
        "postgres_default": "127.0.0.1",
    }
    assert (found["spark_default"]["port"], found["postgres_default"]["port"]) == (17077, 15432)
    assert found["kafka_default"]["extra"]["bootstrap.servers"] == "127.0.0.1:19092"
    assert found["kafka_default"]["extra"]["enable.auto.commit"] is False
    assert found["postgres_default"]["extra"] == {"passfile": str(layout.secrets / "pgpass")}
    assert not any("password" in fields for fields in found.values())


def secure(layout, **more):
    """The same copy in the secure profile."""
    write_private(
        layout.secrets / "postgres-migrate.dsn", (layout.secrets / "postgres.dsn").read_text()
    )
    return layout.settings.model_copy(update={"security": "sasl_ssl", **more})


def test_the_secure_brokers_know_airflows_connection_by_a_certificate(layout):
    """Its client knows no file for a password; one in its database would stand beside its key."""
    extra = connections(secure(layout))["kafka_default"]["extra"]
    assert extra["security.protocol"] == "SSL"
    assert extra["ssl.key.location"] == str(layout.secrets / "kafka" / "airflow.pem")
    assert not any("sasl" in name for name in extra)


def test_a_connection_that_would_need_a_password_is_not_made(layout):
    """It would stand in Airflow's database, and its key beside it."""
    outside = secure(layout, kafka_bootstrap="kafka.example.org:9093")
    assert set(connections(outside)) == {"spark_default", "postgres_default"}


def test_a_deferred_stream_takes_no_slot_of_its_pool():
    """Else the fifth stream would wait for ever."""
    assert pools()["streams"]["include_deferred"] is False


def test_airflow_is_part_of_the_default_set_and_can_be_left_out(tmp_path):
    """A small machine runs the streams alone."""
    everything = components(Layout(Settings(_env_file=None, home=tmp_path)))
    assert [c.name for c in select(everything, "airflow")] == FOUR
    without = components(Layout(Settings(_env_file=None, home=tmp_path, airflow=False)))
    assert [c.name for c in without if c.name.startswith("airflow")] == []


def test_no_secret_is_in_the_arguments_or_the_environment_of_a_process(layout):
    """Both are visible to others."""
    for component in Airflow(layout).components():
        text = json.dumps([component.argv, dict(component.env)])
        assert [secret for secret in secret_texts(layout) if secret in text] == []


def test_tasks_start_when_the_api_server_answers_and_the_streams_are_submitted(layout):
    """A task without the API server fails; before the launcher it would submit the stream too."""
    parts = {c.name: c for c in Airflow(layout).components()}
    known = {*parts, "postgres", "metadata", "streams"}
    for name in ("airflow-scheduler", "airflow-triggerer"):
        needed = (*parts[name].after, *_steps_before(parts[name]))
        assert _met(needed, known, known)
        for missing in ("postgres", "metadata", "streams", "airflow-api"):
            assert not _met(needed, known - {missing}, known), missing


def test_dags_and_plugins_are_the_repositorys(layout):
    """What is shipped is what runs."""
    core = read_configuration(layout)["core"]
    assert (core["dags_folder"], core["plugins_folder"]) == (
        str(REPO / "dags"),
        str(REPO / "plugins"),
    )


def test_a_worker_that_outlives_its_scheduler_keeps_the_mark_by_which_it_is_found(layout):
    """A process title takes the place of the environment unless it is told not to."""
    code = (
        "import setproctitle; setproctitle.setproctitle('airflow worker');"
        "print('WEIR_INSTANCE=here' in open('/proc/self/environ').read())"
    )
    marked = Airflow(layout).env | {"WEIR_INSTANCE": "here"}
    done = subprocess.run([sys.executable, "-c", code], env=marked, capture_output=True, text=True)
    assert done.stdout.strip() == "True"
