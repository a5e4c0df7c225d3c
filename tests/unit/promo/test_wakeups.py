"""Wake-ups on their topic: what is written is read, and what is none is seen."""

from __future__ import annotations

import pytest

from weir.contracts.campaign import LIMITS
from weir.promo.subscriptions import USABLE
from weir.promo.wakeups import (
    MAX_CLIENT_BYTES,
    MAX_CLIENTS,
    CampaignWake,
    SubscriberWake,
    Wake,
    parse_wake,
    wake_json,
    wake_key,
    wakes_of,
)


@pytest.mark.parametrize(
    ("wake", "key"),
    [
        (CampaignWake(campaign="c"), b"c"),
        (CampaignWake(campaign="c", again=True), b"c"),
        (SubscriberWake(restaurant="r", clients=("a", "b")), b"r"),
    ],
)
def test_a_wake_up_is_read_as_it_was_written(wake: Wake, key: bytes) -> None:
    """Writer and reader are two processes, perhaps of two versions."""
    assert (parse_wake(wake_json(wake)), wake_key(wake)) == (wake, key)


@pytest.mark.parametrize(
    "value",
    [
        *(None, b"", b"{", b"null", b"[]", b"{}", b'{"adv_campaign_id": 1}'),
        *(b'{"adv_campaign_id": ""}', b'{"adv_campaign_id": "\\u0000"}'),
        *(b'{"restaurant_id": "r"}', b'{"restaurant_id": "r", "client_ids": [1]}'),
        b'{"restaurant_id": "r", "client_ids": ["a\\u0000"]}',
        b'{"restaurant_id": "r", "client_ids": [' + b",".join([b'"a"'] * (MAX_CLIENTS + 1)) + b"]}",
    ],
)
def test_what_is_no_wake_up_is_seen(value: bytes | None) -> None:
    """It becomes a dead letter; an exception would be read again after every restart."""
    assert parse_wake(value) is None


def test_many_new_clients_take_many_records() -> None:
    """An import of a million subscribers must not make one message."""
    clients = [f"c{n}" for n in range(2 * MAX_CLIENTS + 1)]
    found = wakes_of("r", clients)
    assert [len(wake.clients) for wake in found] == [MAX_CLIENTS, MAX_CLIENTS, 1]
    assert [client for wake in found for client in wake.clients] == clients


@pytest.mark.parametrize("letter", ["x", "я", "\x01", '"'])
def test_a_record_of_long_ids_is_never_too_long_to_be_read(letter: str) -> None:
    """The stream leaves the value of an oversized message unread: its subscribers would be lost."""
    long = letter * (MAX_CLIENT_BYTES // len(letter.encode()) - 4)
    clients = [f"{n:04}{long}" for n in range(1000)]
    found = wakes_of("r", clients)
    assert [client for wake in found for client in wake.clients] == clients
    assert max(len(wake_json(wake)) for wake in found) < LIMITS.value_bytes // 2
    assert all(parse_wake(wake_json(wake)) == wake for wake in found)


def test_ids_that_no_batch_would_read_are_not_told() -> None:
    """One of ten megabytes would be too large for the topic: the service would end, for ever."""
    clients = ["", "a", "x" * MAX_CLIENT_BYTES, "x" * (MAX_CLIENT_BYTES + 1), "z"]
    assert [len(c) for wake in wakes_of("r", clients) for c in wake.clients] == [1, 1000, 1]
    assert wakes_of("r" * 1001, ["a"]) == wakes_of("r", ["", "x" * 2000]) == []
    assert f"between 1 and {MAX_CLIENT_BYTES}" in USABLE
