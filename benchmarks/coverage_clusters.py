"""Rates over clusters of any size: how often each kind of bound errs, and what it costs, over many data sets at once.

Ours is ``statistics.bounded_mean``; whether it errs is told by the tail at the truth, without solving for the bound
(``tails`` is that of the library for many data sets, and ``check`` compares). The others are what it was chosen from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from scipy.special import ndtr, stdtrit
from scipy.stats import beta

from biasgate.statistics.bounded_mean import tail_score

TAIL = 0.025
Array = np.ndarray


def equal(_: np.random.Generator, draws: int, clusters: int) -> Array:
    return np.full((draws, clusters), 4)


def geometric(rng: np.random.Generator, draws: int, clusters: int) -> Array:
    return rng.geometric(0.25, (draws, clusters))


def pareto(rng: np.random.Generator, draws: int, clusters: int) -> Array:
    return np.ceil(rng.pareto(1.5, (draws, clusters)) * 3 + 0.01).astype(int).clip(1, 200)


def photographs(rng: np.random.Generator, draws: int, clusters: int) -> Array:
    """As in LFW: most people once, some up to 200 times."""
    return np.minimum(200, np.floor(rng.pareto(1.2, (draws, clusters)) + 1)).astype(int)


def giant(rng: np.random.Generator, draws: int, clusters: int) -> Array:
    """One cluster has a fifth of all rows."""
    sizes = geometric(rng, draws, clusters)
    sizes[:, 0] = np.maximum(1, sizes[:, 1:].sum(axis=1) // 4)
    return sizes


SIZES: dict[str, Callable[..., Array]] = {
    "equal": equal,
    "geometric": geometric,
    "Pareto": pareto,
    "as in LFW": photographs,
    "one giant": giant,
    "informative": pareto,
}
"""Informative: clusters of more than 6 rows have rates a tenth lower."""
PLACES = ((0.5, 0.3), (0.8, 0.3), (0.9, 0.6), (0.97, 0.3), (0.05, 0.3), (0.95, 0.05))
"""Rates, and how alike the rows of a cluster are (intraclass correlation)."""


def drawn(rng: np.random.Generator, kind: str, *, draws: int, clusters: int, rate: float, alike: float):
    """Successes and rows of each cluster ``[draws, clusters]``, and the true rate of rows."""
    rows = SIZES[kind](rng, draws, clusters)
    own = rng.beta(rate * (1 - alike) / alike, (1 - rate) * (1 - alike) / alike, rows.shape)
    truth = rate
    if kind == "informative":
        own = np.where(rows > 6, 0.9, 1.0) * own
        many = pareto(rng, 1, 10**6)
        truth = rate * float((many * np.where(many > 6, 0.9, 1.0)).sum() / many.sum())
    return rng.binomial(rows, own).astype(float), rows.astype(float), truth


def tails(coefficients: Array) -> Array:
    """``bounded_mean.tail_score``, as a probability, for many sets of coefficients ``[draws, clusters]``."""
    least, most = coefficients.min(axis=1), coefficients.max(axis=1)
    mixed = (least < 0) & (most > 0)
    some = coefficients[mixed]
    low, high = (1 - 1e-13) / least[mixed], (1 - 1e-13) / most[mixed]
    for _ in range(45):
        s = (low + high) / 2
        rising = (some / (1 - s[:, None] * some)).sum(axis=1) < 0
        low, high = np.where(rising, s, low), np.where(rising, high, s)
    s = (low + high) / 2
    left = 1 - s[:, None] * some
    reach = np.sign(s) * np.sqrt(2 * np.maximum(0, np.log(left).sum(axis=1)))
    spread = s * np.sqrt(((some / left) ** 2).sum(axis=1))
    with np.errstate(all="ignore"):
        found = np.where(np.abs(reach) < 1e-4, 0.5, ndtr(reach + np.log(spread / reach) / reach))
    out = np.where(most <= 0, 1.0, 0.0)
    out[mixed] = found
    return out


def ours(sums: Array, sizes: Array, limit: float, *, added: Callable[[Array], Array] | None = None) -> Array:
    """Whether the lower bound lies above ``limit``, ``[draws]``."""
    imagined = (sizes**2).sum(axis=1) / sizes.sum(axis=1) if added is None else added(sizes)
    return tails(np.column_stack([sums - limit * sizes, -limit * imagined])) < TAIL


def largest_imagined(sums: Array, sizes: Array, limit: float) -> Array:
    return ours(sums, sizes, limit, added=lambda rows: rows.max(axis=1))


def cluster_means(sums: Array, sizes: Array, limit: float) -> Array:
    return ours(sums / sizes, np.ones_like(sizes), limit)


def korn_graubard(sums: Array, sizes: Array, limit: float, *, kish: bool = False) -> Array:
    """Clopper–Pearson on the effective size, with one cluster added at each end; all clusters, or Kish's, count."""
    rows, count = sizes.sum(axis=1), sizes.shape[1]
    worth = rows**2 / (sizes**2).sum(axis=1)
    added = rows / worth if kish else rows / count
    total = rows + 2 * added
    mean = (sums.sum(axis=1) + added) / total
    inside = ((sums - mean[:, None] * sizes) ** 2).sum(axis=1)
    between = (count + 2) / (count + 1) * (inside + (added * mean) ** 2 + (added - added * mean) ** 2)
    effect = np.maximum(1, between / (sums.sum(axis=1) + added - total * mean**2))
    degrees = np.maximum(1, (worth if kish else count) - 1)
    worth_rows = rows / effect * (stdtrit(rows - 1, 1 - TAIL) / stdtrit(degrees, 1 - TAIL)) ** 2
    success = sums.sum(axis=1) / rows * worth_rows
    low = np.where(success > 0, beta.ppf(TAIL, np.maximum(success, 1e-12), worth_rows - success + 1), 0)
    return low > limit


def kish(sums: Array, sizes: Array, limit: float) -> Array:
    return korn_graubard(sums, sizes, limit, kish=True)


def capped(sums: Array, sizes: Array, limit: float) -> Array:
    """At most four rows a cluster, drawn at random."""
    rng = np.random.default_rng(0)
    kept = np.minimum(4, sizes)
    return kish(rng.hypergeometric(sums.astype(int), (sizes - sums).astype(int), kept.astype(int)), kept, limit)


def bootstrap_t(sums: Array, sizes: Array, limit: float, *, resamples: int = 199) -> Array:
    """Student's t of whole clusters drawn with replacement; a set without spread has no bound."""
    rng, count = np.random.default_rng(0), sizes.shape[1]

    def studentised(times: Array, total: Array, rows: Array, truth: float) -> Array:
        mean = (times @ total) / (times @ rows)
        squares = times @ total**2 - 2 * mean * (times @ (total * rows)) + mean**2 * (times @ rows**2)
        with np.errstate(all="ignore"):
            return (mean - truth) / (np.sqrt(np.maximum(0, squares)) / (times @ rows))

    above = np.zeros(len(sums), dtype=bool)
    for place, (total, rows) in enumerate(zip(sums, sizes, strict=True)):
        times = rng.multinomial(count, np.full(count, 1 / count), size=resamples).astype(float)
        spread = studentised(times, total, rows, float(total.sum() / rows.sum()))
        found = studentised(np.ones((1, count)), total, rows, limit)[0]
        spread = spread[np.isfinite(spread)]
        above[place] = len(spread) > resamples / 2 and found > np.quantile(spread, 1 - TAIL)
    return above


METHODS: dict[str, Callable[[Array, Array, float], Array]] = {
    "ours": ours,
    "the largest cluster imagined": largest_imagined,
    "Korn–Graubard, all clusters": korn_graubard,
    "Korn–Graubard, Kish's clusters": kish,
    "at most four rows a cluster": capped,
    "means of clusters": cluster_means,
    "bootstrap-t of clusters": bootstrap_t,
}


def check(rng: np.random.Generator) -> None:
    """The tails are the library's."""
    for _ in range(20):
        coefficients = rng.normal(0.3, 1, 30)
        assert abs(tails(coefficients[None])[0] - ndtr(tail_score(coefficients, np.ones(30)))) < 1e-6


def misses(*, quick: bool = False) -> Iterator[tuple[str, float, float]]:
    """(place, how often ours errs below, how often above): a bound of 95 % may .025 of the time a side.

    A place that errs more often is drawn anew, four times as often, and the new share counts.
    """
    rng = np.random.default_rng(1)
    check(rng)
    for kind in SIZES:
        for clusters in (8, 30, 100) if quick else (8, 15, 30, 100, 300, 1000):
            for rate, alike in PLACES[::2] if quick else PLACES:
                draws = 500 if quick else 2000 if clusters <= 100 else 1000
                place = {"clusters": clusters, "rate": rate, "alike": alike}
                truth, low, high = _missed(rng, kind, draws=draws, **place)
                if max(low, high) > TAIL:
                    truth, low, high = _missed(rng, kind, draws=4 * draws, **place)
                yield f"{kind}, {clusters} clusters, p {truth:.2f}, icc {alike}", low, high


def _missed(rng: np.random.Generator, kind: str, **place: float) -> tuple[float, float, float]:
    sums, sizes, truth = drawn(rng, kind, **place)
    return truth, float(ours(sums, sizes, truth).mean()), float(ours(sizes - sums, sizes, 1 - truth).mean())


def comparison(*, quick: bool = False) -> dict[str, dict]:
    """Of each method the largest share of false approvals, its place, and the chance to pass a floor of .80 at .95."""
    rng = np.random.default_rng(2)
    found: dict[str, dict] = {name: {"worst": 0.0, "at": "", "power": {}} for name in METHODS}
    for kind in SIZES:
        for clusters in (30,) if quick else (30, 100, 300):
            for rate, alike in ((0.9, 0.6), (0.8, 0.3)):
                place = f"{kind}, {clusters} clusters, p {rate}, icc {alike}"
                sums, sizes, truth = drawn(rng, kind, draws=800, clusters=clusters, rate=rate, alike=alike)
                for name, method in METHODS.items():
                    some = slice(0, 300 if method is bootstrap_t else None)
                    missed = float(method(sums[some], sizes[some], truth).mean())
                    if missed > found[name]["worst"]:
                        found[name].update(worst=missed, at=place)
        for clusters in (50,) if quick else (50, 100, 300):
            sums, sizes, _ = drawn(rng, kind, draws=600, clusters=clusters, rate=0.95, alike=0.3)
            for name, method in METHODS.items():
                some = slice(0, 200 if method is bootstrap_t else None)
                passed = float(method(sums[some], sizes[some], 0.8).mean())
                found[name]["power"][f"{kind}, {clusters}"] = round(passed, 3)
    return found
