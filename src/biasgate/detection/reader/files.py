"""Scanning files and folders: every model is an entry, and one that cannot be read is an entry with its reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from biasgate.contracts.scan import Scan
from biasgate.detection.features.layout import parameters
from biasgate.detection.reader.meta_classifier import MetaClassifier
from biasgate.errors import CandidateError
from biasgate.models.files import check_file, file_digest
from biasgate.models.package import CARD, MODEL
from biasgate.models.reading import read_many
from biasgate.models.recognition import SUFFIXES, suffix_of
from biasgate.models.weights import Weights

TOGETHER = 256
"""Files that are read before the first of them is scanned."""

SLACK = 16
"""A file may be so many times as large as the weights of the largest known network in single precision, and a megabyte
more, for double precision, an optimiser's state and names. A larger one holds another network and is never opened."""


@dataclass(frozen=True)
class FileScan:
    """What became of one file: a scan, or why there is none."""

    file: Path
    scan: Scan | CandidateError


def models_in(path: Path) -> list[Path]:
    """The models that a path names: itself, or, of a folder that is no package, those in and below it, sorted.

    Models are packages and files with a suffix that weights are read from; hidden ones are left out, and a folder
    without any stands for itself.
    """
    return [path] if not path.is_dir() or (path / CARD).exists() else sorted(_below(path)) or [path]


def scan_files(
    meta: MetaClassifier, files: Sequence[Path], *, advance: Callable[[], object] = lambda: None
) -> Iterator[FileScan]:
    """Scans each file, in order; some hundreds are in memory at a time.

    Args:
        meta: What reads.
        files: From ``models_in``.
        advance: Told of each file that is done.
    """
    for start in range(0, len(files), TOGETHER):
        some = [(file, _unopened(meta, file)) for file in files[start : start + TOGETHER]]
        weights = read_many([file for file, answer in some if answer is None])
        for file, answer in some:
            yield FileScan(file, _scanned(meta, next(weights)) if answer is None else answer)
            advance()


def _below(folder: Path) -> Iterator[Path]:
    for entry in folder.iterdir():
        if entry.name.startswith("."):
            continue
        if not entry.is_dir():
            if suffix_of(entry):
                yield entry
        elif (entry / CARD).exists():
            yield entry
        elif not entry.is_symlink():
            yield from _below(entry)


def _size(file: Path) -> int:
    """Bytes of a file and of the one beside it that torch's ONNX exporter keeps weights in; 0 where there is none."""
    beside = file.with_name(f"{file.name}.data")
    return sum(part.stat().st_size for part in (file, beside) if part.is_file())


def _unopened(meta: MetaClassifier, file: Path) -> Scan | CandidateError | None:
    """What can be said of a file that is not to be opened; none of one that is."""
    if file.is_dir() and not (file / CARD).exists():
        fix = f"give files ({', '.join(SUFFIXES)}), a folder that holds some, or a package ({MODEL} with its {CARD})"
        return CandidateError("no model is in this folder or below it", where=str(file), fix=fix)
    largest = max(map(parameters, meta.layouts))
    size = _size(file)
    if size <= (1 << 20) + SLACK * 4 * largest:
        return None
    try:
        digest = file_digest(check_file(file))
    except CandidateError as error:
        return error
    reason = f"its {size / 1e6:,.0f} MB are no network of at most {largest:,} weights, the largest that is known here"
    return Scan(model=digest, meta_classifier=meta.digest, abstained=True, reason=reason)


def _scanned(meta: MetaClassifier, weights: Weights | CandidateError) -> Scan | CandidateError:
    return weights if isinstance(weights, CandidateError) else meta.scan(weights)
