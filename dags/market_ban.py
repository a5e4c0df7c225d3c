"""Bans products, or lifts bans, from a form: by product id, article number or its beginning.

From the commit on no product that a shop sends passes the filter; what is out already is taken
back within a second or two, and comes back after an unban. Banning twice with the same words
changes nothing; with other words the new row says so and the old one is kept.

The same on the shell: `weir market ban|unban`; or
`bin/airflow dags trigger market_ban --conf '{"verb": "ban", "sku": "AB-1", "reason": "recalled"}'`.
Who asked is in the run's own record and in `ops.audit` (via `airflow`).

**When red:** the log names the field and what is wrong: nothing was changed, trigger it anew with
the right value. `Unavailable`: PostgreSQL is away; the retry does it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG, Param, get_current_context, task

from stream_ops.retry import UNLESS_A_PERSON_MUST_ACT
from weir.market.ban_form import order_of_form
from weir.settings import load_settings
from weir.store.postgres import connect

VALUE = {"type": ["null", "string"], "maxLength": 100}

with DAG(
    dag_id="market_ban",
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    is_paused_upon_creation=False,
    doc_md=__doc__,
    tags=["market"],
    default_args={
        "retries": 2,
        "retry_delay": timedelta(seconds=20),
        "retry_policy": UNLESS_A_PERSON_MUST_ACT,
    },
    params={
        "verb": Param("ban", type="string", enum=["ban", "unban"], title="What"),
        "product_id": Param(None, **VALUE, title="Product id", description="One of these three"),
        "sku": Param(None, **VALUE, title="Article number"),
        "sku_prefix": Param(
            None, **VALUE, title="Article numbers that begin with", description="Case matters"
        ),
        "reason": Param(
            type="string", minLength=1, maxLength=500, title="Reason", description="Kept for ever"
        ),
        "until": Param(
            None,
            type=["null", "string"],
            format="date-time",
            title="Until",
            description="When it ends by itself; empty: until somebody lifts it",
        ),
        "dry_run": Param(False, type="boolean", title="Dry run", description="Only try it"),
    },
):

    @task
    def order() -> dict[str, int]:
        """Do it; how many rules changed, and the version of the list."""
        context = get_current_context()
        settings = load_settings()
        with connect(settings.dsn_file, application_name="weir:market:ban") as connection:
            done = order_of_form(connection, context["params"], who="airflow", via="airflow")
        print(done)
        return {"changed": done.changed, "unchanged": done.unchanged, "version": done.version}

    order()
