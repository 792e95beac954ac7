"""How the reader that ships does."""

from __future__ import annotations

from meta_predictions import Document

from meta_tables.cells import interval, number, table
from meta_tables.scores import controls_that_failed


def ships(report: Document) -> str:
    ours, reference, bias = report["score"], report["oracle"], report["measured_bias"]
    both = {
        "five levels named": "levels", "right half of the levels": "halves", "very high told from none": "extremes",
        "error on log-odds": "rmse", "log-loss": "log_loss", "Brier": "brier",
    }  # fmt: skip
    alone = {
        "four levels of biased models": report["among_biased"]["levels"],
        "none told from any": report["none_or_any"],
        "measured bias: R²": bias["r2"],
        "measured bias: RMSE": bias["rmse"],
        "measured bias within a level: R²": bias["within_level"],
        "its 95 % interval covers": bias["coverage"],
        "not abstained from": report["accepted"],
    }
    rows = [[what, interval(ours[key]), interval(reference[key])] for what, key in both.items()]
    rows += [[what, interval(estimate), ""] for what, estimate in alone.items()]
    controls = ", ".join(f"{c['name']} {number(c['levels']['value'])}" for c in report["leaks"])
    shortcuts = ", ".join(f"{s['name']} {number(s['levels']['value'])}" for s in report["shortcuts"])
    against, test = report["against_oracle"], ours["calibration"]
    return "\n\n".join(
        [
            f"{report['train']} to learn from, {report['validation']} to calibrate on, {report['test']} held out.",
            table(f"{report['test']} held-out models | from weights | behavioural reference", rows),
            f"Less the reference, paired: levels {interval(against['levels'])}; the reference's error less ours "
            f"{interval(against['rmse'])}. Calibration: p {test['sureness']:.2f} and {test['counts']:.2f}. Negative "
            f"controls: {controls_that_failed(report)} ({controls}). Shortcuts: {shortcuts}.",
        ]
    )
