"""The registry held against the log: submissions that wait, versions that nobody took, or may make."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from biasgate.gate.ledger.history import History
from biasgate.registry.alerts import Alarm, Alert
from biasgate.registry.client import connect, explained
from biasgate.registry.models import CHAMPION, DIGEST_TAG, ENTRY_TAG, SCHEME, SUBMISSIONS, aliases, is_name

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion


def gated_names(history: History, alarm: Alarm) -> list[str]:
    """Every gate-owned model: those of the log, and those that somebody submitted for.

    A name that no card can have is left out, with an alert: nothing can be submitted for it.
    """
    client = connect()
    names = {name for name, _ in history.standings}
    token = None
    with explained():
        while True:
            page = client.search_registered_models(f"name LIKE '%{SUBMISSIONS}'", page_token=token)
            names.update(model.name.removesuffix(SUBMISSIONS) for model in page)
            if not (token := page.token):
                break
    for name in sorted(names):
        if not is_name(name):
            message = f"{name}{SUBMISSIONS} is left out: no card can have the name {name!r}"
            alarm(Alert(kind="foreign_name", message=message, name=name))
    return sorted(filter(is_name, names))


def undecided(names: list[str], history: History) -> list[str]:
    """Submissions without a decision that were not given up, oldest first for each model.

    A broken glass is no decision.
    """
    decided = {one.source for one in history.authorities.values() if not one.glass}
    found = [uri(version) for name in names for version in versions(f"{name}{SUBMISSIONS}")]
    return [uri for uri in found if uri not in decided and uri not in history.given_up]


def orphans(names: list[str], history: History) -> list[ModelVersion]:
    """Versions that a promoter made for an entry whose outcome is another.

    Left out are those that bear an alias, and those of an entry that is open, newer than this reading of the log, or
    about another candidate: a promoter may be about to take them.
    """
    settled = {
        (str(entry), *authority.subject) for entry, authority in history.authorities.items() if not history.open(entry)
    }
    return [
        version
        for version in _unknown(names, history)
        if (version.tags.get(ENTRY_TAG), version.name, version.tags.get(DIGEST_TAG)) in settled
        and str(version.version) not in aliases(connect(), version.name).values()
    ]


def unmanaged_versions(names: list[str], history: History) -> Iterator[Alert]:
    """Versions of gate-owned models that no promoter made."""
    for version in _unknown(names, history):
        if ENTRY_TAG not in version.tags:
            name, number = version.name, str(version.version)
            message = f"version {number} of {name} was registered by somebody else than the promoter"
            yield Alert(kind="foreign_version", message=message, name=name, version=number)


def unmanaged_champions(names: list[str], history: History) -> dict[str, str]:
    """Models with a champion in the registry that the log knows nothing of, with its version."""
    new = [name for name in names if not any(name == known for known, _ in history.standings)]
    found = {name: aliases(connect(), name).get(CHAMPION) for name in new}
    return {name: version for name, version in found.items() if version}


def delete(version: ModelVersion) -> None:
    """Removes a version from the registry; its files stay in the artifact store."""
    with explained(uri(version)):
        connect().delete_model_version(version.name, str(version.version))


def uri(version: ModelVersion) -> str:
    """``models:/<name>/<version>``."""
    return f"{SCHEME}{version.name}/{version.version}"


def _unknown(names: list[str], history: History) -> list[ModelVersion]:
    """Versions of gate-owned models that never served."""
    return [
        version
        for name in names
        for version in versions(name)
        if (version.name, str(version.version)) not in history.standings
    ]


def versions(name: str) -> list[ModelVersion]:
    """All versions of a registered model, oldest first."""
    client, found, token = connect(), list["ModelVersion"](), None
    with explained(name):
        while True:
            page = client.search_model_versions(f"name = '{name}'", page_token=token)
            found += page
            if not (token := page.token):
                return sorted(found, key=lambda version: int(version.version))
