"""The inspection: what a candidate's package is and says, before any look at the test split."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from biasgate.documents import Document


class Sandbox(Document):
    """What held the process that ran the model, and what its machine did not allow.

    Attributes:
        applied: Measures that held before anything of the model was read: ``hidden parent``, ``limits``, ``own user``,
            ``no new privileges``, ``namespaces``, ``files`` (Landlock), ``calls`` (seccomp).
        unapplied: Measures that did not, each with the reason.
    """

    applied: tuple[str, ...]
    unapplied: dict[str, str] = {}


class Inspection(Document):
    """What is known of a package once it was opened, so that nobody who decides has to open it again.

    Attributes:
        model: Digest of the package.
        name: Name of the model, as its card says.
        submitter: Who answers for it, as its card says.
        training_data: Digest of its training data, as its card says.
        training_data_from: When the last of its training data was gathered, as its card says.
        repaired_from: Digest of the package that a repair started from, as its card says.
        size: Bytes of its files together.
        parity: Largest difference between the outputs of its ONNX form and of the architecture on its card; absent
            when the card declares none, or a repair record tells it.
        has_source: Whether the card declares an architecture, so that there is something to compare the ONNX form
            with; absent when a repair record tells it.
        batches: Largest difference of a probability of one sample between batches; absent when no samples were given.
        sandbox: What held it while it was tried; likewise.
    """

    schema_: Literal["biasgate/inspection/v1"] = Field(default="biasgate/inspection/v1", alias="schema")
    model: str
    name: str
    submitter: str
    training_data: str
    training_data_from: date | None = None
    repaired_from: str | None = None
    size: int = Field(gt=0)
    parity: float | None = None
    has_source: bool | None = None
    batches: float | None = None
    sandbox: Sandbox | None = None
