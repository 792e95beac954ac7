"""``biasgate promote``, ``rollback``, ``reconcile``, ``verify``: from the log to what serves, and back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from biasgate.errors import TrustError
from biasgate.report.terminal import Json, print_json, print_table, say

if TYPE_CHECKING:
    from biasgate.registry.alerts import Alarm

app = typer.Typer()
Log = Annotated[str, typer.Option(help="Folder or s3:// prefix of the signed log.")]
Trusted = Annotated[Path | None, typer.Option(help="Folder of trusted public keys; else BIASGATE_TRUSTED_KEYS.")]
MARKS = "BIASGATE_MESSAGES"
"""Environment variable with the folder or prefix where it is kept what was told."""
ALERTED = TrustError.exit_code
"""Exit code when all was done but a person must hear of something."""


@app.command()
def promote(
    *,
    log: Log,
    trusted: Trusted = None,
    policies: Annotated[
        Path | None,
        typer.Option(help="Folder of policies (YAML) whose decisions count; else all do.", envvar="BIASGATE_POLICIES"),
    ] = None,
    json: Json = False,
) -> None:
    """Carry approvals from the log into the registry: verify, rebuild, register, move the alias. Exit 7: alerts."""
    from biasgate.gate.trust.keyring import trusted_keys
    from biasgate.gate.trust.keys import signing_key
    from biasgate.registry.alerts import Alarm
    from biasgate.registry.policies import allowed_policies
    from biasgate.registry.promoter import promote as bring_up

    alarm = Alarm()
    allowed = allowed_policies(policies) if policies else None
    done = bring_up(log, trusted=trusted_keys(trusted), key=signing_key(), policies=allowed, alarm=alarm)
    if json:
        print_json([promotion.model_dump(mode="json", exclude_none=True) for promotion in done])
    else:
        rows = [[str(p.entry), p.name, p.version or "", p.status, p.reason] for p in done]
        print_table("promotions", ["decision", "model", "version", "status", "why"], rows)
    _end(alarm)


@app.command()
def rollback(
    name: Annotated[str, typer.Argument(help="The gate-owned model.")],
    *,
    log: Log,
    to: Annotated[str, typer.Option(help="A version that served before, or `none`.")],
    reason: Annotated[str, typer.Option(help="Why, for whoever asks later.")],
    person: Annotated[str, typer.Option("--as", help="Who asks for it.")],
    trusted: Trusted = None,
    json: Json = False,
) -> None:
    """Let an earlier champion serve again, or none; logged and alerted."""
    from biasgate.gate.trust.keyring import trusted_keys
    from biasgate.gate.trust.keys import signing_key
    from biasgate.registry.alerts import Alarm
    from biasgate.registry.rollback import roll_back

    entry = roll_back(
        log,
        name,
        to=None if to == "none" else to,
        by=person,
        reason=reason,
        key=signing_key(),
        trusted=trusted_keys(trusted),
        alarm=Alarm(),
    )
    print_json(entry) if json else say(f"entry {entry.number}: {to} of {name} serves")


@app.command()
def reconcile(
    *,
    log: Log,
    model: Annotated[list[str] | None, typer.Option(help="Look at this gate-owned model only; repeat it.")] = None,
    pages: Annotated[
        bool, typer.Option("--pages", help="Let pages in MLflow say what the log says, and change nothing else.")
    ] = False,
    fix: Annotated[
        bool, typer.Option("--fix", help="Let aliases and pages say what the log says; delete orphans.")
    ] = False,
    revert: Annotated[
        bool,
        typer.Option("--revert", help="Champions without a valid entry stop serving; needs a promoter's key."),
    ] = False,
    messages: Annotated[
        str | None,
        typer.Option(help="Tell whom it concerns, and keep here what was told (see notify).", envvar=MARKS),
    ] = None,
    trusted: Trusted = None,
    json: Json = False,
) -> None:
    """Compare the registry with the log, and list what waits to be judged. Exit 7: alerts."""
    from biasgate.gate.trust.keyring import trusted_keys
    from biasgate.gate.trust.keys import signing_key
    from biasgate.registry.alerts import Alarm, Alert, write_line
    from biasgate.registry.reconcile import reconcile as compare
    from biasgate.registry.telling import tell_quietly

    key = signing_key() if revert else None
    alarm, keys = Alarm(), trusted_keys(trusted)
    found = compare(log, trusted=keys, alarm=alarm, models=model or (), pages=pages, fix=fix, revert=key)
    if messages:
        told = tell_quietly(log, trusted=keys, marks=messages, alerts=alarm.raised)
        found = found.model_copy(update={"sent": len(told.sent), "unsent": tuple(told.unsent)})
        for fault in found.unsent:
            write_line(Alert(kind="webhook", message=fault))
    if json:
        print_json(found)
    else:
        rows = [["alert", alert.message] for alert in found.alerts]
        rows += [["alias not in place", f"{name}: should be {at or 'none'}"] for name, at in found.displaced.items()]
        rows += [["to judge", source] for source in found.queue]
        rows += [["to judge again", source] for source in found.reevaluate]
        rows += [["under an earlier gate", f"{name}: {what}"] for name, what in found.superseded.items()]
        rows += [["orphan", source] for source in found.orphans]
        rows += [["page not as the log says", source] for source in found.misshown]
        rows += [["not sent", fault] for fault in found.unsent]
        print_table("registry against log", ["what", "where"], rows)
    _end(alarm)


@app.command()
def notify(
    *,
    log: Log,
    messages: Annotated[str, typer.Option(help="Folder or s3:// prefix where it is kept what was told.", envvar=MARKS)],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be sent.")] = False,
    trusted: Trusted = None,
    json: Json = False,
) -> None:
    """Tell submitters, and whom gates name, what happened since the last time. Exit 6: something was not sent.

    BIASGATE_SINKS names the file that says who is told how. The first time only notes what happened before.
    """
    from biasgate.errors import InputError, ServiceError
    from biasgate.gate.ledger.log import read_history
    from biasgate.gate.trust.keyring import trusted_keys
    from biasgate.registry.address_book import SINKS, address_book
    from biasgate.registry.telling import tell

    if (book := address_book()) is None:
        raise InputError("no sinks are named", where=SINKS, fix="write sinks.yaml: docs/how-to/messages.md")
    keys = trusted_keys(trusted)
    told = tell(log, read_history(log, keys), trusted=keys, marks=messages, book=book, dry_run=dry_run)
    if json:
        sent = [{"sink": name, "message": message.model_dump(mode="json")} for name, message in told.sent]
        print_json({"sent": sent, "unsent": told.unsent, "left": told.left})
    else:
        print_table("messages", ["to", "what", "says"], [[name, one.title, one.text] for name, one in told.sent])
        say(*told.unsent)
    if told.unsent:
        raise typer.Exit(ServiceError.exit_code)


@app.command()
def verify(
    model: Annotated[
        str, typer.Argument(help="A package's folder, models:/name/version, models:/name@alias, or s3://…")
    ],
    *,
    log: Annotated[str | None, typer.Option(help="Folder or s3:// prefix of the signed log.")] = None,
    proof: Annotated[
        str | None, typer.Option(help="Instead of the log: file or URI of a proof (`biasgate log prove`).")
    ] = None,
    checkpoint: Annotated[
        str | None, typer.Option(help="File or URI of a checkpoint kept elsewhere: the proof must be of that log.")
    ] = None,
    max_age: Annotated[int, typer.Option(help="Hours that a proof may be old.", min=1)] = 24,
    name: Annotated[str | None, typer.Option("--model", help="Gate-owned model that it must be.")] = None,
    version: Annotated[
        str | None, typer.Option(help="Version that it must be; by default the one that is champion now.")
    ] = None,
    trusted: Trusted = None,
    json: Json = False,
) -> None:
    """Check that these very bytes may serve now, by the log and the trusted keys: exit 0, or 7 when they may not.

    A proof stands for the log where that is out of reach, as in a serving pod, and names the model by --model.
    """
    from datetime import timedelta

    from biasgate.gate.trust.keyring import trusted_keys
    from biasgate.registry.verify import verify_by_proof, verify_model

    keys = trusted_keys(trusted)
    if log and not proof and not checkpoint:
        found = verify_model(model, log=log, trusted=keys, model=name, version=version)
    elif proof and name and not log and not version:
        longest = timedelta(hours=max_age)
        found = verify_by_proof(model, proof=proof, trusted=keys, model=name, checkpoint=checkpoint, longest=longest)
    else:
        raise typer.BadParameter("give --log, or --proof with --model; --checkpoint goes with --proof")
    if json:
        print_json(found)
        return
    how = "APPROVED" if found.allowed_by == "decision" else "WITHOUT APPROVAL: the glass was broken"
    say(f"{found.name} version {found.version} may serve until {found.expires:%Y-%m-%d %H:%M} UTC")
    say(f"  {how} (entry {found.entry}), promoted {found.since:%Y-%m-%d %H:%M} UTC")
    if found.as_of:
        say(f"  as of {found.as_of:%Y-%m-%d %H:%M} UTC: what was withdrawn since, this proof does not show")
    under = (found.measured_under,) if found.measured_under else ()
    for line in (*under, *(f"signed by {person}" for person in found.persons), *found.reasons):
        say(f"  {line}")
    if found.unseen:
        say(f"  {found.unseen}")
    if found.uncovered:
        say(f"  not covered by the digest: {', '.join(found.uncovered)}")


def _end(alarm: Alarm) -> None:
    if alarm.raised:
        raise typer.Exit(ALERTED)
