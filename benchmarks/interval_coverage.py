"""How often the evaluation's intervals hold the truth, and how often the bounds that decide are wrong on one side.

    python benchmarks/interval_coverage.py         # its JSON in results/, its table in report/evaluation.md

Rates, differences, ratios, balanced accuracy and paired bounds are enumerated, exactly; the others are simulated, so
that their figures carry an error of about √(p(1−p)/simulations). A bound of 95 % may miss 2.5 % of the time a side.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from scipy.stats import beta, binom, multinomial, norm
from score_intervals import miettinen_nurminen, tango

from biasgate.statistics.binned_error import binned_error, distances
from biasgate.statistics.bounded_mean import mean_bounds
from biasgate.statistics.clustered import Sums, clustered_wilson, korn_graubard
from biasgate.statistics.intervals import clopper_pearson, square_and_add, wilson_limits
from biasgate.statistics.metrics.log_loss import MOST, row_losses
from biasgate.statistics.metrics.roc_auc import auc_bounds, auc_limits, roc_auc
from biasgate.statistics.multiple import bonferroni
from biasgate.statistics.paired import Pairs, exact_paired, newcombe_paired
from biasgate.statistics.ratio import ratio_limits

LEVEL, SEED = 0.95, 0
RATES = (0.5, 0.7, 0.9, 0.95, 0.99)
ROOT = Path(__file__).parents[1]


@dataclass
class Point:
    """One place of the grid: shares of samples whose reported interval misses, and whose bounds do, below and above."""

    where: str
    reported: tuple[float, float]
    decides: tuple[float, float]


def missed(limits: np.ndarray, truth: float, weight: np.ndarray) -> tuple[float, float]:
    """Weight of the samples whose limits lie above the truth, and below it."""
    slack = 1e-9
    return float(weight[limits[:, 0] > truth + slack].sum()), float(weight[limits[:, 1] < truth - slack].sum())


def rate_points(n: int, limits: Callable) -> np.ndarray:
    """(value, low, high) for 0 to n successes ``[n + 1, 3]``."""
    return np.array([(x / n, *limits(x, n, confidence=LEVEL)) for x in range(n + 1)])


def rates() -> Iterator[Point]:
    for n in (30, 100, 300, 1000):
        report, decide = rate_points(n, wilson_limits)[:, 1:], rate_points(n, clopper_pearson)[:, 1:]
        for p in np.linspace(0.01, 0.99, 99):
            weight = binom.pmf(np.arange(n + 1), n, p)
            yield Point(f"n {n}, p {p:.2f}", missed(report, p, weight), missed(decide, p, weight))


def two_rates(report: Callable, decide: Callable, truth: Callable, sizes=((30, 30), (30, 100), (100, 100))):
    """Both groups enumerated; pairs of successes with less than 1e-7 of the mass are left out."""
    for sizes_ in sizes:
        wide, close = ([rate_points(n, limits) for n in sizes_] for limits in (wilson_limits, clopper_pearson))
        known: dict[tuple[int, int], tuple] = {}
        for first in RATES:
            for second in RATES:
                mass = [binom.pmf(np.arange(n + 1), n, p) for n, p in zip(sizes_, (first, second), strict=True)]
                joint = np.outer(*mass)
                pairs = np.argwhere(joint > 1e-7)
                for x, y in map(tuple, pairs):
                    if (x, y) not in known:
                        known[x, y] = (
                            report(tuple(wide[0][x]), tuple(wide[1][y])),
                            decide((x, y), sizes_, tuple(close[0][x]), tuple(close[1][y])),
                        )
                weight = joint[pairs[:, 0], pairs[:, 1]]
                ends = [np.array([known[x, y][i] for x, y in map(tuple, pairs)], dtype=float) for i in (0, 1)]
                value = truth(first, second)
                yield Point(
                    f"n {sizes_[0]}/{sizes_[1]}, p {first}/{second}",
                    missed(ends[0], value, weight),
                    missed(ends[1], value, weight),
                )


def differences() -> Iterator[Point]:
    return two_rates(square_and_add, lambda *known: square_and_add(*known[2:]), lambda p, q: p - q)


def score_differences() -> Iterator[Point]:
    sizes = ((30, 30), (100, 100))
    return two_rates(
        square_and_add, lambda x, n, *_: miettinen_nurminen(x, n, confidence=LEVEL), lambda p, q: p - q, sizes
    )


def ratios() -> Iterator[Point]:
    def safe(first, second):
        return ratio_limits(first, second) if second[0] else (0.0, np.inf)

    return two_rates(safe, lambda *known: safe(*known[2:]), lambda p, q: p / q)


def balanced() -> Iterator[Point]:
    def mean(first, second):
        low, high = square_and_add(first, (-second[0], -second[2], -second[1]), widest=2)
        return low / 2, high / 2

    def decide(successes, sizes, *_):
        limits = [clopper_pearson(x, n, confidence=bonferroni(LEVEL, 2)) for x, n in zip(successes, sizes, strict=True)]
        return tuple(np.mean(limits, axis=0))

    return two_rates(mean, decide, lambda p, q: (p + q) / 2)


def paired() -> Iterator[Point]:
    return over_pairs(exact_paired, (50, 200))


def score_paired() -> Iterator[Point]:
    return over_pairs(tango, (50,))


def over_pairs(bounds: Callable, sizes: tuple[int, ...]) -> Iterator[Point]:
    """Reported intervals over 1,000 drawn tables; bounds, which only discordant pairs move, over all that may be."""
    rng = np.random.default_rng(SEED)
    for n in sizes:
        for first, second in ((0.1, 0.1), (0.05, 0.15), (0.01, 0.05), (0.02, 0.02), (0.3, 0.1)):
            drawn = rng.multinomial(n, (0.8 * (1 - first - second), first, second, 0.2 * (1 - first - second)), 1000)
            tables, times = np.unique(drawn, axis=0, return_counts=True)
            report = np.array([newcombe_paired(Pairs(*map(float, t)), confidence=LEVEL) for t in tables])
            bc = np.array([(b, c) for b in range(n + 1) for c in range(n + 1 - b)])
            mass = multinomial.pmf(np.column_stack([bc, n - bc.sum(axis=1)]), n, (first, second, 1 - first - second))
            bc, mass = bc[mass > 1e-5], mass[mass > 1e-5]
            decide = np.array([bounds(Pairs(n - b - c, float(b), float(c), 0.0), confidence=LEVEL) for b, c in bc])
            truth = first - second
            yield Point(
                f"n {n}, discordant {first}/{second}",
                missed(report, truth, times / times.sum()),
                missed(decide, truth, mass),
            )


def clustered() -> Iterator[Point]:
    rng = np.random.default_rng(SEED)
    for m in (30, 100, 300):
        for p, icc in ((0.5, 0.3), (0.9, 0.3), (0.9, 0.8), (0.97, 0.3)):
            clusters, a = np.repeat(np.arange(m), 4), p * (1 - icc) / icc
            report, decide = [], []
            for _ in range(300):
                outcome = Sums.of(rng.random(4 * m) < np.repeat(rng.beta(a, a * (1 - p) / p, m), 4), clusters)
                found = clustered_wilson(outcome, confidence=LEVEL)
                report.append((found.low, found.high))
                decide.append(korn_graubard(outcome, confidence=LEVEL))
            yield simulated(f"{m} clusters of 4, p {p}, icc {icc}", report, decide, p)


def simulated(where: str, report: list, decide: list, truth: float) -> Point:
    weight = np.full(len(report), 1 / len(report))
    return Point(where, missed(np.array(report), truth, weight), missed(np.array(decide), truth, weight))


def areas() -> Iterator[Point]:
    rng = np.random.default_rng(SEED)
    for m, n in ((30, 30), (30, 300), (100, 100), (300, 300)):
        for area in (0.5, 0.7, 0.8, 0.9, 0.97):
            report, decide = [], []
            positive, clusters = np.arange(m + n) < m, np.arange(m + n)
            for _ in range(300):
                scores = rng.normal(positive * norm.ppf(area) * np.sqrt(2), 1)
                report.append(auc_limits(scores, positive, clusters, confidence=LEVEL))
                decide.append(auc_bounds(roc_auc(scores, positive)[0], clusters, positive, confidence=LEVEL))
            yield simulated(f"{m} positives, {n} negatives, area {area}", report, decide, area)


SHAPES = {"spread": (2, 2), "sure": (0.5, 0.5), "rare": (1, 8), "very sure": (0.1, 0.4)}


def calibrated_people(rng: np.random.Generator, shape: tuple[float, float], n: int):
    sure = rng.beta(*shape, n)
    return sure, (rng.random(n) < sure).astype(np.int64)


def losses() -> Iterator[Point]:
    rng, grid = np.random.default_rng(SEED), (np.arange(10**6) + 0.5) / 10**6
    for n in (50, 200, 1000):
        for name, shape in SHAPES.items():
            p = np.clip(beta.ppf(grid, *shape), 1e-300, 1 - 1e-16)
            truth = float(-np.mean(p * np.log(p) + (1 - p) * np.log1p(-p)))
            decide = []
            for _ in range(300):
                sure, label = calibrated_people(rng, shape, n)
                lost = row_losses(np.stack([1 - sure, sure], axis=1), label)
                decide.append(mean_bounds(lost, np.ones(n), confidence=LEVEL, ends=(0.0, MOST)))
            yield simulated(f"n {n}, {name}", decide, decide, truth)


def calibration() -> Iterator[Point]:
    rng, big = np.random.default_rng(SEED), 10**6
    for n in (100, 400, 1600):
        for off in (0.0, 0.05, 0.15):
            sure, _ = calibrated_people(rng, (2, 1), big)
            sure = 0.5 + sure / 2
            truth = binned_error(sure, np.clip(sure - off, 0, 1))  # type: ignore[arg-type]
            report = []
            for _ in range(200):
                some = rng.choice(sure, n)
                right = rng.random(n) < some - off
                value = binned_error(some, right)
                far = float(np.quantile(distances(some, right, np.arange(n)), (1 + LEVEL) / 2))
                report.append((max(0.0, value - far), min(1.0, value + far)))
            yield simulated(f"n {n}, too sure by {off}", report, report, truth)


FAMILIES = {
    "rate": ("Wilson", "Clopper–Pearson", rates, True),
    "difference": ("Newcombe", "square-and-add, Clopper–Pearson", differences, True),
    "difference, by a peer": ("Newcombe", "Miettinen–Nurminen", score_differences, True),
    "ratio": ("MOVER, Wilson", "MOVER, Clopper–Pearson", ratios, True),
    "balanced accuracy": ("MOVER, Wilson", "Clopper–Pearson, Bonferroni", balanced, True),
    "paired difference": ("Newcombe, paired", "square-and-add, Clopper–Pearson", paired, False),
    "paired, by a peer": ("Newcombe, paired", "Tango", score_paired, False),
    "clustered rate": ("Wilson, clustered", "Korn–Graubard", clustered, False),
    "AUC": ("Wilson, DeLong", "Chernoff", areas, False),
    "log-loss": ("Gaffke", "the same", losses, False),
    "calibration error": ("L1 distance", "the same", calibration, False),
}


def summary(name: str) -> dict:
    report, decide, points, exact = FAMILIES[name]
    started = time.perf_counter()
    found = list(points())
    coverage = [1 - sum(point.reported) for point in found]
    worst = found[int(np.argmin(coverage))]
    one_sided = [max(point.decides) for point in found]
    bad = found[int(np.argmax(one_sided))]
    return {
        "reported": report,
        "decides": decide,
        "exact": exact,
        "points": len(found),
        "mean_coverage": float(np.mean(coverage)),
        "worst_coverage": min(coverage),
        "worst_at": worst.where,
        "worst_one_sided_miss": max(one_sided),
        "worst_miss_at": bad.where,
        "seconds": round(time.perf_counter() - started, 1),
    }


def table(found: dict) -> str:
    lines = [
        "| number | reported | mean coverage | worst | decides | worst one-sided miss (.025 allowed) | by |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, row in found["families"].items():
        lines.append(
            f"| {name} | {row['reported']} | {row['mean_coverage']:.3f} | "
            f"{row['worst_coverage']:.3f} ({row['worst_at']}) | "
            f"{row['decides']} | {row['worst_one_sided_miss']:.4f} ({row['worst_miss_at']}) | "
            f"{'enumeration' if row['exact'] else 'simulation'}, {row['points']} points |"
        )
    return "\n".join([*lines, "", f"*`{found['command']}`, {found['date']}, {found['machine']}.*"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=list(FAMILIES))
    options = parser.parse_args()
    found = {
        "command": "python benchmarks/interval_coverage.py",
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": f"{os.cpu_count()} cores, {platform.machine()}",
        "families": {},
    }
    for name in [options.only] if options.only else FAMILIES:
        found["families"][name] = summary(name)
        print(name, json.dumps(found["families"][name]), flush=True)
    if options.only:
        return
    (ROOT / "benchmarks/results/interval_coverage.json").write_text(
        json.dumps(found, indent=1, ensure_ascii=False) + "\n"
    )
    page = ROOT / "benchmarks/report/evaluation.md"
    text = re.sub(
        r"(<!-- coverage -->\n).*(<!-- /coverage -->)",
        lambda match: f"{match[1]}{table(found)}\n{match[2]}",
        page.read_text(),
        flags=re.S,
    )
    page.write_text(text)


if __name__ == "__main__":
    main()
