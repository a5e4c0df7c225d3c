"""The page of states is made from the code."""

from __future__ import annotations

from weir.ops.states_page import states_page
from weir.settings import REPO


def test_the_page_of_states_is_what_the_code_says():
    """Whoever changes a state changes what people read about it."""
    assert (REPO / "docs" / "states.md").read_text() == states_page(), (
        "python -m weir.ops.states_page > docs/states.md"
    )
