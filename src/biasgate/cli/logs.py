"""``biasgate log …``"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from biasgate.report.terminal import Json, print_json, print_table, say

if TYPE_CHECKING:
    from biasgate.gate.ledger.entry import LogEntry

app = typer.Typer(help="The signed log of decisions.", no_args_is_help=True)
Log = Annotated[str, typer.Argument(help="Folder or s3:// prefix of the log.")]
Trusted = Annotated[Path | None, typer.Option(help="Folder of trusted public keys; else BIASGATE_TRUSTED_KEYS.")]


@app.command()
def verify(
    log: Log,
    *,
    checkpoint: Annotated[str | None, typer.Option(help="File or URI of a checkpoint that the log must reach.")] = None,
    trusted: Trusted = None,
    json: Json = False,
) -> None:
    """Check every signature and link of the chain. Exit 7 also when a valid key signed what it may not."""
    from biasgate.errors import TrustError
    from biasgate.gate.ledger.checkpoint import check_against, read_checkpoint
    from biasgate.gate.ledger.entry import VoidBody
    from biasgate.gate.trust.keyring import trusted_keys

    if checkpoint:
        check_against(log, read_checkpoint(checkpoint), trusted_keys(trusted))
    entries = _entries(log, trusted)
    voids = {entry.number: entry.body for entry in entries if isinstance(entry.body, VoidBody)}
    if json:
        found = {number: void.reason for number, void in voids.items()}
        print_json({"log": log, "entries": len(entries), "valid": True, "void": found})
    else:
        say(f"{len(entries)} entries, every signature and link verified")
        for number, void in voids.items():
            say(f"entry {number} is void: {void.reason}")
    if not all(void.revoked for void in voids.values()):
        raise typer.Exit(TrustError.exit_code)


@app.command()
def checkpoint(
    log: Log,
    *,
    keep: Annotated[
        str | None, typer.Option(help="File or URI that keeps it: the log is checked against it, then it moves on.")
    ] = None,
    first: Annotated[bool, typer.Option("--first", help="None is kept yet: keep the first.")] = False,
    trusted: Trusted = None,
    json: Json = False,
) -> None:
    """Take the number and digest of the last entry, to keep elsewhere: a tail that is cut off later then shows."""
    from biasgate.gate.ledger.checkpoint import advance, take_checkpoint
    from biasgate.gate.trust.keyring import trusted_keys

    keys = trusted_keys(trusted)
    taken = advance(log, keep, keys, first=first) if keep else take_checkpoint(log, keys)
    print_json(taken) if json or not keep else say(f"{keep}: entry {taken.entries}, {taken.digest}")


@app.command()
def prove(
    log: Log,
    *,
    model: Annotated[str, typer.Option(help="The gate-owned model whose champion it is about.")],
    into: Annotated[str, typer.Option(help="File or URI that gets the proof.")],
    trusted: Trusted = None,
    json: Json = False,
) -> None:
    """Prove that a model's champion may serve, for who cannot read the log: `biasgate verify --proof`.

    Takes a promoter's key, and reads the whole log. The proof ends after a day; make it anew more often than that.
    """
    from biasgate.gate.ledger.proof import prove as proof_of
    from biasgate.gate.trust.keyring import trusted_keys
    from biasgate.gate.trust.keys import signing_key
    from biasgate.storage import store

    proof = proof_of(log, model, key=signing_key(), trusted=trusted_keys(trusted))
    store.write_bytes(into, proof.to_json())
    entries = [entry.number for entry in proof.entries]
    if json:
        print_json({"proof": into, "model": model, "entries": entries})
    else:
        typer.echo(f"{into}: {model}, by entries {', '.join(map(str, entries))}")


@app.command()
def show(log: Log, *, trusted: Trusted = None, json: Json = False) -> None:
    """List the entries, verified."""
    entries = _entries(log, trusted)
    if json:
        print_json([entry.model_dump(mode="json", by_alias=True, exclude_none=True) for entry in entries])
        return
    from biasgate.report.entry_words import summary

    rows = [[str(e.number), f"{e.at:%Y-%m-%d %H:%M:%S}", e.body.kind, e.body.subject[0], summary(e)] for e in entries]
    print_table(log, ["entry", "at (UTC)", "kind", "model", "what"], rows)


@app.command()
def report(
    log: Log,
    *,
    entry: Annotated[int, typer.Option(help="Number of the decision's entry.", min=1)],
    into: Annotated[Path, typer.Option(help="File that gets the page (HTML).")],
    trusted: Trusted = None,
    json: Json = False,
) -> None:
    """Write the report of a decision again from the log alone, with the gate that is in force by now."""
    from biasgate.errors import InputError
    from biasgate.gate.ledger.entry import DecisionBody
    from biasgate.gate.ledger.history import measured_under, replay
    from biasgate.gate.policy import Policy
    from biasgate.report.decision import decision_report
    from biasgate.storage import store

    entries = _entries(log, trusted)
    body = next((one.body for one in entries if one.number == entry), None)
    if not isinstance(body, DecisionBody):
        raise InputError(f"entry {entry} is no decision", where=log, fix="see `biasgate log show`")
    under, where = measured_under(body, replay(entries)), f"{log} entry {entry}"
    policy = Policy.parse(body.policy, where=where)
    page = decision_report(body.decision, body.evidence, policy, entry=where, gate=under, waivers=body.waivers)
    store.write_bytes(str(into), page.encode())
    print_json({"report": str(into), "measured_under": under}) if json else typer.echo(f"{into}: {under}")


def _entries(log: str, trusted: Path | None) -> tuple[LogEntry, ...]:
    from biasgate.gate.ledger.log import read_log
    from biasgate.gate.trust.keyring import trusted_keys

    return read_log(log, trusted_keys(trusted))
