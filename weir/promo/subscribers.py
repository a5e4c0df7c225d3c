"""Who wants to hear of which restaurant: `public.subscribers_restaurants`."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import psycopg

from weir.errors import SettingError

Pg = psycopg.Connection[Any]

COLUMNS: Final = ("client_id", "restaurant_id")
LONGEST_CHARS: Final = 255

STAGE: Final = (
    "create temp table incoming (client_id text not null, restaurant_id text not null)"
    " on commit drop"
)
# The given table allows doubles; an import adds none.
MERGE: Final = """
    insert into public.subscribers_restaurants (client_id, restaurant_id)
    select distinct client_id, restaurant_id from incoming
    where not exists (
      select from public.subscribers_restaurants known
      where known.restaurant_id = incoming.restaurant_id and known.client_id = incoming.client_id)
"""
BY_RESTAURANT: Final = """
    select restaurant_id, count(distinct client_id), count(*) from public.subscribers_restaurants
    group by 1 order by 2 desc, 1 limit %s
"""
OF_RESTAURANT: Final = """
    select client_id, count(*) from public.subscribers_restaurants
    where restaurant_id = %s group by 1 order by 1 limit %s
"""


class Subscriber(NamedTuple):
    """One row of the file."""

    client_id: str
    restaurant_id: str


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What an import did: rows of the file, and how many of them were new."""

    rows: int
    added: int


def parse_subscribers(lines: Iterable[str]) -> Iterator[Subscriber]:
    """Rows of a CSV with a head line `client_id,restaurant_id`. Raises SettingError by line."""
    reader = csv.reader(lines, strict=True)
    try:
        head = [name.strip().lower() for name in next(reader, [])]
        if sorted(head) != sorted(COLUMNS):
            raise SettingError(
                f"the first line is {','.join(head) or 'empty'}", f"write {','.join(COLUMNS)}"
            )
        places = [head.index(name) for name in COLUMNS]
        for row in reader:
            if not row:
                continue
            if len(row) != len(COLUMNS):
                raise _refusal(reader.line_num, f"{len(row)} columns")
            client, restaurant = (row[place].strip() for place in places)
            for name, text in zip(COLUMNS, (client, restaurant), strict=True):
                if not 0 < len(text) <= LONGEST_CHARS or "\x00" in text:
                    raise _refusal(reader.line_num, f"{name} is empty, too long or holds a NUL")
            yield Subscriber(client, restaurant)
    except csv.Error as error:
        raise _refusal(reader.line_num, str(error)) from error


def import_subscribers(
    connection: Pg, subscribers: Iterable[Subscriber], *, dry_run: bool = False
) -> Imported:
    """Add those who are not there yet, all or none, in bounded memory.

    Importing a file twice equals importing it once.
    """
    rows = 0
    with connection.transaction(force_rollback=dry_run), connection.cursor() as cursor:
        cursor.execute(STAGE)
        with cursor.copy("copy incoming (client_id, restaurant_id) from stdin") as copy:
            for subscriber in subscribers:
                copy.write_row(subscriber)
                rows += 1
        cursor.execute(MERGE)
        return Imported(rows=rows, added=cursor.rowcount)


def list_restaurants(connection: Pg, *, limit: int = 50) -> list[tuple[str, int, int]]:
    """Restaurant, clients and subscriptions; the most clients first."""
    return connection.execute(BY_RESTAURANT, [limit]).fetchall()


def list_subscribers(connection: Pg, restaurant: str, *, limit: int = 50) -> list[tuple[str, int]]:
    """The clients of one restaurant, and how often each subscribed."""
    return connection.execute(OF_RESTAURANT, [restaurant, limit]).fetchall()


def _refusal(line: int, why: str) -> SettingError:
    return SettingError(f"line {line}: {why}", "nothing was imported")
