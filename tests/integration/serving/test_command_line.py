"""`weir serve api` and `weir wikimedia ...` as a person runs them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import httpx
import pytest

from tests.support.eventually import eventually
from tests.support.platform import environment, free_port_base
from weir.ports import Port
from weir.settings import REPO

pytestmark = pytest.mark.platform


@pytest.fixture
def outside(settings):
    """Environment of a shell that uses these stores, with ports of its own for the API."""
    base = free_port_base()
    return environment(settings) | {
        "WEIR_PORT_BASE": str(base),
        "WEIR_POSTGRES_DSN_FILE": str(settings.dsn_file),
        "WEIR_REDIS_URL": settings.redis_url,
        "WEIR_KAFKA_BOOTSTRAP": settings.bootstrap,
        "WEIR_WIKIMEDIA_TOPIC": settings.wikimedia_topic,
        "WEIR_DASHBOARD_SECONDS": "0.2",
        "PYTHONPATH": str(REPO),
    }


def command(*words):
    return [sys.executable, "-m", "weir.cli", *words]


def weir(outside, *words):
    return subprocess.run(command(*words), env=outside, capture_output=True, text=True, timeout=60)


@pytest.fixture
def api(outside):
    process = subprocess.Popen(command("serve", "api"), env=outside)
    url = f"http://127.0.0.1:{int(outside['WEIR_PORT_BASE']) + Port.API}"
    try:
        eventually(lambda: answers(f"{url}/healthz"), bool)
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def answers(url):
    try:
        return httpx.get(url).is_success
    except httpx.HTTPError:
        return False


def test_stats_as_json_is_the_answer_of_the_api(api, counted, outside):
    """Scripts use it."""
    done = weir(outside, "wikimedia", "stats", "--json", "--limit", "1", "--bots", "exclude")
    answer = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert answer["schema_version"] == 1
    assert [(d["domain"], d["edits"]) for d in answer["domains"]] == [("fr.wikipedia.org", 3)]
    assert answer["totals"]["edits"] == 4


def test_stats_for_people_is_a_table(api, counted, outside):
    """The first look."""
    done = weir(outside, "wikimedia", "stats")
    assert "sample data, as of" in done.stdout
    row = next(line for line in done.stdout.splitlines() if line.startswith("de.wiki"))
    assert row.split()[:4] == ["de.wikipedia.org", "14", "13", "15"]


def test_without_the_api_stats_says_where_it_looked(outside):
    """And ends with the exit code of a service that is away."""
    done = weir(outside, "wikimedia", "stats")
    assert done.returncode == 3
    assert "the API does not answer at http://127.0.0.1:" in done.stderr
    assert "-> weir status" in done.stderr


def test_the_dashboard_ends_by_itself_and_shows_the_counts(api, counted, outside):
    """--for makes it usable in a script."""
    done = weir(outside, "wikimedia", "dashboard", "--for", "1s")
    assert done.returncode == 0, done.stderr
    assert "SAMPLE DATA" in done.stdout
    assert "de.wikipedia.org" in done.stdout


def test_metrics_are_on_their_own_port_too(api, outside):
    """Port 8001 is where people look for them."""
    url = f"http://127.0.0.1:{int(outside['WEIR_PORT_BASE']) + Port.METRICS}/metrics"
    assert 'weir_service_up{service="redis"} 1.0' in httpx.get(url).text


def test_the_api_ends_at_sigterm(api):
    """A supervisor must not need kill -9."""
    api.send_signal(signal.SIGTERM)
    assert api.wait(timeout=15) in (0, -signal.SIGTERM)


def test_a_port_in_use_is_named(api, outside):
    """The second API on one port base."""
    done = weir(outside, "serve", "api")
    assert done.returncode == 2
    assert "(metrics) cannot be opened" in done.stderr
    assert "WEIR_PORT_BASE" in done.stderr


def test_rebuild_cache_says_what_is_wrong_and_repairs_it(counted, server, outside):
    """Somebody changed a number in Redis by hand."""
    server.client().hset("weir:wikimedia:totals", "de.wikipedia.org", "1,1,1")
    look = weir(outside, "wikimedia", "rebuild-cache", "--dry-run")
    assert "1 domains are wrong, first de.wikipedia.org" in look.stdout
    assert server.client().hget("weir:wikimedia:totals", "de.wikipedia.org") == "1,1,1"
    done = weir(outside, "wikimedia", "rebuild-cache")
    assert done.returncode == 0, done.stderr
    assert server.client().hget("weir:wikimedia:totals", "de.wikipedia.org") == "15,14,13"
    assert "now:    equal to PostgreSQL, 2 domains" in done.stdout
