"""The summary, tables and figure of the Action Unit study, from what its models gave; the unit is the seed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw
from scipy.stats import ttest_rel

from biasgate.contracts.relevance import Method, Pictures
from biasgate.report.heatmap_pictures import SIDE, lean_map, lean_tile, size_tiles
from biasgate.statistics.intervals import wilson
from biasgate.statistics.mean import mean_t
from biasgate.statistics.multiple import holm

UNITS = ("AU1", "AU4", "AU6", "AU12", "AU15", "AU25")
COLUMNS = ("all", "feminine", "masculine", "light", "medium", "dark")
METHODS: dict[Method, str] = {"lrp": "LRP", "integrated_gradients": "integrated gradients"}
BEGIN, END = "<!-- tables -->", "<!-- end of tables -->"
Row = dict[str, Any]


def write_report(rows: list[Row], about: dict[str, Any], root: Path) -> None:
    """Writes the summary, the tables of the report page, and the figure."""
    pairs = [
        (by_seed(rows, "planted", seed), by_seed(rows, "twin", seed)) for seed in sorted({r["seed"] for r in rows})
    ]
    tables = "\n\n".join([effects(pairs), detections(pairs), accuracies(pairs), nulls(rows)])
    summary = {
        **about,
        "seeds": len(pairs),
        "cpu_seconds": round(sum(r["cpu_seconds"] for r in rows)),
        "tables": tables,
    }
    (root / "benchmarks" / "results" / "action_units.json").write_text(
        json.dumps(summary, indent=1, ensure_ascii=False)
    )
    page = root / "benchmarks" / "report" / "action_units.md"
    before, rest = page.read_text().split(BEGIN)
    page.write_text(f"{before}{BEGIN}\n\n{tables}\n\n{END}{rest.split(END)[1]}")
    figure(root / "build" / "action_units", root / "docs" / "figures" / "action_units.png")


def by_seed(rows: list[Row], arm: str, seed: int) -> Row:
    """One model."""
    return next(row for row in rows if (row["arm"], row["seed"]) == (arm, seed))


def gap(row: Row, metric: str, unit: str, attribute: str) -> float:
    """A signed gap of rates."""
    return next(v for m, u, a, v in row["rates"]["gaps"] if (m, u, a) == (metric, unit, attribute))


def contrast(row: Row, method: str, statistic: str, unit: str) -> float:
    """A signed contrast of heatmaps, masculine − feminine."""
    found = row["heatmaps"][method]["contrasts"]
    return next(v for s, u, a, v, _ in found if (s, u, a) == (statistic, unit, "gender"))


def measures(unit: str) -> dict[str, Any]:
    """What is compared between twins, by name."""
    named: dict[str, Any] = {
        "true positive rate, masculine − feminine": lambda row: gap(row, "true_positive_rate", unit, "gender"),
        "false positive rate, masculine − feminine": lambda row: gap(row, "false_positive_rate", unit, "gender"),
    }
    for method, name in METHODS.items():
        named[f"{name}: lean, masculine − feminine (sd)"] = lambda r, m=method: contrast(r, m, "net", unit)
        named[f"{name}: share inside the regions (RRF)"] = lambda r, m=method: r["heatmaps"][m]["share"][unit]["all"][0]
    return named


def shown(values: list[float]) -> str:
    """A mean over seeds with Student's interval."""
    found = mean_t(np.array(values))
    return f"{found.value:.3f} [{found.low:.3f}, {found.high:.3f}]".replace("-", "−")


def effects(pairs: list[tuple[Row, Row]]) -> str:
    """Planted and twin, and their paired difference, for the smile; the other units as controls."""
    cells = [(unit, name, of) for unit in UNITS for name, of in measures(unit).items()]
    planted, twin = ([[of(pair[arm]) for pair in pairs] for _, _, of in cells] for arm in (0, 1))
    p_values = holm([float(ttest_rel(a, b).pvalue) for a, b in zip(planted, twin, strict=True)])
    lines = ["| AU12, mean over seeds | planted | twin | difference | p (Holm) |", "|---|---|---|---|---|"]
    others: list[str] = []
    for (unit, name, _), a, b, p in zip(cells, planted, twin, p_values, strict=True):
        if unit == "AU12":
            difference = shown((np.array(a) - np.array(b)).tolist())
            lines.append(f"| {name} | {shown(a)} | {shown(b)} | {difference} | {p:.2g} |")
        elif p <= 0.05:
            others.append(f"{unit} {name}")
    control = "; ".join(others) or "none"
    return (
        "\n".join(lines)
        + f"\n\nOther units in which planted and twin differ (corrected for all {len(cells)}): {control}."
    )


def detections(pairs: list[tuple[Row, Row]]) -> str:
    """In how many models a finding by gender names the smile, and another unit."""
    kinds = {
        "rates": ("rate", None),
        "lean, LRP": ("lean", "lrp"),
        "lean, integrated gradients": ("lean", "integrated_gradients"),
    }
    lines = [
        "| found by gender, of all models | planted, AU12 | twin, AU12 | twin, any other unit |",
        "|---|---|---|---|",
    ]
    for name, (kind, measure) in kinds.items():
        hits = [
            sum(any(is_found(f, kind, measure, smile=smile) for f in pair[arm]["found"]) for pair in pairs)
            for arm, smile in ((0, True), (1, True), (1, False))
        ]
        lines.append(f"| {name} | " + " | ".join(rate(hit, len(pairs)) for hit in hits) + " |")
    return "\n".join(lines)


def is_found(found: list[Any], kind: str, measure: str | None, *, smile: bool) -> bool:
    """Whether a finding is of this kind, by gender alone, on the smile or on another unit."""
    same = found[0] == kind and measure in (None, found[2]) and list(found[3]) == ["gender"]
    return same and (found[1] == "AU12") == smile


def rate(hits: int, of: int) -> str:
    """A count with Wilson's interval."""
    found = wilson(hits, of, confidence=0.95)
    return f"{hits} of {of} [{found.low:.2f}, {found.high:.2f}]"


def accuracies(pairs: list[tuple[Row, Row]]) -> str:
    """Accuracy of the twins, by unit and subgroup."""
    lines = ["| accuracy of the twins | " + " | ".join(COLUMNS) + " |", "|---" * (len(COLUMNS) + 1) + "|"]
    for unit in UNITS:
        cells = [shown([twin["rates"]["accuracy"][unit][name] for _, twin in pairs]) for name in COLUMNS]
        lines.append(f"| {unit} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def nulls(rows: list[Row]) -> str:
    """False findings under permuted attributes, and the sanity check."""
    lines = ["| permuted attributes: data sets with a finding | |", "|---|---|"]
    lines.append(f"| heatmaps, all contrasts | {rate(*np.sum([r['false_heatmaps'] for r in rows], axis=0).tolist())} |")
    for family in rows[0]["false_rates"]:
        hits, of = np.sum([r["false_rates"][family] for r in rows], axis=0).tolist()
        lines.append(f"| rates: {family.replace('_', ' ')} | {rate(hits, of)} |")
    for method, name in METHODS.items():
        likeness = shown([row["heatmaps"][method]["likeness"] for row in rows])
        lines.append(f"| {name}: rank correlation with randomised weights | {likeness} |")
    return "\n".join(lines)


def figure(cache: Path, path: Path) -> None:
    """The smile: averages over seeds of both arms by both methods, and where they lean, on one scale a method."""
    sheet, top = Image.new("RGB", (7 * SIDE, 2 * len(METHODS) * (SIDE + 16)), "white"), 0
    arms = {arm: average(sorted(cache.glob(f"{arm}-*.npz"))) for arm in ("planted", "twin")}
    label, pair = UNITS.index("AU12"), (2, 1)
    for method in METHODS:
        largest = max(float(np.abs(lean_map(pictures, method, label, pair)).max()) for pictures in arms.values())
        for arm, pictures in arms.items():
            tiles = [
                *size_tiles(pictures, method, label, list(range(6))),
                lean_tile(pictures, method, label, pair, top=largest),
            ]
            groups = "all, feminine, masculine, dark, light, medium; lean masculine (red) - feminine (blue)"
            ImageDraw.Draw(sheet).text((4, top + 2), f"AU12, {arm}, {METHODS[method]}: {groups}", fill="black")
            for column, tile in enumerate(tiles):
                sheet.paste(Image.fromarray(tile), (column * SIDE, top + 16))
            top += SIDE + 16
    sheet.quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)


def average(files: list[Path]) -> Pictures:
    """Mean of the pictures of several models on the same faces."""
    kept = [np.load(file) for file in files]
    means = {name: np.mean([one[name] for one in kept], axis=0) for name in kept[0].files if name != "subgroups"}
    sizes, nets = ({m: means[f"{kind} {m}"] for m in METHODS} for kind in ("size", "net"))
    return Pictures(json.loads(str(kept[0]["subgroups"])), means["faces"], sizes, nets)  # type: ignore[arg-type]
