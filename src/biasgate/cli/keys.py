"""``biasgate keys …``"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from biasgate.report.terminal import Json, print_json, print_table, say

if TYPE_CHECKING:
    from biasgate.gate.trust.keyring import KeyRules, Role

app = typer.Typer(help="Keys that sign decisions.", no_args_is_help=True)
Trusted = Annotated[Path | None, typer.Option(help="Folder of trusted public keys; else BIASGATE_TRUSTED_KEYS.")]


@app.command()
def generate(
    folder: Annotated[Path, typer.Argument(help="A folder without a key.")],
    *,
    trusted: Annotated[Path | None, typer.Option(help="Folder for the public key; else a new one.")] = None,
    owner: Annotated[str | None, typer.Option(help="Person or service that holds it.")] = None,
    role: Annotated[list[str] | None, typer.Option(help="gate, promoter, approver, breakglass, owner.")] = None,
    days: Annotated[int | None, typer.Option(help="How long it is valid.", min=1)] = None,
    json: Json = False,
) -> None:
    """Make an ECDSA P-256 key pair; with --owner and --role its rules go into keys.yaml beside the public key."""
    from biasgate.gate.trust.keys import generate_key
    from biasgate.gate.trust.rotation import new_key

    public = trusted or folder / "trusted"
    if bool(owner) != bool(role) or (days and not owner):
        raise typer.BadParameter("--owner and --role go together, and --days with them")
    if owner and role:
        new_key(folder, trusted=public, owner=owner, roles=_roles(role), days=days)
    else:
        generate_key(folder, trusted=public)
    key = folder / "signing-key.pem"
    if json:
        print_json({"private": str(key), "trusted": str(public)})
    else:
        typer.echo(f"export BIASGATE_SIGNING_KEY_FILE={key}\nexport BIASGATE_TRUSTED_KEYS={public}")


@app.command()
def trust(
    public: Annotated[Path, typer.Argument(help="The public key (PEM): its private half stays in a token or service.")],
    *,
    owner: Annotated[str, typer.Option(help="Person or service that holds it.")],
    role: Annotated[list[str], typer.Option(help="gate, promoter, approver, breakglass, owner.")],
    trusted: Trusted = None,
    days: Annotated[int | None, typer.Option(help="How long it is valid.", min=1)] = None,
    json: Json = False,
) -> None:
    """Trust a key that was made elsewhere, such as in a hardware token or a cloud's key service."""
    from biasgate.errors import InputError
    from biasgate.gate.trust.keyring import trusted_folder
    from biasgate.gate.trust.rotation import admit_key

    try:
        pem = public.read_bytes()
    except OSError as error:
        raise InputError("the public key cannot be read", where=str(public), fix="check the path") from error
    key = admit_key(pem, trusted=trusted_folder(trusted), owner=owner, roles=_roles(role), days=days)
    print_json({"key": key, "owner": owner}) if json else typer.echo(f"{key} is trusted, as {owner}'s")


@app.command("list")
def list_(*, trusted: Trusted = None, json: Json = False) -> None:
    """Show the trusted keys, what each may sign, and which have ended."""
    from biasgate.gate.trust.keyring import trusted_keys

    rules = trusted_keys(trusted).rules
    if json:
        print_json({key: one.model_dump(mode="json", exclude_none=True) for key, one in rules.items()})
        return
    rows = [
        [key.removeprefix("sha256:")[:16], one.owner, ", ".join(one.roles), _state(one)] for key, one in rules.items()
    ]
    print_table("trusted keys", ["key", "owner", "may sign as", "state"], rows)


@app.command()
def revoke(
    key: Annotated[str, typer.Argument(help="First characters of the key's id.")],
    *,
    reason: Annotated[str, typer.Option(help="Why, for whoever asks later.")],
    last_entry: Annotated[
        int | None, typer.Option(help="The key is compromised, and this is its last entry that is believed.", min=0)
    ] = None,
    trusted: Trusted = None,
    json: Json = False,
) -> None:
    """End a key: retired now, or compromised after an entry of the log. What it signed before still counts."""
    from biasgate.gate.trust.keyring import trusted_folder
    from biasgate.gate.trust.rotation import revoke_key

    ended = revoke_key(trusted_folder(trusted), key, reason=reason, last_entry=last_entry)
    state = "retired" if last_entry is None else "compromised"
    print_json({"key": ended, "state": state}) if json else say(f"{ended} {state}")


def _roles(names: list[str]) -> list[Role]:
    from typing import get_args

    from biasgate.gate.trust.keyring import Role

    known: dict[str, Role] = {name: name for name in get_args(Role)}
    if unknown := set(names) - set(known):
        raise typer.BadParameter(f"no role {min(unknown)!r}; there are {', '.join(known)}")
    return [known[name] for name in names]


def _state(rules: KeyRules) -> str:
    if end := rules.revoked:
        how = "retired" if end.last_entry is None else f"compromised after entry {end.last_entry}"
        return f"{how} on {end.at:%Y-%m-%d}: {end.reason}"
    return f"valid until {rules.valid_until:%Y-%m-%d}" if rules.valid_until else "valid"
