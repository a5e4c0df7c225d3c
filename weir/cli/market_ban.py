"""`weir market ban|unban|banned`: which products nobody may see, who said so, and why."""

from __future__ import annotations

import getpass
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from weir.cli.output import print_json, print_table
from weir.cli.terminal import printable
from weir.errors import SettingError
from weir.settings import load_settings

if TYPE_CHECKING:
    from weir.market.rules import Rule

Ids = typer.Option([], "--product-id", help="A product's id; may be given many times")
Skus = typer.Option([], "--sku", help="An article number")
Prefixes = typer.Option([], "--sku-prefix", help="All article numbers that begin so")
File = typer.Option(None, "--file", help="JSON list of {product_id|sku|sku_prefix, reason}")
Why = typer.Option("", "--reason", help="Kept with the rule; a file's own reasons come first")
DryRun = typer.Option(False, help="Only say what would change")
Json = typer.Option(False, "--json", help="For scripts")
NAME = "weir:market:ban"


def register(app: typer.Typer) -> None:
    """Add the verbs about bans."""
    app.command()(ban)
    app.command()(unban)
    app.command()(banned)


def ban(
    product_id: list[str] = Ids,
    sku: list[str] = Skus,
    sku_prefix: list[str] = Prefixes,
    file: Path | None = File,
    reason: str = Why,
    until: str = typer.Option("", help="When it ends by itself, ISO 8601 with a zone"),
    begin: str = typer.Option("", "--from", help="When it begins; else at once"),
    dry_run: bool = DryRun,
    json: bool = Json,
) -> None:
    """Let no product of these rules through any more; what is out already is taken back."""
    from weir.market.ban_orders import order_bans
    from weir.market.moment import parse_moment
    from weir.store.postgres import connect

    groups = gather(product_id, sku, sku_prefix, file, reason)
    with connect(load_settings().dsn_file, application_name=NAME) as connection:
        done = order_bans(
            connection,
            groups,
            who=getpass.getuser(),
            via="cli",
            valid_from=parse_moment("--from", begin),
            until=parse_moment("--until", until),
            dry_run=dry_run,
        )
    if json:
        print_json(asdict(done) | {"dry_run": dry_run})
        return
    verb = "would be banned" if dry_run else "banned"
    print(
        f"{done.changed} {verb}, {done.replaced} of them with other words than before,"
        f" {done.unchanged} unchanged; the list is at version {done.version}"
    )


def unban(
    product_id: list[str] = Ids,
    sku: list[str] = Skus,
    sku_prefix: list[str] = Prefixes,
    file: Path | None = File,
    reason: str = Why,
    dry_run: bool = DryRun,
    json: bool = Json,
) -> None:
    """Lift bans; products that no other rule bans come back by themselves."""
    from weir.market.ban_orders import order_unbans
    from weir.store.postgres import connect

    groups = gather(product_id, sku, sku_prefix, file, reason)
    with connect(load_settings().dsn_file, application_name=NAME) as connection:
        done = order_unbans(connection, groups, who=getpass.getuser(), via="cli", dry_run=dry_run)
    if json:
        print_json(asdict(done) | {"dry_run": dry_run})
        return
    verb = "would be lifted" if dry_run else "lifted"
    print(
        f"{done.changed} {verb}, {done.unchanged} were not banned;"
        f" the list is at version {done.version}"
    )


def banned(
    history: bool = typer.Option(False, help="Also those that are over or lifted"),
    product_id: str = typer.Option("", help="Only this rule"),
    sku: str = typer.Option("", help="Only this rule"),
    sku_prefix: str = typer.Option("", help="Only this rule"),
    limit: int = typer.Option(50, min=1, help="At most so many, the newest first"),
    json: bool = Json,
) -> None:
    """The rules, with who banned, why, and until when."""
    from weir.market.ban_rows import count_live, list_bans
    from weir.market.rules import Kind, parse_rule
    from weir.store.postgres import connect

    asked = [
        parse_rule(kind, value)
        for kind, value in zip(Kind, (product_id, sku, sku_prefix), strict=True)
        if value
    ]
    if len(asked) > 1:
        raise SettingError("more than one rule is asked for", "one of them, or none for all")
    with connect(load_settings().dsn_file, application_name=NAME) as connection:
        found = list_bans(
            connection, history=history, rule=asked[0] if asked else None, limit=limit
        )
        live = count_live(connection)
    if json:
        print_json([asdict(each) for each in found])
        return
    print_table(
        ["rule", "value", "state", "since", "until", "by", "reason"],
        [
            (
                each.kind,
                printable(each.value),
                each.state,
                shown(each.valid_from),
                shown(each.lifted_at or each.valid_until),
                printable(each.banned_by),
                printable(each.reason, 60),
            )
            for each in found
        ],
    )
    print(f"{live} rules hold now")


def gather(
    ids: list[str], skus: list[str], prefixes: list[str], file: Path | None, reason: str
) -> dict[str, list[Rule]]:
    """The rules by reason. Raises SettingError for a rule that is none, or without a reason."""
    from weir.market.ban_file import read_rules
    from weir.market.rules import Kind, parse_rule

    groups = read_rules(file) if file else {}
    named = [
        parse_rule(kind, value)
        for kind, values in zip(Kind, (ids, skus, prefixes), strict=True)
        for value in values
    ]
    if named:
        groups.setdefault(None, []).extend(named)
    if not groups:
        raise SettingError("no rule is given", "--product-id, --sku, --sku-prefix or --file")
    own = groups.pop(None, None)
    by_reason = {str(words): rules for words, rules in groups.items()}
    if own:
        if not reason.strip():
            raise SettingError("--reason is missing", "who asks later must know why")
        by_reason.setdefault(reason, []).extend(own)
    return by_reason


def shown(at: datetime | None) -> str | None:
    """A time for people."""
    return None if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"
