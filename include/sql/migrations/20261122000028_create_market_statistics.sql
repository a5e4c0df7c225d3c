-- Blocking: no. What shops sent and what became of it, per product and minute; each message once.
-- migrate:up

-- Grain: one row per (window_start, product_id, currency). Shop, category, brand, SKU and price are
-- those of the newest version in that minute, so each level is a sum of rows as it is read.
create table market.product_minute (
  window_start timestamptz not null,
  product_id text collate "C" not null,
  currency text collate "C" not null,          -- '': only deletions, which name none
  sku text collate "C" not null default '',
  shop text not null default '',
  category text not null default '',
  brand text not null default '',
  price numeric(14, 2),
  version_us bigint not null,                  -- updated_at of that version, microseconds
  version_offset bigint not null,              -- and its place in the topic of the shops
  allowed int not null default 0,              -- of one minute; sums of bigint would be numeric
  blocked int not null default 0,
  deleted int not null default 0,
  retracted int not null default 0,
  readmitted int not null default 0,
  price_min numeric(14, 2),                    -- of what was allowed
  price_max numeric(14, 2),
  price_sum numeric(24, 2) not null default 0,
  primary key (window_start, product_id, currency)
);
create index product_minute_product on market.product_minute (product_id, window_start);

-- Which messages of the shops are counted: 8192 offsets in each row, a bit per offset. The filter
-- writes at least once, so an offset of its output says nothing about doubles; this does.
create table market.counted_source (
  verdict text not null check (verdict in ('passed', 'blocked')),
  src_topic text not null,
  src_partition int not null,
  chunk bigint not null,
  bits bytea not null check (length(bits) = 1024),
  primary key (verdict, src_topic, src_partition, chunk)
);

-- Retractions and re-admissions have the source of the product's message: their key is longer.
create table market.counted_change (
  product_id text collate "C" not null,
  change text not null check (change in ('retracted', 'readmitted')),
  ban_version bigint not null,
  src_topic text not null,
  src_partition int not null,
  src_offset bigint not null,
  primary key (product_id, change, ban_version, src_topic, src_partition, src_offset)
);

-- How the archive's last run went; what is archived stands in its manifest.
create table market.archive_run (
  archive text primary key,
  began_at timestamptz not null,
  ended_at timestamptz,
  succeeded_at timestamptz,
  rows bigint not null default 0,              -- that its last run archived
  error text,
  error_at timestamptz
);

-- migrate:down
drop table market.archive_run;
drop table market.counted_change;
drop table market.counted_source;
drop table market.product_minute;
