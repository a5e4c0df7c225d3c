"""The command line as a whole."""

from __future__ import annotations

import re
import sys

import pytest

from weir.cli.main import main


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
