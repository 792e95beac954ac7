"""What a flavour of MLflow is to biasgate: how a model logged in it becomes an ONNX graph.

A flavour is one file in ``flavours/`` with a class derived from ``Flavour``; ``conversion`` finds it there. Loading a
model runs what it brings, as ``mlflow`` itself does. So this happens where the model is submitted, by who submits it,
in the environment that the model was made for; the gate reads the graph alone.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from biasgate.errors import CandidateError
from biasgate.registry.sample import Sample

_SUM = 1e-3


@dataclass(frozen=True, eq=False)
class Logged:
    """A model as MLflow keeps it.

    Attributes:
        folder: Its files.
        settings: What ``MLmodel`` says of the flavour.
        sample: Rows to try it on, where any are known.
        shape: Of one row as the model takes it, where a card says so.
    """

    folder: Path
    settings: Mapping[str, Any]
    sample: Sample | None
    shape: tuple[int, ...] | None = None


@dataclass(frozen=True, eq=False)
class Conversion:
    """What a conversion was, beside the graph that it wrote.

    Attributes:
        words: What was converted by what, for people.
        origin: Which rows the original was asked about.
        given: The rows, by the graph's inputs.
        said: What the original said of them, ``[n, classes]``, or ``[n, 1]`` for the second of two classes.
        classes: Class names in the order of the outputs, where the model knows them.
    """

    words: str
    origin: str = ""
    given: Mapping[str, NDArray[Any]] = field(default_factory=dict[str, NDArray[Any]])
    said: NDArray[np.floating] | None = None
    classes: tuple[str, ...] = ()

    @property
    def output(self) -> Literal["logits", "probabilities"] | None:
        """What the original's numbers are: probabilities when all are, and add up to one."""
        if self.said is None:
            return None
        in_range = bool(((self.said >= 0) & (self.said <= 1)).all())
        sums = self.said.shape[1] == 1 or bool(np.allclose(self.said.sum(axis=1), 1, atol=_SUM))
        return "probabilities" if in_range and sums else "logits"


class Flavour(ABC):
    """One flavour."""

    name: ClassVar[str]
    """As ``MLmodel`` has it."""
    needs: ClassVar[tuple[str, ...]] = ()
    """Libraries of biasgate's extras that the conversion takes; the model's own are its submitter's."""

    @abstractmethod
    def convert(self, logged: Logged, into: Path) -> Conversion:
        """Writes the model as one ONNX file.

        Raises:
            CandidateError: It is no classifier that can be converted; says what it is and what to do.
        """


def not_convertible(what: str, *, where: Path) -> CandidateError:
    """The refusal that leaves the way of predictions open."""
    fix = "export it to ONNX yourself, or judge its predictions: `biasgate evaluate --predictions`"
    return CandidateError(what, where=str(where), fix=fix)


def names_of(classes: Any) -> tuple[str, ...]:
    """Class names as a data source writes them: ``1`` for 1 and 1.0, ``true`` for True."""
    return tuple(_name(value) for value in np.asarray(classes).tolist())


def _name(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
