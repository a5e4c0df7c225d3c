"""The README's commands exist, and the Russian README says the same as the English one."""

from __future__ import annotations

import json
import re

import pytest

from tests.unit.docs import words
from weir.contracts.stats import Stats
from weir.settings import REPO

ENGLISH = (REPO / "README.md").read_text()
RUSSIAN = (REPO / "README.ru.md").read_text()
FOREIGN = {"git", "cd", "curl", "cp", "echo", "export"}


def test_every_command_of_a_block_can_be_run():
    """The first command that fails loses the reader."""
    commands = words.commands_of(ENGLISH)
    assert len(commands) > 10
    tools = {f"bin/{path.name}" for path in (REPO / "bin").iterdir()}
    for line in commands:
        given = [word for word in line.split() if not re.match(r"[A-Z_]+=", word)]
        if given[0] == "make":
            assert set(given[1:]) <= words.make_targets(), line
        else:
            assert given[0] in tools | FOREIGN, line


def test_the_example_of_stats_is_a_real_answer():
    """Whoever writes a client starts from it."""
    (example,) = re.findall(r"```json\n(.*?)```", ENGLISH, re.DOTALL)
    answer = Stats.model_validate(json.loads(example))
    assert set(json.loads(example)) == set(Stats.model_fields)
    assert answer.totals.domains >= len(answer.domains) > 0
    assert answer.totals.changes >= answer.totals.edits >= answer.totals.bot_edits


def test_both_languages_have_the_same_blocks():
    """Commands and output are not translated, except for comments and labels of the picture."""

    def blocks(text: str) -> list[tuple[str, str]]:
        found = []
        for language, body in words.FENCE.findall(text):
            if language == "mermaid":
                continue
            found.append((language, re.sub(r"\s+# .*", "", body)))
        return found

    assert blocks(ENGLISH)
    assert blocks(ENGLISH) == blocks(RUSSIAN)


@pytest.mark.parametrize("pattern", [r"^## ", r"^### ", r"^\|", r"^\* ", r"^\d\. "])
def test_both_languages_have_the_same_structure(pattern):
    """A paragraph that only one of them has is forgotten in the other."""
    english = [len(re.findall(pattern, part, re.MULTILINE)) for part in ENGLISH.split("\n## ")]
    russian = [len(re.findall(pattern, part, re.MULTILINE)) for part in RUSSIAN.split("\n## ")]
    assert english == russian


def test_both_languages_use_the_same_words_of_the_system():
    """A setting or a path has one name."""

    def names(text: str) -> set[str]:
        return set(re.findall(r"`([^`\n]+)`", words.FENCE.sub("", text)))

    assert names(ENGLISH) == names(RUSSIAN)
