"""``biasgate status``, ``log metrics`` and ``log site``: what the log says, to a person, a monitor and an auditor."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from biasgate.report.terminal import Json, print_json, print_table, say

if TYPE_CHECKING:
    from collections.abc import Collection

    from biasgate.report.overview import ModelOverview, Overview

app = typer.Typer()
of_log = typer.Typer()
LogOption = Annotated[str, typer.Option(help="Folder or s3:// prefix of the signed log.", envvar="BIASGATE_LOG")]
Log = Annotated[str, typer.Argument(help="Folder or s3:// prefix of the log.")]
Trusted = Annotated[Path | None, typer.Option(help="Folder of trusted public keys; else BIASGATE_TRUSTED_KEYS.")]


@app.command()
def status(
    model: Annotated[str | None, typer.Argument(help="A gate-owned model; all when absent.")] = None,
    *,
    log: LogOption,
    trusted: Trusted = None,
    json: Json = False,
) -> None:
    """Say what serves, what waits, what ends, and what was refused and why."""
    from biasgate.errors import InputError

    found = _overview(log, trusted, [model] if model else ())
    if json:
        print_json(found)
        return
    if model and not (found.models[0].gate or found.models[0].verdicts):
        raise InputError("the log knows nothing of this model", where=model, fix="see `biasgate log show`")
    for one in found.models:
        _print(one)
    if not found.models:
        say("The log knows of no model.")


@of_log.command()
def metrics(log: Log, *, trusted: Trusted = None, json: Json = False) -> None:
    """Print what serves, until when, what waits, and looks left, for Prometheus (text format)."""
    from biasgate.report.overview import prometheus

    found = _overview(log, trusted, ())
    print_json(found) if json else typer.echo(prometheus(found), nl=False)


@of_log.command()
def site(
    log: Log,
    *,
    into: Annotated[str, typer.Option(help="Folder or s3:// prefix that gets the pages.")],
    trusted: Trusted = None,
    json: Json = False,
) -> None:
    """Write a static site: models, their histories, a report a decision. It needs no server, and links are relative."""
    from biasgate.gate.trust.keyring import trusted_keys
    from biasgate.report.log_site import signed_entries, site_pages
    from biasgate.storage import store

    written: list[str] = []
    for path, text in site_pages(signed_entries(log, trusted_keys(trusted)), log=log, at=datetime.now(UTC)):
        store.write_bytes(f"{into.rstrip('/')}/{path}", text.encode())
        written.append(path)
    if json:
        print_json({"site": into, "pages": written})
    else:
        say(f"{into}: {len(written)} pages; open {into.rstrip('/')}/index.html")


def _overview(log: str, trusted: Path | None, models: Collection[str]) -> Overview:
    from biasgate.gate.ledger.authority import Authority
    from biasgate.gate.ledger.entry import DecisionBody
    from biasgate.gate.ledger.log import read_entry, read_history
    from biasgate.gate.trust.keyring import trusted_keys
    from biasgate.report.overview import overview

    keys = trusted_keys(trusted)

    def decided(authority: Authority) -> DecisionBody | None:
        body = read_entry(log, authority.entry, authority.sealed, keys).body
        return body if isinstance(body, DecisionBody) else None

    return overview(read_history(log, keys), datetime.now(UTC), decided=decided, models=models)


def _print(one: ModelOverview) -> None:
    gate = f"gate {one.gate}" if one.gate else "no gate is declared"
    looks = f", {one.looks_left} looks left" if one.looks_left is not None else ""
    rows = [["serves", "nothing", ""]]
    if it := one.serves:
        rows = [["serves", f"version {it.version}: {it.verdict}", it.sentence]]
    rows += [["waits", f"{of.source}: {of.status}", f"{of.sentence} {of.next}"] for of in one.waiting]
    rows += [["refused", f"{of.source}: {of.verdict}", f"{of.sentence} {of.next}"] for of in one.refused]
    print_table(f"{one.model} ({gate}{looks})", ["", "what", "why, and what next"], rows)
