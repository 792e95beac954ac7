"""Torch state dicts, opened by a confined child process."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from biasgate.errors import CandidateError
from biasgate.models.files import check_file, file_digest
from biasgate.models.format import TensorFormat
from biasgate.models.formats.safetensors import read_tensors, refuse_part
from biasgate.models.named_tensors import Tensors, layers_of
from biasgate.models.sandbox.limits import Limits
from biasgate.models.sandbox.process import printable, run_child
from biasgate.models.weights import Weights

_BASE_MEMORY_MB = 8192
"""Address space, not memory: torch for the CPU maps under 1 GiB when it is imported, torch for CUDA about five."""

_LONGEST_REASON = 300
_Opened = tuple[Tensors, tuple[str, ...]]


class Torch(TensorFormat):
    """A state dict as ``torch.save`` writes it, also one that a checkpoint holds under one of the usual names."""

    suffixes: ClassVar[tuple[str, ...]] = (".pt", ".pth", ".ckpt", ".bin")

    def tensors(self, path: Path) -> tuple[Tensors, tuple[str, ...]]:
        """Opened by a child that runs no code of the file."""
        refuse_part(path)
        (found,) = _open_together([check_file(path)])
        if isinstance(found, CandidateError):
            raise found
        return found

    def read_many(self, paths: Sequence[Path]) -> Iterator[Weights | CandidateError]:
        """One child opens all files, for a start-up of seconds.

        If a file ends the child, each gets a child of its own, so that no file can make another unreadable.
        """
        files = [path for path in paths if path.is_file()]
        try:
            opened = dict(zip(files, _open_together([check_file(path) for path in files]), strict=True))
        except CandidateError:
            opened = {}
        for path in paths:
            try:
                yield self._weights(path, opened[path]) if path in opened else self.read(path)
            except CandidateError as error:
                yield error

    def _weights(self, path: Path, found: _Opened | CandidateError) -> Weights:
        if isinstance(found, CandidateError):
            raise found
        refuse_part(path)
        return Weights(layers_of(found[0], where=str(path)), file_digest(path))


def _open_together(paths: Sequence[Path]) -> list[_Opened | CandidateError]:
    """Each file's tensors, or why it has none.

    Raises:
        CandidateError: The child died.
    """
    if not paths:
        return []
    size = max(path.stat().st_size for path in paths)
    with tempfile.TemporaryDirectory(prefix="biasgate-") as scratch:
        folder = Path(scratch)
        copies = [shutil.copyfile(path, folder / f"{place}.pt").name for place, path in enumerate(paths)]
        run_child(
            "biasgate.models.sandbox.child_torch",
            {"models": copies},
            folder=folder,
            output_bytes=size + (1 << 20),
            limits=Limits(memory_mb=_BASE_MEMORY_MB + 3 * (size >> 20), seconds=120),
            where=str(paths[0]),
        )
        return [_written(folder, place, path) for place, path in enumerate(paths)]


def _written(folder: Path, place: int, path: Path) -> _Opened | CandidateError:
    reason, note = folder / f"{place}.reason", folder / f"{place}.note"
    try:
        if reason.exists():
            return CandidateError(f"the candidate failed in its sandbox: {_said(reason)}", where=str(path))
        notes = (_said(note),) if note.exists() else ()
        return read_tensors(folder / f"{place}.safetensors", where=str(path)), notes
    except CandidateError as error:
        return error


def _said(file: Path) -> str:
    """What the child wrote for people."""
    return printable(check_file(file).read_text(errors="replace")[:_LONGEST_REASON])
