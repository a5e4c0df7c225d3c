"""What the metrics say, read from PostgreSQL: each query gives (labels ..., value ...) rows."""

from __future__ import annotations

from collections.abc import Iterator

from weir.serving.metric_names import Metric
from weir.serving.metrics import Sample
from weir.store.wikimedia_counts import Offsets
from weir.store.wikimedia_stats import Connection

# Per query: how many columns are labels, and which metrics the columns after them are.
# A column that is null gives no sample: what is unknown is absent.
READS: list[tuple[str, int, list[Metric]]] = [
    (
        """select collector,
             extract(epoch from clock_timestamp() - heartbeat_at),
             extract(epoch from clock_timestamp() - last_event_at),
             events_per_second, events, canaries, duplicates, dead_letters, reconnects
           from ops.collector""",
        1,
        [
            Metric.COLLECTOR_HEARTBEAT_AGE,
            Metric.COLLECTOR_LAST_EVENT_AGE,
            Metric.COLLECTOR_RATE,
            Metric.COLLECTOR_EVENTS,
            Metric.COLLECTOR_CANARIES,
            Metric.COLLECTOR_DUPLICATES,
            Metric.COLLECTOR_DEAD_LETTERS,
            Metric.COLLECTOR_RECONNECTS,
        ],
    ),
    ("select collector, state, 1 from ops.collector", 2, [Metric.COLLECTOR_STATE]),
    ("select collector, mode, 1 from ops.collector", 2, [Metric.SOURCE_MODE]),
    ("select stream, desired, 1 from ops.stream", 2, [Metric.STREAM_DESIRED]),
    ("select stream, epoch from ops.stream_lease", 1, [Metric.STREAM_EPOCH]),
    (
        """select stream, extract(epoch from clock_timestamp() - heartbeat_at)
           from ops.stream_heartbeat""",
        1,
        [Metric.STREAM_HEARTBEAT_AGE],
    ),
    (
        """select q.stream, q.query,
             extract(epoch from clock_timestamp() - coalesce(last.ended_at, start.since)),
             last.duration_ms / 1000.0,
             minute.rows / 60.0, minute.refused / nullif(minute.rows, 0),
             extract(epoch from clock_timestamp() - newest.event_time)
           from (select distinct stream, query from ops.query_offset) q
           left join lateral (select coalesce(s.submitted_at, l.taken_at) as since
             from ops.stream s left join ops.stream_lease l using (stream)
             where s.stream = q.stream) start on true
           left join lateral (select ended_at, duration_ms from ops.stream_progress p
             where p.stream = q.stream and p.query = q.query order by ended_at desc limit 1) last
             on true
           cross join lateral (
             select coalesce(sum(rows), 0) as rows, coalesce(sum(refused), 0) as refused
             from ops.stream_progress p where p.stream = q.stream and p.query = q.query
               and ended_at > clock_timestamp() - interval '1 minute') minute
           cross join lateral (select max(event_time_max) as event_time from (
             select event_time_max from ops.stream_progress p
             where p.stream = q.stream and p.query = q.query and event_time_max is not null
             order by ended_at desc limit 20) recent) newest""",
        2,
        [
            Metric.STREAM_BATCH_AGE,
            Metric.STREAM_BATCH_SECONDS,
            Metric.STREAM_RATE,
            Metric.STREAM_REFUSED_SHARE,
            Metric.STREAM_EVENT_AGE,
        ],
    ),
    (
        "select topic, refused_by, count(*) from ops.dead_letter group by 1, 2",
        2,
        [Metric.DEAD_LETTERS],
    ),
    (
        """select count(*), coalesce(sum(changes), 0), coalesce(sum(edits), 0),
             coalesce(sum(bot_edits), 0) from wikimedia.domain_total""",
        0,
        [
            Metric.WIKIMEDIA_DOMAINS,
            Metric.WIKIMEDIA_CHANGES,
            Metric.WIKIMEDIA_EDITS,
            Metric.WIKIMEDIA_BOT_EDITS,
        ],
    ),
]

COUNTED = "select stream, query, topic, partition, next_offset from ops.query_offset"


def fetch_samples(connection: Connection) -> Iterator[Sample]:
    """The samples of every query in READS."""
    for sql, label_count, metrics in READS:
        for row in connection.execute(sql):
            labels = tuple(str(label) for label in row[:label_count])
            for metric, value in zip(metrics, row[label_count:], strict=True):
                if value is not None:
                    yield Sample(metric, labels, float(value))


def fetch_counted(connection: Connection) -> dict[tuple[str, str], Offsets]:
    """Per (stream, query), how far each partition is counted."""
    counted: dict[tuple[str, str], Offsets] = {}
    for stream, query, topic, partition, next_offset in connection.execute(COUNTED):
        counted.setdefault((stream, query), {}).setdefault(topic, {})[partition] = next_offset
    return counted


def lag_samples(counted: dict[tuple[str, str], Offsets], ends: Offsets) -> Iterator[Sample]:
    """Offsets between counted and end, per stream, query and topic whose end is known."""
    for (stream, query), topics in counted.items():
        for topic, partitions in topics.items():
            if topic in ends:
                behind = sum(
                    max(0, end - partitions.get(partition, 0))
                    for partition, end in ends[topic].items()
                )
                yield Sample(Metric.STREAM_LAG, (stream, query, topic), behind)
