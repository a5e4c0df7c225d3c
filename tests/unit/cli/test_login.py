"""`weir login show`: passwords for people, not for logs."""

from __future__ import annotations

import json
import sys

import pytest
from typer.testing import CliRunner

from weir.cli.login import app
from weir.errors import WeirError
from weir.platform.airflow import keep_keys


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A prepared data folder."""
    (tmp_path / "secrets").mkdir()
    keep_keys(tmp_path / "secrets")
    monkeypatch.setenv("WEIR_HOME", str(tmp_path))
    monkeypatch.setenv("WEIR_PORT_BASE", "10000")
    return tmp_path


def test_passwords_do_not_go_into_a_pipe(home):
    """`make run > log` must not store them."""
    done = CliRunner().invoke(app, ["show"])
    assert isinstance(done.exception, WeirError)
    assert "weir login show --force" in str(done.exception)
    assert done.output == ""


def test_a_script_may_ask_for_them_with_a_word(home):
    """Tests and a person's own scripts need them."""
    done = CliRunner().invoke(app, ["show", "--force", "--json"])
    answer = json.loads(done.output)
    stored = json.loads((home / "secrets" / "airflow.passwords.json").read_text())
    assert answer["address"] == "http://127.0.0.1:18080"
    assert {row["user"]: (row["role"], row["password"]) for row in answer["logins"]} == {
        "admin": ("admin", stored["admin"]),
        "viewer": ("viewer", stored["viewer"]),
    }


def test_a_terminal_shows_them(home, monkeypatch):
    """This is what the closing screen of `make run` points to."""
    runner = CliRunner()

    with runner.isolation() as (output, *_):
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
        app(["show"], standalone_mode=False)
        text = output.getvalue().decode()
    stored = json.loads((home / "secrets" / "airflow.passwords.json").read_text())
    assert "http://127.0.0.1:18080" in text
    assert stored["viewer"] in text


def test_before_the_first_start_it_says_what_to_do(tmp_path, monkeypatch):
    """There are no passwords yet."""
    monkeypatch.setenv("WEIR_HOME", str(tmp_path))
    done = CliRunner().invoke(app, ["show", "--force"])
    assert "start the platform once" in str(done.exception)
