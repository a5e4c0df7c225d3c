-- Blocking: no. A copy of the newest marker, for people and metrics; the truth is in Kafka.
-- migrate:up
alter table ops.publication
  add column published_seq bigint not null default 0,
  add column published_chunk int not null default 0,
  add column published_at timestamptz,
  add column delay_seconds double precision;   -- from the seal of that batch to its publishing

-- migrate:down
alter table ops.publication
  drop column published_seq,
  drop column published_chunk,
  drop column published_at,
  drop column delay_seconds;
