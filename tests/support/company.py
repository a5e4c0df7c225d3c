"""A second Kafka as a company has it: its own authority, its own users, its own topics."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.platform import running_platform
from tests.support.topics import create_topic
from weir.kafka.admin import apply
from weir.platform.kafka_users import apply_users
from weir.settings import REPO, Settings

USERS = REPO / "tests" / "support" / "acme_principals.yaml"
MENUS, NEWS, OURS = "acme.menus", "acme.news", "weir-at-acme"
PASSWORD = """can"ary\\2611 with 'blanks' = #;{}"""
"""As a company's rules may make it: everything that some file format would read as its own."""


@contextmanager
def running_company() -> Iterator[Settings]:
    """The company's broker; the settings are those of its administrator."""
    with running_platform("kafka", security="sasl_ssl") as settings:
        file = settings.kafka_secrets / f"{OURS}.password"
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600), "w") as opened:
            opened.write(PASSWORD + "\n")
        apply_users(settings, USERS)
        admin = settings.acting_as("acme-admin")
        create_topic(admin, MENUS, partitions=2)
        create_topic(admin, NEWS, partitions=3)
        yield admin


def settings_for(own: Settings, company: Settings) -> Settings:
    """Our settings with promo's input and output at the company; our dead letters and rights."""
    login: dict[str, object] = {
        "bootstrap": company.bootstrap,
        "user": OURS,
        "password_file": company.kafka_secrets / f"{OURS}.password",
        "ca_file": company.kafka_secrets / "ca.pem",
    }
    places = {"in": MENUS, "out": NEWS}
    update = {
        f"promo_{place}_{name}": value
        for place, topic in places.items()
        for name, value in ({"topic": topic} | login).items()
    }
    settings = own.model_copy(update=update)
    apply_users(settings)
    apply(settings)
    return settings


def client_file(company: Settings, user: str) -> Path:
    """What the company gives this user for kcat."""
    return company.kafka_secrets / f"{user}.conf"
