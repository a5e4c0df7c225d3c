"""Which partitions must be there, by the calendar."""

from __future__ import annotations

from datetime import date

from weir.store.partitions import Partitioned, wanted_partitions


def test_months_ahead_cross_the_year_without_a_hole():
    """The first row of January must not be refused."""
    table = Partitioned(table="tiktok.engagement", every="month", ahead=2)
    found = wanted_partitions(table, date(2026, 11, 30))
    assert [(p.start, p.end, p.name) for p in found] == [
        (date(2026, 11, 1), date(2026, 12, 1), "tiktok.engagement_2026_11"),
        (date(2026, 12, 1), date(2027, 1, 1), "tiktok.engagement_2026_12"),
        (date(2027, 1, 1), date(2027, 2, 1), "tiktok.engagement_2027_01"),
    ]


def test_days_ahead_follow_each_other():
    """Each day ends where the next one begins."""
    table = Partitioned(table="a.b", every="day", ahead=1)
    found = wanted_partitions(table, date(2026, 12, 31))
    assert [(p.start, p.end, p.name) for p in found] == [
        (date(2026, 12, 31), date(2027, 1, 1), "a.b_2026_12_31"),
        (date(2027, 1, 1), date(2027, 1, 2), "a.b_2027_01_01"),
    ]
