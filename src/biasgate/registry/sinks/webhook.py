"""A webhook that takes CloudEvents: https://github.com/cloudevents/spec, JSON, structured mode."""

from __future__ import annotations

import json
from typing import Literal

from pydantic import Field, SecretStr

from biasgate.errors import InputError, ServiceError
from biasgate.registry.sink import SECONDS, Sink
from biasgate.report.message import Message

AGAIN = frozenset({408, 425, 429})
"""Refusals that pass."""


class Webhook(Sink):
    """POSTs each message as a CloudEvent, whose ``id`` and ``source`` are the same however often it is sent.

    Attributes:
        url: Where to.
        token: Sent as ``Authorization: Bearer``.
    """

    kind: Literal["webhook"]
    url: SecretStr = Field(min_length=1)
    token: SecretStr | None = None

    def send(self, message: Message, *, source: str) -> None:  # noqa: D102
        import requests

        if not self.url.get_secret_value().lower().startswith(("http://", "https://")):
            raise InputError("the webhook's url is none of http or https")
        headers = {"Content-Type": "application/cloudevents+json; charset=utf-8"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token.get_secret_value()}"
        url, body = self.url.get_secret_value(), json.dumps(cloud_event(message, source)).encode()
        try:
            answer = requests.post(url, data=body, headers=headers, timeout=SECONDS, allow_redirects=False, stream=True)
            answer.close()
        except (requests.RequestException, ValueError) as error:
            raise ServiceError(f"the webhook failed ({type(error).__name__})") from None
        if answer.status_code in AGAIN or answer.status_code >= 500:
            raise ServiceError(f"the webhook answered {answer.status_code}")
        if not answer.ok or answer.is_redirect:
            raise InputError(f"the webhook answered {answer.status_code}")


def cloud_event(message: Message, source: str) -> dict[str, object]:
    """A message in the envelope of CloudEvents 1.0."""
    return {
        "specversion": "1.0",
        "id": message.id,
        "source": source,
        "type": f"biasgate.{message.kind}.v1",
        "subject": message.subject,
        "time": message.at.isoformat(),
        "datacontenttype": "application/json",
        "data": message.model_dump(mode="json", by_alias=True, exclude_none=True),
    }
