"""Inference on a candidate, always in a child process that returns nothing but outputs."""

from __future__ import annotations

import json
import math
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from biasgate.errors import CandidateError, InputError
from biasgate.models.package import CandidatePackage
from biasgate.models.preprocess import preprocess
from biasgate.models.sandbox.process import Limits, run_child

_SLACK_BYTES = 1 << 20
_BATCH_VALUES = 1 << 22
"""Most input values a batch: 512 coloured digits, or 27 photographs of 224 by 224 pixels."""
_BATCHES = 8
"""Fewest batches, where there are as many samples: enough for the interval of a median."""


@dataclass(frozen=True, eq=False)
class Inference:
    """What a candidate said.

    Attributes:
        logits: float32 ``[n, classes]``: logits or probabilities, as the card's ``output`` says.
        provider: ONNX Runtime provider that really ran it.
        seconds: Seconds a sample that each batch took, float64 ``[batches]``. The child times itself on a machine
            that others use too, so one value is noise: take the median.
    """

    logits: NDArray[np.float32]
    provider: str
    seconds: NDArray[np.float64]


def run(
    package: CandidatePackage, samples: NDArray[np.uint8] | NDArray[np.float32], *, limits: Limits | None = None
) -> Inference:
    """Outputs of a candidate for stored samples, preprocessed as its card says.

    Beside the samples and the outputs, this process and the child hold one batch each: the inputs lie in a
    scratch file, four bytes a value, that the child reads batch by batch. A set may be larger than the memory limit.

    Args:
        package: A checked package.
        samples: Images ``[n, height, width, channels]`` or rows ``[n, features]``; n ≥ 1.
        limits: What the candidate may use.

    Raises:
        InputError: The samples do not fit the input contract, or there are none.
        CandidateError: The model does not load, runs past a limit, or gives anything but finite ``[n, classes]``.
    """
    limits = limits or Limits()
    if len(samples) == 0:
        raise InputError("no samples to run", where=package.card.name)
    classes = len(package.card.classes)
    batch = min(limits.batch, _BATCH_VALUES // math.prod(package.card.input.shape), len(samples) // _BATCHES)
    batch = max(1, batch)
    with tempfile.TemporaryDirectory(prefix="biasgate-") as scratch:
        folder = Path(scratch)
        _write_inputs(folder / "inputs.bin", package, samples, batch=batch)
        run_child(
            "biasgate.models.sandbox.child_inference",
            {
                "model": str(package.model.resolve()),
                "shape": package.card.input.shape,
                "classes": classes,
                "batch": batch,
            },
            folder=folder,
            output_bytes=len(samples) * classes * 4 + _SLACK_BYTES,
            limits=limits,
            where=package.card.name,
        )
        logits = _read_outputs(folder / "outputs.bin", shape=(len(samples), classes), where=package.card.name)
        seconds = _read_times(folder / "seconds.bin", samples=len(samples), where=package.card.name)
        return Inference(logits=logits, provider=json.loads((folder / "provider.json").read_text()), seconds=seconds)


def _write_inputs(
    path: Path, package: CandidatePackage, samples: NDArray[np.uint8] | NDArray[np.float32], *, batch: int
) -> None:
    with path.open("wb") as file:
        for start in range(0, len(samples), batch):
            preprocess(samples[start : start + batch], package.card.input).tofile(file)


def _read_outputs(path: Path, *, shape: tuple[int, int], where: str) -> NDArray[np.float32]:
    logits = np.fromfile(path, dtype=np.float32)
    if logits.size != shape[0] * shape[1]:
        raise CandidateError(f"{logits.size} outputs for {shape[0]} samples of {shape[1]} classes", where=where)
    if not np.isfinite(logits).all():
        raise CandidateError("the outputs hold NaN or infinities", where=where, fix="such a model is never measured")
    return logits.reshape(shape)


def _read_times(path: Path, *, samples: int, where: str) -> NDArray[np.float64]:
    seconds = np.fromfile(path, dtype=np.float64)
    if not 1 <= seconds.size <= samples or not (np.isfinite(seconds).all() and (seconds > 0).all()):
        raise CandidateError("the times of its batches are no times", where=where)
    return seconds
