"""``biasgate gate …``: a model's gate is drafted, declared, shown and compared."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from biasgate.report.terminal import Json, print_json, print_table, say

if TYPE_CHECKING:
    from biasgate.gate.declaration import Gate

app = typer.Typer(help="A model's gate: all that decides about its candidates, declared once.", no_args_is_help=True)
Log = Annotated[str, typer.Option(help="Folder or s3:// prefix of the signed log.", envvar="BIASGATE_LOG")]
Trusted = Annotated[Path | None, typer.Option(help="Folder of trusted public keys; else BIASGATE_TRUSTED_KEYS.")]
Model = Annotated[str, typer.Argument(help="The gate-owned model.")]
Which = Annotated[str, typer.Argument(help="A gate file, or the number of a declaration's entry in the log.")]

DRAFT = """\
schema: biasgate/gate/v1
model: {model}    # candidates arrive in {model}-candidates, the champion serves as {model}
policy: {policy}    # embedded when it is declared; `biasgate policy list` names those that come with biasgate
test: {test}    # a data source; its content's digest is fixed when it is declared
{repair}
scan: {scan}    # what reads the weights: bundled, models:/…@champion, or none
inference: {{seconds: 120, memory: 2GiB, threads: 2, device: cpu, batch: 512}}
approvers: []    # who may answer for this gate, beside an approver's key; empty: whoever has such a key
notify: []    # whom alerts about this model are addressed to
"""


@app.command()
def init(
    model: Model,
    *,
    policy: Annotated[str, typer.Option(help="Policy: a file, URI or built-in policy's name.")] = "policy.yaml",
    test: Annotated[str, typer.Option(help="Data source of the test data.")] = "test.yaml",
    repair: Annotated[str | None, typer.Option(help="Data source that a repair learns from.")] = None,
    scan: Annotated[str, typer.Option(help="Reader of weights: bundled, models:/…@champion, or none.")] = "bundled",
    into: Annotated[Path, typer.Option(help="File that gets the draft.")] = Path("gate.yaml"),
    json: Json = False,
) -> None:
    """Draft gate.yaml, to be edited, reviewed and then declared."""
    from biasgate.errors import InputError
    from biasgate.gate.declaration import GateFile
    from biasgate.storage import store

    if into.exists():
        raise InputError("the file exists already", where=str(into), fix="edit it, or name another with --into")
    learns = f"repair: {{data: {repair}}}" if repair else "# repair: {data: repair.yaml}    # may be repaired from this"
    text = DRAFT.format(model=model, policy=policy, test=test, scan=scan, repair=learns)
    drafted = GateFile.parse(text, where="the draft")
    store.write_bytes(str(into), text.encode())
    print_json(drafted) if json else say(f"{into}: edit it, then `biasgate gate declare {into}`")


@app.command()
def declare(
    file: Annotated[str, typer.Argument(help="The gate file, or its URI.")] = "gate.yaml",
    *,
    log: Log,
    trusted: Trusted = None,
    json: Json = False,
) -> None:
    """Sign a gate into the log with an owner's key: it is in force from then on, in the place of an earlier one."""
    from biasgate.gate.ledger.declare import declare as sign
    from biasgate.gate.trust.keyring import trusted_keys
    from biasgate.gate.trust.keys import signing_key

    key, keys = signing_key(), trusted_keys(trusted)
    keys.check(key, "owner")
    declared = sign(log, gate_in_file(file), key=key, trusted=keys)
    name, earlier = declared.body.gate.model, declared.body.replaces
    if json:
        print_json({"entry": declared.entry, "new": declared.new, "gate": _plain(declared.body.gate)})
    elif not declared.new:
        say(f"gate {declared.entry} of {name} is in force and says the same: nothing was written")
    else:
        replaced = f", in the place of gate {earlier}" if earlier else ""
        say(f"gate {declared.entry} of {name} is in force{replaced}")


@app.command()
def show(
    model: Model,
    *,
    log: Log,
    entry: Annotated[int | None, typer.Option(help="An earlier declaration, by its number.", min=1)] = None,
    trusted: Trusted = None,
    json: Json = False,
) -> None:
    """Show the gate of a model that is in force, in words."""
    from biasgate.errors import InputError
    from biasgate.gate.declaration_words import words
    from biasgate.gate.ledger.log import read_history
    from biasgate.gate.trust.keyring import trusted_keys

    history = read_history(log, trusted_keys(trusted))
    now = history.in_force.get(model)
    body = history.gates.get(number := entry or now or 0)
    if body is None or body.gate.model != model:
        fix = "see `biasgate log show`" if now else "declare one with `biasgate gate declare`"
        raise InputError("no such gate is declared", where=model, fix=fix)
    if json:
        print_json({"entry": number, "in_force": now, "by": body.by, "gate": _plain(body.gate)})
        return
    state = "in force" if number == now else f"gate {now} is in force"
    print_table(f"gate {number} of {model}, declared by {body.by}: {state}", ["what", "is"], words(body.gate).items())


@app.command()
def diff(before: Which, after: Which, *, log: Log = "", trusted: Trusted = None, json: Json = False) -> None:
    """Say in words what differs between two declarations, or between one and a file that is not declared yet."""
    from biasgate.gate.declaration_words import differences

    found = differences(*(_gate(which, log, trusted) for which in (before, after)))
    if json:
        print_json([one.model_dump() for one in found])
        return
    say(*map(str, found or ["the two gates say the same"]))


def _gate(which: str, log: str, trusted: Path | None) -> Gate:
    """The gate that a file or a declaration holds."""
    from biasgate.errors import InputError
    from biasgate.gate.ledger.log import read_history
    from biasgate.gate.trust.keyring import trusted_keys

    if not which.isdecimal():
        return gate_in_file(which)
    if not log:
        raise typer.BadParameter("give --log, or set BIASGATE_LOG, for the number of a declaration")
    declared = read_history(log, trusted_keys(trusted)).gates.get(int(which))
    if declared is None:
        raise InputError("no gate is declared there", where=f"{log} entry {which}", fix="see `biasgate log show`")
    return declared.gate


def gate_in_file(file: str) -> Gate:
    """What a file declares at this moment."""
    from biasgate.data.source import pin
    from biasgate.gate.declaration import pinned, read_gate_file
    from biasgate.repair.registry import require_methods

    gate = pinned(read_gate_file(file), pin=pin)
    require_methods(gate.rules.repair.methods)
    return gate


def _plain(gate: Gate) -> dict[str, object]:
    return gate.model_dump(mode="json", exclude_none=True)
