-- Blocking: no. Which topic a query read, so that another one of the same name is noticed.
-- migrate:up

-- One row per topic (cluster and id) that a query has read under a name. The offsets in
-- ops.query_offset are those of the row that was begun last.
create table ops.query_input (
  stream text not null,
  query text not null,
  topic text not null,
  cluster_id text not null,
  topic_id text not null,
  first_seen timestamptz not null default clock_timestamp(),
  begun_at timestamptz not null default clock_timestamp(),
  anew_by text,                             -- an order: the next start may begin another topic
  primary key (stream, query, topic, cluster_id, topic_id)
);
create index query_input_topic on ops.query_input (topic, first_seen);

-- migrate:down
drop table ops.query_input;
