"""The projection of verdicts: the pages of candidates and versions in MLflow say what the log says of them.

Who writes it may edit versions, which is no right to an alias, and writes only what differs. What others wrote into a
description stays, below ours, and a line says where theirs begins; a tag of ours that the log does not say is taken
away. A version that was deleted meanwhile, or a registered model that this account may not edit, holds up nothing: the
next run mends what is left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from biasgate.errors import InputError
from biasgate.gate.ledger.entry import DecisionBody
from biasgate.gate.ledger.history import History, Place
from biasgate.gate.ledger.log import read_entry
from biasgate.gate.ledger.state import State, candidate_states, version_states
from biasgate.registry.alerts import Alarm, Alert
from biasgate.registry.client import connect, explained
from biasgate.registry.inventory import uri, versions
from biasgate.registry.models import SCHEME, SUBMISSIONS, is_name
from biasgate.report.links import Links
from biasgate.report.version_page import TAGS, VersionPage, known_tags, version_page

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

    from biasgate.gate.trust.keyring import Keyring

AT_ONCE = 8
"""Entries that are read, and versions that are written, at the same time."""
CLOSING = "---\n\n*biasgate wrote what stands above, and nothing below.*"
END = "<!-- biasgate wrote what stands above; what follows it left -->"
LONGEST = 5_000
"""Characters of a description that MLflow keeps."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """What has to be written so that a version shows what the log says.

    Attributes:
        version: The version.
        tags: Tags to set.
        stale: Tags to take away.
        description: The whole description; None where it stays.
    """

    version: ModelVersion
    tags: dict[str, str]
    stale: tuple[str, ...]
    description: str | None

    @property
    def uri(self) -> str:
        """``models:/<name>/<version>``."""
        return uri(self.version)


def models_of(history: History) -> list[str]:
    """The gate-owned models that the log has decisions about."""
    return sorted({one.name for one in history.authorities.values() if is_name(one.name)})


def misshown(
    log_uri: str, history: History, *, trusted: Keyring, models: Iterable[str], thorough: bool = True
) -> list[Change]:
    """The versions whose page is not what the log says.

    Args:
        log_uri: The log.
        history: What it adds up to.
        trusted: Keys whose entries are accepted.
        models: Names of gate-owned models.
        thorough: Reads the entry behind every version; else only behind those about which something happened since
            their page was written, as far as the page itself says.
    """
    states, links = _states(history), Links.of_environment()

    def change(version: ModelVersion) -> Change | None:
        state = states.get((version.name, str(version.version)))
        if state is None:
            return _cleared(version) if version.name.endswith(SUBMISSIONS) else None
        if not thorough and known_tags(state).items() <= version.tags.items():
            return None
        return _change(version, version_page(state, _decided(log_uri, state, trusted), links))

    found = (version for name in models for kind in (name, f"{name}{SUBMISSIONS}") for version in versions(kind))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [one for one in pool.map(change, list(found)) if one]


def show(changes: Iterable[Change], *, alarm: Alarm) -> None:
    """Writes pages, and alerts of registered models that this account may not edit.

    Raises:
        ServiceError: MLflow is out of reach.
    """
    listed = list(changes)
    for name in dict.fromkeys(one.version.name for one in listed):
        if not _all_written([one for one in listed if one.version.name == name]):
            message = (
                f"this account may not edit versions of {name}, so that MLflow does not show their verdicts: "
                "grant it EDIT on registered_model_version *"
            )
            alarm(Alert(kind="not_shown", message=message, name=name.removesuffix(SUBMISSIONS)))


def _all_written(changes: list[Change]) -> bool:
    """Whether MLflow let all of them be written; the first is tried alone, so that a refusal is asked for once."""
    if not _written(changes[0]):
        return False
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return all(list(pool.map(_written, changes[1:])))


def _written(change: Change) -> bool:
    """Whether this account may write it; one that is deleted, or written by another, meanwhile is passed by."""
    from mlflow.exceptions import MlflowException

    try:
        with explained(change.uri):
            try:
                for call in _calls(change):
                    call()
            except MlflowException as error:
                if error.error_code == "PERMISSION_DENIED":
                    return False
                raise
    except InputError:
        return True
    return True


def _calls(change: Change) -> Iterator[Callable[[], object]]:
    client, (name, number) = _writer(), (change.version.name, str(change.version.version))
    if change.description is not None:
        yield lambda: client.update_model_version(name, number, change.description)
    for tag in change.stale:
        yield lambda tag=tag: client.delete_model_version_tag(name, number, tag)
    for tag, value in change.tags.items():
        yield lambda tag=tag, value=value: client.set_model_version_tag(name, number, tag, value)


def _writer() -> MlflowClient:
    """A client that does not ask before each write whether a model is a prompt: these were listed as models."""

    def knows(name: str) -> None:
        del name

    client = connect()
    vars(client)["_raise_if_prompt"] = knows  # where MLflow calls it otherwise, it asks, and no more
    return client


def _states(history: History) -> dict[Place, State]:
    """The states of all that lies in the registry, by registered model and version."""
    at = datetime.now(UTC)
    candidates = {
        (name, number): state
        for source, state in candidate_states(history, at).items()
        for name, _, number in [source.removeprefix(SCHEME).rpartition("/")]
        if source.startswith(SCHEME)
    }
    return {**candidates, **version_states(history, at)}


def _decided(log_uri: str, state: State, trusted: Keyring) -> DecisionBody | None:
    entry = read_entry(log_uri, state.authority.entry, state.authority.sealed, trusted)
    return entry.body if isinstance(entry.body, DecisionBody) else None


def _change(version: ModelVersion, page: VersionPage) -> Change | None:
    tags = {name: value for name, value in page.tags.items() if version.tags.get(name) != value}
    stale = tuple(name for name in TAGS if name in version.tags and name not in page.tags)
    now, wanted = version.description or "", _with_others(page.description, version.description or "")
    if not tags and not stale and wanted == now:
        return None
    return Change(version=version, tags=tags, stale=stale, description=wanted if wanted != now else None)


def _cleared(version: ModelVersion) -> Change | None:
    """Takes verdicts from a submission that the log has none about."""
    stale = tuple(name for name in TAGS if name in version.tags)
    return Change(version=version, tags={}, stale=stale, description=None) if stale else None


def _with_others(ours: str, now: str) -> str:
    """Our part, then what others wrote: no text of theirs takes the verdict's place, or looks like a part of it.

    Where both do not fit, ours is the verdict alone, and tags say the rest; what is still too long is cut at its end.
    """
    theirs = (now.partition(END)[2] if END in now else now).strip()
    verdict = ours.partition("\n")[0]
    for part in (ours, verdict):
        whole = "\n\n".join(filter(None, (part, CLOSING, END, theirs)))
        if len(whole) <= LONGEST:
            return whole
    return whole[: LONGEST - 1] + "…"
