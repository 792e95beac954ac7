"""Safetensors in several files, known by the index that says which tensor lies in which."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from pydantic import ConfigDict, Field

from biasgate.documents import Document
from biasgate.errors import CandidateError, InputError
from biasgate.models.files import check_file
from biasgate.models.format import TensorFormat
from biasgate.models.formats.safetensors import MAX_HEADER_BYTES, read_tensors
from biasgate.models.named_tensors import Tensors

MAX_PARTS = 64


class _Index(Document):
    """What the index says; its other keys do not matter."""

    model_config = ConfigDict(extra="ignore")
    weight_map: dict[str, str] = Field(min_length=1)


class SafetensorsIndex(TensorFormat):
    """The index of a model in parts, the parts beside it."""

    suffixes: ClassVar[tuple[str, ...]] = (".safetensors.index.json",)

    def beside(self, path: Path) -> tuple[Path, ...]:
        """The parts, each named without a folder."""
        parts = sorted(set(_index(path).values()))
        if len(parts) > MAX_PARTS or any("/" in part or part.startswith(".") for part in parts):
            raise CandidateError(f"{len(parts)} parts, or one in another folder", where=str(path))
        return tuple(check_file(path.with_name(part)) for part in parts)

    def tensors(self, path: Path) -> tuple[Tensors, tuple[str, ...]]:
        """Those of all parts; each must lie where the index says, and nothing else beside it."""
        parts = {part.name: read_tensors(part, where=str(part)) for part in self.beside(path)}
        found = {name: tensor for part in parts.values() for name, tensor in part.items()}
        places = _index(path)
        misplaced = [name for part, held in parts.items() for name in held if places.get(name) != part]
        lost = sorted(name for name in places.keys() - found.keys() if not name.endswith("num_batches_tracked"))
        if misplaced or lost:
            what = f"its parts and the index differ: {[*misplaced, *lost][:5]}"
            raise CandidateError(what, where=str(path), fix="save the model again")
        return found, ()


def _index(path: Path) -> dict[str, str]:
    """The part of each tensor."""
    try:
        return _Index.parse_json(check_file(path, limit=MAX_HEADER_BYTES).read_bytes(), where=str(path)).weight_map
    except InputError as error:
        raise CandidateError(f"no index of safetensors: {error.what}", where=str(path)) from error
