"""`weir topics`: create and check the declared topics, look at them, read along."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import islice

import orjson
import typer

from weir.cli.output import print_json, print_table
from weir.cli.terminal import message_line, message_object
from weir.errors import SettingError
from weir.kafka import admin, reader
from weir.kafka.declared import TopicDeclaration
from weir.kafka.offsets import first_offsets
from weir.kafka.record import Message
from weir.kafka.shapes import TopicShape
from weir.kafka.topics_here import topics_here
from weir.settings import load_settings

app = typer.Typer(no_args_is_help=True, help="Kafka topics, declared in include/topics.yaml.")


@dataclass(frozen=True, kw_only=True)
class TopicRow:
    """One line of `weir topics list`."""

    topic: str
    state: str
    partitions: int | None
    replication: int | None
    key: str | None
    readers: tuple[str, ...]


@app.command()
def apply(dry_run: bool = typer.Option(False, help="Only say what would be created")) -> None:
    """Create missing topics; an existing one that differs is an error that names the difference."""
    created = admin.apply(load_settings(), dry_run=dry_run)
    for topic in created:
        print(f"{'would create' if dry_run else 'created'} {topic}")
    if not created:
        print("nothing to create")


@app.command()
def check(json: bool = typer.Option(False, "--json", help="For scripts")) -> None:
    """Compare every topic with its declaration; exit code 4 names each difference."""
    settings = load_settings()
    if json:
        print_json([asdict(found) for found in admin.differences(settings)])
    admin.check(settings)
    if not json:
        print(f"{len(topics_here(load_settings()))} topics are as declared")


@app.command("list")
def list_topics(json: bool = typer.Option(False, "--json", help="For scripts")) -> None:
    """Declared topics and all others, with what Kafka has of them."""
    settings = load_settings()
    declared, actual = topics_here(settings), admin.fetch_actual(settings)
    names = sorted(declared.keys() | actual.keys())
    rows = [_row(name, declared.get(name), actual.get(name)) for name in names]
    if json:
        print_json([asdict(row) for row in rows])
        return
    print_table(
        ["topic", "state", "partitions", "replication", "key", "readers"],
        [
            (r.topic, r.state, r.partitions, r.replication, r.key, ", ".join(r.readers))
            for r in rows
        ],
    )


@app.command()
def describe(topic: str, json: bool = typer.Option(False, "--json", help="For scripts")) -> None:
    """One topic: what it holds, who writes and reads it, its settings, where it begins and ends."""
    settings = load_settings()
    declaration = topics_here(settings).get(topic)
    actual = admin.fetch_actual(settings, [topic]).get(topic)
    if actual is None:
        raise SettingError(f"topic {topic} does not exist", _hint_for_missing(declaration))
    first, end = first_offsets(settings, topic), reader.end_offsets(settings, topic)
    offsets = {number: [first[number], end[number]] for number in sorted(end)}
    declared_settings = declaration.config if declaration else {}
    config = {name: actual.config.get(name) for name in [*declared_settings, "min.insync.replicas"]}
    if json:
        print_json(
            {
                "topic": topic,
                "declaration": asdict(declaration) if declaration else None,
                "partitions": actual.partitions,
                "replication": actual.replication,
                "config": config,
                "offsets": offsets,
            }
        )
        return
    facts = [
        ("topic", topic),
        ("partitions", actual.partitions),
        ("replication", actual.replication),
    ]
    if declaration:
        facts += [
            ("key", declaration.key),
            ("value", declaration.value),
            ("writers", ", ".join(declaration.writers)),
            ("readers", ", ".join(declaration.readers)),
        ]
    print_table(["what", "is"], [*facts, *config.items()])
    print_table(["partition", "first offset", "next offset"], [(n, *o) for n, o in offsets.items()])


@app.command()
def tail(
    topic: str,
    from_beginning: bool = typer.Option(False, help="Start at the oldest kept message"),
    limit: int = typer.Option(0, min=0, help="End after so many messages; 0: go on for ever"),
    json: bool = typer.Option(False, "--json", help="One JSON object per line"),
) -> None:
    """Print committed messages as they come, from now on."""
    settings = load_settings()
    start = first_offsets if from_beginning else reader.end_offsets
    messages: Iterator[Message] = reader.follow(settings, topic, start(settings, topic))
    try:
        for message in islice(messages, limit or None):
            line = orjson.dumps(message_object(message)).decode() if json else message_line(message)
            print(line, flush=True)
    except KeyboardInterrupt:
        return


def _row(name: str, declared: TopicDeclaration | None, actual: TopicShape | None) -> TopicRow:
    return TopicRow(
        topic=name,
        state="not declared" if declared is None else "missing" if actual is None else "exists",
        partitions=actual.partitions if actual else None,
        replication=actual.replication if actual else None,
        key=declared.key if declared else None,
        readers=declared.readers if declared else (),
    )


def _hint_for_missing(declaration: TopicDeclaration | None) -> str:
    return "weir topics apply" if declaration else "weir topics list"
