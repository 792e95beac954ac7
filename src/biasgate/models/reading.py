"""Reading weights from a file or a package, without running anything that the file says."""

from __future__ import annotations

from pathlib import Path

from biasgate.errors import CandidateError
from biasgate.models.files import check_file, file_digest
from biasgate.models.package import open_package
from biasgate.models.weights import LayerWeights, Weights


def read_weights(path: Path) -> Weights:
    """Weights of a candidate, the same from each format.

    Args:
        path: A package's folder, or a file: ``.onnx``, ``.safetensors``, or ``.pt``/``.pth`` with a state dict.

    Raises:
        CandidateError: The file is broken, dangerous or outside what is read; says what and where.
    """
    if path.is_dir():
        package = open_package(path)
        return Weights(_read(package.model), package.digest)
    check_file(path)
    return Weights(_read(path), file_digest(path))


def _read(path: Path) -> tuple[LayerWeights, ...]:
    match path.suffix.lower():
        case ".onnx":
            from biasgate.models.onnx_weights import read_onnx

            return read_onnx(path)
        case ".safetensors":
            from biasgate.models.safetensors_weights import read_safetensors

            return read_safetensors(path)
        case ".pt" | ".pth":
            from biasgate.models.torch_weights import read_torch

            return read_torch(path)
        case suffix:
            raise CandidateError(
                f"weights in {suffix or 'a file without a suffix'} are not read",
                where=str(path),
                fix="give .onnx, .safetensors or .pt",
            )
