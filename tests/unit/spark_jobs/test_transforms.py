"""From raw messages to counts: the pure part of the window-count job."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import BinaryType, IntegerType, LongType, StructField, StructType

from spark_jobs.window_counts.transforms import count, judge, measure_column, parse, refused
from tests.support.stream_specs import wikimedia_spec

SPEC = wikimedia_spec()
NOW = datetime(2026, 5, 17, 12, 0, 30, tzinfo=UTC)
PANE = int(datetime(2026, 5, 17, 12, 0, tzinfo=UTC).timestamp())
RAW = StructType(
    [
        StructField("partition", IntegerType()),
        StructField("offset", LongType()),
        StructField("value", BinaryType()),
    ]
)


def event(domain: Any = "en.wikipedia.org", dt: Any = "2026-05-17T12:00:10Z", **rest: Any) -> bytes:
    return json.dumps({"meta": {"domain": domain, "dt": dt}, "type": "edit", **rest}).encode()


def judged(spark: SparkSession, *values: bytes | None) -> DataFrame:
    rows = [(0, number, value) for number, value in enumerate(values)]
    return judge(parse(spark.createDataFrame(rows, RAW), SPEC), SPEC, NOW)


def counts_of(frame: DataFrame) -> set[tuple[Any, ...]]:
    columns = ["refusal", "key", "pane", "messages", *map(measure_column, SPEC.measures)]
    return {tuple(row) for row in count(frame, SPEC).select(columns).collect()}


def test_edits_and_bots_are_told_apart_and_every_event_is_a_change(spark: SparkSession) -> None:
    """The dashboard shows people and bots side by side."""
    frame = judged(
        spark,
        event(bot=False),
        event(bot=True),
        event(type="new", bot=True),
        event(type="log", bot=True),
        event(type="categorize", bot=False),
        json.dumps({"meta": {"domain": "en.wikipedia.org", "dt": "2026-05-17T12:00:59Z"}}).encode(),
    )
    assert counts_of(frame) == {(None, "en.wikipedia.org", PANE, 6, 6, 3, 2)}


def test_an_event_belongs_to_the_minute_of_its_own_time_in_utc(spark: SparkSession) -> None:
    """Not to the minute in which it arrived, nor to one of the machine's zone."""
    frame = judged(
        spark,
        event(dt="2026-05-17T11:59:59.999Z"),
        event(dt="2026-05-17T12:00:00Z"),
        event(dt="2026-05-17T14:00:59.5+02:00"),
        event(dt="2026-05-17T12:01:00"),
    )
    key = "en.wikipedia.org"
    assert counts_of(frame) == {
        (None, key, PANE - 60, 1, 1, 1, 0),
        (None, key, PANE, 2, 2, 2, 0),
        (None, key, PANE + 60, 1, 1, 1, 0),
    }


def test_first_and_last_second_of_a_group_are_kept(spark: SparkSession) -> None:
    """Lag in seconds is measured by the newest event, not by its minute."""
    frame = judged(spark, event(dt="2026-05-17T12:00:07Z"), event(dt="2026-05-17T12:00:41Z"))
    row = count(frame, SPEC).collect()[0]
    assert (row["first_second"], row["last_second"]) == (PANE + 7, PANE + 41)


REFUSED: list[tuple[bytes | None, str]] = [
    (None, "no value"),
    (b"", "no value"),
    (b"   ", "not a JSON object"),
    (b"null", "not the declared JSON"),
    (b"[1, 2]", "not the declared JSON"),
    (b'[{"meta": {"domain": "a", "dt": "2026-05-17T12:00:00Z"}}]', "not the declared JSON"),
    (b'"text"', "not the declared JSON"),
    (b"17", "not the declared JSON"),
    (b'{"meta": {"domain": "en.wiki', "not the declared JSON"),
    (b"\xff\xfe\x00", "not the declared JSON"),
    (b'{"meta": "x"}', "not the declared JSON"),
    (event(bot="yes"), "not the declared JSON"),
    (b"[" * 2000 + b"]" * 2000, "not the declared JSON"),
    (b'{"x": ' + b"[" * 2000 + b"]" * 2000 + b"}", "not the declared JSON"),
    (b"{}", "meta.domain is missing"),
    (event(domain=None), "meta.domain is missing"),
    (event(domain=""), "meta.domain is missing"),
    (event(domain={"a": 1}), "meta.domain is not a text"),
    (event(domain=["a"]), "meta.domain is not a text"),
    (event(domain="d" * 256), "meta.domain is longer than 255 characters"),
    (event(domain="d" * 3000), "meta.domain is longer than 255 characters"),
    (event(domain="a\0b"), "meta.domain holds a character that cannot be stored"),
    (event(domain="a\ud800b"), "meta.domain holds a character that cannot be stored"),
    (event(domain="a\udfff"), "meta.domain holds a character that cannot be stored"),
    (
        b'{"meta": {"domain": "a\xffb", "dt": "2026-05-17T12:00:00Z"}}',
        "meta.domain holds a character that cannot be stored",
    ),
    (event(dt=None), "meta.dt is missing"),
    (event(dt="yesterday, about noon"), "meta.dt is not an ISO 8601 time"),
    (event(dt="12:30"), "meta.dt is not an ISO 8601 time"),
    (event(dt="2026"), "meta.dt is not an ISO 8601 time"),
    (event(dt="2026-13-45T99:99:99Z"), "meta.dt is not an ISO 8601 time"),
    (event(dt=1779000000), "meta.dt is not an ISO 8601 time"),
    (event(dt="99999-01-01T00:00:00Z"), "meta.dt is not an ISO 8601 time"),
    (event(dt="9999-01-01T00:00:00Z"), "meta.dt is outside the accepted range"),
    (event(dt="2026-05-17T12:05:31Z"), "meta.dt is outside the accepted range"),
    (event(dt="2026-04-17T12:00:29Z"), "meta.dt is outside the accepted range"),
]
FINE: list[bytes] = [
    event(domain="d" * 255),
    event(domain="ümlaut.example"),
    event(domain="what?", comment="\U0001f600"),
    event(domain="smile\U0001f600"),
    event(dt="2026-05-17T12:05:30Z"),
    event(dt="2026-04-17T12:00:30Z"),
    event(comment="a\0b"),
    event(comment="\ud800"),
    event(length=float("1e300"), unknown={"x": [1, None]}),
    event(bot=None),
    b"  " + event() + b"\n",
]


@pytest.fixture(scope="module")
def reasons(spark: SparkSession) -> dict[bytes | None, str]:
    """What all the messages above are refused for, found in one job."""
    values = [value for value, _ in REFUSED] + FINE
    rows = refused(judged(spark, *values)).collect()
    return {values[row["offset"]]: row["refusal"] for row in rows}


@pytest.mark.parametrize(("value", "reason"), REFUSED)
def test_a_message_that_cannot_count_is_refused_with_the_reason(
    reasons: dict[bytes | None, str], value: bytes | None, reason: str
) -> None:
    """Bad input never stops the stream and never vanishes."""
    assert reasons[value] == reason


@pytest.mark.parametrize("value", FINE)
def test_a_strange_message_that_can_count_counts(
    reasons: dict[bytes | None, str], value: bytes
) -> None:
    """Refusing more than needed loses numbers that people expect."""
    assert value not in reasons


def test_refused_messages_are_counted_apart_by_reason(spark: SparkSession) -> None:
    """The share of refusals stops a stream whose source went wrong."""
    frame = judged(spark, b"{", event(), b"[]", event(domain=None))
    broken = ("not the declared JSON", None, None, 2)
    missing = ("meta.domain is missing", None, None, 1)
    assert {row[:4] for row in counts_of(frame)} == {
        (None, "en.wikipedia.org", PANE, 1),
        broken,
        missing,
    }


def test_a_broken_message_is_found_when_only_the_refusal_is_selected(spark: SparkSession) -> None:
    """Spark may prune the parser's columns until a broken message looks like an empty one."""
    rows = judged(spark, b"{", event()).select("refusal").collect()
    assert [row["refusal"] for row in rows] == ["not the declared JSON", None]


def test_a_message_with_the_name_of_the_parsers_own_column_counts(spark: SparkSession) -> None:
    """A field that happens to be called _corrupt must not make a message look broken."""
    assert counts_of(judged(spark, event(_corrupt="x")))


def test_a_measure_may_be_called_like_the_transforms_own_columns(spark: SparkSession) -> None:
    """A chat counts messages, and nobody should have to know the words used in here."""
    measures: dict[str, Any] = {"messages": {}, "key": {"bot": [True]}, "refusal": {}}
    spec = wikimedia_spec(measures=measures)
    frame = spark.createDataFrame([(0, 0, event(bot=True)), (0, 1, event())], RAW)
    row = count(judge(parse(frame, spec), spec, NOW), spec).collect()[0].asDict()
    assert [row[measure_column(name)] for name in measures] == [2, 1, 2]


def test_the_counting_runs_as_a_stream(spark: SparkSession, tmp_path: Path) -> None:
    """Some data frame code is legal on a batch and refused on a stream."""
    source = tmp_path / "source"
    rows = [(0, 0, event()), (0, 1, b"{"), (0, 2, event(bot=True))]
    spark.createDataFrame(rows, RAW).coalesce(1).write.parquet(str(source))
    seen: list[set[tuple[Any, ...]]] = []

    def each(batch: DataFrame, _: int) -> None:
        seen.append(counts_of(judge(parse(batch, SPEC), SPEC, NOW)))

    stream = spark.readStream.schema(RAW).parquet(str(source))
    query = (
        stream.writeStream.foreachBatch(each)
        .option("checkpointLocation", str(tmp_path / "checkpoint"))
        .trigger(availableNow=True)
        .start()
    )
    query.awaitTermination()
    counted = (None, "en.wikipedia.org", PANE, 2, 2, 2, 1)
    assert seen == [{counted, ("not the declared JSON", None, None, 1, 1, 0, 0)}]
