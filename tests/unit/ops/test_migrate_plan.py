"""The plan of a migration: what is made, and what forbids to begin."""

from __future__ import annotations

from weir.kafka.shapes import Difference
from weir.ops.migrate_plan import MigrationPlan, judge_plan
from weir.store.migrate import Migration, up_part

MISSING = Difference(topic="news", what="topic", declared="to exist", actual=None)
NARROW = Difference(topic="edits", what="partitions", declared="6", actual="3")


def test_a_missing_topic_is_made_and_one_that_differs_is_named():
    """Growing partitions behind people's backs would break the order of keys."""
    plan = judge_plan([MISSING, NARROW], [Migration("0007", "add_reason", applied=False)])
    assert plan == MigrationPlan(
        migrations=("0007_add_reason.sql",),
        topics=("news",),
        differences=("edits: partitions is 3, declared 6",),
    )
    assert plan.lines() == [
        "differs: edits: partitions is 3, declared 6",
        "migration 0007_add_reason.sql",
        "topic news",
    ]


def test_a_plan_without_work_says_so():
    """An empty log reads like a failure."""
    plan = judge_plan([], [])
    assert plan.empty
    assert plan.lines() == ["nothing to do: schema and topics are as declared"]


def test_only_the_way_up_is_rehearsed_and_what_needs_no_transaction_is_known():
    """`create index concurrently` cannot be taken back, so it is not tried."""
    text = "-- a note\n-- migrate:up\ncreate table a ();\n\n-- migrate:down\ndrop table a;\n"
    assert up_part(text) == ("create table a ();\n\n", True)
    assert up_part("-- migrate:up transaction:false\nx;\n-- migrate:down\n") == ("x;\n", False)
