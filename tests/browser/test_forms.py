"""What a person does first: log in, look at the DAGs, and send the forms."""

from __future__ import annotations

import json
import subprocess
import uuid

from playwright.sync_api import Locator, Page, expect

from tests.faults.rig import STREAM
from tests.faults.step2.room import Room
from tests.support.eventually import eventually
from tests.support.letters import letter
from tests.support.platform import environment
from weir.kafka.dead_letter_queries import list_letters, show_letter
from weir.kafka.dead_letters import store
from weir.kafka.reader import read_range
from weir.market.ban_rows import list_bans
from weir.market.rules import Kind, Rule
from weir.settings import REPO
from weir.store.postgres import connect


def newest_run(room: Room, dag_id: str) -> str | None:
    runs = room.airflow.do("GET", f"/dags/{dag_id}/dagRuns?order_by=-id&limit=1")["dag_runs"]
    return str(runs[0]["dag_run_id"]) if runs else None


def open_form(page: Page, room: Room, dag_id: str) -> Locator:
    page.goto(f"{room.airflow.address}/dags/{dag_id}")
    page.get_by_role("button", name="Trigger").first.click()
    return page.get_by_role("dialog")


def send(form: Locator, room: Room, dag_id: str) -> None:
    """Send the form, and wait until the run that it made has succeeded."""
    before = newest_run(room, dag_id)
    form.get_by_role("button", name="Trigger", exact=True).click()
    run = eventually(lambda: newest_run(room, dag_id), lambda r: r != before, within_seconds=60)
    assert run is not None
    state = eventually(
        lambda: room.airflow.run_state(dag_id, run),
        lambda state: state in ("success", "failed"),
        within_seconds=150,
        every_seconds=0.5,
    )
    assert state == "success"


def choose(page: Page, form: Locator, place: int, option: str) -> list[str]:
    """Choose in the list at this place; all that it offered."""
    form.get_by_role("combobox").nth(place).click()
    expect(page.get_by_role("option", name=option, exact=True)).to_be_visible()
    offered = page.get_by_role("option").all_inner_texts()
    page.get_by_role("option", name=option, exact=True).click()
    return offered


def test_a_wrong_password_is_refused(chromium, control_room):
    """The pages can stop streams."""
    page = chromium.new_page()
    page.goto(control_room.airflow.address)
    page.locator("input[name=username]").fill("admin")
    page.locator("input[name=password]").fill("guess")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("Invalid credentials").first).to_be_visible()
    page.close()


def test_the_list_shows_exactly_the_shipped_dags_and_no_import_error(page, control_room):
    """What a newcomer sees first."""
    page.goto(f"{control_room.airflow.address}/dags")
    shipped = sorted(path.stem for path in (REPO / "dags").glob("*.py"))
    for dag_id in shipped:
        expect(page.get_by_role("link", name=dag_id, exact=True)).to_be_visible()
    listed = control_room.airflow.do("GET", "/dags?limit=100")["dags"]
    assert sorted(dag["dag_id"] for dag in listed) == shipped
    assert control_room.airflow.do("GET", "/importErrors")["total_entries"] == 0
    expect(page.get_by_text("Import Error")).to_have_count(0)


def test_the_form_of_stream_control_drains_and_starts_the_stream(page, control_room):
    """Seen in the store, not in the page alone."""
    room = control_room
    before = room.settled()
    form = open_form(page, room, "stream_control")
    assert STREAM in choose(page, form, 0, STREAM)
    assert choose(page, form, 1, "drain") == ["start", "drain", "stop"]
    send(form, room, "stream_control")
    parked = room.until(lambda v: v.parked and v.deferred)
    assert parked.sight.desired == "drained"
    form = open_form(page, room, "stream_control")
    choose(page, form, 0, STREAM)
    send(form, room, "stream_control")
    assert room.settled().sight.epoch > before.sight.epoch


def test_the_form_of_platform_migrate_checks_the_platform(page, control_room):
    """The same plan as on the shell; on a platform that is up to date it changes nothing."""
    send(open_form(page, control_room, "platform_migrate"), control_room, "platform_migrate")


def test_the_form_of_dead_letter_redrive_sends_what_the_stream_then_refuses_again(
    page, control_room
):
    """After a dry run on the shell, which sends nothing."""
    room, dag_id = control_room, "dead_letter_redrive"
    lost = letter("wikimedia_events", 10**12, value=b"not JSON")
    with connect(room.settings.dsn_file, application_name="browser") as connection:
        store(connection, [lost])
        before = newest_run(room, dag_id)
        done = airflow(room, "dags", "trigger", dag_id, "--conf", '{"dry_run": true}')
        assert done.returncode == 0, done.stderr
        run = eventually(lambda: newest_run(room, dag_id), lambda run: run != before)
        eventually(
            lambda: room.airflow.run_state(dag_id, run or ""),
            lambda state: state == "success",
            within_seconds=120,
        )
        assert show_letter(connection, lost.dedupe_key).sent_again_at is None
        send(open_form(page, room, dag_id), room, dag_id)
        again = eventually(
            lambda: [
                each for each in list_letters(connection) if each.redrive_of == lost.dedupe_key
            ],
            lambda found: bool(found),
            within_seconds=60,
        )
    assert [(each.attempts, each.value) for each in again] == [(2, b"not JSON")]


def test_the_form_of_promo_campaign_send_puts_the_message_into_the_topic(page, control_room):
    """Its fields are the message's; what was typed is what the stream will read."""
    room, dag_id = control_room, "promo_campaign_send"
    sample = (REPO / "tests" / "support" / "promo_campaign.json").read_text()
    message = json.loads(sample) | {"adv_campaign_id": str(uuid.uuid4())}
    form = open_form(page, room, dag_id)
    for name, value in message.items():
        form.locator(f'input[name="element_{name}"]').fill(str(value))
    send(form, room, dag_id)
    key = message["adv_campaign_id"].encode()
    sent = [
        m.value for m in read_range(room.settings, room.settings.promo_in_topic) if m.key == key
    ]
    assert [json.loads(value or b"") for value in sent] == [message]


def test_the_form_of_market_ban_bans_a_product_and_the_command_line_lifts_the_ban(
    page, control_room
):
    """Two ways to the same list, which says who asked."""
    room, dag_id = control_room, "market_ban"
    product = f"browser-{uuid.uuid4().hex[:8]}"
    form = open_form(page, room, dag_id)
    form.locator('input[name="element_product_id"]').fill(product)
    form.locator('input[name="element_reason"]').fill("recalled")
    send(form, room, dag_id)
    rule = Rule(Kind.PRODUCT, product)
    with connect(room.settings.dsn_file, application_name="browser") as connection:
        held = [
            (each.state, each.reason, each.banned_by) for each in list_bans(connection, rule=rule)
        ]
        assert held == [("live", "recalled", "airflow")]
        conf = json.dumps({"verb": "unban", "product_id": product, "reason": "a mistake"})
        done = airflow(room, "dags", "trigger", dag_id, "--conf", conf)
        assert done.returncode == 0, done.stderr
        eventually(lambda: list_bans(connection, rule=rule), lambda b: b == [], within_seconds=120)


def test_the_form_of_market_catalog_publish_sends_the_sample_catalogue(page, control_room):
    """Each product under its id, as its shop would."""
    room, dag_id = control_room, "market_catalog_publish"
    send(open_form(page, room, dag_id), room, dag_id)
    offered = json.loads((REPO / "include" / "data" / "products.json").read_text())
    sent = {m.key for m in read_range(room.settings, room.settings.market_products_topic)}
    assert {each["product_id"].encode() for each in offered} <= sent


def test_a_wrong_value_is_refused_before_there_is_a_run(control_room):
    """Also when it does not come from the form."""
    room = control_room
    before = newest_run(room, "stream_control")
    wrong = {"logical_date": None, "conf": {"stream": STREAM, "verb": "explode"}}
    answer = room.airflow.ask("POST", "/dags/stream_control/dagRuns", wrong)
    assert answer.status_code == 400
    assert "explode" in answer.text
    done = airflow(room, "dags", "trigger", "stream_control", "--conf", '{"verb": "explode"}')
    assert done.returncode != 0
    assert newest_run(room, "stream_control") == before


def test_the_same_is_done_by_the_command_line_in_a_fresh_shell(control_room):
    """Scripts do not click."""
    room = control_room
    before = newest_run(room, "stream_control")
    conf = f'{{"stream": "{STREAM}", "verb": "start"}}'
    done = airflow(room, "dags", "trigger", "stream_control", "--conf", conf)
    assert done.returncode == 0, done.stderr
    run = newest_run(room, "stream_control")
    assert run is not None
    assert run != before
    eventually(
        lambda: room.airflow.run_state("stream_control", run),
        lambda state: state == "success",
        within_seconds=120,
    )


def test_a_backfill_of_a_stream_is_refused_in_words(control_room):
    """A stream reads its topic, not an interval."""
    words = ("--dag-id", f"{STREAM}_stream", "--from-date", "2026-11-01", "--to-date", "2026-11-02")
    done = airflow(control_room, "backfill", "create", *words)
    assert done.returncode != 0
    assert "does not allow backfill runs" in done.stdout + done.stderr


def airflow(room: Room, *words: str) -> subprocess.CompletedProcess[str]:
    """`bin/airflow` as in a shell that knows nothing of Airflow."""
    return subprocess.run(
        [REPO / "bin" / "airflow", *words],
        env=environment(room.settings),
        capture_output=True,
        text=True,
    )
