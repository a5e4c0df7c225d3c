"""The Streams page in a browser, over a made-up room: how it looks and what it lets people do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.page_server import WHO, application, served
from tests.support.room_past import SceneRoom, order
from tests.support.room_scenes import SCENE, WELL

STREAM = WELL.stream
PAGES = ["/weir/streams/", *(f"/weir/streams/{card.stream}" for card in SCENE)]


@pytest.fixture
def ordered() -> list[tuple[str, str, str]]:
    """What was ordered through the page."""
    return []


@pytest.fixture
def room() -> SceneRoom:
    return SceneRoom()


@pytest.fixture
def address(room, ordered) -> Iterator[str]:
    def take(stream, verb, who):
        ordered.append((stream, verb.value, who))
        return order(7, verb, "drained")

    with served(application(room, take)) as address:
        yield address


@pytest.fixture
def open_as(chromium: Browser, address: str) -> Iterator[object]:
    """Open a page of the server as somebody; faults of its scripts fail the test."""
    contexts, faults = [], []

    def open_as(who: str, path: str, *, width: int = 1280, theme: str = "light") -> Page:
        size = {"width": width, "height": 900}
        context = chromium.new_context(viewport=size, color_scheme=theme, reduced_motion="reduce")
        contexts.append(context)
        context.add_cookies([{"name": WHO, "value": who, "url": address}])
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
        page.goto(address + path)
        return page

    yield open_as
    for context in contexts:
        context.close()
    assert faults == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 768, 1280])
def test_every_page_fits_its_window(open_as, address, width, theme):
    """A page that scrolls sideways hides what matters."""
    page = open_as("admin", PAGES[0], width=width, theme=theme)
    for path in PAGES:
        page.goto(address + path)
        expect(page.locator("h1")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_each_stream_shows_its_state_and_what_to_do_next(open_as):
    """Words, not colours, tell what is wrong."""
    page = open_as("viewer", "/weir/streams/")
    for card in SCENE:
        row = page.locator(".streams article", has_text=card.stream)
        expect(row.locator(".pill")).to_have_text(card.state.replace("_", " "))
        if card.level in ("warn", "bad"):
            expect(row).to_contain_text(card.words)
            expect(row).to_contain_text(card.advice)


def test_sample_data_says_that_it_is_sample_data(open_as):
    """Nobody shall take made-up numbers for real ones."""
    page = open_as("viewer", "/weir/streams/")
    expect(page.locator("article", has_text=STREAM)).to_contain_text("sample data")
    expect(page.locator("article", has_text="promo_join")).not_to_contain_text("sample data")


def test_an_order_is_given_only_after_it_was_confirmed(open_as, ordered):
    """A slip of the finger stops no stream."""
    page = open_as("admin", f"/weir/streams/{STREAM}")
    page.get_by_role("button", name="Drain").click()
    expect(page.get_by_role("dialog")).to_contain_text(f"Drain {STREAM}?")
    page.get_by_role("button", name="Cancel").click()
    assert ordered == []
    page.get_by_role("button", name="Drain").click()
    page.get_by_role("dialog").get_by_role("button", name="Drain").click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert ordered == [(STREAM, "drain", "admin")]


def test_an_order_under_way_is_shown(open_as, room):
    """Somebody else may have given it, by another door."""
    room.draining(STREAM)
    page = open_as("viewer", f"/weir/streams/{STREAM}")
    expect(page.get_by_text("Drain under way")).to_be_visible()


def test_a_viewer_is_offered_no_button(open_as):
    """What is refused anyway is not offered."""
    page = open_as("viewer", f"/weir/streams/{STREAM}")
    expect(page.get_by_text("You may look at this stream, not change it.")).to_be_visible()
    assert page.locator(".verb").count() == 0


def test_a_button_that_would_change_nothing_says_why(open_as):
    """A grey button without a reason is a riddle."""
    page = open_as("admin", f"/weir/streams/{STREAM}")
    expect(page.get_by_role("button", name="Start")).to_be_disabled()
    why = page.get_by_role("button", name="Start").get_attribute("title")
    assert why == "It is wanted, and a driver works."


def test_text_from_outside_stays_text(open_as, room):
    """A reason may quote a message, and a message may hold anything."""
    evil = "<img src=x onerror=document.title='taken'>"
    room.cards[STREAM] = replace(WELL, level="bad", state="failed", words=evil)
    page = open_as("admin", f"/weir/streams/{STREAM}")
    expect(page.get_by_text(evil)).to_be_visible()
    assert page.title() == f"{STREAM} · Weir"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_inside_airflow_the_page_wears_airflows_theme(open_as, theme):
    """Whatever the machine prefers."""
    other = {"light": "dark", "dark": "light"}[theme]
    page = open_as("admin", f"/around/{theme}/weir/streams/", theme=other)
    html = page.frame_locator("iframe").locator("html")
    expect(html).to_have_attribute("data-theme", theme)
    page.evaluate(f"document.documentElement.className = '{other}'")
    expect(html).to_have_attribute("data-theme", other)


def test_a_link_to_the_driver_opens_from_within_airflows_frame(open_as):
    """The frame itself may open no window."""
    page = open_as("admin", f"/around/light/weir/streams/{STREAM}")
    with page.context.expect_page() as opened:
        page.frame_locator("iframe").get_by_role("link", name="Spark UI").click()
    expect(opened.value.locator("h1")).to_have_text(f"spark-ui of {STREAM}")
