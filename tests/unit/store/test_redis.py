"""How Weir talks to Redis: quickly, and without leaking the password."""

from __future__ import annotations

import pytest
import redis

from weir.errors import SettingError, Unavailable
from weir.store.redis import connect_redis, read_password, redis_errors_named


def test_a_client_tries_once_and_waits_for_seconds_only():
    """A person waits for /stats, a stream for its next batch: both go on without Redis."""
    client = connect_redis("redis://127.0.0.1:1/0", None)
    options = client.connection_pool.connection_kwargs
    assert options["retry"].get_retries() == 0
    assert 0 < options["socket_connect_timeout"] <= 1
    assert 0 < options["socket_timeout"] <= 5


def test_the_password_is_read_from_a_private_file(tmp_path):
    """Without the line end that editors add."""
    file = tmp_path / "redis.password"
    file.touch(mode=0o600)
    file.write_text("s3cret\n")
    assert read_password(file) == "s3cret"
    assert read_password(None) is None


def test_a_password_file_that_others_can_read_is_refused(tmp_path):
    """The message names the way out, and not the password."""
    file = tmp_path / "redis.password"
    file.write_text("s3cret")
    file.chmod(0o640)
    with pytest.raises(SettingError, match="chmod 600") as refused:
        read_password(file)
    assert "s3cret" not in str(refused.value)


def test_a_missing_password_file_is_named(tmp_path):
    """The platform was never started, or the path is wrong."""
    with pytest.raises(SettingError, match=r"none cannot be read.*\n.*weir up"):
        read_password(tmp_path / "none")


@pytest.mark.parametrize(
    "error",
    [
        redis.ConnectionError("refused"),
        redis.TimeoutError("slow"),
        redis.exceptions.BusyLoadingError("loading"),
        redis.exceptions.OutOfMemoryError("OOM"),
        redis.ReadOnlyError("replica"),
    ],
)
def test_every_way_to_be_away_is_unavailable(error):
    """Whoever uses the cache goes on without it, whatever the reason is."""
    with pytest.raises(Unavailable, match="Redis does not answer"), redis_errors_named():
        raise error
