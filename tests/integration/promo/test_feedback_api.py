"""`POST /promo/feedback` over a real PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.support.promo_rows import Past
from weir.serving.api import create_app
from weir.serving.parts import build_parts
from weir.settings import Settings
from weir.store.postgres import connect

pytestmark = pytest.mark.platform

HOUR = 1_800_000_000
Post = Callable[..., Any]


def client_of(settings: Settings, token_file: Path, **changed: object) -> TestClient:
    """Not entered: the watch of Kafka is none of this endpoint's business, nor is Redis."""
    own = {"promo_token_file": token_file, "redis_url": "redis://127.0.0.1:1/0"}
    return TestClient(create_app(build_parts(settings.model_copy(update=own | changed))))


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.touch(mode=0o600)
    path.write_text("canary-token\n")
    return path


@pytest.fixture
def api(platform: Settings, token_file: Path) -> TestClient:
    return client_of(platform, token_file)


@pytest.fixture
def past(platform: Settings) -> Iterator[Past]:
    """A campaign of which client `a` was notified."""
    with connect(platform.dsn_file, application_name="test") as connection:
        found = Past(connection)
        found.received()
        found.sealed(["a"], at=HOUR)
        yield found


@pytest.fixture
def post(api: TestClient, past: Past) -> Post:
    def send(token: str | None = "canary-token", **changed: object) -> Any:
        body = {"adv_campaign_id": past.campaign, "client_id": "a", "feedback": "yes"}
        headers = {"Content-Type": "application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        content = json.dumps(body | changed)  # half a character travels as an escape
        return api.post("/promo/feedback", content=content, headers=headers)

    return send


def test_an_answer_is_written_into_the_row_and_the_same_again_changes_nothing(post, past):
    """A sender that got no reply sends again."""
    assert post().json() == {"outcome": "set", "feedback": "yes"}
    assert post().json() == {"outcome": "same", "feedback": "yes"}
    assert past.feedback_of("a") == "yes"


@pytest.mark.parametrize("token", [None, "", "canary", "canary-token2", "кот"])
def test_without_the_token_nothing_is_written(post, past, token):
    """Anybody could answer for anybody."""
    answer = post(token=token.encode() if token == "кот" else token)
    assert answer.status_code == 401
    assert "canary" not in answer.text
    assert past.feedback_of("a") is None


def test_a_new_token_counts_at_once(post, token_file):
    """A token that leaked is replaced without a restart."""
    token_file.write_text("another")
    assert post().status_code == 401
    assert post(token="another").status_code == 200


@pytest.mark.parametrize("spoil", ["missing", "readable", "empty"])
def test_a_token_file_that_cannot_be_trusted_lets_nobody_in(post, past, token_file, spoil):
    """An empty token would equal no token."""
    if spoil == "missing":
        token_file.unlink()
    elif spoil == "readable":
        token_file.chmod(0o644)
    else:
        token_file.write_text("")
    assert post().status_code == 503
    assert post(token="").status_code == 503
    assert past.feedback_of("a") is None


def test_who_was_not_notified_cannot_answer(post):
    """Answers must not invent notifications."""
    assert post(client_id="nobody").status_code == 404


@pytest.mark.parametrize(
    "changed",
    [
        {"feedback": ""},
        {"feedback": " "},
        {"feedback": "a\x00b"},
        {"feedback": "\ud800"},
        {"feedback": "x" * 4001},
        {"feedback": None},
        {"client_id": "a\x00"},
        {"adv_campaign_id": "x" * 101},
        {"answer": "yes"},
        {"\ud800": "yes"},
    ],
    ids=lambda changed: repr(changed)[:30],
)
def test_a_body_that_no_row_can_hold_is_the_callers_mistake(post, past, changed):
    """422 with words, never 500."""
    assert post(**changed).status_code == 422
    assert past.feedback_of("a") is None


def test_a_postgres_that_is_away_is_said_and_worth_another_try(
    platform: Settings, token_file: Path, tmp_path: Path
):
    """503, and the answer is not taken for written."""
    dsn_file = tmp_path / "nowhere.dsn"
    dsn_file.touch(mode=0o600)
    dsn_file.write_text("host=127.0.0.1 port=1 user=nobody dbname=none")
    answer = client_of(platform, token_file, postgres_dsn_file=dsn_file).post(
        "/promo/feedback",
        json={"adv_campaign_id": "c", "client_id": "a", "feedback": "yes"},
        headers={"Authorization": "Bearer canary-token"},
    )
    assert answer.status_code == 503
    assert "PostgreSQL" in answer.json()["what"]


def test_answers_are_counted_by_their_outcome(api: TestClient, post: Post):
    """Many unknown ones mean that a sender mixes up ids."""
    for client in ("a", "a", "nobody"):
        post(client_id=client)
    lines = [line for line in api.get("/metrics").text.splitlines() if "answers_total{" in line]
    assert lines == [
        f'weir_promo_answers_total{{outcome="{outcome}"}} 1.0'
        for outcome in ("set", "same", "unknown")
    ]
