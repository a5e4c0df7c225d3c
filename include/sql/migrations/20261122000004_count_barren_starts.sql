-- Blocking: no. Starts in a row of one submission that did no work; too many park the stream.
-- migrate:up
alter table ops.stream_lease add column barren_starts int not null default 0;

-- migrate:down
alter table ops.stream_lease drop column barren_starts;
