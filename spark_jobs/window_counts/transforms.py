"""From raw messages to counts per key and pane. Pure: data frames in, data frames out.

messages --parse--> events --judge--> judged --count--> partial counts
                                         \\----refused--> coordinates and reasons
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import reduce
from operator import and_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_jobs.window_counts.schema import CORRUPT, message_schema
from weir.ops.streams import StreamSpec

# A lone half of a surrogate pair: Java writes it as "?" when it becomes UTF-8.
LONE_SURROGATE = (
    r"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])"
    r"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F]"
)
UNSTORABLE = ("\0", "\ufffd")


def measure_column(name: str) -> str:
    """The column of a measure, apart from this module's own names ("messages" is a measure too)."""
    return f"measure_{name}"


def parse(messages: DataFrame, spec: StreamSpec) -> DataFrame:
    """One row per message: its text and the declared fields. messages: partition, offset, value."""
    text = F.col("value").cast("string")
    options = {"mode": "PERMISSIVE", "columnNameOfCorruptRecord": CORRUPT}
    event = F.from_json(text, message_schema(spec), options)
    return messages.select("partition", "offset", text.alias("text"), event.alias("event"))


def judge(events: DataFrame, spec: StreamSpec, now_utc: datetime) -> DataFrame:
    """One row per message: refusal (null: it counts), key, pane and event second, and measures.

    pane: first second (unix) of the pane of `spec.pane_seconds` that holds the event.
    """
    key = F.col(f"event.{spec.key.path}")
    time = F.col(f"event.{spec.time.path}")
    seen = events.select(
        *("partition", "offset", "text"),
        F.col("event").isNull().alias("not_an_object"),
        F.col(f"event.{CORRUPT}").isNotNull().alias("broken"),
        key.alias("key"),
        time.alias("time"),
        F.unix_seconds(_iso_8601(time)).alias("second"),
        *(_measure(spec, name).alias(measure_column(name)) for name in spec.measures),
    )
    judged = seen.withColumn("refusal", _refusal(spec, now_utc))
    usable = F.col("refusal").isNull()
    pane = F.col("second") - F.pmod(F.col("second"), F.lit(spec.pane_seconds))
    return judged.select(
        *("partition", "offset", "refusal"),
        F.when(usable, F.col("key")).alias("key"),
        F.when(usable, pane).alias("pane"),
        F.when(usable, F.col("second")).alias("second"),
        *map(measure_column, spec.measures),
    )


def count(judged: DataFrame, spec: StreamSpec) -> DataFrame:
    """One row per (refusal, key, pane): how many messages, the measures, first and last second."""
    return judged.groupBy("refusal", "key", "pane").agg(
        F.count(F.lit(1)).alias("messages"),
        *(F.count_if(name).alias(name) for name in map(measure_column, spec.measures)),
        F.min("second").alias("first_second"),
        F.max("second").alias("last_second"),
    )


def refused(judged: DataFrame) -> DataFrame:
    """One row per refused message: its coordinates and the reason."""
    return judged.where(F.col("refusal").isNotNull()).select("partition", "offset", "refusal")


def _refusal(spec: StreamSpec, now_utc: datetime) -> Column:
    """Why a message does not count; null when it does. The first reason in this order."""
    earliest = now_utc - timedelta(days=spec.accepted.days_back)
    latest = now_utc + timedelta(minutes=spec.accepted.minutes_ahead)
    key, second = F.col("key"), F.col("second")
    unstorable = reduce(lambda a, b: a | b, (F.contains(key, F.lit(c)) for c in UNSTORABLE))
    lone = F.contains(key, F.lit("?")) & F.col("text").rlike(LONE_SURROGATE)
    return (
        F.when(F.col("text").isNull() | (F.col("text") == ""), "no value")
        .when(F.col("broken"), "not the declared JSON")
        .when(F.col("not_an_object"), "not a JSON object")
        .when(key.isNull() | (key == ""), f"{spec.key.path} is missing")
        .when(key.startswith("{") | key.startswith("["), f"{spec.key.path} is not a text")
        .when(
            F.char_length(key) > spec.key.max_chars,
            f"{spec.key.path} is longer than {spec.key.max_chars} characters",
        )
        .when(unstorable | lone, f"{spec.key.path} holds a character that cannot be stored")
        .when(F.col("time").isNull(), f"{spec.time.path} is missing")
        .when(second.isNull(), f"{spec.time.path} is not an ISO 8601 time")
        .when(
            ~second.between(int(earliest.timestamp()), int(latest.timestamp())),
            f"{spec.time.path} is outside the accepted range",
        )
    )


def _iso_8601(time: Column) -> Column:
    """The instant, or null. A bare cast would read "12:30" as today and "2024" as January 1st."""
    shaped = (
        F.char_length(time).between(16, 40)
        & (F.substring(time, 5, 1) == "-")
        & F.substring(time, 11, 1).isin("T", " ")
    )
    return F.when(shaped, time.try_cast("timestamp"))


def _measure(spec: StreamSpec, name: str) -> Column:
    """Whether a message counts for this measure: every named field has one of the values."""
    conditions = (
        F.col(f"event.{spec.fields[field].path}").isin(*values)
        for field, values in spec.measures[name].items()
    )
    return reduce(and_, conditions, F.lit(True))
