"""`weir streams`: what is declared, what runs, and the verbs that change it."""

from __future__ import annotations

import getpass
from dataclasses import asdict

import typer

from weir.cli.output import print_json, print_table
from weir.cli.terminal import printable
from weir.errors import SettingError
from weir.ops import verbs
from weir.ops.audit import fetch_deeds
from weir.ops.health import in_words
from weir.ops.health_reads import Report, fetch_reports_once, fields_of
from weir.ops.inputs import order_new_input
from weir.ops.lease import Pg
from weir.ops.observed import Observed, fetch_state
from weir.ops.operations import Operation, Verb, fetch_recent
from weir.ops.streams import find_stream, load_streams
from weir.ops.trials import fetch_trials
from weir.promo.republish import UpTo, published_up_to, take_as_published
from weir.settings import Settings, load_settings
from weir.store.postgres import connect

app = typer.Typer(no_args_is_help=True, help="Streams, declared in include/streams.yaml.")

DRY_RUN = typer.Option(False, "--dry-run", help="Only say what would be done")
AS_JSON = typer.Option(False, "--json", help="For scripts")
NAME = typer.Argument(help="Stream")
SHOWN_DEEDS = 10


@app.command("list")
def list_streams(json: bool = AS_JSON) -> None:
    """Every declared stream, what is wanted of it and what it does."""
    settings = load_settings()
    with connect(settings.dsn_file, application_name="weir-cli") as connection:
        reports = fetch_reports_once(settings, connection, load_streams().values())
    if json:
        print_json([fields_of(report) for report in reports])
        return
    columns = ["stream", "desired", "observed", "health", "epoch", "lag", "oldest", "last batch"]
    print_table([*columns, "heartbeat", "restarts", "reason"], [_line(r) for r in reports])


def _line(report: Report) -> tuple[object, ...]:
    s, batch = report.state, report.state.last_batch
    return (
        *(s.stream, s.desired, s.observed, report.health.value, s.epoch, s.lag_messages),
        in_words(s.lag_seconds) if s.lag_seconds else None,
        f"{batch['rows']} rows at {batch['ended_at'][11:19]}" if batch else None,
        None if s.heartbeat_seconds is None else f"{s.heartbeat_seconds} s ago",
        *(s.restarts, s.reason),
    )


@app.command()
def show(name: str = NAME, json: bool = AS_JSON) -> None:
    """One stream: state, what to do, declaration, its last operations and deeds."""
    settings, spec = load_settings(), find_stream(name)
    with connect(settings.dsn_file, application_name="weir-cli") as connection:
        (report,) = fetch_reports_once(settings, connection, [spec])
        operations = fetch_recent(connection, name, SHOWN_DEEDS)
        deeds = fetch_deeds(connection, name, SHOWN_DEEDS)
        trials = [trial for trial in fetch_trials(connection, name) if trial.is_trouble]
    declaration = spec.model_dump(mode="json", by_alias=True)
    if json:
        body: dict[str, object] = {"state": fields_of(report), "declaration": declaration}
        body["operations"] = [asdict(operation) for operation in operations]
        body["audit"] = [asdict(deed) for deed in deeds]
        body["failing"] = [asdict(trial) for trial in trials]
        print_json(body)
        return
    print_table(["state", ""], list(asdict(report.state).items()))
    print_table(
        ["health", "because", "next step"],
        [(f.health.value, f.words, f.next_step) for f in report.findings],
    )
    if trials:
        print_table(
            ["failing", "tries", "a part", "since", "begins", "ends", "error"],
            [
                (
                    *(t.query, t.attempts, t.bisecting, f"{t.first_seen:%F %T}"),
                    *(t.begins, t.ends, printable(t.last_error)),
                )
                for t in trials
            ],
        )
    print_table(["declaration", ""], list(declaration.items()))
    print_table(
        ["operation", "verb", "state", "step", "outcome", "since"],
        [(o.id, o.verb, o.state, o.step, o.outcome, f"{o.started_at:%F %T}") for o in operations],
    )
    print_table(
        ["at", "who", "via", "action", "details"],
        [(f"{d.at:%F %T}", d.who, d.via, d.action, d.details) for d in deeds],
    )


@app.command()
def start(
    name: str = NAME,
    dry_run: bool = DRY_RUN,
    json: bool = AS_JSON,
    assume_published: str = typer.Option(
        "",
        metavar="SEQ[/CHUNK]",
        help="When its progress is lost: readers have everything up to this batch (or its chunk)",
    ),
    republish_from: str = typer.Option(
        "",
        metavar="SEQ[/CHUNK]",
        help="When its progress is lost: readers get this batch (or from its chunk on) and all"
        " later ones again",
    ),
    new_input: bool = typer.Option(
        False,
        "--new-input",
        help="When its topic was made anew or is on another cluster: begin it at its first kept"
        " message",
    ),
) -> None:
    """Want it to run, and submit a driver unless one works."""
    words = "want it to run, and submit a driver unless one works"
    if new_input:
        words += "; a topic that is another one than before is begun at its first kept message"
        if not dry_run:
            _order_new_input(name)
    published = published_up_to(assume_published, republish_from)
    if published is not None:
        chunk = "" if published.chunk is None else f", chunk {published.chunk}"
        words += (
            f"; all up to batch {published.seq}{chunk} counts as published, the rest is published"
        )
        if not dry_run:
            _order_published(name, published)
    _order(name, Verb.START, dry_run, json, words)


def _order_new_input(name: str) -> None:
    settings = load_settings()
    with connect(settings.dsn_file, application_name="weir-cli") as connection:
        _refuse_at_work(settings, connection, name, "looks which topic it has")
        order_new_input(connection, name, who=_who(), via="cli")


def _order_published(name: str, published: UpTo) -> None:
    settings = load_settings()
    with connect(settings.dsn_file, application_name="weir-cli") as connection:
        _refuse_at_work(settings, connection, name, "reads its markers")
        take_as_published(connection, name, published, who=_who(), via="cli")


def _refuse_at_work(settings: Settings, connection: Pg, name: str, what: str) -> None:
    if fetch_state(settings, connection, find_stream(name)).observed != Observed.PARKED:
        raise SettingError(
            f"{name} is at work, and it {what} only when it starts", f"weir streams drain {name}"
        )


@app.command()
def drain(name: str = NAME, dry_run: bool = DRY_RUN, json: bool = AS_JSON) -> None:
    """Stop between two batches and stay parked until `start`."""
    _order(name, Verb.DRAIN, dry_run, json, "ask it to stop between two batches")


@app.command()
def stop(name: str = NAME, dry_run: bool = DRY_RUN, json: bool = AS_JSON) -> None:
    """Drain; if that takes longer than 15 s, kill the driver (its batch is replayed later)."""
    _order(name, Verb.STOP, dry_run, json, "drain it, or kill its driver after 15 s")


def _order(name: str, verb: Verb, dry_run: bool, json: bool, words: str) -> None:
    settings, spec = load_settings(), find_stream(name)
    if dry_run:
        with connect(settings.dsn_file, application_name="weir-cli") as connection:
            state = fetch_state(settings, connection, spec)
        would = f"would {words}: {state.desired}, {state.observed} now"
        if json:
            print_json({"stream": name, "verb": verb.value, "dry_run": True, "outcome": would})
        else:
            print(f"{name}: {would}")
        return
    _report(verbs.order(settings, name, verb, changed_by=_who(), via="cli"), json)


def _report(operation: Operation, json: bool) -> None:
    if json:
        print_json(asdict(operation))
    else:
        print(f"{operation.stream}: {operation.outcome}")
    if operation.state == "failed":
        raise typer.Exit(1)


def _who() -> str:
    return getpass.getuser()
