"""Gradients of any candidate: its graph as a torch network, believed only after a comparison; imports torch."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from biasgate.errors import CandidateError
from biasgate.models.export import TOLERANCE
from biasgate.models.feeds import Samples
from biasgate.models.files import check_file
from biasgate.models.graph_network import GraphNetwork, with_weights
from biasgate.models.graph_reading import graph_network
from biasgate.models.onnx.file import load_onnx
from biasgate.models.package import MODEL, CandidatePackage, pack
from biasgate.models.preprocess import preprocess
from biasgate.models.sandbox.limits import Limits
from biasgate.models.sandbox.process import run_child
from biasgate.models.sandbox.runner import run

PROBES = 16
"""Samples on which both are compared."""
ROUNDED = 0.02
"""Difference, as a share of the largest answer, that half precision and eight bits may make."""
LIMITS = Limits(memory_mb=6144, seconds=300)
"""Of the child that meets the gradients first; torch maps some GiB for itself."""


def with_gradients(
    package: CandidatePackage,
    samples: Samples,
    *,
    columns: Mapping[str, NDArray[Any]] | None = None,
    parts: Mapping[str, slice] | None = None,
) -> GraphNetwork:
    """The candidate's graph as a torch network, once it has given the candidate's own answers.

    The graph meets torch in a confined child first, as it meets ONNX Runtime in another: what takes too long or too
    much there, or fails, never runs here.

    Args:
        package: Any candidate whose operators are known.
        samples: As stored; the first of them are compared.
        columns: Columns of the table that the samples come from, for a graph with inputs of their names.
        parts: Which features of a sample each of these is.

    Raises:
        CandidateError: An operator is not known, the graph fails in a sandbox, or torch gives other answers.
    """
    network, few = graph_network(load_onnx(package.model), package.card, parts=parts), samples[:PROBES]
    theirs = run(package, few, columns=_first(columns)).logits
    ours = _answers(package, preprocess(few, package.card.input), parts or {})
    _difference(ours, theirs, rounds=network.program.rounds, where=package.card.name)
    return network


def write_gradients(
    package: CandidatePackage,
    network: GraphNetwork,
    samples: Samples,
    *,
    columns: Mapping[str, NDArray[Any]] | None = None,
    path: Path,
) -> float:
    """Writes the candidate's graph with the network's weights, once the sandbox has given the network's answers.

    Args:
        package: The candidate that the network is of; it stays as it is.
        network: With other weights.
        samples: As stored; the first of them are compared.
        columns: See ``with_gradients``.
        path: File to write.

    Returns:
        Largest difference of the two.

    Raises:
        CandidateError: They differ; nothing is written.
    """
    edited = with_weights(load_onnx(package.model), network).SerializeToString()
    few = samples[:PROBES]
    with tempfile.TemporaryDirectory(prefix="biasgate-") as work:
        draft = Path(work) / MODEL
        draft.write_bytes(edited)
        theirs = run(pack(draft, package.card, Path(work) / "package"), few, columns=_first(columns)).logits
    with torch.no_grad():
        ours = network.answer(torch.from_numpy(preprocess(few, package.card.input))).numpy()
    difference = _difference(ours, theirs, rounds=network.program.rounds, where=f"{package.card.name}, repaired")
    path.write_bytes(edited)
    return difference


def _first(columns: Mapping[str, NDArray[Any]] | None) -> dict[str, NDArray[Any]]:
    return {name: values[:PROBES] for name, values in (columns or {}).items()}


def _difference(ours: NDArray[np.float32], theirs: NDArray[np.float32], *, rounds: bool, where: str) -> float:
    difference = float(np.abs(ours - theirs).max()) if ours.shape == theirs.shape else float("inf")
    if not difference <= (ROUNDED if rounds else TOLERANCE) * max(1.0, float(np.abs(theirs).max())):
        raise CandidateError(
            f"torch and ONNX Runtime give answers that differ by {difference:.2g}",
            where=where,
            fix="use what needs no gradients: a repair of the last layer, or none",
        )
    return difference


def _answers(package: CandidatePackage, inputs: NDArray[np.float32], parts: Mapping[str, slice]) -> NDArray[np.float32]:
    """What torch gives, in the child."""
    job = {
        "model": MODEL,
        "card": package.card.model_dump(mode="json", by_alias=True),
        "parts": {name: [part.start, part.stop] for name, part in parts.items()},
        "threads": LIMITS.threads,
    }
    with tempfile.TemporaryDirectory(prefix="biasgate-") as scratch:
        folder = Path(scratch)
        shutil.copyfile(check_file(package.model), folder / MODEL)
        np.save(folder / "inputs.npy", inputs)
        size = inputs.shape[0] * len(package.card.classes) * 4 + (1 << 20)
        module = "biasgate.models.sandbox.child_gradients"
        run_child(module, job, folder=folder, output_bytes=size, limits=LIMITS, where=package.card.name)
        answers = np.fromfile(check_file(folder / "answers.bin"), np.float32)
    if answers.size % len(inputs):
        raise CandidateError(f"{answers.size} answers for {len(inputs)} samples", where=package.card.name)
    return answers.reshape(len(inputs), -1)
