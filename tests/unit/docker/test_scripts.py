"""The scripts in docker/: secrets are made once and private, Spark starts as on a laptop."""

from __future__ import annotations

import importlib.util
import stat

import yaml

from weir.platform.airflow import Airflow
from weir.platform.layout import Layout
from weir.platform.spark import Spark
from weir.settings import REPO, Settings
from weir.store.postgres import read_dsn
from weir.store.redis import read_password


def load(name):
    spec = importlib.util.spec_from_file_location(f"docker_{name}", REPO / "docker" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_secrets_are_private_and_kept(tmp_path):
    """A second start with new passwords would lock everybody out."""
    make = load("make_secrets").make_secrets
    make(tmp_path)
    first = {file.name: file.read_text() for file in tmp_path.iterdir()}
    make(tmp_path)
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == first
    names = [
        *("airflow.api", "airflow.fernet", "airflow.jwt", "airflow.passwords.json"),
        *("exporter-redis.json", "feedback.token", "grafana.password"),
        *("pgpass", "postgres.dsn", "postgres.password", "redis.conf", "redis.password"),
    ]
    assert sorted(first) == names
    assert {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()} == {0o600}


def test_weir_accepts_the_files_and_they_name_the_services(tmp_path):
    """The readers refuse open files and a DSN with a password in it."""
    load("make_secrets").make_secrets(tmp_path)
    passfile = tmp_path / "pgpass"
    assert read_dsn(tmp_path / "postgres.dsn") == (
        f"host=postgres port=5432 dbname=weir user=weir passfile={passfile}"
    )
    password = (tmp_path / "postgres.password").read_text()
    assert passfile.read_text() == f"postgres:5432:*:weir:{password}\n"
    assert (
        f"requirepass {read_password(tmp_path / 'redis.password')}\n"
        in (tmp_path / "redis.conf").read_text()
    )


def test_master_and_worker_differ_from_the_local_ones_only_in_places(tmp_path):
    """One set of options for laptop and container."""
    layout = Layout(Settings(_env_file=None, home=tmp_path))
    for role, local in (("master", Spark(layout).master()), ("worker", Spark(layout).worker(0))):
        argv, extra = load("spark").command(role, "127.0.0.1", layout, tmp_path)
        places = {"--properties-file", "--work-dir"}
        assert set(argv) - set(local.argv) == {
            argv[i + 1] for i, word in enumerate(argv) if word in places
        }
        assert argv[: argv.index("--port")] == local.argv[: local.argv.index("--host")]
        assert extra.keys() == local.env.keys() - {"SPARK_LOCAL_IP"}


def test_every_part_of_airflow_starts_as_the_local_one(tmp_path):
    """One list of commands for laptop and container."""
    layout = Layout(Settings(_env_file=None, home=tmp_path))
    parts = Airflow(layout).components()
    assert parts
    for part in parts:
        assert load("airflow").command(part.name, layout) == (part.argv, part.env)


def test_the_parts_of_airflow_wait_for_its_configuration(tmp_path):
    """A part without it would make a configuration, a database and keys of its own."""
    services = yaml.safe_load((REPO / "docker-compose.yaml").read_text())["services"]
    parts = {c.name for c in Airflow(Layout(Settings(_env_file=None, home=tmp_path))).components()}
    for name in parts:
        needs = services[name]["depends_on"]
        assert needs["metadata"] == {"condition": "service_completed_successfully"}, name
        assert "home:/var/lib/weir" in services[name]["volumes"], name
        assert services[name]["command"][-1] == name
    assert services["metadata"]["command"][-1] == "metadata"


def test_a_health_check_exists_for_every_container_of_weir():
    """The compose file asks by these names."""
    services = yaml.safe_load((REPO / "docker-compose.yaml").read_text())["services"]
    asked = {
        service["healthcheck"]["test"][-1]
        for service in services.values()
        if "docker/health.py" in service["healthcheck"].get("test", [])
    }
    assert asked == set(load("health").CHECKS)
