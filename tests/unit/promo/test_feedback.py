"""Which answer stays, and which is none."""

import pytest

from weir.errors import SettingError
from weir.promo.feedback import judge_answer, refuse_bad


@pytest.mark.parametrize(
    ("stored", "given", "wins", "outcome"),
    [
        (None, "yes", "first", "set"),
        (None, "yes", "last", "set"),
        ("yes", "yes", "first", "same"),
        ("yes", "yes", "last", "same"),
        ("yes", "no", "first", "kept"),
        ("yes", "no", "last", "set"),
        ("", "no", "first", "kept"),  # written by other means, an answer all the same
    ],
)
def test_an_answer_is_judged_by_what_is_stored_and_who_wins(stored, given, wins, outcome):
    """Settable, because shops differ."""
    assert judge_answer(stored, given, wins) == outcome


@pytest.mark.parametrize("answer", ["", " \n", "a\x00b", "\ud800", "x" * 4_001])
def test_what_no_row_can_hold_is_refused_in_words(answer):
    """PostgreSQL's own error would say nothing to the caller."""
    with pytest.raises(SettingError, match="answer"):
        refuse_bad("answer", answer)
