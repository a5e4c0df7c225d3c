"""`weir` in this process: a test of many commands waits for no further start of Python."""

from __future__ import annotations

from typer.testing import CliRunner

from tests.support.platform import environment
from weir.cli.main import build_app
from weir.settings import Settings


def weir_here(settings: Settings, *words: str, stdin: str | None = None) -> str:
    """Run `weir WORDS`; its output. An error comes out as the exception it is."""
    runner = CliRunner(env=environment(settings))
    done = runner.invoke(build_app([words[0]]), list(words), input=stdin)
    if done.exception:
        raise done.exception
    return done.stdout
