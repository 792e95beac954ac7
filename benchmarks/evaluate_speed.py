"""What ``biasgate.evaluate`` costs as a user types it, each case in a fresh process, beside fairlearn's MetricFrame.

    python benchmarks/evaluate_speed.py            # writes benchmarks/results/evaluate_speed.json
    python benchmarks/evaluate_speed.py --quick    # a tenth of the rows

Processor seconds include the import of the library; memory is the peak of the process, which holds the table too.
fairlearn's frame has the same four rates by the same crossed subgroups, without any interval: ours adds intervals,
bounds, all pairs of subgroups with tests, ratios and disparities.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

CASES = {
    "plain": "a million rows, two attributes crossed",
    "clusters": "the same, three rows a cluster",
    "scores": "the same without clusters, AUC and calibration error too",
    "groups": "60,000 rows in 1,000 subgroups",
    "small groups": "60,000 rows in 4,000 subgroups, nearly all too small",
    "fairlearn": "MetricFrame, a million rows, no intervals",
}
RATES = ["accuracy", "selection_rate", "true_positive_rate", "false_positive_rate"]


def people(rows: int):
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, rows)
    scores = np.clip(0.5 * truth + 0.5 * rng.random(rows), 0, 1)
    said = np.where(rng.random(rows) < 0.2, 1 - truth, truth)
    race = rng.choice(list("abcde"), rows, p=[0.5, 0.2, 0.15, 0.1, 0.05])
    table = pd.DataFrame({"sex": rng.choice(["female", "male"], rows), "race": race})
    return truth, said, scores, table, rng.integers(0, max(1, rows // 3), rows)


def ours(case: str, rows: int) -> None:
    import biasgate

    truth, said, scores, table, clusters = people(rows)
    if "groups" in case:
        few = 1000 if case == "groups" else 4000
        table = pd.DataFrame({"employer": np.random.default_rng(1).integers(0, few, rows)})
    biasgate.evaluate(
        y_true=truth,
        y_pred=said,
        scores=scores if case == "scores" else None,
        attributes=table,
        clusters=clusters if case == "clusters" else None,
        depth=2,
        metrics=None if case == "scores" else RATES if "groups" not in case else RATES[:2],
    )


def theirs(rows: int) -> None:
    from fairlearn import metrics
    from sklearn.metrics import accuracy_score

    truth, said, _, table, _ = people(rows)
    names = {"accuracy": accuracy_score, **{name: getattr(metrics, name) for name in RATES[1:]}}
    metrics.MetricFrame(metrics=names, y_true=truth, y_pred=said, sensitive_features=table).by_group  # noqa: B018


def one(case: str, rows: int) -> dict[str, float]:
    """Processor seconds and peak GB of this process, once the case is done."""
    theirs(rows) if case == "fairlearn" else ours(case, rows)
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {"seconds": time.process_time(), "gigabytes": used.ru_maxrss / 1e6}


def measured(case: str, rows: int) -> dict[str, float]:
    command = [sys.executable, __file__, "--case", case, "--rows", str(rows)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return {"rows": rows, **json.loads(done.stdout.splitlines()[-1])}


def table(found: dict) -> str:
    lines = ["| | processor seconds | rows a second | peak memory, GB |", "|---|---|---|---|"]
    for case, row in found["cases"].items():
        per = row["rows"] / row["seconds"]
        lines.append(f"| {CASES[case]} | {row['seconds']:.1f} | {per:,.0f} | {row['gigabytes']:.2f} |")
    return "\n".join([*lines, "", f"*`{found['command']}`, {found['date']}, {found['machine']}.*"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows")
    parser.add_argument("--json", action="store_true", help="print one JSON object of headline figures last")
    parser.add_argument("--case", choices=list(CASES), help="run one case in this process")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "evaluate_speed.json")
    options = parser.parse_args()
    if options.case:
        print(json.dumps(one(options.case, options.rows)))
        return
    rows = options.rows // 10 if options.quick else options.rows
    sizes = {case: min(rows, 60_000) if "groups" in case else rows for case in CASES}
    load = os.getloadavg()[0]
    found = {
        "command": f"python benchmarks/evaluate_speed.py{' --quick' if options.quick else ''}",
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, load average {load:.1f} at the start",
        "cases": {case: measured(case, size) for case, size in sizes.items()},
    }
    if not options.quick:
        options.out.write_text(json.dumps(found, indent=1) + "\n")
    print(table(found))
    if options.json:
        cases = found["cases"]
        headline = {f"{case.replace(' ', '_')}_s": round(row["seconds"], 2) for case, row in cases.items()}
        print(json.dumps({"ratio_to_fairlearn": cases["plain"]["seconds"] / cases["fairlearn"]["seconds"], **headline}))


if __name__ == "__main__":
    main()
