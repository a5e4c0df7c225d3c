"""Who may do what in Kafka: `include/principals.yaml` as users and their access rights. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import yaml

from weir.errors import SettingError
from weir.settings import REPO, Settings

PRINCIPALS_FILE: Final = REPO / "include" / "principals.yaml"
UNUSED_GROUP: Final = "weir-unused"
"""The group that readers without a group name: librdkafka looks for its coordinator."""

Resource = Literal["topic", "group", "transactional_id", "cluster"]
LISTS: Final = {"reads", "writes", "groups", "transactional_ids"}
FLAGS: Final = {"operates", "watches"}
EVERYTHING: Final = "*"
CLUSTER: Final = "kafka-cluster"


@dataclass(frozen=True, order=True)
class Right:
    """One thing that one user may do. `prefixed`: with all whose name begins so."""

    user: str
    resource: Resource
    name: str
    operation: str
    prefixed: bool = False


def load_rights(settings: Settings, path: Path = PRINCIPALS_FILE) -> dict[str, frozenset[Right]]:
    """The rights of each Kafka user. Raises SettingError that names the bad entry."""
    declared: Mapping[str, Mapping[str, Any]] = yaml.safe_load(path.read_text())["kafka"]
    values = settings.model_dump()
    return {
        user: frozenset(_rights(user, _filled(user, entry, values)))
        for user, entry in declared.items()
    }


def _filled(user: str, entry: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    unknown = sorted(set(entry) - LISTS - FLAGS - {"what"})
    if unknown:
        known = ", ".join(sorted(LISTS | FLAGS | {"what"}))
        raise SettingError(f"principal {user}: unknown field {unknown[0]!r}", f"known: {known}")
    try:
        lists = {
            key: [name.format_map(values) for name in entry[key]] for key in LISTS & entry.keys()
        }
    except KeyError as error:
        raise SettingError(f"principal {user}: there is no setting {error}") from error
    return lists | {flag: bool(entry.get(flag)) for flag in FLAGS}


def _rights(user: str, entry: Mapping[str, Any]) -> Iterator[Right]:
    yield Right(user, "group", UNUSED_GROUP, "describe")
    for topic in entry.get("reads", ()):
        yield from _each(user, "topic", topic, "read", "describe")
    for topic in entry.get("writes", ()):
        yield from _each(user, "topic", topic, "write", "describe", "describe_configs")
    for group in entry.get("groups", ()):
        yield from _each(user, "group", group, "read", "describe", prefixed=True)
    for name in entry.get("transactional_ids", ()):
        prefixed = name.endswith(".")
        yield from _each(user, "transactional_id", name, "write", "describe", prefixed=prefixed)
    if entry["watches"]:
        yield from _each(user, "topic", EVERYTHING, "read", "describe", "describe_configs")
        yield Right(user, "group", EVERYTHING, "describe")
    if entry["operates"]:
        for resource in ("topic", "group", "transactional_id"):
            yield Right(user, resource, EVERYTHING, "all")
        cluster = ("create", "describe", "describe_configs", "alter_configs", "idempotent_write")
        yield from _each(user, "cluster", CLUSTER, *cluster)


def _each(
    user: str, resource: Resource, name: str, *operations: str, prefixed: bool = False
) -> Iterator[Right]:
    for operation in operations:
        yield Right(user, resource, name, operation, prefixed)
