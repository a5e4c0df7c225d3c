"""Give each declared Kafka user its password and exactly its rights, on the local brokers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from confluent_kafka import KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialAlteration,
    UserScramCredentialUpsertion,
)
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from weir.errors import Unavailable
from weir.kafka.client import SILENT, reason_of
from weir.kafka.client_file import keep_client_file
from weir.kafka.cluster import main_cluster
from weir.kafka.principals import PRINCIPALS_FILE, Right, load_rights
from weir.platform.kafka_listeners import node_options
from weir.platform.secrets import keep_password
from weir.settings import Settings

ASK_SECONDS: Final = 20.0
VISIBLE_SECONDS: Final = 10.0
ITERATIONS: Final = 8192
KINDS: Final = {
    "topic": ResourceType.TOPIC,
    "group": ResourceType.GROUP,
    "transactional_id": ResourceType["TRANSACTIONAL_ID"],
    "cluster": ResourceType.BROKER,
}
NOTHING: Final[Any] = None  # a filter without a name takes every name; its stubs say it cannot
ANY: Final = AclBindingFilter(
    ResourceType.ANY,
    NOTHING,
    ResourcePatternType.ANY,
    NOTHING,
    NOTHING,
    AclOperation.ANY,
    AclPermissionType.ANY,
)


def apply_users(settings: Settings, path: Path = PRINCIPALS_FILE) -> tuple[int, int]:
    """Users and rights as declared; how many users there are and how many rights were changed.

    Doing it again changes no right. A password is what its file says: delete the file and run it
    again for a new one. Raises Unavailable.
    """
    rights = load_rights(settings, path)
    admin = AdminClient({**node_options(settings), "log_level": 0, "logger": SILENT})
    try:
        _set_passwords(admin, settings, rights)
        return len(rights), _set_rights(admin, frozenset().union(*rights.values()))
    except KafkaException as error:
        raise Unavailable(
            f"Kafka's users and rights cannot be set: {reason_of(error)}", "weir logs kafka"
        ) from error


def _set_passwords(
    admin: AdminClient, settings: Settings, users: Mapping[str, frozenset[Right]]
) -> None:
    kept = {user: keep_password(settings.kafka_secrets / f"{user}.password") for user in users}
    for user in users:
        keep_client_file(settings, main_cluster(settings.acting_as(user)))
    strength = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, ITERATIONS)
    wanted: list[UserScramCredentialAlteration] = [
        UserScramCredentialUpsertion(user, strength, password.strip().encode())
        for user, password in kept.items()
    ]
    for answer in admin.alter_user_scram_credentials(wanted, request_timeout=ASK_SECONDS).values():
        answer.result()


def _set_rights(admin: AdminClient, wanted: frozenset[Right]) -> int:
    bindings = {_binding(right) for right in wanted}
    there = _bindings(admin)
    missing, extra = bindings - there, there - bindings
    if missing:
        for made in admin.create_acls(list(missing), request_timeout=ASK_SECONDS).values():
            made.result()
    if extra:
        for gone in admin.delete_acls(
            [_only(b) for b in extra], request_timeout=ASK_SECONDS
        ).values():
            gone.result()
    if missing or extra:
        _wait_until_seen(admin, bindings)
    return len(missing) + len(extra)


def _wait_until_seen(admin: AdminClient, bindings: set[AclBinding]) -> None:
    """A client that is refused once gives up: nobody starts before the broker knows the rights."""
    Retrying(
        retry=retry_if_result(lambda seen: not seen),
        stop=stop_after_delay(VISIBLE_SECONDS),
        wait=wait_fixed(0.1),
    )(lambda: _bindings(admin) == bindings)


def _bindings(admin: AdminClient) -> set[AclBinding]:
    return set(admin.describe_acls(ANY, request_timeout=ASK_SECONDS).result())


def _binding(right: Right) -> AclBinding:
    return AclBinding(
        KINDS[right.resource],
        right.name,
        ResourcePatternType.PREFIXED if right.prefixed else ResourcePatternType.LITERAL,
        f"User:{right.user}",
        "*",
        AclOperation[right.operation.upper()],
        AclPermissionType.ALLOW,
    )


def _only(binding: AclBinding) -> AclBindingFilter:
    return AclBindingFilter(
        binding.restype,
        binding.name,
        binding.resource_pattern_type,
        binding.principal,
        binding.host,
        binding.operation,
        binding.permission_type,
    )
