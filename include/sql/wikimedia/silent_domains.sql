-- Which domains with at least 100 edits in all have been silent for an hour or more?
select domain, edits, last_window_start, now() - last_window_start as silent_for
from wikimedia.domain_total
where edits >= 100 and last_window_start < now() - interval '1 hour'
order by last_window_start;
