"""Reports of what people search for, and of what they do not find."""

from __future__ import annotations

import pytest

from weir.errors import SettingError
from weir.market.search_log import note_search, read_searches

pytestmark = pytest.mark.platform


def test_the_most_frequent_queries_come_first_however_they_were_written(catalogue):
    """Capitals and commas make no other query."""
    for query, found in [("Умные часы", 3), ("умные, часы", 2), ("самовар", 0)]:
        note_search(catalogue.pg, query, found)
    report = read_searches(catalogue.pg)
    assert [(row.query, row.searches, row.empty_searches, row.last_found) for row in report] == [
        ("умные часы", 2, 0, 2),
        ("самовар", 1, 1, 0),
    ]


def test_only_what_finds_nothing_by_now_is_in_the_report_of_empty_searches(catalogue):
    """What the shops have added meanwhile is nobody's task any more."""
    for query, found in [("самовар", 0), ("самовар", 0), ("чайник", 0), ("чайник", 7), ("лыжи", 1)]:
        note_search(catalogue.pg, query, found)
    report = read_searches(catalogue.pg, empty=True)
    assert [(row.query, row.empty_searches) for row in report] == [("самовар", 2)]


def test_a_report_covers_its_hours_only(catalogue):
    """Last year's questions are last year's."""
    note_search(catalogue.pg, "самовар", 1)
    catalogue.pg.execute(
        "update market.search_hour set hour = hour - interval '1 day',"
        " last_at = last_at - interval '1 day'"
    )
    assert read_searches(catalogue.pg, hours=23) == []
    assert [row.query for row in read_searches(catalogue.pg, hours=25)] == ["самовар"]
    with pytest.raises(SettingError):
        read_searches(catalogue.pg, hours=0)
