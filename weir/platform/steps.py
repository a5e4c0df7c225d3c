"""One-off actions of a start: schema, logins, topics, streams, first counts, Airflow's metadata."""

from __future__ import annotations

from collections.abc import Callable

from weir.ops.systems import wanted_systems
from weir.settings import Settings


def steps_for(
    settings: Settings, components: set[str], *, with_streams: bool, with_counts: bool = False
) -> dict[str, Callable[[], str]]:
    """The actions that make sense with these components, by name."""
    steps: dict[str, Callable[[], str]] = {}
    if "postgres" in components:
        steps["schema"] = lambda: _schema(settings)
    if any(name.startswith("kafka") for name in components):
        if settings.security == "sasl_ssl":
            steps["logins"] = lambda: _logins(settings)
        steps["topics"] = lambda: _topics(settings)
    if with_streams:
        steps["streams"] = lambda: _streams(settings)
        if "promo" in wanted_systems(settings):
            steps["samples"] = lambda: _samples(settings)
    if with_counts:
        steps["counts"] = lambda: _counts(settings)
    if any(name.startswith("airflow-") for name in components):
        steps["metadata"] = lambda: _metadata(settings)
    return steps


def _schema(settings: Settings) -> str:
    from weir.platform.postgres_roles import apply_roles
    from weir.store.migrate import migrate

    if not with_roles(settings):
        return f"{len(migrate(settings))} migrations applied"
    apply_roles(settings)
    applied = len(migrate(settings))
    if applied:
        apply_roles(settings)  # what no role may change is known now
    return f"{applied} migrations applied"


def with_roles(settings: Settings) -> bool:
    """Whether the roles of PostgreSQL are ours to make."""
    return settings.security == "sasl_ssl" and settings.postgres_dsn_file is None


def _logins(settings: Settings) -> str:
    from weir.platform.kafka_users import apply_users

    users, changed = apply_users(settings)
    return f"{users} users, {changed} rights changed"


def _topics(settings: Settings) -> str:
    from weir.kafka.admin import apply

    return f"{len(apply(settings))} topics created"


def _streams(settings: Settings) -> str:
    """Start what is wanted: a stream that a person drained, or that failed, stays parked.

    Of the systems that this start does not name, it starts nothing and ends nothing.
    """
    from weir.ops.desired import fetch_desired
    from weir.ops.launch import start_stream
    from weir.ops.streams import load_streams
    from weir.ops.systems import is_wanted
    from weir.store.postgres import connect

    names = [name for name, spec in load_streams().items() if is_wanted(spec, settings)]
    with connect(settings.dsn_file, application_name="weir-up") as connection:
        wanted = {name: fetch_desired(connection, name) for name in names}
    for name in (n for n, desired in wanted.items() if desired == "run"):
        start_stream(settings, name, changed_by="weir up")
    parked = [f"{name} {desired}" for name, desired in wanted.items() if desired != "run"]
    submitted = f"{len(wanted) - len(parked)} submitted"
    return ", ".join([submitted, *parked])


def _samples(settings: Settings) -> str:
    from weir.promo.samples import put_samples

    return put_samples(settings)


def _counts(settings: Settings) -> str:
    """Say when the first counts are there; the closing screen complains if they never come."""
    from weir.errors import Unavailable
    from weir.platform.first_results import wait_for_counts

    try:
        totals = wait_for_counts(settings)["totals"]
    except Unavailable:
        return "none yet"  # no reason to leave the rest of the platform unstarted
    return f"{totals['edits']} edits, {totals['domains']} domains"


def _metadata(settings: Settings) -> str:
    from weir.platform.airflow_database import migrate_metadata
    from weir.platform.layout import Layout
    from weir.platform.postgres_roles import grant_airflow

    done = migrate_metadata(Layout(settings))
    if with_roles(settings):
        grant_airflow(settings)
    return done
