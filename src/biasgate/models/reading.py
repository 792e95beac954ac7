"""Reading weights from a file or a package, without running anything that the file says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from biasgate.errors import CandidateError
from biasgate.models.files import check_file
from biasgate.models.format import Format
from biasgate.models.package import open_package
from biasgate.models.recognition import FORMATS, format_of, suffix_of
from biasgate.models.weights import Weights


def read_weights(path: Path) -> Weights:
    """Weights of a candidate, the same from each format.

    Args:
        path: A package's folder, or a file of a format in ``formats/``: ``.onnx``, ``.safetensors`` (or the index of
            one in parts), or ``.pt``, ``.pth``, ``.ckpt`` or ``.bin`` with a state dict. Tensors that lie in files
            beside it are read, and the digest is then over all files by name.

    Raises:
        CandidateError: The file is broken, dangerous or outside what is read; says what and where.
    """
    if path.is_dir():
        package = open_package(path)
        return replace(read_weights(package.model), digest=package.digest)
    return format_of(check_file(path)).read(path)


def read_many(paths: Sequence[Path]) -> Iterator[Weights | CandidateError]:
    """``read_weights`` of each, in order, or why one cannot be read.

    Each format reads its files in one go: one child process opens all state dicts, for one start-up instead of many.
    """
    formats = [FORMATS.get(suffix_of(path) or "") if path.is_file() else None for path in paths]
    files: defaultdict[Format, list[Path]] = defaultdict(list)
    for path, kind in zip(paths, formats, strict=True):
        if kind:
            files[kind].append(path)
    read = {kind: kind.read_many(those) for kind, those in files.items()}
    for path, kind in zip(paths, formats, strict=True):
        yield next(read[kind]) if kind else _read_alone(path)


def _read_alone(path: Path) -> Weights | CandidateError:
    try:
        return read_weights(path)
    except CandidateError as error:
        return error
