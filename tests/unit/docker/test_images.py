"""The two images: pinned bases, no root, nothing of the developer's machine inside."""

from __future__ import annotations

import json
import re

import pytest

from weir.platform.layout import LAYOUT_VERSION
from weir.settings import REPO

IMAGES = sorted((REPO / "docker").glob("*.Dockerfile"))


def instructions(path, word):
    return re.findall(rf"^{word} (.+)$", path.read_text(), re.MULTILINE)


def test_there_are_two_images():
    """Everything else is an official image."""
    assert [path.name for path in IMAGES] == ["postgres.Dockerfile", "weir.Dockerfile"]


@pytest.mark.parametrize("path", IMAGES, ids=lambda path: path.name)
def test_an_image_has_a_pinned_base_and_ends_as_an_unprivileged_user(path):
    """Both read the same 0600 files, so both have the same user number."""
    (base,) = instructions(path, "FROM")
    assert re.fullmatch(r"[a-z]+:\d+(\.\d+)+(-[a-z]+)*", base), base
    assert instructions(path, "USER") == ["10001:10001"]


def test_the_postgres_image_has_the_major_version_of_the_data_folder():
    """Another major version does not read the same data."""
    (base,) = instructions(REPO / "docker" / "postgres.Dockerfile", "FROM")
    assert base.split(":")[1].split(".")[0] == str(LAYOUT_VERSION["postgres"])


def test_what_the_image_copies_is_let_through_and_nothing_else():
    """A .env file, the data folder or .git in an image leaks secrets."""
    ignored = (REPO / ".dockerignore").read_text().splitlines()
    passed = {line.removeprefix("!") for line in ignored if line.startswith("!")}
    copied = {
        word.split("/")[0]
        for line in instructions(REPO / "docker" / "weir.Dockerfile", "COPY")
        for word in line.split()[:-1]
    }
    assert "*" in ignored
    assert copied == passed
    assert all((REPO / name).exists() for name in copied)


def test_the_image_gets_its_environment_from_the_same_setup():
    """One list of versions for laptop and container."""
    text = (REPO / "docker" / "weir.Dockerfile").read_text()
    assert "python bin/setup" in text
    assert "pip install" not in text


def test_the_command_of_an_image_is_a_list():
    """A shell in between swallows the signal to stop."""
    (command,) = instructions(REPO / "docker" / "weir.Dockerfile", "CMD")
    assert json.loads(command) == ["weir", "--help"]
