"""Whether a model says the same of a sample in every company: measured as it will serve.

A server batches as it likes. So samples are run again alone, in other company, order and number, beside samples that
are spoilt, and the answers are compared with those that are measured.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax

from biasgate.errors import CandidateError
from biasgate.models.answers import check_kind, one_a_class
from biasgate.models.card import CandidateCard
from biasgate.models.feeds import Samples
from biasgate.models.package import CandidatePackage
from biasgate.models.sandbox.batches import Trial
from biasgate.models.sandbox.limits import Limits
from biasgate.models.sandbox.runner import Inference, run

TOLERANCE = 0.02
"""Largest difference of an output or a probability of a class, as a share of how far it spreads: twice its standard
deviation over samples. Room for half precision and for kernels that sum in another order."""
NOISE = 1e-5
"""A difference that is none, as a share of the largest value, or of 1: single precision."""
FLIPS = 500
"""One decision and one in so many may change: samples that lie on the edge."""

_FEWEST, _MOST, _SHARE = 24, 512, 10
"""Samples that are run alone: a tenth of all, so that rare groups are among them, within these bounds."""
_SIZES = (2, 3, 4, 5, 7, 8, 16, 33)
_DRAWN_SIZES = 4
_SPOILT = (np.nan, 0.0, 1e6, -1e6, np.inf, -np.inf)


def run_as_served(
    package: CandidatePackage,
    samples: Samples,
    *,
    columns: Mapping[str, NDArray[Any]] | None = None,
    limits: Limits | None = None,
) -> tuple[Inference, float]:
    """``run``, refused where answers depend on other samples of the batch or are not what the card says they are.

    Which samples are tried in which company is drawn anew each time, so that no model can know it.

    Returns:
        What the model said, ``logits`` with one column a class, and the largest difference of a probability that was
        seen between batches.

    Raises:
        InputError: See ``run``.
        CandidateError: See ``run``; an answer depends on its batch; the outputs are not the card's kind.
    """
    generator = np.random.default_rng()
    found = run(
        package,
        samples,
        columns=columns,
        trials=lambda size, most: list(_trials(len(samples), size, most=most, generator=generator)),
        limits=limits,
    )
    check_kind(found.logits, package.card)
    difference = _compared(found, package.card)
    outputs = one_a_class(found.logits, package.card)
    if package.card.output == "probabilities":
        outputs = outputs.clip(0, 1)  # trees that are added up in single precision end beside it
    return replace(found, logits=outputs), difference


def _trials(samples: int, batch: int, *, most: int | None, generator: np.random.Generator) -> Iterator[Trial]:
    """Batches that a model which looks at its batch cannot all expect.

    Some samples alone, one among copies of itself; the first batch reversed; batches of many sizes, up to the largest
    that is allowed; real samples at both ends of a batch of spoilt ones. A graph with a fixed batch gets no other size:
    alone is then among copies.
    """
    fixed = most is None

    def drawn(size: int) -> NDArray[np.int64]:
        return generator.choice(samples, size, replace=size > samples)

    alone = int(np.clip(samples // _SHARE, _FEWEST, _MOST)) // (batch if fixed else 1)
    small = _SIZES * max(1, alone // (2 * _FEWEST))
    drawn_sizes = generator.integers(2, max(3, batch + 1), _DRAWN_SIZES)
    larger = [most, generator.integers(batch, most)] if most and most > batch else []
    sizes = [batch] * len(_SIZES) if fixed else map(int, [*small, *drawn_sizes, *larger])
    for row in [0, min(batch, samples) - 1, samples - 1, *drawn(min(alone, samples))]:
        yield Trial(np.full(batch if fixed else 1, row))
    yield Trial(np.repeat(drawn(1), batch if fixed else 5))
    yield Trial(np.arange(min(batch, samples))[::-1])
    yield from (Trial(drawn(size)) for size in sizes)
    for value in _SPOILT:
        rows = drawn(batch if fixed else 4)
        spoilt = np.ones(len(rows), bool)
        spoilt[[0, -1]] = False
        yield Trial(rows, spoilt, value)


def _compared(found: Inference, card: CandidateCard) -> float:
    """The largest difference of a probability, when none matters."""
    said = _Said.of(found.logits, card)
    allowed = _allowed(said.outputs), _allowed(said.probabilities)
    largest, flips, compared = 0.0, 0, 0
    for trial, outputs in zip(found.batches.trials, found.trials, strict=True):
        if isinstance(outputs, str):
            if trial.spoilt is None:
                raise _dependent(f"it fails on {len(trial.rows)} samples at once ({outputs})", card)
            continue
        kept = np.ones(len(outputs), bool) if trial.spoilt is None else ~trial.spoilt
        now, rows = _Said.of(outputs[kept], card), trial.rows[kept]
        _check_near("an output", now.outputs, said.outputs[rows], allowed[0], trial, card)
        _check_near("a probability", now.probabilities, said.probabilities[rows], allowed[1], trial, card)
        largest = max(largest, float(np.abs(now.probabilities - said.probabilities[rows]).max()))
        flips += int((now.decisions != said.decisions[rows]).any(axis=1).sum())
        compared += len(rows)
    if flips > 1 + compared // FLIPS:
        raise _dependent(f"{flips} of {compared:,} decisions change in other batches", card)
    return largest


@dataclass(frozen=True, eq=False)
class _Said:
    """What a model said of some samples.

    Attributes:
        outputs: ``[n, classes]``.
        probabilities: ``[n, classes]``.
        decisions: The class ``[n, 1]``, or 0 or 1 for each label ``[n, labels]``.
    """

    outputs: NDArray[np.float64]
    probabilities: NDArray[np.float64]
    decisions: NDArray[np.int64]

    @classmethod
    def of(cls, found: NDArray[np.float32], card: CandidateCard) -> _Said:
        outputs = one_a_class(found, card)
        values, several = outputs.astype(np.float64), card.task == "multilabel"
        decisions = outputs > (0.5 if card.output == "probabilities" else 0) if several else outputs.argmax(1)[:, None]
        if card.output == "logits":
            return cls(values, expit(values) if several else softmax(values, axis=1), decisions.astype(np.int64))
        return cls(values, values, decisions.astype(np.int64))


def _allowed(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Largest difference of each class ``[classes]``."""
    return np.maximum(NOISE * np.maximum(1, np.abs(values).max(axis=0)), TOLERANCE * 2 * values.std(axis=0))


def _check_near(
    what: str,
    now: NDArray[np.float64],
    then: NDArray[np.float64],
    allowed: NDArray[np.float64],
    trial: Trial,
    card: CandidateCard,
) -> None:
    differences = np.abs(now - then)
    if not (differences <= allowed).all():
        row, column = np.unravel_index(np.argmax(np.nan_to_num(differences / allowed, nan=np.inf)), differences.shape)
        worst, most = differences[row, column], allowed[column]
        raise _dependent(f"{what} differs by {worst:.2g} {_company(trial)}; {most:.2g} is allowed", card)


def _dependent(what: str, card: CandidateCard) -> CandidateError:
    return CandidateError(
        f"its answer to one sample depends on the others in the batch: {what}",
        where=card.name,
        fix="export a model that treats samples one by one, or one with a fixed batch of 1",
    )


def _company(trial: Trial) -> str:
    if trial.spoilt is not None:
        return f"beside samples of {trial.value:g}"
    if len(trial.rows) == 1:
        return "when the sample is alone"
    return f"in another batch, of {len(trial.rows)}"
