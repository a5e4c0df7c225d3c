"""The tree is the architecture: size, direction and manners of the modules."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

from weir.settings import REPO

LARGEST = 300
FOREIGN = {
    "weir": {"airflow", "pyspark", "spark_jobs", "plugins", "stream_ops", "dags"},
    "spark_jobs": {"airflow", "plugins", "stream_ops", "dags"},
    "plugins": {"pyspark", "spark_jobs", "dags"},
    "dags": {"pyspark", "spark_jobs"},
}


def tracked(*suffixes: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=REPO, capture_output=True, text=True
    ).stdout.splitlines()
    return [REPO / name for name in listed if name.endswith(suffixes) and (REPO / name).exists()]


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


def test_no_module_is_larger_than_a_reader_can_hold():
    """A long file has two subjects."""
    files = tracked(".py")
    assert files
    assert {f: n for f in files if (n := len(f.read_text().splitlines())) > LARGEST} == {}


def test_imports_go_one_way():
    """dags -> plugins -> weir <- spark_jobs."""
    seen = 0
    for layer, foreign in FOREIGN.items():
        for path in (p for p in tracked(".py") if p.relative_to(REPO).parts[0] == layer):
            seen += 1
            assert imported(path) & foreign == set(), path
    assert seen > 20


def test_no_handler_swallows_an_error():
    """`except: pass` turns a loss into a green run."""
    files = [p for p in tracked(".py") if p.relative_to(REPO).parts[0] in ("weir", "spark_jobs")]
    assert files
    for path in files:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ExceptHandler):
                broad = node.type is None or (
                    isinstance(node.type, ast.Name)
                    and node.type.id in ("Exception", "BaseException")
                )
                assert not broad or passes_on(node), f"{path}:{node.lineno} swallows everything"


def passes_on(handler: ast.ExceptHandler) -> bool:
    """Whether the handler raises, or hands the error to another thread's future."""
    return any(
        isinstance(inner, ast.Raise)
        or (isinstance(inner, ast.Attribute) and inner.attr == "set_exception")
        for inner in ast.walk(handler)
    )


def test_no_test_waits_by_the_clock():
    """A sleep is either too short or too long."""
    files = [p for p in tracked(".py") if p.relative_to(REPO).parts[0] == "tests"]
    assert files
    pattern = re.compile(r"\b(time|asyncio)\.sleep\(")
    own = Path(__file__)
    assert [f for f in files if f != own and pattern.search(f.read_text())] == []


def test_the_environment_example_lists_every_setting_with_its_default():
    """Whoever copies .env.example sees all there is."""
    from weir.platform.settings_report import names_of
    from weir.settings import Settings

    listed = re.findall(r"^#?\s?([A-Z_]+)=(.*)$", (REPO / ".env.example").read_text(), re.MULTILINE)
    defaults = {}
    for field, info in Settings.model_fields.items():
        default = info.default
        text = "" if default is None else str(default)
        defaults[names_of(field)[0]] = text.replace(str(REPO) + "/", "")
    assert dict(listed) == defaults
