"""Reading weights from a file or a package, without running anything that the file says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from biasgate.documents import canonical_json, sha256
from biasgate.errors import CandidateError
from biasgate.models.files import check_file, file_digest
from biasgate.models.package import open_package
from biasgate.models.weights import LayerWeights, Weights

TORCH = (".pt", ".pth")
SUFFIXES = (".onnx", ".safetensors", *TORCH)
"""Files that hold weights as they are read here."""


def read_weights(path: Path) -> Weights:
    """Weights of a candidate, the same from each format.

    Args:
        path: A package's folder, or a file: ``.onnx``, ``.safetensors``, or ``.pt``/``.pth`` with a state dict. Tensors
            that an ONNX file keeps in a file beside it are read, and the digest is then over both files by name.

    Raises:
        CandidateError: The file is broken, dangerous or outside what is read; says what and where.
    """
    if path.is_dir():
        package = open_package(path)
        return Weights(_read(package.model)[0], package.digest)
    check_file(path)
    layers, beside = _read(path)
    if not beside:
        return Weights(layers, file_digest(path))
    return Weights(layers, sha256(canonical_json({file.name: file_digest(file) for file in (path, *beside)})))


def read_many(paths: Sequence[Path]) -> Iterator[Weights | CandidateError]:
    """``read_weights`` of each, in order, or why one cannot be read.

    One child process opens all state dicts: a start-up for all of them instead of one each.
    """
    from biasgate.models.formats.torch import read_torch_files

    dicts = [path for path in paths if path.suffix.lower() in TORCH and path.is_file()]
    opened = dict(zip(dicts, read_torch_files(dicts) if dicts else (), strict=True))
    for path in paths:
        try:
            layers = opened.get(path)
            if layers is None:
                yield read_weights(path)
            else:
                yield layers if isinstance(layers, CandidateError) else Weights(layers, file_digest(check_file(path)))
        except CandidateError as error:
            yield error


def _read(path: Path) -> tuple[tuple[LayerWeights, ...], tuple[Path, ...]]:
    """The layers, and the files beside this one that hold some of them."""
    match path.suffix.lower():
        case ".onnx":
            from biasgate.models.formats.onnx_weights import read_onnx

            return read_onnx(path)
        case ".safetensors":
            from biasgate.models.formats.safetensors import read_safetensors

            return read_safetensors(path), ()
        case ".pt" | ".pth":
            from biasgate.models.formats.torch import read_torch

            return read_torch(path), ()
        case suffix:
            raise CandidateError(
                f"weights in {suffix or 'a file without a suffix'} are not read",
                where=str(path),
                fix="give .onnx, .safetensors or .pt",
            )
