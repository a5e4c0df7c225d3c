"""The only launcher of streams: a supervised driver on the standalone cluster, by plain Java.

No shell script, so a path may hold spaces. The submitter's whole environment reaches the driver
and every relaunch of it, so it is built from an allow-list. The client's word "submitted" is
enough (the master has stored the driver by then); the client itself would linger 5 s more.
"""

from __future__ import annotations

import os
import re
import subprocess
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg
import structlog

from weir.errors import Unavailable, WeirError
from weir.ops import desired, lease
from weir.ops.driver_file import DriverFile, write_driver_file
from weir.ops.master import QUEUED, WAITING, MasterState, fetch_master, wait_until_alive
from weir.ops.streams import StreamSpec, find_stream
from weir.platform.java import find_java
from weir.platform.layout import Layout
from weir.platform.spark import in_one_line, java_options, shared_classes, spark_class_path
from weir.settings import REPO, Settings
from weir.store.postgres import connect

log = structlog.get_logger()
SUBMIT_SECONDS = 60.0
ALLOWED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR")
SUBMITTED = re.compile(r"Driver successfully submitted as (driver-[\w-]+)")
KILLED = re.compile(r"Kill request for (driver-[\w-]+) submitted")
REFUSED = re.compile(r"(Can only accept .*|.*has already finished or does not exist.*)")


def start_stream(settings: Settings, name: str, *, changed_by: str) -> str:
    """Make the stream wanted and running; the id of its driver.

    Harmless when it runs: then nothing is submitted. Raises Unavailable within a minute when the
    cluster takes no drivers.
    """
    spec = find_stream(name)
    with connect_to_launch(settings) as connection:
        lease.ensure_stream(connection, name)
        desired.want_run(connection, name, changed_by)
        return ensure_driver(settings, connection, spec, changed_by=changed_by)[0]


def connect_to_launch(settings: Settings) -> lease.Pg:
    """A connection that does not wait for ever for another launcher of the same stream."""
    lock = f"{int(2 * SUBMIT_SECONDS)}s"
    return connect(settings.dsn_file, application_name="weir-launch", lock_timeout=lock)


def ensure_driver(
    settings: Settings, connection: lease.Pg, spec: StreamSpec, *, changed_by: str
) -> tuple[str, bool]:
    """The driver that works or is about to, else a new one; whether it was submitted now.

    One launcher per stream at a time: of many starters the first submits, the others find its
    driver. A driver that runs without a sign of life is ended first, else both would go on.
    """
    with _alone(connection, spec.name):
        state = wait_until_alive(settings, SUBMIT_SECONDS)
        newest = desired.fetch_submission(connection, spec.name)
        if newest.driver_id and is_running(newest, state, spec.name):
            return newest.driver_id, False
        if newest.driver_id and is_mute(newest, state):
            log.warning("ending a mute driver", stream=spec.name, driver=newest.driver_id)
            kill_driver(settings, newest.driver_id)
        token = str(uuid.uuid4())
        driver_id = submit(settings, spec, token)
        desired.note_submission(connection, spec.name, token, driver_id, changed_by)
        return driver_id, True


@contextmanager
def _alone(connection: lease.Pg, stream: str) -> Iterator[None]:
    key = f"weir:launch:{stream}"
    try:
        connection.execute("select pg_advisory_lock(hashtextextended(%s, 0))", [key])
    except psycopg.errors.LockNotAvailable as error:
        raise Unavailable(
            f"another launcher of {stream} has been at work for too long",
            "weir status; weir streams list; try again",
        ) from error
    try:
        yield
    finally:
        if not connection.closed:
            connection.execute("select pg_advisory_unlock(hashtextextended(%s, 0))", [key])


def is_running(newest: desired.Submission, master: MasterState, name: str) -> bool:
    """Whether a driver works or is about to; the master must know it.

    A fresh proof of life alone may be that of a driver which died seconds ago, and one that gave
    its lease back is known to the master for seconds more. While the owner drains, only its
    successor counts: it waits for the lease.
    """
    driver = master.drivers.get(newest.driver_id or "")
    known = driver in WAITING
    about_to = known and not newest.over and newest.submitted_seconds_ago < SUBMIT_SECONDS
    if newest.draining:
        return about_to and newest.successor
    if driver == QUEUED:  # there is no room for it yet; a second one would only wait behind it
        return True
    return about_to or (newest.alive and (known or name in master.apps))


def is_mute(newest: desired.Submission, master: MasterState) -> bool:
    """Whether the newest driver runs by the master's word but has long given no sign of life."""
    silent = newest.silent_seconds is None or newest.silent_seconds > SUBMIT_SECONDS
    known = master.drivers.get(newest.driver_id or "") in WAITING
    return known and silent and newest.submitted_seconds_ago > SUBMIT_SECONDS


def submit(settings: Settings, spec: StreamSpec, token: str) -> str:
    """Hand one driver to the master; its id."""
    layout = Layout(settings)
    file = layout.home / "streams" / f"{spec.name}.json"
    absolute = settings.model_copy(update={"home": layout.home}).acting_as(spec.name)
    write_driver_file(
        file,
        DriverFile(settings=absolute, spec=spec, checkpoints=layout.checkpoints / spec.name),
    )
    main = REPO / "spark_jobs" / spec.job / "main.py"
    return submit_application(layout, spec, str(main), "--conf-file", str(file), "--token", token)


def submit_application(layout: Layout, spec: StreamSpec, main: str, *arguments: str) -> str:
    """Submit the Python program `main` under supervision, with the stream's name and resources."""
    properties = submit_properties(layout, spec)
    command = [
        "org.apache.spark.deploy.SparkSubmit",
        *("--master", layout.settings.spark_master_url, "--deploy-mode", "cluster", "--supervise"),
        *("--name", spec.name, "--class", "org.apache.spark.deploy.PythonRunner"),
        *(part for key, value in properties.items() for part in ("--conf", f"{key}={value}")),
        # The gateway wants a jar; PythonRunner wants the list of py-files after the program.
        *(str(_smallest_jar(layout)), main, "", *arguments),
    ]
    return _ask(layout, command, SUBMITTED, "submit")


def kill_driver(settings: Settings, driver_id: str) -> None:
    """End a driver at once, without a batch boundary. Harmless when it is gone."""
    layout = Layout(settings)
    command = ["org.apache.spark.deploy.Client", "--verbose", "kill"]
    try:
        _ask(layout, [*command, settings.spark_master_url, driver_id], KILLED, "kill")
    except WeirError:
        if fetch_master(settings).drivers.get(driver_id) in WAITING:
            raise


def submit_properties(layout: Layout, spec: StreamSpec) -> dict[str, str]:
    """What must be known before the driver's code runs; paths and sizes, never a secret."""
    resources = spec.resources
    jars = f"{layout.spark_jars}/*"
    log_file = (REPO / "include" / "spark" / "log4j2.properties").as_uri()
    driver_options = [
        *java_options(layout),
        "-XX:+UseSerialGC",  # a small heap with little garbage: least memory
        f"-Dlog4j2.configurationFile={log_file}",
    ]
    return {
        "spark.master.rest.enabled": "false",
        "spark.driver.memory": f"{resources.driver_memory_mb}m",
        "spark.driver.cores": "1",
        "spark.driver.extraClassPath": jars,
        "spark.driver.extraJavaOptions": in_one_line(driver_options),
        "spark.executor.memory": f"{resources.executor_memory_mb}m",
        "spark.executor.cores": str(resources.executor_cores),
        "spark.cores.max": str(resources.executor_cores),
        "spark.executor.extraClassPath": jars,
        "spark.pyspark.python": str(layout.python),
        "spark.pyspark.driver.python": str(layout.python),
    }


def client_environment(layout: Layout, inherited: Mapping[str, str]) -> dict[str, str]:
    """The environment of the client, which is also that of the driver: nothing secret passes."""
    kept = {name: inherited[name] for name in ALLOWED if name in inherited}
    given = {"SPARK_HOME": str(layout.spark_home), "SPARK_SCALA_VERSION": "2.13"}
    if "//127.0.0.1:" in layout.settings.spark_master_url:
        given["SPARK_LOCAL_IP"] = "127.0.0.1"
    return kept | given


def _smallest_jar(layout: Layout) -> Path:
    return min((layout.spark_home / "jars").glob("*.jar"), key=lambda jar: jar.stat().st_size)


def _ask(layout: Layout, command: Sequence[str], done: re.Pattern[str], verb: str) -> str:
    """Run a client until it says `done` (its first group), a refusal, or the time is over."""
    java = [find_java(), "-Xmx192m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
    process = subprocess.Popen(
        [*java, *shared_classes(layout.class_archive), "-cp", spark_class_path(layout), *command],
        env=client_environment(layout, os.environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    limit = threading.Timer(SUBMIT_SECONDS, process.kill)
    limit.start()
    heard: list[str] = []
    try:
        assert process.stdout is not None
        for line in process.stdout:
            heard.append(line.strip())
            if found := done.search(line):
                return found.group(1)
            if refused := REFUSED.search(line):
                raise Unavailable(
                    f"the Spark master refused to {verb}: {refused.group(1).strip()}",
                    "weir status; try again in a few seconds",
                )
    finally:
        limit.cancel()
        process.kill()
        process.wait()
    raise Unavailable(
        f"no answer to {verb} from {layout.settings.spark_master_url} within "
        f"{SUBMIT_SECONDS:.0f} s; the client's last words: {' | '.join(heard[-3:])}",
        "weir status; weir logs spark-master",
    )
