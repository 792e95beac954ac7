"""``biasgate approve``, ``decline``, ``waive``, ``break-glass``: what only a person may sign."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from biasgate.report.terminal import Json, print_json, say

app = typer.Typer()
Log = Annotated[str, typer.Option(help="Folder or s3:// prefix of the signed log.")]
Entry = Annotated[int, typer.Option(help="Number of the decision's entry.", min=1)]
As = Annotated[str, typer.Option("--as", help="Who you are: the owner of the key that signs.")]
Reason = Annotated[str, typer.Option(help="Why, for whoever asks later.")]
Trusted = Annotated[Path | None, typer.Option(help="Folder of trusted public keys; else BIASGATE_TRUSTED_KEYS.")]


@app.command()
def approve(*, log: Log, entry: Entry, person: As, reason: Reason, trusted: Trusted = None, json: Json = False) -> None:
    """Sign a decision that waits for a person other than the submitter; the promoter then carries it out."""
    _answer(log, entry, granted=True, person=person, reason=reason, trusted=trusted, json=json)


@app.command()
def decline(*, log: Log, entry: Entry, person: As, reason: Reason, trusted: Trusted = None, json: Json = False) -> None:
    """Refuse to sign a decision that waits for a person; it will not be promoted."""
    _answer(log, entry, granted=False, person=person, reason=reason, trusted=trusted, json=json)


@app.command()
def waive(
    file: Annotated[Path, typer.Argument(help="File of waivers that gets this one; made when it is new.")],
    *,
    policy: Annotated[str, typer.Option(help="Policy that holds the rule: a file, URI or built-in policy's name.")],
    rule: Annotated[str, typer.Option(help="Id of the rule that need not pass.")],
    model: Annotated[str, typer.Option(help="The gate-owned model whose candidates may pass.")],
    owner: Annotated[str, typer.Option(help="Who asks for it and answers for the risk: another than you.")],
    person: As,
    reason: Reason,
    days: Annotated[int, typer.Option(help="How long it holds.", min=1, max=365)] = 30,
    trusted: Trusted = None,
    json: Json = False,
) -> None:
    """Sign that candidates of a model may pass although one rule of a policy does not."""
    from datetime import UTC, datetime, timedelta

    from biasgate.documents import digest
    from biasgate.errors import InputError
    from biasgate.gate.policy import read_policy
    from biasgate.gate.trust.identity import same_person
    from biasgate.gate.trust.keyring import trusted_keys
    from biasgate.gate.trust.keys import signing_key
    from biasgate.gate.trust.waiver import Waiver
    from biasgate.gate.trust.waivers import add_waiver, sign_waiver

    rules, key = read_policy(policy), signing_key()
    if rule not in (known := [one.id for one in rules.rules]):
        raise InputError(f"no rule {rule!r}", where=policy, fix=f"choose one of {', '.join(known)}")
    if same_person(owner, person):
        raise InputError("owner and approver are one person", where=rule, fix="have a second person sign")
    trusted_keys(trusted).check(key, "approver", signer=person)
    ends = datetime.now(UTC) + timedelta(days=days)
    said = {"rule": rule, "policy": digest(rules), "model": model, "owner": owner, "reason": reason, "expires": ends}
    signed = sign_waiver(Waiver.build({**said, "approved_by": person}, where=rule), key=key)
    add_waiver(file, signed)
    print_json(signed) if json else say(f"{file}: {rule} of {model} is waived until {ends:%Y-%m-%d %H:%M} UTC")


@app.command()
def break_glass(
    *,
    log: Log,
    source: Annotated[str, typer.Option(help="The candidate: models:/name-candidates/version, a folder, or s3://…")],
    person: As,
    reason: Reason,
    hours: Annotated[int, typer.Option(help="How long it may serve.", min=1, max=72)] = 24,
    trusted: Trusted = None,
    json: Json = False,
) -> None:
    """Let a candidate serve for a while WITHOUT an approval; logged, alerted, carried out by the promoter."""
    from biasgate.gate.trust.keyring import trusted_keys
    from biasgate.gate.trust.keys import signing_key
    from biasgate.registry.alerts import Alarm
    from biasgate.registry.break_glass import break_glass as grant

    written = grant(
        log,
        source,
        by=person,
        reason=reason,
        hours=hours,
        key=signing_key(),
        trusted=trusted_keys(trusted),
        alarm=Alarm(),
    )
    if json:
        print_json(written)
    else:
        say(f"entry {written.number}: now run `biasgate promote --log {log}`, or wait for the promoter")


def _answer(log: str, entry: int, *, granted: bool, person: str, reason: str, trusted: Path | None, json: bool) -> None:
    from biasgate.gate.ledger.answer import answer
    from biasgate.gate.trust.keyring import trusted_keys
    from biasgate.gate.trust.keys import signing_key

    written = answer(
        log,
        entry,
        granted=granted,
        approver=person,
        reason=reason,
        key=signing_key(),
        trusted=trusted_keys(trusted),
    )
    if json:
        print_json(written)
    else:
        say(f"entry {written.number}: {person} {'approved' if granted else 'declined'} entry {entry}")
