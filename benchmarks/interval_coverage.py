"""How often the evaluation's intervals hold the truth, and how often the bounds that decide are wrong on one side.

    python benchmarks/interval_coverage.py            # what is not in results/ yet; tables in report/evaluation.md
    python benchmarks/interval_coverage.py --again    # all anew, ten minutes
    python benchmarks/interval_coverage.py --only AUC    # one family anew
    python benchmarks/interval_coverage.py --quick    # a minute, some of the places, nothing written

Rates, differences, ratios and paired bounds are enumerated, exactly; the others are simulated, so that their figures
carry an error of about √(p(1−p)/draws). A bound of 95 % may miss 2.5 % of the time a side. What the results hold
already is not run again without ``--again`` or ``--only``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
from coverage_clusters import SIZES, comparison, drawn, misses
from coverage_scores import PLACES, measured, power_of_area
from coverage_weights import weighted
from scipy.stats import binom, multinomial
from score_intervals import miettinen_nurminen, tango

from biasgate.statistics import linear
from biasgate.statistics.bounded_mean import mean_bounds
from biasgate.statistics.intervals import clopper_pearson
from biasgate.statistics.paired import Pairs, exact_paired, newcombe_paired
from biasgate.statistics.two_rates import count_point, difference_limits, point_of, ratio_limits

LEVEL, SEED = 0.95, 0
RATES = (0.02, 0.1, 0.5, 0.7, 0.9, 0.95, 0.99)
ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks/results/interval_coverage.json"


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


def one_way(found: Iterator[tuple[str, float, float]]) -> Iterator[Point]:
    """Where the bounds that decide are reported, too."""
    return (Point(where, (low, high), (low, high)) for where, low, high in found)


def rates(*, quick: bool) -> Iterator[Point]:
    for n in (30, 100) if quick else (30, 100, 300, 1000):
        limits = np.array([clopper_pearson(x, n, confidence=LEVEL) for x in range(n + 1)])
        for p in np.linspace(0.01, 0.99, 99):
            found = missed(limits, p, binom.pmf(np.arange(n + 1), n, p))
            yield Point(f"n {n}, p {p:.2f}", found, found)


def bounded(n: int) -> tuple[np.ndarray, ...]:
    """Rates of 0 to n successes ``[n + 1]`` with their bounds, twice ``[levels, n + 1]``."""
    points = [count_point(x, n, confidence=LEVEL) for x in range(n + 1)]
    return tuple(np.array(part).T for part in zip(*points, strict=True))


PAIRS = tuple((first, second) for first in RATES for second in RATES)


def two_rates(
    limits: Callable,
    truth: Callable,
    sizes: tuple[tuple[int, int], ...],
    pairs: Iterable[tuple[float, float]] = PAIRS,
) -> Iterator[Point]:
    """Both groups enumerated; pairs of successes with less than 1e-9 of the mass are left out."""
    for counts in sizes:
        known = [bounded(n) for n in counts]
        for first, second in pairs:
            mass = [binom.pmf(np.arange(n + 1), n, p) for n, p in zip(counts, (first, second), strict=True)]
            some = np.argwhere(np.outer(*mass) > 1e-9)
            weight = mass[0][some[:, 0]] * mass[1][some[:, 1]]
            points = (tuple(part[..., k] for part in one) for one, k in zip(known, some.T, strict=True))
            found = missed(np.column_stack(limits(*points)), truth(first, second), weight)
            yield Point(f"n {counts[0]}/{counts[1]}, p {first}/{second}", found, found)


def differences(*, quick: bool, wide: bool) -> Iterator[Point]:
    """Between rates at most a half apart, or further."""
    within = [pair for pair in PAIRS if (abs(pair[0] - pair[1]) > 0.5) == wide]
    sizes = ((30, 30), (30, 100), (100, 100)) if quick else ((30, 30), (30, 100), (100, 100), (100, 8000))
    return two_rates(difference_limits, lambda p, q: p - q, sizes, within)


def score_differences(*, quick: bool) -> Iterator[Point]:
    def peer(first: tuple[np.ndarray, ...], second: tuple[np.ndarray, ...], n: int) -> tuple[np.ndarray, ...]:
        counts = zip(np.rint(first[0] * n), np.rint(second[0] * n), strict=True)
        return tuple(np.array([miettinen_nurminen(x, (n, n), confidence=LEVEL) for x in counts]).T)

    for n in (30,) if quick else (30, 100):
        yield from two_rates(partial(peer, n=n), lambda p, q: p - q, ((n, n),))


def ratios(*, quick: bool) -> Iterator[Point]:
    def safe(first: tuple[np.ndarray, ...], second: tuple[np.ndarray, ...]) -> tuple[np.ndarray, np.ndarray]:
        """Without successes in the denominator nothing is reported, and nothing excluded."""
        none = second[0] == 0
        low, high = ratio_limits(first, second)
        return np.where(none, 0.0, low), np.where(none, np.inf, high)

    sizes = ((30, 30), (30, 100), (100, 100)) if quick else ((30, 30), (30, 100), (100, 100), (100, 8000))
    return two_rates(safe, lambda p, q: p / q, sizes)


def paired(*, quick: bool) -> Iterator[Point]:
    return over_pairs(exact_paired, (50,) if quick else (50, 200))


def score_paired(*, quick: bool) -> Iterator[Point]:  # noqa: ARG001
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


def clustered(*, quick: bool) -> Iterator[Point]:
    return one_way(misses(quick=quick))


def clustered_pairs(contrast: Callable, truth: Callable, *, quick: bool) -> Iterator[Point]:
    """Two groups with clusters of their own, or with the same ones; the second group's rate is .9 of the first's."""
    rng = np.random.default_rng(SEED)
    for kind in list(SIZES)[:5]:
        for count in (30,) if quick else (30, 100):
            for rate, alike in ((0.9, 0.3), (0.5, 0.6), (0.1, 0.3)):
                for shared in (False, True):
                    place = {"clusters": count, "rate": rate, "alike": alike}
                    one = partial(pair_missed, rng, contrast, truth(rate), kind, shared=shared, **place)
                    found = one(draws=60 if quick else 100)
                    if max(found) > (1 - LEVEL) / 2:
                        found = one(draws=240 if quick else 1000)
                    which = "the same clusters" if shared else "clusters of their own"
                    yield Point(f"{kind}, {count} {which}, p {rate}, icc {alike}", found, found)


def pair_missed(
    rng: np.random.Generator, contrast: Callable, truth: float, kind: str, *, shared: bool, draws: int, **place: float
) -> tuple[float, float]:
    """How often the contrast of two groups lies above its truth, and below."""
    first, second = (drawn(rng, kind, draws=draws, **(place | {"rate": k * place["rate"]}))[:2] for k in (1, 0.9))
    if shared:
        second = rng.binomial(first[1].astype(int), 0.9 * first[0] / first[1]).astype(float), first[1]
    found = np.zeros(2)
    for at in range(draws):
        low, high = contrast(*((sums[at], rows[at]) for sums, rows in (first, second)), shared)
        found += [low > truth + 1e-9, high < truth - 1e-9]
    return float(found[0] / draws), float(found[1] / draws)


Summed = tuple[np.ndarray, np.ndarray]
"""Successes and rows of each cluster."""


def bounds_at(sums: np.ndarray, sizes: np.ndarray, level: float) -> tuple[float, float]:
    return mean_bounds(sums, sizes, confidence=level)


def points_of(first: Summed, second: Summed, shared: bool) -> tuple[tuple, tuple, float]:
    """Both rates with their bounds, and how far shared clusters may widen what decides: they never narrow it."""
    ends = [point_of(x.sum() / n.sum(), partial(bounds_at, x, n), confidence=LEVEL) for x, n in (first, second)]
    if not shared:
        return ends[0], ends[1], 0.0
    parts = [x - x.sum() / n.sum() * n for x, n in (first, second)]
    names = np.arange(len(first[0]))
    return ends[0], ends[1], min(0.0, linear.correlation(parts[0], names, parts[1], names))


def clustered_differences(*, quick: bool) -> Iterator[Point]:
    def contrast(first: Summed, second: Summed, shared: bool) -> tuple[float, float]:
        *ends, correlation = points_of(first, second, shared)
        return difference_limits(*ends, correlation=correlation)

    return clustered_pairs(contrast, lambda rate: 0.1 * rate, quick=quick)


def clustered_ratios(*, quick: bool) -> Iterator[Point]:
    def contrast(first: Summed, second: Summed, shared: bool) -> tuple[float, float]:
        higher, lower, correlation = points_of(first, second, shared)
        return ratio_limits(lower, higher, correlation=correlation) if higher[0] else (0.0, np.inf)

    return clustered_pairs(contrast, lambda _: 0.9, quick=quick)


def weights(*, quick: bool) -> Iterator[Point]:
    return one_way(weighted(quick=quick))


def score(name: str, *, quick: bool) -> Iterator[Point]:
    return one_way(measured(name, PLACES[name](), draws=60 if quick else 400))


FAMILIES = {
    "rate": ("as it decides", "Clopper–Pearson", rates, True),
    "difference": ("as it decides", "worst share, Clopper–Pearson", partial(differences, wide=False), True),
    "difference above .5": ("as it decides", "worst share, Clopper–Pearson", partial(differences, wide=True), True),
    "difference, by a peer": ("as it decides", "Miettinen–Nurminen", score_differences, True),
    "ratio": ("as it decides", "worst share, Clopper–Pearson", ratios, True),
    "paired difference": ("Newcombe, paired", "square-and-add, Clopper–Pearson", paired, False),
    "paired, by a peer": ("Newcombe, paired", "Tango", score_paired, False),
    "clustered rate": ("as it decides", "Gaffke, clusters", clustered, False),
    "clustered difference": ("as it decides", "worst share, Gaffke", clustered_differences, False),
    "clustered ratio": ("as it decides", "worst share, Gaffke", clustered_ratios, False),
    "weighted rate": ("as it decides", "Gaffke, weights", weights, False),
    "AUC": ("as it decides", "placements, Gaffke", partial(score, "roc_auc"), False),
    "log-loss": ("as it decides", "Gaffke", partial(score, "log_loss"), False),
    "calibration in the large": ("as it decides", "Gaffke", partial(score, "calibration_in_the_large"), False),
    "calibration error": ("as it decides", "L1 distance", partial(score, "positive_calibration_error"), False),
    "balanced accuracy": ("as it decides", "Gaffke", partial(score, "balanced_accuracy"), False),
}


def summary(name: str, *, quick: bool) -> dict:
    report, decide, points, exact = FAMILIES[name]
    started = time.process_time()
    found = list(points(quick=quick))
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
        "processor_seconds": round(time.process_time() - started, 1),
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
            f"{'enumeration' if row['exact'] else 'simulation'}, {row['points']} places |"
        )
    return "\n".join([*lines, "", f"*`{found['command']}`, {found['date']}, {found['machine']}.*"])


def methods(found: dict) -> str:
    """What the bound of a clustered rate was chosen from."""
    places = list(found["ours"]["power"])
    lines = [
        f"| bound | worst false approval (.025 allowed) | {' | '.join(places)} |",
        f"|---|---|{'---|' * len(places)}",
    ]
    for name, row in found.items():
        chances = " | ".join(f"{row['power'][place]:.2f}" for place in places)
        lines.append(f"| {name} | {row['worst']:.3f} ({row['at']}) | {chances} |")
    return "\n".join(lines)


def area(found: dict) -> str:
    """What the bound of an AUC costs against DeLong's."""
    lines = [
        "| truth, floor, negatives : positives | positives that DeLong needs for .80 | ours with 1.5 times as many "
        "| false approval by DeLong (.025 allowed) |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {place} | {row['positives']:.0f} | {row['ours']:.2f} | {row['delong_errs']:.3f} |"
        for place, row in found.items()
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=list(FAMILIES))
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found: dict = json.loads(RESULTS.read_text()) if RESULTS.exists() and not options.quick else {}
    found = {"families": {}, "methods": {}, **found}
    found |= {
        "command": "python benchmarks/interval_coverage.py --again",
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": f"{os.cpu_count()} cores, {platform.machine()}",
    }

    def keep() -> None:
        if not options.quick:
            RESULTS.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")

    for name in [options.only] if options.only else FAMILIES:
        if name in found["families"] and not (options.only or options.again):
            continue
        found["families"][name] = summary(name, quick=options.quick)
        print(name, json.dumps(found["families"][name], ensure_ascii=False), flush=True)
        keep()
    if not options.only and (options.again or not found["methods"]):
        found["methods"] = comparison(quick=options.quick)
        found["area"] = power_of_area(draws=100 if options.quick else 400)
        keep()
    found["families"] = {name: found["families"][name] for name in FAMILIES if name in found["families"]}
    keep()
    if found["methods"] and not options.quick:
        write(found)
    if options.json:
        print(json.dumps({name: row["worst_one_sided_miss"] for name, row in found["families"].items()}))


def write(found: dict) -> None:
    page = ROOT / "benchmarks/report/evaluation.md"
    text = page.read_text()
    for mark, words in (
        ("coverage", table(found)),
        ("methods", methods(found["methods"])),
        ("area", area(found["area"])),
    ):
        text = re.sub(
            rf"(<!-- {mark} -->\n).*(<!-- /{mark} -->)",
            lambda at, words=words: f"{at[1]}{words}\n{at[2]}",
            text,
            flags=re.S,
        )
    page.write_text(text)


if __name__ == "__main__":
    main()
