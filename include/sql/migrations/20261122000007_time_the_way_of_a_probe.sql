-- Blocking: no. How long the slowest probe of a batch was on its way; null in a batch without one.
-- migrate:up
alter table ops.stream_progress add column probe_ms bigint;

-- migrate:down
alter table ops.stream_progress drop column probe_ms;
