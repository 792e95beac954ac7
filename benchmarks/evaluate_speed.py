"""What ``biasgate.evaluate`` costs as a user types it, each case in a fresh process, beside fairlearn's MetricFrame.

    python benchmarks/evaluate_speed.py            # writes benchmarks/results/evaluate_speed.json
    python benchmarks/evaluate_speed.py --quick    # a tenth of the rows

Processor seconds include the import of the library; memory is the peak of the process, which holds the table too.
fairlearn's frame has the same four rates by the same crossed subgroups, without any interval: ours adds intervals,
bounds, all pairs of subgroups with tests, ratios and disparities. A file is read row group by row group.
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
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

CASES = {
    "plain": "a million rows, two attributes crossed",
    "clusters": "the same, three rows a cluster",
    "scores": "the same without clusters, AUC and calibration error too",
    "groups": "60,000 rows in 1,000 subgroups",
    "small groups": "60,000 rows in 4,000 subgroups, nearly all too small",
    "file": "ten million rows of a Parquet file, `biasgate evaluate --predictions`",
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


def write_file(folder: Path, rows: int) -> None:
    """A table of predictions in row groups of a million, with the source and policy that measure it."""
    import pyarrow as pa
    from pyarrow.parquet import ParquetWriter

    def group(size: int) -> pa.Table:
        truth, said, _, table, _ = people(size)
        return pa.Table.from_pandas(table.assign(truth=truth, said=said))

    with ParquetWriter(folder / "people.parquet", group(1).schema) as file:
        for start in range(0, rows, 1_000_000):
            file.write_table(group(min(1_000_000, rows - start)))
    kept = f'file: {{uri: {folder}/people.parquet}}, label: truth, classes: ["0", "1"], attributes: [sex, race]'
    (folder / "people.yaml").write_text(f"name: people\ndata: {{kind: truth, {kept}}}\n")
    (folder / "policy.yaml").write_text(
        f"name: speed\nevaluation: {{metrics: [{', '.join(RATES)}], attributes: [sex, race], depth: 2}}\n"
        "weight_scan: {flag_levels: [high], on_flag: ignore, on_abstain: ignore}\n"
        "rules: [{id: alike, kind: gap, metric: accuracy, attribute: sex, max: 0.05}]\nlooks: 1\n"
    )


def from_file(folder: Path) -> None:
    from biasgate.cli.app import app

    given = ["--predictions", str(folder / "people.parquet"), "--predicted", "said"]
    with suppress(SystemExit):
        app(["evaluate", *given, "--data", str(folder / "people.yaml"), "--policy", str(folder / "policy.yaml")])


def theirs(rows: int) -> None:
    from fairlearn import metrics
    from sklearn.metrics import accuracy_score

    truth, said, _, table, _ = people(rows)
    names = {"accuracy": accuracy_score, **{name: getattr(metrics, name) for name in RATES[1:]}}
    metrics.MetricFrame(metrics=names, y_true=truth, y_pred=said, sensitive_features=table).by_group  # noqa: B018


def one(case: str, rows: int, folder: Path | None) -> dict[str, float]:
    """Processor seconds and peak GB of this process, once the case is done."""
    if folder:
        from_file(folder)
    elif case == "fairlearn":
        theirs(rows)
    else:
        ours(case, rows)
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {"seconds": time.process_time(), "gigabytes": used.ru_maxrss / 1e6}


def measured(case: str, rows: int) -> dict[str, float]:
    command = [sys.executable, __file__, "--case", case, "--rows", str(rows)]
    with TemporaryDirectory() as folder:
        if case == "file":
            write_file(Path(folder), rows)
            command += ["--folder", folder]
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
    parser.add_argument("--folder", type=Path, help="of the case that reads a file")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "evaluate_speed.json")
    options = parser.parse_args()
    if options.case:
        print(json.dumps(one(options.case, options.rows, options.folder)))
        return
    rows = options.rows // 10 if options.quick else options.rows
    sizes = {case: min(rows, 60_000) if "groups" in case else rows for case in CASES} | {"file": 10 * rows}
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
