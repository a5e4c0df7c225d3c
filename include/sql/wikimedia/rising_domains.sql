-- Which domains have in the last 10 minutes at least twice the edits of the 10 minutes before?
with halves as (
  select domain,
         sum(edits) filter (where window_start >= now() - interval '10 minutes') as now_edits,
         sum(edits) filter (where window_start < now() - interval '10 minutes') as before_edits
  from wikimedia.domain_minute
  where window_start >= now() - interval '20 minutes'
  group by domain
)
select domain, now_edits, coalesce(before_edits, 0) as before_edits
from halves
where now_edits >= 2 * coalesce(before_edits, 0) and now_edits >= 10
order by now_edits desc, domain;
