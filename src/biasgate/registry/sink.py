"""A sink: one way to tell people something; each file of ``sinks`` defines one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from biasgate.documents import Document
from biasgate.report.message import Message

SECONDS = 10.0
"""What a sink may take for one message."""


class Sink(Document, ABC):
    """Where messages go, as the sinks' file says it; what is secret in it is a ``SecretStr``.

    Attributes:
        kind: Name of its kind, which each sink narrows to its own.
    """

    kind: Any

    @abstractmethod
    def send(self, message: Message, *, source: str) -> None:
        """Tells it, within about ``SECONDS``.

        Args:
            message: What is told.
            source: URI of the log that it is from.

        Raises:
            ServiceError: It did not answer, or is busy: it may be tried again at once. The fault names no address.
            InputError: It refuses the message, or cannot be reached as it is described.
        """
