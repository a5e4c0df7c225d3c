"""Publishes a shop's catalogue, from a form: a file of `include/data`, or products typed in.

Every product is checked as the ban filter does, then all are sent, or none. The versions count
from the end of the run's data interval: `airflow backfill create` publishes a catalogue again for
older days, and what shops said later stays. A run by hand counts from when it was asked for.
Sending it again is harmless: the same version of a product is one version.

The same on the shell: `weir shop send --file FILE`; or
`bin/airflow dags trigger market_catalog_publish --conf '{"file": "products.json"}'`.

**When red:** the log names the product and the reason (`wrong_price`, `missing_field`, …): nothing
was sent; repair the file and clear the task. `PublishError`: Kafka did not confirm everything
(`weir status`); the retry sends all of it again.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG, CronDataIntervalTimetable, Param, get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

from stream_ops.retry import UNLESS_A_PERSON_MUST_ACT
from weir.clock import utc_now
from weir.kafka.producer import ConfirmedProducer
from weir.market.publish_form import catalogue_of_form
from weir.market.shop_send import Pace, send_all
from weir.settings import load_settings

with DAG(
    dag_id="market_catalog_publish",
    schedule=CronDataIntervalTimetable("0 3 * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=True,
    doc_md=__doc__,
    tags=["market"],
    default_args={
        "retries": 2,
        "retry_delay": timedelta(seconds=20),
        "retry_policy": UNLESS_A_PERSON_MUST_ACT,
    },
    params={
        "file": Param(
            "products.json", type="string", title="File", description="Of the folder include/data"
        ),
        "products": Param(
            [],
            type="array",
            items={"type": "object"},
            title="Products",
            description="Instead of a file: a list of objects, weir/contracts/product.py",
        ),
        "per_second": Param(
            1000,
            type="integer",
            minimum=1,
            title="Products per second",
            description="At most so many, so that live offers are not delayed",
        ),
        "dry_run": Param(
            False, type="boolean", title="Dry run", description="Only check them, in the log"
        ),
    },
):

    @task
    def publish() -> int:
        """Check all and send all; how many Kafka confirmed."""
        context, settings = get_current_context(), load_settings()
        asked = context["dag_run"].run_after or utc_now()
        offers, sendings = catalogue_of_form(
            context["params"], context.get("data_interval_end"), asked
        )
        print(f"{len(offers)} products are in order")
        if context["params"]["dry_run"]:
            raise AirflowSkipException("dry run: nothing was sent")
        sent = send_all(
            ConfirmedProducer(settings),
            settings.market_products_topic,
            sendings,
            pace=Pace(float(context["params"]["per_second"])),
            wait=threading.Event().wait,
        )
        return sent.records

    publish()
