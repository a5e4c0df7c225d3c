"""Java is recognised by its banner."""

from __future__ import annotations

import pytest

from weir.errors import SettingError
from weir.platform.java import find_java, major_version


@pytest.mark.parametrize(
    ("banner", "major"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('java version "1.8.0_401"', 8),
        ('openjdk version "21" 2023-09-19', 21),
        ("The operation couldn't be completed. Unable to locate a Java Runtime.", None),
    ],
)
def test_the_major_version_is_read_from_the_banner(banner, major):
    """1.8 means 8; macOS prints a sentence instead of a version."""
    assert major_version(banner) == major


def test_a_missing_java_is_named_with_the_command_that_installs_it(monkeypatch, tmp_path):
    """A newcomer must not have to guess the package."""
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "no jdk"))
    with pytest.raises(SettingError, match=r"no jdk[\s\S]*apt-get install openjdk-17"):
        find_java()
