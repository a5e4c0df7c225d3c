"""The Streams page inside the real Airflow, over a real cluster."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, FrameLocator, Page, expect

from tests.browser.conftest import PATIENCE_MS, log_in
from tests.faults.rig import STREAM
from tests.faults.step2.room import Room
from tests.support.airflow_rest import AirflowRest
from weir.ops.audit import fetch_deeds
from weir.store.postgres import connect


@pytest.fixture
def viewer(control_room: Room) -> AirflowRest:
    return AirflowRest(control_room.settings, "viewer")


@pytest.fixture
def viewers_page(chromium: Browser, viewer: AirflowRest) -> Iterator[Page]:
    """A page of somebody who has logged in as viewer."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    log_in(page, viewer.address, viewer.login)
    yield page
    context.close()


def open_stream(page: Page, room: Room) -> FrameLocator:
    """From Airflow's own navigation to the stream."""
    page.goto(room.airflow.address)
    page.get_by_role("link", name="Streams").first.click()
    frame = page.frame_locator("iframe")
    frame.get_by_role("table", name="Streams").get_by_role("link", name=STREAM).click()
    expect(frame.get_by_role("heading", name=STREAM, exact=True)).to_be_visible()
    return frame


def order(frame: FrameLocator, verb: str) -> None:
    frame.get_by_role("button", name=verb, exact=True).click()
    dialog = frame.get_by_role("dialog")
    dialog.get_by_role("button", name=verb, exact=True).click()
    expect(dialog).to_be_hidden()


def ask(rest: AirflowRest, method: str, path: str, body: object = None) -> int:
    """The status of one request to the page's API."""
    return httpx.request(
        method,
        f"{rest.address}/weir/streams/api/streams/{STREAM}{path}",
        json=body,
        headers={"Authorization": f"Bearer {rest.token()}"},
        timeout=60,
    ).status_code


def test_the_buttons_drain_and_start_the_stream_on_the_cluster(page, control_room):
    """The page is the shortest way for somebody who is called at night."""
    control_room.settled()
    frame = open_stream(page, control_room)
    order(frame, "Drain")
    control_room.until(lambda view: view.parked)
    expect(frame.locator(".title .pill")).to_have_text("parked")
    order(frame, "Start")
    control_room.settled()
    expect(frame.locator(".title .pill")).to_have_text("running")
    with connect(control_room.settings.dsn_file, application_name="test") as connection:
        deeds = [deed for deed in fetch_deeds(connection, STREAM) if deed.via == "page"]
    assert [(deed.who, deed.action) for deed in deeds[:2]] == [
        ("admin", "stream.start"),
        ("admin", "stream.drain"),
    ]


def test_the_address_of_a_stream_can_be_kept(page, control_room):
    """A link in a chat message must lead to the stream, not to a list."""
    open_stream(page, control_room)
    kept = page.url
    page.goto(control_room.airflow.address)
    page.goto(kept)
    heading = page.frame_locator("iframe").get_by_role("heading", name=STREAM, exact=True)
    expect(heading).to_be_visible()


def test_a_viewer_looks_and_changes_nothing(viewers_page, viewer, control_room):
    """On the page and behind it."""
    before = control_room.settled().sight.epoch
    frame = open_stream(viewers_page, control_room)
    expect(frame.get_by_text("You may look at this stream, not change it.")).to_be_visible()
    assert frame.locator(".verb").count() == 0
    assert ask(viewer, "GET", "") == 200
    confirmed = {"confirm": STREAM}
    answers = [ask(viewer, "POST", f"/{verb}", confirmed) for verb in ("start", "drain", "stop")]
    assert answers == [403, 403, 403]
    assert control_room.settled().sight.epoch == before


def test_a_stranger_sees_nothing(control_room):
    """Neither the pages nor what they read."""
    address = f"{control_room.airflow.address}/weir/streams"
    for path in ("/", f"/{STREAM}", "/api/streams", f"/api/streams/{STREAM}"):
        assert httpx.get(address + path, timeout=60).status_code == 401
