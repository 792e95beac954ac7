"""Inference on a candidate, always in a child process that returns nothing but outputs."""

from __future__ import annotations

import json
import math
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biasgate.errors import CandidateError, InputError
from biasgate.models.answers import answer, one_is_enough
from biasgate.models.feeds import Samples, feeds, other_layout
from biasgate.models.files import check_file
from biasgate.models.package import MODEL, CandidatePackage
from biasgate.models.sandbox.batches import Batches, Trials, planned
from biasgate.models.sandbox.device import require_device
from biasgate.models.sandbox.limits import Limits
from biasgate.models.sandbox.process import Confinement, OutOfMemoryError, OutOfTimeError, printable, run_child

_SLACK_BYTES = 1 << 20
_REPORT_BYTES = 1 << 20


@dataclass(frozen=True, eq=False)
class Inference:
    """What a candidate said.

    Attributes:
        logits: float32 ``[n, classes]``, or ``[n, 1]`` where it gives the second of two classes alone: logits or
            probabilities, as the card's ``output`` says.
        trials: The same of each trial's batch, or why it failed.
        batches: What was run.
        provider: ONNX Runtime provider that really ran it.
        seconds: Seconds a sample that each batch took, float64 ``[batches]``. The child times itself on a machine
            that others use too, so one value is noise: take the median.
        confinement: What held the process that ran it.
    """

    logits: NDArray[np.float32]
    trials: tuple[NDArray[np.float32] | str, ...]
    batches: Batches
    provider: str
    seconds: NDArray[np.float64]
    confinement: Confinement


def run(
    package: CandidatePackage,
    samples: Samples,
    *,
    columns: Mapping[str, NDArray[Any]] | None = None,
    trials: Trials | None = None,
    limits: Limits | None = None,
) -> Inference:
    """Outputs of a candidate for stored samples, preprocessed as its card says.

    Beside the samples and the outputs, this process holds one batch and the child two: the next is made and sent while
    the model is at the one before. A set may be larger than the memory limit, and lies nowhere a second time.

    Args:
        package: A checked package.
        samples: Images ``[n, height, width, channels]`` or rows ``[n, features]``; n ≥ 1.
        columns: Columns of the table that the samples come from, for a graph with inputs of their names.
        trials: More batches of the same samples, to compare.
        limits: What the candidate may use.

    Raises:
        InputError: The samples do not fit the input contract, or there are none.
        CandidateError: The graph's inputs and outputs do not fit, the model does not load, runs past a limit (says how
            far it came and which setting raises it), or gives anything but finite ``[n, classes]``.
    """
    from biasgate.models.onnx.file import load_onnx
    from biasgate.models.onnx.ports import inputs_of, outputs_of

    limits, card = limits or Limits(), package.card
    if len(samples) == 0:
        raise InputError("no samples to run", where=card.name)
    require_device(limits.device)
    graph = load_onnx(package.model)
    fed = feeds(inputs_of(graph), card.input, samples, columns or {}, where=card.name)
    turned = other_layout(inputs_of(graph), card.input)
    batches = planned(fed, len(samples), trials, limits=limits, where=card.name)
    allowed = [len(card.classes), *([1] if one_is_enough(card) else [])]
    job = {
        "feeds": [{"name": feed.name, "dtype": feed.dtype, "shape": feed.shape} for feed in fed],
        "sizes": batches.sizes,
        "trials": len(batches.trials),
        "batch": batches.size if batches.fixed else None,
        "output": answer(outputs_of(graph), card).name,
        "classes": card.classes,
        "columns": allowed,
        "threads": limits.threads,
        "device": limits.device,
        "advice": f"; if its channels are elsewhere, say in the card: {turned}" if turned else "",
    }
    with tempfile.TemporaryDirectory(prefix="biasgate-") as scratch:
        folder = Path(scratch)
        shutil.copyfile(check_file(package.model), folder / MODEL)
        try:
            held = run_child(
                "biasgate.models.sandbox.child_inference",
                {**job, "model": MODEL},
                folder=folder,
                output_bytes=sum(batches.sizes) * len(card.classes) * 4 + _SLACK_BYTES,
                limits=limits,
                where=card.name,
                feed=partial(batches.write, name=card.name),
            )
        except (OutOfTimeError, OutOfMemoryError) as error:
            raise _told(error, batches, folder, limits) from None
        return _read(folder, batches, held, allowed=allowed, where=card.name)


def _told(error: OutOfTimeError | OutOfMemoryError, batches: Batches, folder: Path, limits: Limits) -> CandidateError:
    """The same error with how far the model came, and the setting that lets it come further."""
    times, total = folder / "seconds.bin", batches.samples
    timed = times.stat().st_size // np.dtype(np.float64).itemsize if times.exists() else 0
    done = sum(batches.sizes[:timed])
    if isinstance(error, OutOfMemoryError):
        what = f"{error.what}, in batches of {batches.size:,} samples"
        more = f"{{memory: {2 * limits.memory_mb}MiB}}"
    else:
        what = error.what
        needed = limits.seconds * sum(batches.sizes) / done if done else 2 * limits.seconds
        more = f"{{seconds: {math.ceil(1.25 * needed / 60) * 60}}}"
    return CandidateError(
        f"{what}, after {done:,} of {total:,} samples",
        where=error.where,
        fix=f"set `inference: {more}` in the gate's file, or the option of that name where there is none",
    )


def _read(folder: Path, batches: Batches, held: Confinement, *, allowed: list[int], where: str) -> Inference:
    provider, columns, failures = _report(folder / "report.json", where=where)
    outputs = _outputs(folder / "outputs.bin", rows=sum(batches.sizes), columns=columns, where=where)
    if columns not in allowed or not np.isfinite(outputs[: batches.samples]).all():
        raise CandidateError("the outputs hold NaN or infinities", where=where, fix="such a model is never measured")
    ends = np.cumsum([len(trial.rows) for trial in batches.trials], dtype=int)
    parts = np.split(outputs[batches.samples :], ends[:-1]) if len(ends) else []
    return Inference(
        logits=outputs[: batches.samples],
        trials=tuple(failures.get(place, part) for place, part in enumerate(parts)),
        batches=batches,
        provider=provider,
        seconds=_seconds(folder / "seconds.bin", samples=batches.samples, where=where),
        confinement=held,
    )


def _report(path: Path, *, where: str) -> tuple[str, int, dict[int, str]]:
    """Provider, columns, and why trials failed; of a process that a candidate may have taken over."""
    try:
        report = json.loads(check_file(path, limit=_REPORT_BYTES).read_bytes())
        failures = {int(place): printable(str(why)) for place, why in report["failures"].items()}
        return printable(str(report["provider"])), int(report["columns"]), failures
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise CandidateError("its process left no report that can be read", where=where) from error


def _numbers(path: Path, kind: np.dtype[Any]) -> NDArray[Any]:
    """What a child wrote; nothing where it left no file of its own."""
    try:
        return np.fromfile(check_file(path), kind)
    except CandidateError:
        return np.empty(0, kind)


def _outputs(path: Path, *, rows: int, columns: int, where: str) -> NDArray[np.float32]:
    outputs = _numbers(path, np.dtype(np.float32))
    if outputs.size != rows * columns:
        raise CandidateError(f"{outputs.size} outputs for {rows} samples of {columns} classes", where=where)
    return outputs.reshape(rows, columns)


def _seconds(path: Path, *, samples: int, where: str) -> NDArray[np.float64]:
    seconds = _numbers(path, np.dtype(np.float64))
    if not 1 <= seconds.size <= samples or not (np.isfinite(seconds).all() and (seconds > 0).all()):
        raise CandidateError("the times of its batches are no times", where=where)
    return seconds
