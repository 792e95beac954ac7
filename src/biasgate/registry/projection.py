"""The projection: every alias ``champion`` points at what the log says, and at nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from biasgate.errors import InputError
from biasgate.gate.evidence import Champion
from biasgate.gate.ledger.history import History
from biasgate.gate.ledger.log import read_history
from biasgate.registry.alerts import Alarm, Alert
from biasgate.registry.client import connect
from biasgate.registry.models import CHAMPION, aliases, remove_alias, set_alias

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from biasgate.gate.trust.keyring import Keyring


def project(log_uri: str, *, trusted: Keyring, alarm: Alarm) -> History:
    """Moves the aliases that are not where the log says, and gives the log's history.

    Looks again after each move: another promoter may have been faster. An alias on a version that never served is
    moved too, with an alert: somebody else set it. A champion that is gone from the registry alerts and is left.
    """
    client, missing = connect(), set[str]()
    while True:
        history = read_history(log_uri, trusted)
        alarm.address(history)
        moved = {name: found for name, found in displaced(client, history).items() if name not in missing}
        if not moved:
            return history
        for name, found in moved.items():
            if found is not None and (name, found) not in history.standings:
                alarm(foreign(name, found))
            try:
                _move(name, history.champions.get(name))
            except InputError as error:
                missing.add(name)
                alarm(Alert(kind="missing_version", message=str(error), name=name))


def _move(name: str, champion: Champion | None) -> None:
    if champion is None:
        remove_alias(name, CHAMPION)
    else:
        set_alias(name, CHAMPION, champion.version)


def displaced(client: MlflowClient, history: History) -> dict[str, str | None]:
    """The models of the log whose alias is not where it should be, with the version that it names instead."""
    found: dict[str, str | None] = {}
    for name in sorted({name for name, _ in history.standings}):
        champion, current = history.champions.get(name), aliases(client, name).get(CHAMPION)
        if current != (champion.version if champion else None):
            found[name] = current
    return found


def foreign(name: str, version: str) -> Alert:
    """The alert about an alias on a version that the log never made champion."""
    message = f"the alias {CHAMPION} of {name} names version {version}, which no entry of the log promoted"
    return Alert(kind="foreign_champion", message=message, name=name, version=version)
