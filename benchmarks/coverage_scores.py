"""Scores over drawn data sets: where rare rows cost much, scores tie, one kind is rare, clusters differ in size."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from scipy.stats import beta, norm

from biasgate.statistics.catalogue import SCORES
from biasgate.statistics.linear import standard_error
from biasgate.statistics.metric import Answers
from biasgate.statistics.metrics.roc_auc import roc_auc

LEVEL, TAIL = 0.95, 0.025
Draw = Callable[[np.random.Generator], tuple[np.ndarray, np.ndarray, np.ndarray]]
"""From randomness to the probability of the positive class, the truth and the cluster of each row."""
Place = tuple[str, Draw, float]
"""Where, what is drawn, and the true score."""
Missed = tuple[str, float, float]
"""Where, how often the lower end lies above the truth, how often the upper end below."""


def measured(metric: str, places: Iterator[Place], *, draws: int) -> Iterator[Missed]:
    """How often the bounds of one metric, which are reported too, miss its true value.

    The worst of many places is worst by luck, too: one that misses more often than .025 is drawn anew, four times as
    often, and the new share counts.
    """
    rng = np.random.default_rng(0)
    for where, draw, truth in places:
        missed = _missed(metric, draw, truth, rng, draws=draws)
        if max(missed) > TAIL:
            missed = _missed(metric, draw, truth, rng, draws=4 * draws)
        yield where, *missed


def _missed(metric: str, draw: Draw, truth: float, rng: np.random.Generator, *, draws: int) -> tuple[float, float]:
    missed = np.zeros(2)
    for _ in range(draws):
        score, label, clusters = draw(rng)
        said = np.stack([1 - score, score], axis=1)
        answers = Answers(label, (score > 0.5).astype(np.int64), positive=1, probabilities=said)
        low, high = SCORES[metric].number(answers, clusters).bounds(LEVEL)
        missed += [low > truth + 1e-9, high < truth - 1e-9]
    return float(missed[0] / draws), float(missed[1] / draws)


def alone(count: int) -> np.ndarray:
    return np.arange(count)


def sizes_of(kind: str, rng: np.random.Generator, clusters: int) -> np.ndarray:
    if kind == "equal":
        return np.full(clusters, 10)
    return np.ceil(rng.pareto(1.2, clusters) * 5 + 0.01).astype(int).clip(2, 300)


def areas() -> Iterator[Place]:
    def binormal(m: int, n: int, area: float) -> Draw:
        label = (np.arange(m + n) < m).astype(np.int64)
        return lambda rng: (norm.cdf(rng.normal(label * norm.ppf(area) * np.sqrt(2) - 1, 1)), label, alone(m + n))

    for m, n, area in (
        (10, 1000, 0.9),
        (30, 30, 0.8),
        (30, 30, 0.99),
        (100, 100, 0.85),
        (100, 1000, 0.7),
        (300, 300, 0.5),
    ):
        yield f"{m} positives, {n} negatives, area {area}", binormal(m, n, area), area

    def tied(m: int, n: int, high: tuple[float, ...], low: tuple[float, ...]) -> Draw:
        label, levels = (np.arange(m + n) < m).astype(np.int64), np.linspace(0, 1, len(high))
        return lambda rng: (np.r_[rng.choice(levels, m, p=high), rng.choice(levels, n, p=low)], label, alone(m + n))

    for m, n, high, low in ((30, 300, (0.02, 0.08, 0.9), (0.3, 0.4, 0.3)), (30, 1000, (0.01, 0.99), (0.999, 0.001))):
        truth = sum(p * (sum(low[:i]) + low[i] / 2) for i, p in enumerate(high))
        yield f"{m} positives, {n} negatives, {len(high)} different scores", tied(m, n, high, low), truth

    def hopeless(rng: np.random.Generator):
        label = (np.arange(330) < 30).astype(np.int64)
        found = np.where(
            label == 1, np.where(rng.random(330) < 0.1, -9, rng.normal(4.5, 1, 330)), rng.normal(0, 1, 330)
        )
        return norm.cdf(found - 2), label, alone(330)

    yield "30 positives, one in ten of them below all", hopeless, 0.9 * norm.cdf(4.5 / np.sqrt(2))

    def clustered(kind: str, clusters: int, *, pure: bool) -> Draw:
        def draw(rng: np.random.Generator):
            rows = np.repeat(np.arange(clusters), sizes_of(kind, rng, clusters))
            label = rows < clusters // 3 if pure else rng.random(len(rows)) < 0.3
            found = rng.normal(0, 1, clusters)[rows] + 1.5 * label + rng.normal(0, 1, len(rows))
            return norm.cdf(found - 1), label.astype(np.int64), rows

        return draw

    for kind in ("equal", "Pareto"):
        for clusters in (30, 100):
            for pure in (False, True):
                kinds = "of one kind each" if pure else "of both kinds"
                yield f"{clusters} clusters, {kind}, {kinds}", clustered(kind, clusters, pure=pure), norm.cdf(0.75)


SHAPES = {"spread": (2, 2), "sure": (0.5, 0.5), "rare": (1, 8), "very sure": (0.1, 0.4)}
GRID = (np.arange(10**6) + 0.5) / 10**6


def calibrated(shape: tuple[float, float], n: int) -> Draw:
    def draw(rng: np.random.Generator):
        stated = rng.beta(*shape, n)
        return stated, (rng.random(n) < stated).astype(np.int64), alone(n)

    return draw


def losses() -> Iterator[Place]:
    for n in (30, 200, 1000):
        for name, shape in SHAPES.items():
            p = np.clip(beta.ppf(GRID, *shape), 1e-300, 1 - 1e-16)
            truth = float(-np.mean(p * np.log(p) + (1 - p) * np.log1p(-p)))
            yield f"n {n}, {name}", calibrated(shape, n), truth

    def rare(n: int, share: float, loss: float) -> Draw:
        def draw(rng: np.random.Generator):
            lost = np.where(rng.random(n) < share, loss, 0.1)
            return np.exp(-lost), np.ones(n, dtype=np.int64), alone(n)

        return draw

    for n, share, loss in ((100, 0.005, 8.0), (1000, 0.001, 8.0), (1000, 0.0005, 30.0)):
        yield f"n {n}, a share of {share} loses {loss:g}", rare(n, share, loss), 0.1 * (1 - share) + share * loss

    def clustered(clusters: int) -> Draw:
        def draw(rng: np.random.Generator):
            rows = np.repeat(np.arange(clusters), sizes_of("Pareto", rng, clusters))
            lost = np.exp(rng.normal(-1.5, 0.6, clusters))[rows] * rng.exponential(1, len(rows))
            return np.exp(-np.minimum(lost, 36)), np.ones(len(rows), dtype=np.int64), rows

        return draw

    for clusters in (8, 30, 100):
        yield f"{clusters} clusters, Pareto", clustered(clusters), float(np.exp(-1.5 + 0.18))


def in_the_large() -> Iterator[Place]:
    def stated_too(high: float, shape: tuple[float, float], n: int) -> Draw:
        def draw(rng: np.random.Generator):
            risk = rng.beta(*shape, n)
            return np.minimum(1, risk * (1 + high)), (rng.random(n) < risk).astype(np.int64), alone(n)

        return draw

    for n in (30, 100, 1000):
        for name, shape in (("spread", (2, 3)), ("rare", (1, 60)), ("sure", (0.2, 0.4))):
            for high in (0.0, 0.2):
                p = beta.ppf(GRID, *shape)
                truth = float(np.mean(np.minimum(1, p * (1 + high)) - p))
                yield f"n {n}, {name}, stated {high:.0%} too high", stated_too(high, shape, n), truth


def binned() -> Iterator[Place]:
    def sure(n: int, off: float) -> Draw:
        def draw(rng: np.random.Generator):
            stated = 0.1 + 0.8 * rng.beta(2, 1, n)
            return stated, (rng.random(n) < stated - off).astype(np.int64), alone(n)

        return draw

    for n in (100, 400, 1600):
        for off in (0.0, 0.05, 0.1):
            yield f"n {n}, stated {off} too high", sure(n, off), off

    def clustered(kind: str, clusters: int) -> Draw:
        def draw(rng: np.random.Generator):
            rows = np.repeat(np.arange(clusters), sizes_of(kind, rng, clusters))
            share = rng.beta(8.5 * 0.5, 1.5 * 0.5, clusters)[rows]
            return np.full(len(rows), 0.85), (rng.random(len(rows)) < share).astype(np.int64), rows

        return draw

    for kind in ("equal", "Pareto"):
        for clusters in (30, 100):
            yield f"{clusters} clusters, {kind}, one bin", clustered(kind, clusters), 0.0


def balanced() -> Iterator[Place]:
    def drawn(kind: str, clusters: int) -> Draw:
        def draw(rng: np.random.Generator):
            rows = np.repeat(np.arange(clusters), sizes_of(kind, rng, clusters))
            label = rng.random(len(rows)) < 0.4
            right = rng.random(len(rows)) < rng.beta(4.5, 0.5, clusters)[rows]
            return np.where(right == label, 0.9, 0.1), label.astype(np.int64), rows

        return draw

    for kind in ("equal", "Pareto"):
        for clusters in (30, 100):
            yield f"{clusters} clusters, {kind}", drawn(kind, clusters), 0.9


PLACES: dict[str, Callable[[], Iterator[Place]]] = {
    "roc_auc": areas,
    "log_loss": losses,
    "calibration_in_the_large": in_the_large,
    "positive_calibration_error": binned,
    "balanced_accuracy": balanced,
}


def power_of_area(*, draws: int = 400) -> dict[str, dict[str, float]]:
    """Chance to pass a floor of the AUC with 1.5 times the positives that DeLong's normal bound needs for .80.

    Beside it how often DeLong's bound itself passes a model that lies at the floor: it is valid where that is .025.
    """
    rng = np.random.default_rng(4)
    found: dict[str, dict[str, float]] = {}
    for truth, floor, others in ((0.75, 0.70, 1), (0.85, 0.80, 1), (0.85, 0.80, 10), (0.90, 0.85, 10), (0.95, 0.90, 1)):
        spread = _placement_variances(truth, rng)
        needed = (1.96 + 0.8416) ** 2 * (spread[0] + spread[1] / others) / (truth - floor) ** 2
        passed = {"ours": 0, "delong_errs": 0}
        for _ in range(draws):
            answers = _binormal(rng, int(np.ceil(1.5 * needed)), others, truth)
            passed["ours"] += SCORES["roc_auc"].number(answers, alone(len(answers.truth))).bounds(LEVEL)[0] >= floor
            answers = _binormal(rng, int(np.ceil(needed)), others, floor)
            area, parts = roc_auc(answers.score, answers.truth == 1)
            passed["delong_errs"] += area - 1.96 * standard_error(parts, alone(len(parts))) >= floor
        chances = {name: count / draws for name, count in passed.items()}
        found[f"AUC {truth}, floor {floor}, {others} : 1"] = {"positives": float(np.ceil(needed)), **chances}
    return found


def _binormal(rng: np.random.Generator, positives: int, others: int, area: float) -> Answers:
    label = (np.arange(positives * (1 + others)) < positives).astype(np.int64)
    score = norm.cdf(rng.normal(label * norm.ppf(area) * np.sqrt(2) - 1, 1))
    return Answers(label, label, positive=1, probabilities=np.stack([1 - score, score], axis=1))


def _placement_variances(area: float, rng: np.random.Generator) -> tuple[float, float]:
    """Variances of the share of negatives below a positive, and of positives above a negative, binormal."""
    shift = norm.ppf(area) * np.sqrt(2)
    drawn = rng.normal(0, 1, 200_000)
    return float(norm.cdf(drawn + shift).var()), float(norm.cdf(shift - drawn).var())
