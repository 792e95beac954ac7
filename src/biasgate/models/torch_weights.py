"""Weights out of a torch state dict, opened by a confined child process."""

from __future__ import annotations

import tempfile
from pathlib import Path

from biasgate.models.files import check_file
from biasgate.models.safetensors_weights import Tensors, layers_of, read_tensors
from biasgate.models.sandbox import Limits, run_child
from biasgate.models.weights import LayerWeights

_BASE_MEMORY_MB = 8192
"""Address space, not memory: torch for the CPU maps under 1 GiB when it is imported, torch for CUDA about five."""


def read_torch(path: Path) -> tuple[LayerWeights, ...]:
    """The layers of a state dict, ordered as in ``read_safetensors``.

    Raises:
        CandidateError: The file is broken, holds more than tensors, or its layers are not read here.
    """
    return layers_of(read_torch_tensors(path), where=str(path))


def read_torch_tensors(path: Path) -> Tensors:
    """The float tensors of a state dict, by name.

    Raises:
        CandidateError: The file is no zip as ``torch.save`` writes it, holds code or anything but tensors, or is too
            large.
    """
    size = check_file(path).stat().st_size
    with tempfile.TemporaryDirectory(prefix="biasgate-") as scratch:
        folder = Path(scratch)
        run_child(
            "biasgate.models.child_torch",
            {"model": str(path.resolve())},
            folder=folder,
            output_bytes=size + (1 << 20),
            limits=Limits(memory_mb=_BASE_MEMORY_MB + 3 * (size >> 20), seconds=120),
            where=str(path),
        )
        return read_tensors(folder / "tensors.safetensors", where=str(path))
