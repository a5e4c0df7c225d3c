"""The roles of PostgreSQL as `include/principals.yaml` declares them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from weir.errors import SettingError
from weir.kafka.principals import PRINCIPALS_FILE

FIELDS: Final = {"what", "owns", "changes", "never", "airflow", "member_of"}


@dataclass(frozen=True, kw_only=True)
class Role:
    """One role. `changes` are schemas, `never` tables in them, `airflow` tables of Airflow."""

    name: str
    owns: bool = False
    changes: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    airflow: tuple[str, ...] = ()
    member_of: tuple[str, ...] = ()


def load_roles(path: Path = PRINCIPALS_FILE) -> list[Role]:
    """The declared roles; one of them owns. Raises SettingError that names the bad entry."""
    declared: Mapping[str, Mapping[str, Any]] = yaml.safe_load(path.read_text())["postgres"]
    roles = []
    for name, entry in declared.items():
        unknown = sorted(set(entry) - FIELDS)
        if unknown:
            raise SettingError(f"role {name}: unknown field {unknown[0]!r}")
        lists = {key: tuple(value) for key, value in entry.items() if isinstance(value, list)}
        roles.append(Role(name=name, owns=bool(entry.get("owns")), **lists))
    if sum(role.owns for role in roles) != 1:
        raise SettingError(f"{path.name}: exactly one role owns the tables")
    return roles
