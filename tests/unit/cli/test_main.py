"""The command line as a whole."""

from __future__ import annotations

import json
import re
import sys

import pytest

from weir.cli.main import main
from weir.platform import doctor


def run(monkeypatch, *words):
    """Run as `python -m weir.cli` would; the exit code."""
    # Logging stays as it is: it would go on into the captured, closed stderr.
    monkeypatch.setattr("weir.cli.main.configure_logging", lambda: None)
    monkeypatch.setattr(sys, "argv", ["/somewhere/weir/cli/__main__.py", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code


@pytest.mark.parametrize("words", [("nonsense",), ("streams", "show"), ("status", "--nonsense")])
def test_the_usage_names_the_command_that_people_type(monkeypatch, capsys, words):
    """`python -m weir.cli` is found nowhere in the documents."""
    assert run(monkeypatch, *words) == 2
    told = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().err)  # CI shows colours
    assert "Usage: weir " in told
    assert "python" not in told


@pytest.fixture
def healthy(monkeypatch, tmp_path):
    """A machine on which every check passes."""
    monkeypatch.setattr("weir.platform.doctor.examine", lambda *_: [doctor.Finding("all", "well")])
    monkeypatch.setattr("weir.platform.settings_report.dotenv_values", lambda _: {})
    monkeypatch.setenv("WEIR_HOME", str(tmp_path))


def test_the_doctor_names_a_misspelt_setting(monkeypatch, capsys, healthy):
    """It is a problem though nothing stands in the way of a start."""
    monkeypatch.setenv("WEIR_WIKIMEDIA_CONTAKT", "me@example.org")
    assert run(monkeypatch, "doctor") == 1
    line = next(li for li in capsys.readouterr().out.splitlines() if "CONTAKT" in li)
    assert "environment" in line
    assert "WEIR_WIKIMEDIA_CONTACT" in line
    assert "me@example.org" not in line
    assert run(monkeypatch, "doctor", "--json") == 1
    (unknown,) = json.loads(capsys.readouterr().out)["unknown_settings"]
    assert unknown["meant"] == "WEIR_WIKIMEDIA_CONTACT"


def test_the_doctor_says_nothing_of_unknown_settings_when_there_are_none(
    monkeypatch, capsys, healthy
):
    """An empty section is noise."""
    assert run(monkeypatch, "doctor") == 0
    assert "unknown" not in capsys.readouterr().out
