"""Sends one campaign to the promo stream, from a form whose fields are the message's.

The campaign is checked as the stream does, then sent under its id. Sending it again is harmless:
one campaign notifies a subscriber once. The same id with other words is a correction: only who
was not notified yet gets it. What became of it: `weir promo show`, `weir promo report`.

The same on the shell: `weir promo send FILE`; or
`bin/airflow dags trigger promo_campaign_send --conf '{"restaurant_id": "…", …}'`.

**When red:** the log names the field and the reason (`wrong_uuid`, `end_before_start`, …): nothing
was sent, trigger it anew with the right value. `PublishError`: Kafka did not confirm it
(`weir status`); the retry sends it again.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG, Param, get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

from stream_ops.retry import UNLESS_A_PERSON_MUST_ACT
from weir.clock import utc_now
from weir.promo.form import campaign_of_form
from weir.promo.send import describe, send_campaigns
from weir.settings import load_settings

UUID = {
    "type": "string",
    "pattern": "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$",
}
SECONDS = {"type": "integer", "minimum": 0}

with DAG(
    dag_id="promo_campaign_send",
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    is_paused_upon_creation=False,
    doc_md=__doc__,
    tags=["promo"],
    default_args={
        "retries": 2,
        "retry_delay": timedelta(seconds=20),
        "retry_policy": UNLESS_A_PERSON_MUST_ACT,
    },
    params={
        "restaurant_id": Param(**UUID, title="Restaurant", description="UUID"),
        "adv_campaign_id": Param(
            **UUID, title="Campaign", description="UUID; one that was used before is corrected"
        ),
        "adv_campaign_content": Param(
            type="string", minLength=1, title="Content", description="What subscribers read"
        ),
        "adv_campaign_owner": Param(type="string", title="Owner"),
        "adv_campaign_owner_contact": Param(
            type="string", title="Contact", description="Free text"
        ),
        "adv_campaign_datetime_start": Param(
            **SECONDS, title="Start", description="Epoch seconds; active from then on"
        ),
        "adv_campaign_datetime_end": Param(
            **SECONDS, title="End", description="Epoch seconds; active until just before"
        ),
        "datetime_created": Param(
            None,
            type=["null", "integer"],
            minimum=0,
            title="Created",
            description="Epoch seconds; empty: now",
        ),
        "dry_run": Param(
            False, type="boolean", title="Dry run", description="Only check it, in the log"
        ),
    },
):

    @task
    def send() -> str:
        """Check and send; the campaign's id."""
        context, now = get_current_context(), utc_now()
        entry, campaign = campaign_of_form(context["params"], context["dag_run"].run_after or now)
        print(describe(entry, campaign, now))
        if context["params"]["dry_run"]:
            raise AirflowSkipException("dry run: nothing was sent")
        send_campaigns(load_settings(), [(entry, campaign)])
        return campaign.adv_campaign_id

    send()
