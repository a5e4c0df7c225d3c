-- Blocking: no. What the search of products reads, and the functions that keep it. The only writer
-- is whoever writes market.product: it calls market.refresh_search(ids) in the same transaction.
-- migrate:up

-- One row per product that may be found (state listed): words to match, and what filters and facets need.
create table market.search_document (
  product_id text primary key,
  sku text not null,
  shop text not null,
  category text not null,
  brand text,
  price numeric(14, 2) not null,
  currency text not null,
  in_stock boolean not null,
  words tsvector not null,                  -- lexemes by field weight, and terms such as c/category
  word_ids int[] not null,                  -- market.search_word of every word, to count them down again
  digest bigint not null                    -- of all that words are made of: equal means nothing to index
) with (fillfactor = 90);
-- Every search reads the list of what is not sorted in yet: it must stay short.
create index search_document_words on market.search_document
  using gin (words) with (gin_pending_list_limit = 512);

-- One row per word as it is written in products: what a typo or a beginning may have meant.
create table market.search_word (
  id int generated always as identity primary key,
  word text collate "C" not null unique,
  lexeme text collate "C" not null,
  documents int not null                    -- listed products that have it; 0: known once
) with (fillfactor = 70);
create index search_word_lexeme on market.search_word (lexeme);

-- One row per (three letters, word), with two blanks before the word and one behind it. The length
-- stands before the word: a typo changes it by two at most, and then the others are not even read.
create table market.search_trigram (
  trigram text collate "C" not null,
  length int not null,
  word_id int not null,
  primary key (trigram, length, word_id)
);

-- One row per (word as people type it, word that shops write). Both in market.plain_words form.
create table market.search_synonym (
  word text not null,
  means text not null,
  primary key (word, means)
);

insert into market.search_synonym (word, means) values
  ('мобильник', 'смартфон'), ('мобильник', 'телефон'), ('мобила', 'смартфон'), ('мобила', 'телефон'),
  ('сотовый', 'смартфон'), ('сотовый', 'телефон'), ('айфон', 'смартфон'), ('phone', 'smartphone'),
  ('телик', 'телевизор'), ('телек', 'телевизор'), ('тв', 'телевизор'), ('tv', 'телевизор'),
  ('ноут', 'ноутбук'), ('лэптоп', 'ноутбук'), ('комп', 'компьютер'), ('клава', 'клавиатура'),
  ('велик', 'велосипед'), ('кроссы', 'кроссовки'), ('холодос', 'холодильник'), ('уши', 'наушники'),
  ('микроволновка', 'микроволновая'), ('мультик', 'мультфильм'), ('шмотки', 'одежда');

-- One row per (hour, query in plain words): what people search for, and what they do not find.
create table market.search_hour (
  hour timestamptz not null,
  query text not null,
  searches int not null,
  empty_searches int not null,              -- those that found nothing
  last_found int not null,                  -- products of the newest one
  last_at timestamptz not null,
  primary key (hour, query)
);

-- Lower case, one blank between words; digits and letters apart ("128ГБ" = "128 гб"), е for ё.
create function market.plain_words(given text) returns text
  language sql immutable strict parallel safe
return btrim(regexp_replace(
  regexp_replace(replace(lower(normalize(given, nfkc)), 'ё', 'е'), '[^[:alnum:]]+', ' ', 'g'),
  '([[:digit:]])(?=[[:alpha:]])|([[:alpha:]])(?=[[:digit:]])', '\1\2 ', 'g'));

-- The lexeme of one plain word; null for a stop word. The configuration stems Latin words in English.
create function market.lexeme(word text) returns text
  language sql immutable strict parallel safe
return (tsvector_to_array(to_tsvector('pg_catalog.russian', word)))[1];

create function market.trigrams(word text) returns text[]
  language sql immutable strict parallel safe
return array(
  select distinct substr('  ' || word || ' ', n, 3) from generate_series(1, length(word) + 1) n);

-- Prices in 64 steps of about 29 %, from 1 to ten million.
create function market.price_step(price numeric) returns int
  language sql immutable parallel safe
return least(63, greatest(0, floor(ln(greatest(price, 1)::float8) * 4)::int));

-- The step of a price and the halves, quarters … it lies in: a range of prices is a few of these terms.
-- One expression of immutable parts and not strict, as price_step: so it becomes a part of the caller.
create function market.price_terms(price numeric, currency text) returns text[]
  language sql immutable parallel safe
return array[
  'p/' || currency || '/0/' || (market.price_step(price))::text,
  'p/' || currency || '/1/' || (market.price_step(price) >> 1)::text,
  'p/' || currency || '/2/' || (market.price_step(price) >> 2)::text,
  'p/' || currency || '/3/' || (market.price_step(price) >> 3)::text,
  'p/' || currency || '/4/' || (market.price_step(price) >> 4)::text,
  'p/' || currency || '/5/' || (market.price_step(price) >> 5)::text];

-- What a name says after "for" or "with" is not the thing itself: "a case for a smartphone".
create function market.head_of_name(plain text) returns text
  language sql immutable parallel safe
return coalesce(substring(plain from '^(.+?) (?:для|под|к|с|со|из|от|for|with|of|from) '), plain);

-- Brings the search in line with market.product for these ids: one statement per batch, in the
-- transaction of the writer. Doing it twice equals doing it once. What did not change in its words
-- (a price within its step, a stock) costs one small update.
create function market.refresh_search(ids text[]) returns void
  language plpgsql
as $$
begin
  perform pg_advisory_xact_lock(hashtext('market.refresh_search'));
  with listed as materialized (
    select p.product_id, p.sku, p.shop, p.category, p.brand, p.price, p.currency,
      coalesce(p.stock, 1) > 0 as in_stock, p.name, p.description, p.tags, p.attributes,
      hashtextextended(concat_ws(e'\x1f', p.name, p.brand, p.category, p.shop, p.sku, p.tags::text,
        p.attributes::text, p.description, p.currency, market.price_step(p.price)::text), 0) as digest
    from market.product p where p.product_id = any(ids) and p.state = 'listed'
  ), before as materialized (
    select d.product_id, d.word_ids, l.digest is not null and l.digest = d.digest as same
    from market.search_document d left join listed l using (product_id)
    where d.product_id = any(ids)
  ), texts as materialized (
    select l.*, market.plain_words(l.name) as n, market.plain_words(concat_ws(' ', l.brand, l.sku)) as b,
      market.plain_words(concat_ws(' ', l.category, array_to_string(l.tags, ' '))) as c,
      -- So much of a product is more than anybody reads; a shop must not fill the vocabulary.
      market.plain_words(left(concat_ws(' ', l.description,
        (select string_agg(concat_ws(' ', key, value), ' ') from jsonb_each_text(l.attributes))),
        20000)) as d
    from listed l left join before using (product_id) where before.same is not true
  ), surface as materialized (
    select t.product_id, word
    from texts t, unnest(tsvector_to_array(to_tsvector('simple', concat_ws(' ', n, b, c, d)))) word
    where length(word) between 2 and 40 and word !~ '[0-9]'
  ), used as materialized (
    select word, count(*)::int as documents from surface group by word
  ), fresh as (
    insert into market.search_word (word, lexeme, documents)
    select word, lexeme, documents
    from used, lateral (select market.lexeme(word) as lexeme) l
    where lexeme is not null and not exists (select from market.search_word w where w.word = used.word)
    returning id, word
  ), spelled as (
    insert into market.search_trigram (trigram, length, word_id)
    select trigram, length(word), id from fresh, unnest(market.trigrams(word)) trigram
  ), known as materialized (
    select w.id, w.word from used join market.search_word w using (word)
    union all select id, word from fresh
  ), ids_of as materialized (
    select product_id, array_agg(id order by id) as word_ids
    from surface join known using (word) group by product_id
  ), counted as (
    update market.search_word w set documents = w.documents + change.n
    from (
      select id, sum(n)::int as n from (
        select unnest(word_ids) as id, 1 as n from ids_of
        union all
        select unnest(word_ids), -1 from before where not same
      ) each group by id having sum(n) <> 0
    ) change
    where w.id = change.id
  ), gone as (
    delete from market.search_document d using before b
    where d.product_id = b.product_id
      and not exists (select from listed l where l.product_id = b.product_id)
  ), moved as (
    update market.search_document d
    set price = l.price, in_stock = l.in_stock
    from listed l join before b using (product_id)
    where d.product_id = l.product_id and b.same and (d.price, d.in_stock) <> (l.price, l.in_stock)
  )
  insert into market.search_document (product_id, sku, shop, category, brand, price, currency,
    in_stock, words, word_ids, digest)
  select product_id, sku, shop, category, brand, price, currency, in_stock,
    setweight(to_tsvector('russian', head), 'A')
      || setweight(to_tsvector('russian', concat_ws(' ', substr(n, length(head) + 1), b)), 'B')
      || setweight(to_tsvector('russian', c), 'C')
      || to_tsvector('russian', d)
      || array_to_tsvector(market.price_terms(price, currency) || array['c/' || lower(category),
           's/' || lower(shop), 'k/' || lower(sku), 'i/' || lower(product_id)]
           || case when brand is null then array[]::text[] else array['b/' || lower(brand)] end),
    coalesce(word_ids, '{}'), digest
  from texts left join ids_of using (product_id), lateral (select market.head_of_name(n) as head) h
  on conflict (product_id) do update set
    sku = excluded.sku, shop = excluded.shop, category = excluded.category, brand = excluded.brand,
    price = excluded.price, currency = excluded.currency, in_stock = excluded.in_stock,
    words = excluded.words, word_ids = excluded.word_ids, digest = excluded.digest;
end
$$;

-- migrate:down
drop function market.refresh_search(text[]);
drop function market.head_of_name(text);
drop function market.price_terms(numeric, text);
drop function market.price_step(numeric);
drop function market.trigrams(text);
drop function market.lexeme(text);
drop function market.plain_words(text);
drop table market.search_hour;
drop table market.search_synonym;
drop table market.search_trigram;
drop table market.search_word;
drop table market.search_document;
