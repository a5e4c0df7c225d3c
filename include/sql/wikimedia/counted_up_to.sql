-- Up to which offset is each partition counted, and when was that?
select topic, partition, next_offset, updated_at, now() - updated_at as since
from ops.query_offset
where stream = 'wikimedia_domain_counts' and query = 'counts'
order by topic, partition;
