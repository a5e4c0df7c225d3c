"""The declared roles of PostgreSQL, and which one each part uses."""

from __future__ import annotations

from pathlib import Path

import pytest

from weir.errors import SettingError
from weir.settings import Settings
from weir.store.roles import load_roles


def test_one_role_owns_and_the_one_for_looking_changes_nothing() -> None:
    """Whoever only looks must not be able to break anything."""
    roles = {role.name: role for role in load_roles()}
    assert [name for name, role in roles.items() if role.owns] == ["weir_migrate"]
    assert (roles["weir_read"].changes, roles["weir_read"].member_of) == ((), ())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("postgres: {a: {what: x, owns: true, chages: [ops]}}", "role a: unknown field 'chages'"),
        ("postgres: {a: {what: x}}", "exactly one role owns"),
    ],
)
def test_a_declaration_that_cannot_be_meant_is_refused(
    tmp_path: Path, text: str, said: str
) -> None:
    """A misspelt right would be missing in silence."""
    file = tmp_path / "principals.yaml"
    file.write_text(text)
    with pytest.raises(SettingError, match=said):
        load_roles(file)


def test_each_part_connects_as_its_role_in_the_secure_profile_only(tmp_path: Path) -> None:
    """A plain laptop has one login; a given DSN is the one login of all."""
    plain = Settings(_env_file=None, home=tmp_path)
    secure = plain.model_copy(update={"security": "sasl_ssl"})
    secrets = tmp_path / "secrets"
    assert plain.acting_as("a_stream").dsn_file == secrets / "postgres.dsn"
    assert secure.dsn_file == secrets / "postgres-migrate.dsn"
    assert secure.acting_as("a_stream").dsn_file == secrets / "postgres-stream.dsn"
    assert secure.acting_as("watcher", "service").dsn_file == secrets / "postgres-service.dsn"
    given = secure.model_copy(update={"postgres_dsn_file": tmp_path / "given"})
    assert given.acting_as("a_stream").dsn_file == tmp_path / "given"
