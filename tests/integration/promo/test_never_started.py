"""A stream of a system that nobody asked for raises no alarm."""

from __future__ import annotations

import uuid

import pytest

from tests.support.stream_specs import wikimedia_spec
from weir.ops import desired, lease
from weir.ops.lag import Lags
from weir.ops.master import MasterState
from weir.ops.observed import fetch_state
from weir.settings import Settings
from weir.store.postgres import connect

pytestmark = pytest.mark.platform

NO_DRIVERS = MasterState(status="ALIVE", alive_workers=1, drivers={}, apps=())


def state(settings: Settings, system: str, *, submitted: bool) -> tuple[str, str]:
    """Desired and observed of a stream that reconcile has looked at, before or after a start."""
    name = f"test_{uuid.uuid4().hex[:8]}"
    spec = wikimedia_spec(name).model_copy(update={"system": system})
    with connect(settings.dsn_file, application_name="test") as connection:
        lease.ensure_stream(connection, name)
        if submitted:
            connection.execute(
                "update ops.stream set submitted_at = now() - interval '1 hour' where stream = %s",
                [name],
            )
        found = fetch_state(settings, connection, spec, NO_DRIVERS, Lags())
        assert desired.fetch_desired(connection, name) == "run"  # what its DAG goes by
    return found.desired, found.observed


def test_a_stream_that_was_not_asked_for_is_parked_until_its_first_start(platform: Settings):
    """`make run` without WITH=promo must not page anybody, and unpausing the DAG must start it."""
    assert state(platform, "promo", submitted=False) == ("drained", "parked")
    assert state(platform, "promo", submitted=True) == ("run", "down")


def test_a_stream_of_the_default_set_is_down_from_the_beginning(platform: Settings):
    """A Wikimedia stream that never came up is no wish of anybody."""
    assert state(platform, "", submitted=False) == ("run", "down")
