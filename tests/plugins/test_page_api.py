"""Who sees and who changes what on the Streams page, asked of its API."""

from __future__ import annotations

import threading

import pytest
from fastapi.testclient import TestClient

from stream_ops.page.app import PREFIX
from tests.support.page_server import WHO, application
from tests.support.room_past import SceneRoom, order
from weir.errors import Unavailable
from weir.ops.operations import Verb

STREAM = "wikimedia_domain_counts"


class Orders:
    """Remembers what was ordered; may be slow, may refuse."""

    def __init__(self) -> None:
        self.given: list[tuple[str, Verb, str]] = []
        self.may_end = threading.Event()
        self.may_end.set()
        self.refusal: Exception | None = None

    def __call__(self, stream: str, verb: Verb, who: str):
        self.given.append((stream, verb, who))
        self.may_end.wait(10)
        if self.refusal:
            raise self.refusal
        return order(7, verb, "drained")


@pytest.fixture
def orders():
    orders = Orders()
    yield orders
    orders.may_end.set()


@pytest.fixture
def ask(orders):
    """Ask as somebody; without a name as a stranger."""
    with TestClient(application(SceneRoom(), orders), follow_redirects=False) as client:

        def ask(method: str, path: str, who: str | None = None, **more: object):
            client.cookies.clear()
            if who:
                client.cookies.set(WHO, who)
            return client.request(method, PREFIX + path, **more)

        yield ask


def drain(ask, who: str | None, confirm: str = STREAM):
    return ask("POST", f"/api/streams/{STREAM}/drain", who, json={"confirm": confirm})


@pytest.mark.parametrize("path", ["/api/streams", f"/api/streams/{STREAM}", "/", f"/{STREAM}"])
def test_a_stranger_sees_nothing(ask, path):
    """The page names hosts, offsets and people."""
    assert ask("GET", path).status_code == 401


def test_a_stranger_with_a_browser_is_sent_to_the_login(ask):
    """A bookmark must lead somewhere."""
    answer = ask("GET", "/", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["location"]) == (
        302,
        f"/auth/login?next={PREFIX}/",
    )


def test_a_stranger_changes_nothing(ask, orders):
    """The API is open to more than its page."""
    assert (drain(ask, None).status_code, orders.given) == (401, [])


def test_a_viewer_sees_every_stream_and_may_change_none(ask):
    """Read-only means that the page offers nothing else."""
    rows = ask("GET", "/api/streams", "viewer").json()["streams"]
    assert len(rows) == 6
    assert {row["may_change"] for row in rows} == {False}


def test_a_viewer_who_calls_the_api_changes_nothing(ask, orders):
    """A hidden button is no protection."""
    assert (drain(ask, "viewer").status_code, orders.given) == (403, [])


def test_an_order_of_an_admin_is_carried_out_in_the_admins_name(ask, orders):
    """The audit trail needs the person, not the process."""
    answer = drain(ask, "admin")
    assert answer.json() == {"verb": "drain", "state": "done", "outcome": "drained"}
    assert orders.given == [(STREAM, Verb.DRAIN, "admin")]


def test_a_long_order_is_answered_before_it_ends(ask, orders):
    """A drain takes as long as a batch; a browser must not wait for it."""
    orders.may_end.clear()
    assert drain(ask, "admin").json() == {"verb": "drain", "state": "open", "outcome": None}


def test_an_order_that_cannot_be_carried_out_is_answered_in_words(ask, orders):
    """Spark away is not the person's fault."""
    orders.refusal = Unavailable("the Spark master does not answer", "weir status")
    answer = drain(ask, "admin")
    assert (answer.status_code, answer.json()["detail"]) == (
        503,
        {"what": "the Spark master does not answer", "hint": "weir status"},
    )


def test_an_order_confirmed_for_another_stream_is_refused(ask, orders):
    """Two tabs are open, and the wrong one has the focus."""
    assert (drain(ask, "admin", confirm="promo_join").status_code, orders.given) == (409, [])


def test_a_form_of_another_page_gives_no_order(ask, orders):
    """A form may be sent across pages without asking; JSON may not."""
    body = f'{{"confirm": "{STREAM}"}}'
    path = f"/api/streams/{STREAM}/drain"
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        answer = ask("POST", path, "admin", content=body, headers={"Content-Type": kind})
        assert answer.status_code == 422
    assert orders.given == []


@pytest.mark.parametrize("path", ["/api/streams/nothing", "/nothing"])
def test_a_stream_that_is_not_declared_is_not_found(ask, path):
    """A misspelt address says so."""
    assert ask("GET", path, "admin").status_code == 404


def test_an_unknown_verb_or_span_is_refused(ask, orders):
    """Wrong words end before anything is done."""
    asked = [
        ask("POST", f"/api/streams/{STREAM}/explode", "admin", json={"confirm": STREAM}),
        ask("GET", f"/api/streams/{STREAM}?span=1y", "admin"),
    ]
    assert [answer.status_code for answer in asked] == [422, 422]
    assert orders.given == []


def test_the_pages_load_nothing_from_elsewhere(ask):
    """A control room works without the internet, and shows no foreign script."""
    for path in ("/", f"/{STREAM}"):
        answer = ask("GET", path, "viewer")
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "frame-ancestors 'self'" in answer.headers["content-security-policy"]
        assert "://" not in answer.text
