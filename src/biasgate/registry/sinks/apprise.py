"""Mail, Slack, Teams and a hundred other services, through Apprise: https://appriseit.com/services."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr

from biasgate.errors import InputError, ServiceError
from biasgate.extras import needs
from biasgate.foreign_text import inactive
from biasgate.registry.sink import SECONDS, Sink
from biasgate.report.message import Message


class Chat(Sink):
    """Says each message through one service, as plain text.

    Attributes:
        url: Apprise's URL of the service, such as ``slack://…`` or ``mailtos://…``.
    """

    kind: Literal["apprise"]
    url: SecretStr = Field(min_length=1)

    def send(self, message: Message, *, source: str) -> None:  # noqa: ARG002, D102
        needs("apprise")
        import apprise

        asset = apprise.AppriseAsset(secure_logging=True, service_timeout=SECONDS, allow_templates=False)
        service = apprise.Apprise(asset=asset)
        if not service.add(self.url.get_secret_value()):
            raise InputError("Apprise knows no such service", fix="see https://appriseit.com/services")
        said = [inactive(line) for line in (message.sentence, message.next) if line]
        body = "\n".join([*said, *filter(None, [message.link])])
        if not service.notify(body, title=inactive(message.title), body_format=apprise.NotifyFormat.TEXT):
            raise ServiceError("the service did not take it")
