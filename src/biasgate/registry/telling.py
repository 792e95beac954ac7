"""Telling: what happened goes to whom it concerns, once, and what could not be sent is tried again the next time.

Which events there are, the log says. Which of them were told, marks say, an empty file each, written when a sink has
taken the message: whoever is killed in between tells it again, under the same id. Telling comes after all other work,
within a time of its own, and its faults are sentences: it holds up nothing and fails nothing.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from biasgate.documents import canonical_json, sha256
from biasgate.errors import BiasgateError, InputError, ServiceError, TrustError
from biasgate.gate.ledger.entry import DecisionBody
from biasgate.gate.ledger.events import Event, events
from biasgate.gate.ledger.log import read_entry, read_history
from biasgate.registry.address_book import AddressBook, address_book
from biasgate.registry.sink import SECONDS, Sink
from biasgate.report.links import Links
from biasgate.report.message import Message, message_of
from biasgate.storage import store

if TYPE_CHECKING:
    from biasgate.gate.ledger.history import History
    from biasgate.gate.trust.keyring import Keyring
    from biasgate.registry.alerts import Alert

BUDGET = 60.0
"""Seconds that telling may take in all."""
PAUSES = (1.0, 3.0)
"""Seconds before a message is tried again."""
START = "start.json"
"""Among the marks: the events from before anything was told, which nobody is told of any more."""


@dataclass
class Told:
    """What telling did.

    Attributes:
        sent: Messages that a sink took, by the sink's name.
        unsent: Sentences about what was not sent, for a person to mend; it is tried again the next time.
        left: How many messages are left for the next time.
    """

    sent: list[tuple[str, Message]] = field(default_factory=list)
    unsent: list[str] = field(default_factory=list)
    left: int = 0


def tell(
    log_uri: str,
    history: History,
    *,
    trusted: Keyring,
    marks: str,
    book: AddressBook,
    alerts: Sequence[Alert] = (),
    dry_run: bool = False,
) -> Told:
    """Tells what nobody was told of yet, the oldest first.

    The first time nothing is told: what happened before is marked as known.

    Args:
        log_uri: The log.
        history: What it adds up to.
        trusted: Keys whose entries are accepted.
        marks: Folder or ``s3://`` prefix of the marks.
        book: Who is told by which sink.
        alerts: What was found amiss; as long as it is found, it is told once a day.
        dry_run: Sends and marks nothing: ``sent`` is what would be sent.

    Raises:
        ServiceError, InputError: Log or marks cannot be read, or a mark cannot be written.
    """
    at, told = datetime.now(UTC), Told()
    happened = list(events(history, at))
    before, marked = _known(marks, happened, dry_run=dry_run)
    letters = [*map(_of_alert, alerts), *_of_events(log_uri, history, happened, before, trusted)]
    source = log_uri if store.is_remote(log_uri) else Path(log_uri).resolve().as_uri()
    deadline, silent = time.monotonic() + BUDGET, set[str]()
    for letter in letters:
        for name, (sink, to) in book.tells(letter.to).items():
            if (mark := f"{letter.id}/{sha256(name.encode())[7:19]}") in marked:
                continue
            if name in silent or time.monotonic() >= deadline:
                told.left += 1
                continue
            try:
                message = letter.written().model_copy(update={"to": to})
            except (InputError, TrustError) as error:  # one decision that cannot be told keeps no other from it
                told.left += 1
                told.unsent.append(f"{letter.id} was not told to {name}: {error}")
                continue
            if fault := None if dry_run else _tried(sink, message, source, deadline):
                told.left += 1
                told.unsent.append(f"{message.title} was not sent to {name}: {fault}")
                silent |= set() if isinstance(fault, InputError) else {name}
                continue
            told.sent.append((name, message))
            if not dry_run:
                store.write_bytes(store.join(marks, mark), b"")
    return told


def tell_quietly(log_uri: str, *, trusted: Keyring, marks: str, alerts: Sequence[Alert] = ()) -> Told:
    """The same after other work, which it does not fail: what keeps it from telling is a sentence of ``unsent``."""
    try:
        if (book := address_book()) is None:
            return Told()
        return tell(log_uri, read_history(log_uri, trusted), trusted=trusted, marks=marks, book=book, alerts=alerts)
    except BiasgateError as error:
        return Told(unsent=[f"nothing was told: {error}"])


@dataclass(frozen=True, kw_only=True)
class _Letter:
    """A message before it is written, which takes reading the log's entry."""

    id: str
    to: tuple[str, ...]
    written: Callable[[], Message]


def _of_events(
    log_uri: str, history: History, happened: Iterable[Event], before: Collection[str], trusted: Keyring
) -> Iterator[_Letter]:
    links = Links.of_environment()

    def written(event: Event, to: tuple[str, ...]) -> Message:
        authority = event.state.authority
        body = read_entry(log_uri, authority.entry, authority.sealed, trusted).body
        return message_of(event, body if isinstance(body, DecisionBody) else None, links, to=to)

    for event in happened:
        if event.id not in before:
            authority = event.state.authority
            declared = history.gate(authority.name)
            notify = declared[1].gate.notify if declared else ()
            to = tuple(dict.fromkeys(filter(None, (authority.submitter, *notify))))
            yield _Letter(id=event.id, to=to, written=partial(written, event, to))


def _of_alert(alert: Alert) -> _Letter:
    """Of an alert, known by what it says and its day."""
    about = sha256(canonical_json(list(alert.about)))[7:19]
    version = f" version {alert.version}" if alert.version else ""
    message = Message(
        id=f"alarm-{about}-{alert.at:%Y-%m-%d}",
        kind="alarm",
        model=alert.name,
        subject=f"{alert.name or 'biasgate'}{version}",
        sentence=alert.message,
        entry=alert.entry,
        to=alert.notify,
        at=alert.at,
    )
    return _Letter(id=message.id, to=alert.notify, written=lambda: message)


def _known(marks: str, happened: Iterable[Event], *, dry_run: bool) -> tuple[set[str], set[str]]:
    """The events from before the first time, and all marks; the first time notes the former."""
    found = set(store.list_names(marks))
    if START in found:
        return _before(store.join(marks, START)), found
    before = sorted(event.id for event in happened)
    if not dry_run:
        store.write_bytes(store.join(marks, START), json.dumps(before).encode())
    return set(before), found


def _before(uri: str) -> set[str]:
    try:
        before = json.loads(store.read_bytes(uri))
        if not isinstance(before, list):
            raise ValueError("no list")
        return {str(event) for event in before}
    except ValueError as error:
        fix = "remove it: what happened until then counts as known"
        raise InputError("this mark is no list of events", where=uri, fix=fix) from error


def _tried(sink: Sink, message: Message, source: str, deadline: float) -> BiasgateError | None:
    """Why a sink did not take a message, if need be after another try; None when it did."""
    for pause in (*PAUSES, None):
        fault = _sent(sink, message, source, seconds=deadline - time.monotonic())
        if not isinstance(fault, ServiceError) or pause is None or time.monotonic() + pause >= deadline:
            return fault
        time.sleep(pause)
    return None


def _sent(sink: Sink, message: Message, source: str, *, seconds: float) -> BiasgateError | None:
    """Sends in a thread, since no library bounds all that it does."""
    faults: list[BiasgateError | None] = [ServiceError("no answer in time")]

    def send() -> None:
        try:
            sink.send(message, source=source)
            faults[0] = None
        except BiasgateError as error:
            faults[0] = error
        except Exception as error:  # a library of others must fail no reconcile; its words may hold the address
            faults[0] = ServiceError(f"it failed ({type(error).__name__})")

    sender = threading.Thread(target=send, daemon=True)
    sender.start()
    sender.join(min(2 * SECONDS, max(0.1, seconds)))
    return faults[0]
