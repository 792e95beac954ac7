"""The candidate's card: what goes in, what comes out, where it was learned."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field, PositiveInt, model_validator

from biasgate.documents import Document
from biasgate.models.architecture import Architecture

NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"
"""What a model may be called."""


class InputContract(Document):
    """How a stored sample becomes the tensor that the model takes: ``(sample * scale - mean) / std``, per channel.

    Attributes:
        shape: Shape of one sample as the model takes it: (C, H, W), or (H, W, C), or (features,).
        layout: Axis order of ``shape``.
        scale: Factor on the stored value first; 1/255 for 8-bit images.
        mean: One value a channel (or feature), or a single one for all.
        std: Like ``mean``; above zero.
    """

    shape: tuple[PositiveInt, ...] = Field(min_length=1, max_length=3)
    layout: Literal["NCHW", "NHWC", "rows"]
    scale: float = Field(default=1.0, gt=0)
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)


class CandidateCard(Document):
    """What a model's owner declares about it; the gate measures under exactly this contract.

    Attributes:
        name: Name of the model, as in the registry.
        task: ``multiclass`` (one of ``classes``), ``binary`` (the second of two) or ``multilabel``.
        classes: Names in the order of the outputs.
        output: What the outputs are.
        input: The input contract.
        architecture: Declared layers; needed for repair by gradients and for weights that come without a graph.
        training_data: Digest of the training data.
        training_data_from: When the last of the training data was gathered.
        submitter: Who answers for the model.
        repaired_from: Digest of the package that a repair started from.
        description: One paragraph for the reader.
    """

    schema_: Literal["biasgate/card/v1"] = Field(default="biasgate/card/v1", alias="schema")
    name: str = Field(pattern=NAME)
    task: Literal["multiclass", "binary", "multilabel"] = "multiclass"
    classes: tuple[str, ...] = Field(min_length=2, max_length=65_536)
    output: Literal["logits", "probabilities"] = "logits"
    input: InputContract
    architecture: Architecture | None = None
    training_data: str
    training_data_from: date | None = None
    submitter: str = Field(pattern=r"\S")
    repaired_from: str | None = None
    description: str = ""

    @model_validator(mode="after")
    def _classes_differ(self) -> CandidateCard:
        if len(set(self.classes)) != len(self.classes):
            raise ValueError("two classes have one name")
        return self
