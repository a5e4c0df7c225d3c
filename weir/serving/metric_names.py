"""Every metric of Weir: its name, type, labels and meaning, declared here and nowhere else.

Rules and dashboards in `monitoring/` may use only these; a test compares them.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal, NamedTuple


class Declared(NamedTuple):
    """What Prometheus and a person need to know of a metric."""

    kind: Literal["gauge", "counter", "histogram"]
    help: str
    labels: tuple[str, ...] = ()


class Metric(StrEnum):
    """Names as Prometheus shows them."""

    SERVICE_UP = "weir_service_up"
    SOURCE_MODE = "weir_source_mode"
    COLLECTOR_STATE = "weir_collector_state"
    COLLECTOR_HEARTBEAT_AGE = "weir_collector_heartbeat_age_seconds"
    COLLECTOR_LAST_EVENT_AGE = "weir_collector_last_event_age_seconds"
    COLLECTOR_RATE = "weir_collector_events_per_second"
    COLLECTOR_EVENTS = "weir_collector_events_total"
    COLLECTOR_CANARIES = "weir_collector_canaries_total"
    COLLECTOR_DUPLICATES = "weir_collector_duplicates_total"
    COLLECTOR_DEAD_LETTERS = "weir_collector_dead_letters_total"
    COLLECTOR_RECONNECTS = "weir_collector_reconnects_total"
    STREAM_DESIRED = "weir_stream_desired"
    STREAM_EPOCH = "weir_stream_epoch"
    STREAM_HEARTBEAT_AGE = "weir_stream_heartbeat_age_seconds"
    STREAM_BATCH_AGE = "weir_stream_last_batch_age_seconds"
    STREAM_BATCH_SECONDS = "weir_stream_last_batch_seconds"
    STREAM_RATE = "weir_stream_rows_per_second"
    STREAM_REFUSED_SHARE = "weir_stream_refused_share"
    STREAM_EVENT_AGE = "weir_stream_newest_event_age_seconds"
    STREAM_STATE = "weir_stream_state"
    STREAM_HEALTH = "weir_stream_health"
    STREAM_LAG = "weir_stream_lag_messages"
    STREAM_LAG_SECONDS = "weir_stream_lag_seconds"
    STREAM_RETENTION_LEFT = "weir_stream_retention_left_seconds"
    STREAM_LOST = "weir_stream_lost_messages"
    PARTITION_LAG = "weir_partition_lag_messages"
    PARTITION_LAG_SECONDS = "weir_partition_lag_seconds"
    STREAM_RESTARTS = "weir_stream_restarts"
    STREAM_UPTIME = "weir_stream_uptime_seconds"
    STREAM_PROBE_SECONDS = "weir_stream_probe_seconds"
    STREAM_PROBE_AGE = "weir_stream_probe_age_seconds"
    STREAM_GROUP_FAILURES = "weir_stream_group_commit_failures_total"
    OPERATION_AGE = "weir_operation_age_seconds"
    SOURCE_HEALTH = "weir_source_health"
    TOPIC_RETENTION = "weir_topic_retention_seconds"
    DEAD_LETTERS = "weir_dead_letters"
    QUARANTINED = "weir_quarantined_messages"
    GAPS = "weir_gaps"
    AIRFLOW_UP = "weir_airflow_up"
    AIRFLOW_HEARTBEAT_AGE = "weir_airflow_heartbeat_age_seconds"
    AIRFLOW_TASKS = "weir_airflow_tasks"
    AIRFLOW_IMPORT_ERRORS = "weir_airflow_import_errors"
    WIKIMEDIA_DOMAINS = "weir_wikimedia_domains"
    WIKIMEDIA_CHANGES = "weir_wikimedia_changes_total"
    WIKIMEDIA_EDITS = "weir_wikimedia_edits_total"
    WIKIMEDIA_BOT_EDITS = "weir_wikimedia_bot_edits_total"
    CACHE_BEHIND = "weir_wikimedia_cache_behind_messages"
    PROMO_CAMPAIGNS = "weir_promo_campaigns"
    PROMO_NOTIFICATIONS = "weir_promo_notifications_total"
    PROMO_OVERDUE = "weir_promo_overdue_seconds"
    PROMO_CHANGES = "weir_promo_waiting_subscribers"
    PROMO_UNPUBLISHED = "weir_promo_unpublished_notifications"
    PROMO_UNPUBLISHED_AGE = "weir_promo_unpublished_seconds"
    PROMO_DELAY = "weir_promo_publish_delay_seconds"
    PROMO_ANSWERS = "weir_promo_answers_total"
    HTTP_REQUESTS = "weir_http_requests_total"
    HTTP_SECONDS = "weir_http_request_seconds"
    STATS_SERVED = "weir_stats_served_total"


_COLLECTOR = ("collector",)
_QUERY = ("stream", "query")
_TOPIC = (*_QUERY, "topic")
_PARTITION = (*_TOPIC, "partition")

DECLARED: dict[Metric, Declared] = {
    Metric.SERVICE_UP: Declared("gauge", "1: postgres, redis, kafka answers", ("service",)),
    Metric.SOURCE_MODE: Declared("gauge", "1 for the mode a source is in", ("source", "mode")),
    Metric.COLLECTOR_STATE: Declared("gauge", "1 for its state", ("collector", "state")),
    Metric.COLLECTOR_HEARTBEAT_AGE: Declared("gauge", "Since its last sign of life", _COLLECTOR),
    Metric.COLLECTOR_LAST_EVENT_AGE: Declared("gauge", "Since its last event", _COLLECTOR),
    Metric.COLLECTOR_RATE: Declared("gauge", "Events published per second", _COLLECTOR),
    Metric.COLLECTOR_EVENTS: Declared("counter", "Published since its start", _COLLECTOR),
    Metric.COLLECTOR_CANARIES: Declared("counter", "Canary events seen", _COLLECTOR),
    Metric.COLLECTOR_DUPLICATES: Declared("counter", "Events left out as seen", _COLLECTOR),
    Metric.COLLECTOR_DEAD_LETTERS: Declared("counter", "Events it refused", _COLLECTOR),
    Metric.COLLECTOR_RECONNECTS: Declared("counter", "Connections made again", _COLLECTOR),
    Metric.STREAM_DESIRED: Declared("gauge", "1 for what people want", ("stream", "desired")),
    Metric.STREAM_EPOCH: Declared("gauge", "Rises with each start of a driver", ("stream",)),
    Metric.STREAM_HEARTBEAT_AGE: Declared("gauge", "Since its driver's sign of life", ("stream",)),
    Metric.STREAM_BATCH_AGE: Declared("gauge", "Since its last batch, or its start", _QUERY),
    Metric.STREAM_BATCH_SECONDS: Declared("gauge", "How long its last batch took", _QUERY),
    Metric.STREAM_RATE: Declared("gauge", "Messages read, mean of the last minute", _QUERY),
    Metric.STREAM_REFUSED_SHARE: Declared("gauge", "Refused share of the last minute", _QUERY),
    Metric.STREAM_EVENT_AGE: Declared("gauge", "Age of the newest event counted", _QUERY),
    Metric.STREAM_STATE: Declared("gauge", "1 for what it does", ("stream", "state")),
    Metric.STREAM_HEALTH: Declared("gauge", "1 for all that holds now", ("stream", "health")),
    Metric.STREAM_LAG: Declared("gauge", "Messages not counted yet", _TOPIC),
    Metric.STREAM_LAG_SECONDS: Declared("gauge", "How long the oldest of them waits", _TOPIC),
    Metric.STREAM_RETENTION_LEFT: Declared("gauge", "Until Kafka may delete it", _TOPIC),
    Metric.STREAM_LOST: Declared("gauge", "Offsets deleted before they were counted", _TOPIC),
    Metric.PARTITION_LAG: Declared("gauge", "Messages not counted yet", _PARTITION),
    Metric.PARTITION_LAG_SECONDS: Declared("gauge", "How long the oldest waits", _PARTITION),
    Metric.STREAM_RESTARTS: Declared("gauge", "Starts after a death, recently", ("stream",)),
    Metric.STREAM_UPTIME: Declared("gauge", "Since its driver started", ("stream",)),
    Metric.STREAM_PROBE_SECONDS: Declared("gauge", "The way of the newest probe", _QUERY),
    Metric.STREAM_PROBE_AGE: Declared("gauge", "Since a probe arrived", _QUERY),
    Metric.STREAM_GROUP_FAILURES: Declared("counter", "Refused group commits", ("stream",)),
    Metric.OPERATION_AGE: Declared("gauge", "Of its open operation, 0: none", ("stream",)),
    Metric.SOURCE_HEALTH: Declared("gauge", "1 for its health", ("source", "health")),
    Metric.TOPIC_RETENTION: Declared("gauge", "How long Kafka keeps messages", ("topic",)),
    Metric.DEAD_LETTERS: Declared("gauge", "Stored dead letters", ("topic", "refused_by")),
    Metric.QUARANTINED: Declared("gauge", "Of a day, not sent again", ("topic", "refused_by")),
    Metric.GAPS: Declared("gauge", "Intervals known to miss events", ("source", "state")),
    Metric.AIRFLOW_UP: Declared("gauge", "1: this part of Airflow works", ("part",)),
    Metric.AIRFLOW_HEARTBEAT_AGE: Declared("gauge", "Since its last sign of life", ("part",)),
    Metric.AIRFLOW_TASKS: Declared("gauge", "Tasks now, or ended in the last hour", ("state",)),
    Metric.AIRFLOW_IMPORT_ERRORS: Declared("gauge", "DAG files that cannot be read"),
    Metric.WIKIMEDIA_DOMAINS: Declared("gauge", "Domains seen"),
    Metric.WIKIMEDIA_CHANGES: Declared("counter", "Events counted, of all time"),
    Metric.WIKIMEDIA_EDITS: Declared("counter", "Edits counted, of all time"),
    Metric.WIKIMEDIA_BOT_EDITS: Declared("counter", "Edits by bots counted, of all time"),
    Metric.CACHE_BEHIND: Declared("gauge", "Offsets that PostgreSQL is ahead of the cache"),
    Metric.PROMO_CAMPAIGNS: Declared("gauge", "Campaigns received", ("state",)),
    Metric.PROMO_NOTIFICATIONS: Declared("counter", "Notifications sealed, of all time"),
    Metric.PROMO_OVERDUE: Declared("gauge", "How long the oldest due campaign waits"),
    Metric.PROMO_CHANGES: Declared("gauge", "New subscribers that no batch was told of"),
    Metric.PROMO_UNPUBLISHED: Declared("gauge", "Sealed, and not in Kafka yet", ("stream",)),
    Metric.PROMO_UNPUBLISHED_AGE: Declared("gauge", "How long the oldest waits", ("stream",)),
    Metric.PROMO_DELAY: Declared("gauge", "From seal to Kafka, the newest", ("stream",)),
    Metric.PROMO_ANSWERS: Declared("counter", "Answers of subscribers by outcome", ("outcome",)),
    Metric.HTTP_REQUESTS: Declared("counter", "Requests", ("route", "method", "status")),
    Metric.HTTP_SECONDS: Declared("histogram", "Time to answer", ("route",)),
    Metric.STATS_SERVED: Declared("counter", "Answers of /stats by store", ("served_from",)),
}
