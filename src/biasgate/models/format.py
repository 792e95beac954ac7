"""What each file format of models is: how it is recognised and how weights are read from it.

A format is one file in ``formats/`` with a class derived from ``Format``; ``biasgate.models.reading`` finds it there.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from biasgate.errors import CandidateError
from biasgate.models.files import files_digest
from biasgate.models.named_tensors import Tensors, layers_of
from biasgate.models.weights import Weights


class Format(ABC):
    """One format. Nothing that a file says is run."""

    suffixes: ClassVar[tuple[str, ...]]
    """Of its files, in small letters, with the dot."""

    @abstractmethod
    def read(self, path: Path) -> Weights:
        """The weights of a file and its digest.

        Raises:
            CandidateError: The file is broken, dangerous or outside what is read; says what and where.
        """

    def beside(self, path: Path) -> tuple[Path, ...]:  # noqa: ARG002
        """The files in the same folder that hold some of its tensors: none, for most formats.

        Raises:
            CandidateError: The file is broken, or a tensor lies elsewhere.
        """
        return ()

    def read_many(self, paths: Sequence[Path]) -> Iterator[Weights | CandidateError]:
        """``read`` of each, in order, or why one cannot be read."""
        for path in paths:
            try:
                yield self.read(path)
            except CandidateError as error:
                yield error


class GraphFormat(Format):
    """A format whose files say what is computed: they can be packed and run."""

    @abstractmethod
    def check(self, path: Path) -> None:
        """Refuses a file that is not a graph whole in itself, as a package's must be.

        Raises:
            CandidateError: It is not.
        """

    @abstractmethod
    def write_whole(self, path: Path, into: Path) -> None:
        """Writes the graph with all its tensors inside.

        Raises:
            CandidateError: See ``beside``; together they are more than one file may hold.
        """


class TensorFormat(Format):
    """A format of named tensors alone: what is computed, the card's architecture says."""

    @abstractmethod
    def tensors(self, path: Path) -> tuple[Tensors, tuple[str, ...]]:
        """The float tensors of a file, by name; counters of batch normalisation are left out.

        Returns:
            The tensors, and which of several they are, one sentence each.

        Raises:
            CandidateError: The file is broken, dangerous, or holds tensors of another type.
        """

    def read(self, path: Path) -> Weights:
        """The layers as ``layers_of`` orders them."""
        return Weights(layers_of(self.tensors(path)[0], where=str(path)), files_digest(path, self.beside(path)))
