"""Weights out of torch state dicts, opened by a confined child process."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from biasgate.errors import CandidateError
from biasgate.models.files import check_file
from biasgate.models.formats.safetensors import Tensors, layers_of, read_tensors
from biasgate.models.sandbox.process import Limits, printable, run_child
from biasgate.models.weights import LayerWeights

_BASE_MEMORY_MB = 8192
"""Address space, not memory: torch for the CPU maps under 1 GiB when it is imported, torch for CUDA about five."""

_LONGEST_REASON = 300


def read_torch(path: Path) -> tuple[LayerWeights, ...]:
    """The layers of a state dict, ordered as in ``read_safetensors``.

    Raises:
        CandidateError: The file is broken, holds more than tensors, or its layers are not read here.
    """
    return layers_of(read_torch_tensors(path), where=str(path))


def read_torch_tensors(path: Path) -> Tensors:
    """The float tensors of a state dict, by name; also of one under ``state_dict`` or ``model_state_dict``.

    Raises:
        CandidateError: The file is no zip as ``torch.save`` writes it, holds code or anything but tensors, or is too
            large.
    """
    (found,) = _open_together([check_file(path)])
    if isinstance(found, CandidateError):
        raise found
    return found


def read_torch_files(paths: Sequence[Path]) -> list[tuple[LayerWeights, ...] | CandidateError]:
    """``read_torch`` of many files, or why one gives nothing: one child opens them all, for a start-up of seconds.

    If a file ends the child, each gets a child of its own, so that no file can make another unreadable.
    """
    try:
        opened = _open_together([check_file(path) for path in paths])
    except CandidateError:
        return [_attempt(path) for path in paths]
    return [_layers(tensors, path) for tensors, path in zip(opened, paths, strict=True)]


def _attempt(path: Path) -> tuple[LayerWeights, ...] | CandidateError:
    try:
        return read_torch(path)
    except CandidateError as error:
        return error


def _layers(tensors: Tensors | CandidateError, path: Path) -> tuple[LayerWeights, ...] | CandidateError:
    try:
        return tensors if isinstance(tensors, CandidateError) else layers_of(tensors, where=str(path))
    except CandidateError as error:
        return error


def _open_together(paths: Sequence[Path]) -> list[Tensors | CandidateError]:
    """Each file's tensors, or why it has none.

    Raises:
        CandidateError: The child died.
    """
    size = max(path.stat().st_size for path in paths)
    with tempfile.TemporaryDirectory(prefix="biasgate-") as scratch:
        folder = Path(scratch)
        run_child(
            "biasgate.models.sandbox.child_torch",
            {"models": [str(path.resolve()) for path in paths]},
            folder=folder,
            output_bytes=size + (1 << 20),
            limits=Limits(memory_mb=_BASE_MEMORY_MB + 3 * (size >> 20), seconds=120),
            where=str(paths[0]),
        )
        return [_written(folder, place, path) for place, path in enumerate(paths)]


def _written(folder: Path, place: int, path: Path) -> Tensors | CandidateError:
    reason = folder / f"{place}.reason"
    try:
        if reason.exists():
            why = printable(check_file(reason).read_text(errors="replace")[:_LONGEST_REASON])
            return CandidateError(f"the candidate failed in its sandbox: {why}", where=str(path))
        return read_tensors(folder / f"{place}.safetensors", where=str(path))
    except CandidateError as error:
        return error
