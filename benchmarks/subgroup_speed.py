"""Intervals of subgroup metrics on a million rows: draws of counts against fairlearn's draws of rows, in one run.

    python benchmarks/subgroup_speed.py            # writes benchmarks/results/subgroup_speed.json

fairlearn's time is extrapolated from one draw, on a fifth of the rows, against ours on all of them: so the ratio is at
least what is told. Whether both give the same intervals is told on a small set, where it can draw enough.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
import warnings
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from fairlearn import metrics as fairlearn
from sklearn import metrics as sklearn

from biasgate.statistics.binned_error import binned_error, distances
from biasgate.statistics.bounded_mean import mean_bounds
from biasgate.statistics.metrics.log_loss import MOST, row_losses
from biasgate.statistics.metrics.roc_auc import auc_limits

GROUPS, DRAWS, ENDS = 16, 2000, [0.025, 0.975]


PEERS = {
    "accuracy": sklearn.accuracy_score,
    "balanced_accuracy": sklearn.balanced_accuracy_score,
    "true_positive_rate": fairlearn.true_positive_rate,
    "false_positive_rate": fairlearn.false_positive_rate,
    "true_negative_rate": fairlearn.true_negative_rate,
    "false_negative_rate": fairlearn.false_negative_rate,
    "selection_rate": fairlearn.selection_rate,
    "precision": sklearn.precision_score,
    "f1": sklearn.f1_score,
    "zero_one_loss": sklearn.zero_one_loss,
}


def by_counts(drawn: np.ndarray) -> dict[str, np.ndarray]:
    """The ten metrics of confusion counts ``[draws, groups, label, prediction]``."""
    tn, fp, fn, tp = (drawn[..., label, said] for label in (0, 1) for said in (0, 1))
    tpr, fpr, all_ = tp / (tp + fn), fp / (fp + tn), tp + tn + fp + fn
    return {
        "accuracy": (tp + tn) / all_,
        "balanced_accuracy": (tpr + 1 - fpr) / 2,
        "true_positive_rate": tpr,
        "false_positive_rate": fpr,
        "true_negative_rate": 1 - fpr,
        "false_negative_rate": 1 - tpr,
        "selection_rate": (tp + fp) / all_,
        "precision": tp / (tp + fp),
        "f1": 2 * tp / (2 * tp + fp + fn),
        "zero_one_loss": (fp + fn) / all_,
    }


def draw_counts(counts: np.ndarray, *, draws: int, rng: np.random.Generator) -> np.ndarray:
    """np.ndarray of ``sum(counts)`` rows drawn with replacement, ``[draws, *cells]``."""
    total = counts.sum()
    drawn = rng.multinomial(round(float(total)), counts.ravel() / total, size=draws)
    return drawn.reshape(draws, *counts.shape)


def confusion_counts(labels: np.ndarray, predictions: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Rows by group, label and prediction, all coded from 0: ``[groups, 2, 2]``."""
    codes = (groups * 2 + labels) * 2 + predictions
    return np.bincount(codes, minlength=4 * (int(groups.max()) + 1)).reshape(-1, 2, 2)


def count_bootstrap(labels, predictions, groups, *, draws=DRAWS, seed=0) -> dict[str, np.ndarray]:
    """Percentile limits ``[2, groups]`` of each metric."""
    drawn = draw_counts(confusion_counts(labels, predictions, groups), draws=draws, rng=np.random.default_rng(seed))
    return {name: np.quantile(values, ENDS, axis=0) for name, values in by_counts(drawn).items()}


def frame(metrics, labels, said, groups, *, draws: int):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return fairlearn.MetricFrame(
            metrics=metrics,
            y_true=labels,
            y_pred=said,
            sensitive_features=groups,
            n_boot=draws,
            ci_quantiles=ENDS,
            random_state=0,
        )


def people(rows: int, groups: int, seed: int = 0):
    rng = np.random.default_rng(seed)
    group = rng.integers(0, groups, rows)
    labels = (rng.random(rows) < 0.3 + 0.02 * group).astype(np.int64)
    scores = 1 / (1 + np.exp(-rng.normal(2 * labels - 1, 1)))
    return labels, (scores > 0.5).astype(np.int64), group, scores


def seconds(run, times: int) -> float:
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        run()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def exact(name: str, labels, scores, groups) -> list[tuple[float, float]]:
    """Limits of one probability metric in each group, as the evaluation computes them."""
    found = []
    for group in range(int(groups.max()) + 1):
        rows = np.flatnonzero(groups == group)
        truth, sure, clusters = labels[rows], scores[rows], rows
        if name == "roc_auc":
            found.append(auc_limits(sure, truth == 1, clusters, confidence=0.95))
        elif name == "log_loss":
            losses = row_losses(np.stack([1 - sure, sure], axis=1), truth)
            found.append(mean_bounds(losses, np.ones(len(losses)), confidence=0.95, ends=(0.0, MOST)))
        else:
            confidence, right = np.maximum(sure, 1 - sure), (sure > 0.5) == truth
            far = np.quantile(distances(confidence, right, clusters), 0.975)
            value = binned_error(confidence, right)
            found.append((max(0.0, value - far), value + far))
    return found


def probability_metrics():
    return {
        "roc_auc": sklearn.roc_auc_score,
        "log_loss": lambda y, p: sklearn.log_loss(y, np.stack([1 - p, p], axis=1), labels=[0, 1]),
        "calibration_error": lambda y, p: binned_error(np.maximum(p, 1 - p), (p > 0.5) == y),
    }


def against(ours: float, metrics, labels, said, groups, *, draws: int) -> dict:
    """fairlearn's time of ``DRAWS`` draws beside ours; its first pass over the rows is counted as a draw too."""
    theirs = seconds(lambda: frame(metrics, labels, said, groups, draws=draws), 1) / (draws + 1)
    return {
        "ours_s": ours,
        "fairlearn_s_a_draw": theirs,
        "fairlearn_extrapolated_s": theirs * DRAWS,
        "ratio": theirs * DRAWS / ours,
    }


def counts(rows: int, peer_rows: int, draws: int) -> dict:
    labels, said, group, _ = people(rows, GROUPS)
    ours = seconds(lambda: count_bootstrap(labels, said, group), 9)
    few = slice(peer_rows)
    return {"metrics": len(PEERS)} | against(ours, PEERS, labels[few], said[few], group[few], draws=draws)


def probabilities(rows: int, peer_rows: int, draws: int) -> dict:
    labels, _, group, scores = people(rows, GROUPS)
    few, table = slice(peer_rows), {}
    for name, metric in probability_metrics().items():
        ours = seconds(lambda name=name: exact(name, labels, scores, group), 3)
        table[name] = against(ours, {name: metric}, labels[few], scores[few], group[few], draws=draws)
    return table


def agreement(rows: int = 4000, groups: int = 4, draws: int = 1000) -> dict:
    """Largest distance of limits, in standard errors, where fairlearn can draw enough."""
    labels, said, group, scores = people(rows, groups, seed=1)
    ours = count_bootstrap(labels, said, group, draws=20_000)
    theirs = frame(PEERS, labels, said, group, draws=draws).by_group_ci
    far = {}
    for name, limits in ours.items():
        error = (limits[1] - limits[0]) / 3.92
        peer = np.stack([theirs[end][name].to_numpy(dtype=float) for end in (0, 1)])
        far[name] = float(np.max(np.abs(limits - peer) / error))
    for name, metric in list(probability_metrics().items())[:2]:
        limits = np.array(exact(name, labels, scores, group)).T
        peer_ci = frame({name: metric}, labels, scores, group, draws=draws).by_group_ci
        peer = np.stack([peer_ci[end][name].to_numpy(dtype=float) for end in (0, 1)])
        far[name] = float(np.max(np.abs(limits - peer) / ((limits[1] - limits[0]) / 3.92)))
    return {"rows": rows, "groups": groups, "fairlearn_draws": draws, "largest_distance_in_standard_errors": far}


def table(found: dict) -> str:
    rows = {f"{found['counts']['metrics']} count metrics": found["counts"], **found["probabilities"]}
    lines = [
        "| | here, s | fairlearn, s a draw | 2,000 draws of it, extrapolated | ratio at least |",
        "|---|---|---|---|---|",
        *(
            f"| {name} | {row['ours_s']:.3g} | {row['fairlearn_s_a_draw']:.3g} | "
            f"{row['fairlearn_extrapolated_s']:,.0f} s | {row['ratio']:,.0f} |"
            for name, row in rows.items()
        ),
    ]
    far = max(found["agreement"]["largest_distance_in_standard_errors"].values())
    return "\n".join(
        [
            *lines,
            "",
            f"*{found['rows']:,} rows here, {found['fairlearn_rows']:,} for fairlearn, {found['groups']} subgroups, "
            f"{found['draws']:,} draws; `{found['command']}`, {found['date']}, {found['machine']}.* On "
            f"{found['agreement']['rows']:,} rows, where fairlearn could draw {found['agreement']['fairlearn_draws']} "
            f"times, no end of an interval differs by more than {far:.2f} standard errors.",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--peer-rows", type=int, default=200_000, help="fairlearn gets these rows only")
    parser.add_argument("--peer-draws", type=int, default=1)
    parser.add_argument("--agreement-draws", type=int, default=500)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "subgroup_speed.json")
    options = parser.parse_args()
    found = {
        "command": "python benchmarks/subgroup_speed.py",
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, load average {os.getloadavg()[0]:.1f} at the start",
        "versions": {"fairlearn": __import__("fairlearn").__version__, "numpy": np.__version__},
        "rows": options.rows,
        "fairlearn_rows": options.peer_rows,
        "groups": GROUPS,
        "draws": DRAWS,
        "fairlearn_draws_run": options.peer_draws,
        "counts": counts(options.rows, options.peer_rows, options.peer_draws),
        "probabilities": probabilities(options.rows, options.peer_rows, options.peer_draws),
        "agreement": agreement(draws=options.agreement_draws),
    }
    options.out.write_text(json.dumps(found, indent=1) + "\n")
    print(table(found))
    page = Path(__file__).parents[1] / "benchmarks/report/evaluation.md"
    if options.out.parent != page.parents[1] / "results":
        return
    start, rest = page.read_text().split("<!-- speed -->\n")
    page.write_text(f"{start}<!-- speed -->\n{table(found)}\n<!-- /speed -->{rest.split('<!-- /speed -->')[1]}")


if __name__ == "__main__":
    main()
