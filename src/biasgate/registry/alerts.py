"""Alerts: what a person must hear of, as one line of JSON on stderr and, where one is set, at a webhook.

The line always comes first, and the webhook gets a bounded time: an alert is never lost or held up by the place that it
is sent to. The webhook's address is often a secret, so it is never printed.
"""

from __future__ import annotations

import os
import sys
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from pydantic import AwareDatetime, Field

from biasgate.documents import Document
from biasgate.foreign_text import json_text

if TYPE_CHECKING:
    from biasgate.gate.ledger.history import History

WEBHOOK = "BIASGATE_ALERT_WEBHOOK"
SECONDS = 10.0
"""What the webhook may take in all."""

Kind = Literal[
    "not_promoted", "break_glass", "rollback", "foreign_champion", "foreign_version", "missing_version", "expired",
    "void_entry", "clock", "foreign_model", "webhook", "rejected", "insufficient", "foreign_name", "unjudged",
    "not_shown", "failed_run",
]  # fmt: skip


class Alert(Document):
    """Something that should not be, or that must not go unseen.

    Attributes:
        kind: ``not_promoted``: an approval could not be carried out. ``break_glass``: a version serves without one.
            ``rollback``: a champion was taken out of service. ``foreign_champion``: the alias named a version that the
            log does not. ``foreign_version``: somebody else registered in a gate-owned model. ``missing_version``: the
            champion is gone from the registry. ``expired``: what allowed the champion has ended. ``void_entry``: a key
            signed what it may not say. ``clock``: an approval is dated in the future. ``foreign_model``: the registered
            model of an approval was not made by a promoter. ``webhook``: an alert or a message could not be delivered.
            ``rejected``, ``insufficient``: the newest decision about the champion's bytes. ``foreign_name``:
            submissions lie under a name that no card can have. ``unjudged``: the gate gave up on a submission.
            ``not_shown``: this account may not write verdicts on a registered model's pages. ``failed_run``: a pipeline
            on Kubeflow did not reach its end.
        message: For a person.
        name: The gate-owned model.
        version: Its version.
        candidate: Digest of the candidate's package; its URI where a run did not come that far.
        entry: Number of the decision's, or the offending, entry of the log.
        notify: Whom the model's gate addresses alerts to: for what stands behind the webhook to route by.
        at: When it was raised.
    """

    schema_: Literal["biasgate/alert/v1"] = Field(default="biasgate/alert/v1", alias="schema")
    kind: Kind
    message: str
    name: str | None = None
    version: str | None = None
    candidate: str | None = None
    entry: int | None = None
    notify: tuple[str, ...] = ()
    at: AwareDatetime = Field(default_factory=lambda: datetime.now(UTC))

    @property
    def about(self) -> tuple[str | int | None, ...]:
        """What it says, its time and words aside."""
        return self.kind, self.name, self.version, self.candidate, self.entry


@dataclass
class Alarm:
    """Raises alerts, and remembers them for the exit code.

    Attributes:
        raised: What was raised, in order.
        notify: Whom alerts about a model are addressed to, by its name.
    """

    raised: list[Alert] = field(default_factory=list)
    notify: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def address(self, history: History) -> None:
        """From now on alerts about a model are addressed as its gate says."""
        self.notify = {name: history.gates[number].gate.notify for name, number in history.in_force.items()}

    def __call__(self, alert: Alert) -> None:
        """Writes the line, then tells the webhook if there is one; what was said already is not said again."""
        alert = alert.model_copy(update={"notify": self.notify.get(alert.name or "", ())})
        if alert.about in [earlier.about for earlier in self.raised]:
            return
        self.raised.append(alert)
        write_line(alert)
        if (url := os.environ.get(WEBHOOK)) and (fault := _post(url, alert.to_json())):
            write_line(Alert(kind="webhook", message=f"an alert was not delivered: {fault}", entry=alert.entry))


def write_line(alert: Alert) -> None:
    """Writes an alert on stderr, and does no more."""
    sys.stderr.write(json_text(alert.model_dump(mode="json", by_alias=True, exclude_none=True)) + "\n")
    sys.stderr.flush()


def _post(url: str, body: bytes) -> str | None:
    """Why the webhook did not take it; None when it did."""
    if urlsplit(url).scheme not in ("http", "https"):
        return f"{WEBHOOK} is no http(s) URL"
    faults = ["no answer in time"]
    sender = threading.Thread(target=lambda: faults.__setitem__(0, _answer(url, body)), daemon=True)
    sender.start()
    sender.join(SECONDS)
    return faults[0] or None


def _answer(url: str, body: bytes) -> str:
    import requests

    headers = {"Content-Type": "application/json"}
    try:
        answer = requests.post(url, data=body, headers=headers, timeout=SECONDS, allow_redirects=False)
    except requests.RequestException as error:
        return f"the webhook failed ({type(error).__name__})"
    return "" if answer.ok and not answer.is_redirect else f"the webhook answered {answer.status_code}"
