"""What Airflow's cleaning commands say, and how they are called."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from weir.errors import WeirError
from weir.ops import airflow_cleaning as cleaning

SAID = """
Checking table xcom
Found 5 rows meeting deletion criteria.
Checking table deadline
2026-11-22 [warning  ] Encountered error when attempting to clean table 'deadline'. [loc]
Checking table dag_run
Found 3 rows meeting deletion criteria.
Performing Delete...
"""


def test_the_rows_of_all_tables_are_added_up():
    """One number says how much went; the table that Airflow cannot clean is known."""
    assert cleaning.count_found(SAID) == 8


def test_a_table_that_was_not_cleaned_is_named():
    """Airflow itself ends with success."""
    with pytest.raises(WeirError, match="failed for xcom"):
        cleaning.count_found(SAID.replace("'deadline'", "'xcom'"))


def test_the_commands_never_touch_a_stream_or_what_its_task_waits_in(monkeypatch):
    """The cleaning of `trigger` would delete the task of a stream that runs for long."""
    calls = []
    monkeypatch.setattr(cleaning, "_airflow", lambda *words: calls.append(words) or SAID)
    before = datetime(2026, 8, 1, tzinfo=UTC)
    assert cleaning.clean_metadata(before, keep=["b_stream", "a_stream"], dry_run=True) == 16
    words, others = calls
    assert words[:4] == ("db", "clean", "--clean-before-timestamp", "2026-08-01T00:00:00+00:00")
    assert words[-2:] == ("--exclude-dag-ids", "a_stream,b_stream")
    assert "--dry-run" in words
    assert "--dry-run" in others
    tables = [set(call[call.index("--tables") + 1].split(",")) for call in calls]
    assert tables[0] == {"dag_run", "task_instance", "task_instance_history", "xcom"}
    assert not tables[1] & (tables[0] | {"trigger"})


def test_the_state_store_says_how_much_expired(monkeypatch):
    """Its two forms speak differently."""
    said = {True: "Would delete 3 task state store row(s):\n", False: "x rows_deleted=2\n"}
    monkeypatch.setattr(cleaning, "_airflow", lambda *words: said["--dry-run" in words])
    assert cleaning.clean_state_store(dry_run=True) == 3
    assert cleaning.clean_state_store(dry_run=False) == 2
    said[True] = "Nothing to delete.\n"
    assert cleaning.clean_state_store(dry_run=True) == 0


def test_a_command_runs_without_what_airflow_tells_a_task():
    """A task is kept from the metadata by its environment."""
    given = {
        "PATH": "/bin",
        "WEIR_HOME": "/w",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "airflow-db-not-allowed:///",
        "_AIRFLOW_PROCESS_CONTEXT": "client",
    }
    assert cleaning.person_environment(given) == {"PATH": "/bin", "WEIR_HOME": "/w"}
