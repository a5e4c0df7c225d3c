-- Blocking: no. Every product that a shop ever sent, as its newest version says.
-- migrate:up

-- One row per product id; nothing is deleted. Written by market_catalogue alone. A row's version is
-- (updated_at, src_offset, ban_version, epoch): lower ones never overwrite it.
create table market.product (
  product_id text primary key,
  state text not null check (state in ('listed', 'blocked', 'gone')),
  sku text,                                 -- null with all below: gone before it was ever seen
  shop text,
  name text,
  description text not null default '',
  category text,
  brand text,
  price numeric(14, 2),
  currency text,
  stock int,
  tags text[] not null default '{}',
  attributes jsonb not null default '{}',
  images text[] not null default '{}',
  created_at timestamptz,                   -- as the shop says
  updated_at timestamptz not null,          -- as the shop says, but never later than Kafka got it
  src_partition int not null,               -- of the shop's record
  src_offset bigint not null,
  ban_version bigint not null,              -- of the ban list that decided the state
  epoch bigint not null,                    -- of the filter that wrote it
  payload text,                             -- the shop's record, byte for byte; null: a tombstone
  changed_at timestamptz not null default clock_timestamp(),
  check (state = 'gone' or (sku, shop, name, category, price, currency, payload) is not null)
);
create index product_sku on market.product (sku text_pattern_ops) where state <> 'gone';
create index product_state on market.product (state) where state <> 'listed';
create index product_category on market.product (category, price) where state = 'listed';

-- migrate:down
drop table market.product;
