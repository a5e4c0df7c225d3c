"""The real tools get the platform's address and login, and no password among their words."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from weir.errors import SettingError
from weir.platform.layout import Layout
from weir.platform.secrets import write_private
from weir.platform.tools import command
from weir.settings import Settings


@pytest.fixture
def secure(tmp_path: Path) -> Layout:
    layout = Layout(Settings(_env_file=None, home=tmp_path / "a home", security="sasl_ssl"))
    layout.settings.kafka_secrets.mkdir(parents=True)
    write_private(layout.settings.kafka_secrets / "operator.password", "canary-77")
    return layout


@pytest.mark.parametrize(
    ("tool", "option"),
    [
        ("kafka-topics", "--command-config"),
        ("kafka-console-consumer", "--consumer.config"),
        ("kafka-console-producer", "--producer.config"),
        ("kcat", "-F"),
    ],
)
def test_a_tool_is_told_a_file_with_the_login(
    secure: Layout, monkeypatch: pytest.MonkeyPatch, tool: str, option: str
) -> None:
    """Everyone sees the words of a command."""
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    argv, extra = command(tool, ["--list"], secure)
    file = Path(argv[argv.index(option) + 1])
    assert file.stat().st_mode & 0o777 == 0o600
    assert "canary-77" in file.read_text()
    assert "canary-77" not in str(argv) + str(extra)


@pytest.mark.parametrize("words", [["-b", "their:1"], ["-b=their:1"], ["-F", "/their.conf"]])
def test_what_is_given_to_kcat_wins(
    secure: Layout, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    """Another cluster must not get our login."""
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    argv, _ = command("kcat", [*words, "-L"], secure)
    assert argv == ["/usr/bin/kcat", *words, "-L"]


def test_kcat_brings_a_library_that_can_log_in(
    secure: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kcat of the system brings a library that repeats the nonce, and is refused."""
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    _, extra = command("kcat", ["-L"], secure)
    assert Path(extra["LD_PRELOAD"]).name.startswith("librdkafka-")
    assert Path(extra["LD_PRELOAD"]).exists()


def test_a_missing_kcat_is_named_with_the_way_to_get_it(
    secure: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the one tool that we do not bring."""
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(SettingError, match="apt-get install kcat"):
        command("kcat", ["-L"], secure)
