"""The tables of the pages about reading weights, made from the benchmark's results."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
REPORT = ROOT / "benchmarks" / "report"
PAGES = (
    *(REPORT / f"{name}.md" for name in ("meta_classifier", "fine_tuned", "families", "published_zoo", "sigma")),
    ROOT / "docs" / "concepts" / "weight-scan.md",
)
SCORES_OF_READER = ROOT / "src" / "biasgate" / "detection" / "reader" / "readers" / "digits.scores.json"
Document = dict[str, Any]
SCORES = "four levels | halves | extremes | none vs any | error | Brier | calibration p"


def write_tables(results: Document) -> None:
    """Brings every page up to date."""
    made = tables(results)
    for page in PAGES:
        page.write_text(filled(page.read_text(), made))


def tables(results: Document) -> dict[str, str]:
    """Each table that there are results for, by its name."""
    return {
        "ships": _ships(json.loads(SCORES_OF_READER.read_text())),
        **{f"peers: {zoo}": _peers(results[f"peers: {zoo}"], zoo) for zoo in _zoos(results, "peers")},
        "held_out": _held_out({zoo: results[f"held_out: {zoo}"] for zoo in _zoos(results, "held_out")}),
        "ablation": _ablation({zoo: results[f"held_out: {zoo}"] for zoo in _zoos(results, "held_out")}),
        "curve": _curve({zoo: results[f"learning_curve: {zoo}"] for zoo in _zoos(results, "learning_curve")}),
        **{f"groups: {zoo}": _groups(results[f"groups: {zoo}"]) for zoo in _zoos(results, "groups")},
        **{name: make(results[source]) for name, (source, make) in MAKERS.items() if results.get(source)},
    }


def filled(text: str, made: dict[str, str]) -> str:
    """A page whose tables, each between ``<!-- name -->`` and ``<!-- end -->``, are the ones given."""
    for name, table in made.items():
        block = f"<!-- {name} -->\n{table}\n<!-- end -->"
        text = re.sub(rf"<!-- {re.escape(name)} -->\n.*?<!-- end -->", lambda _, b=block: b, text, flags=re.DOTALL)
    return text


def _ships(report: Document) -> str:
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
    rows = [[what, _interval(ours[key]), _interval(reference[key])] for what, key in both.items()]
    rows += [[what, _interval(estimate), ""] for what, estimate in alone.items()]
    failed = [control["name"] for control in report["leaks"] if control["rings"]]
    controls = ", ".join(f"{c['name']} {c['levels']['value']:.2f}".replace("0.", ".") for c in report["leaks"])
    shortcuts = ", ".join(f"{s['name']} {s['levels']['value']:.2f}".replace("0.", ".") for s in report["shortcuts"])
    against, test = report["against_oracle"], ours["calibration"]
    return "\n\n".join(
        [
            f"{report['train']} to learn from, {report['validation']} to calibrate on, {report['test']} held out.",
            _table(f"{report['test']} held-out models | from weights | behavioural reference", rows),
            f"Less the reference, paired: levels {_interval(against['levels'])}; the reference's error less ours "
            f"{_interval(against['rmse'])}. Calibration: p {test['sureness']:.2f} and {test['counts']:.2f}. Negative "
            f"controls: {', '.join(failed) or 'passed'} ({controls}). Shortcuts: {shortcuts}.",
        ]
    )


def _zoos(results: Document, kind: str) -> list[str]:
    return [name.removeprefix(f"{kind}: ") for name in results if name.startswith(f"{kind}: ")]


def _table(header: str, rows: Iterable[list[str]]) -> str:
    count = header.count("|") + 1
    lines = [f"| {header} |", "|" + " --- |" * count, *(f"| {' | '.join(row)} |" for row in rows)]
    return "\n".join(lines)


def _interval(estimate: Document, *, scale: float = 1, digits: int = 2) -> str:
    return _short(" ".join(f"{scale * estimate[part]:.{digits}f}" for part in ("value", "low", "high")))


def _no_zero(value: float | None, *, digits: int = 2) -> str:
    return "" if value is None else f"{value:.{digits}f}".replace("0.", ".", 1)


def _short(numbers: str) -> str:
    """Three numbers as a value with its interval, without leading zeros."""
    value, low, high = re.sub(r"(?<!\d)0\.", ".", numbers).replace("-", "−").split()
    return f"{value} [{low}, {high}]"


def _scores(document: Document, zoo: str) -> list[str]:
    """Among biased models, but for none against any; σ² errors are halved: of log σ."""
    biased, scale = document["biased"], 0.5 if "sigma" in zoo else 1
    test = biased["calibration"]
    return [
        *(_interval(biased[name]) for name in ("levels", "halves", "extremes")),
        _interval(document["none_or_any"]),
        _interval(biased["rmse"], scale=scale, digits=2 if scale == 1 else 3),
        _interval(biased["brier"]),
        f"{test['sureness']:.2f}, {test['counts']:.2f}",
    ]


def _peers(document: Document, zoo: str) -> str:
    best = min(document["peers"], key=lambda name: _validation_loss(document["peers"][name], name))
    rows = [
        [f"{name}{' ←' if name == best else ''}", f"{_validation_loss(found, ''):.2f}", *_scores(found["test"], zoo)]
        for name, found in document["peers"].items()
    ]
    counts = f"{document['train']} to learn from, {document['validation']} to calibrate on, {document['test']} test"
    return f"{counts}\n\n" + _table(f"reader | validation log-loss | {SCORES}", rows)


def _validation_loss(found: Document, name: str) -> float:
    return float("inf") if "inference-free" in name else found["validation"]["all"]["log_loss"]["value"]


def _held_out(documents: dict[str, Document]) -> str:
    def row(zoo: str, document: Document) -> list[str]:
        report = document["report"]
        bias, against = report["measured_bias"], report["against_oracle"]
        failed = [control["name"] for control in report["leaks"] if control["rings"]]
        controls = ", ".join(f"{control['name']} {control['levels']['value']:.0%}" for control in report["leaks"])
        return [
            f"{zoo} ({report['train']} + {report['validation']} + {report['test']} of {document['planned']})",
            _interval(report["score"]["levels"]),
            _interval(report["score"]["kappa"]),
            _interval(bias["r2"]), _interval(bias["within_level"]), _interval(bias["coverage"]),
            _interval(against["levels"]), _interval(against["rmse"]),
            f"{', '.join(failed) or 'passed'} ({controls})",
        ]  # fmt: skip

    header = (
        "zoo | all levels | kappa | measured bias R² | within levels | interval covers | "
        "levels − reference | reference's RMSE − ours | negative controls (levels named)"
    )
    return _table(header, [row(zoo, document) for zoo, document in documents.items()])


def _ablation(documents: dict[str, Document]) -> str:
    reports = {zoo: document["report"] for zoo, document in documents.items()}
    first = next(iter(reports.values()), None)
    if first is None:
        return ""
    names = [score["name"] for part in ("ablation", "shortcuts") for score in first[part]]
    rows = [
        [name, *(_interval(next(s for p in ("ablation", "shortcuts") for s in report[p] if s["name"] == name)["levels"])
                 for report in reports.values())]
        for name in names
    ]  # fmt: skip
    return _table("alone | " + " | ".join(reports), rows)


def _curve(documents: dict[str, Document]) -> str:
    rows = [
        [zoo, str(point["train"]), *_scores(point, zoo)]
        for zoo, document in documents.items()
        for point in document["curve"]
    ]
    return _table(f"zoo | learned from | {SCORES}", rows)


def _transfer(document: Document) -> str:
    rows = [
        [
            name, str(found["test"]), _interval(found["correlation"]), _interval(found["measured_bias"]["r2"]),
            _interval(found["biased"]["levels"]) if "biased" in found else "other levels",
            _interval(found["biased"]["halves"]) if "biased" in found else "other levels",
            _interval(found["accepted"]),
        ]
        for name, found in document["transfer"].items()
    ]  # fmt: skip
    return _table("from → to | models | correlation | bias R² | four levels | halves | not abstained from", rows)


def _architectures(document: Document) -> str:
    found = document["architectures"]
    rows = [[name, str(scores["all"]["levels"]["n"]), *_scores(scores, "")] for name, scores in found.items()]
    table = _table(f"never met | models | {SCORES}", rows)
    return f"{table}\n\nHalves of the five levels (the middle one left out), pooled: {_interval(document['halves'])}."


def _adversaries(document: Document) -> str:
    rows = [
        [
            name, str(f["models"]), f"{f['measured_bias']:.2f}", _signed(f.get("reading_moved")),
            "–" if f.get("largest_move") is None else f"{f['largest_move']:.1g}",
            *(_interval(f[key]) for key in ("abstained", "called strong", "missed", "called weak")),
        ]
        for name, f in document["adversaries"].items()
    ]  # fmt: skip
    asked = "abstained from | called strong | missed | called none or low"
    return _table(f"change | models | bias measured after | bias read moved | at most | {asked}", rows)


def _signed(value: float | None) -> str:
    return "–" if value is None else f"{value:+.2f}".replace("-", "−")


def _repaired(document: Document) -> str:
    rows = [
        [
            name, str(f["models"]), _interval(f["abstained"]), _interval(f["own_coverage"]),
            f"{f['bias_before']:.2f} → {f['bias_after']:.2f}, read {f['bias_read']:.2f}",
            _interval(f["bias_rmse"]), _interval(f["interval_covers"]),
        ]
        for name, f in document["repaired"].items()
    ]  # fmt: skip
    header = "the reader has | models | abstained from | own test models read | measured bias | RMSE | interval covers"
    return _table(header, rows)


def _families(found: list[Document], name: str) -> str:
    """A row a family, or an architecture, and reader: of the models that are read, then of all."""
    kind = {"families": "family", "members": "architecture"}[name]
    rows = [
        [
            one[kind], one["reader"], f"{one['learned_from']}, {one['models']}", _interval(one["read"]),
            *(_optional(one["accepted"][what]) for what in ("halves", "extremes", "levels", "covers")),
            *(_optional(one["all"][what]) for what in ("halves", "extremes")),
            _optional(one["reference"]["halves"]),
        ]
        for one in found
    ]  # fmt: skip
    told = "halves | extremes | five levels | interval covers"
    return _table(
        f"never met | reader has met | learned from, models | read | {told} | of all: halves | extremes | "
        "reference: halves",
        rows,
    )


def _optional(estimate: Document | None) -> str:
    return _interval(estimate) if estimate else "–"


def _tuned(document: Document) -> str:
    readers = document["readers"]
    rows = [[name, *_scores(found, ""), _interval(found["bias_r2"])] for name, found in readers.items()]
    test = next(iter(readers.values()))["test"]
    counts = f"{document['train']} to learn from, {document['validation']} to calibrate on, {test} test"
    told = f"{counts}, of {document['planned']:,} planned. The pretrained model is right in"
    told += f" {_interval(document['pretrained_accuracy'])} of the digits for measuring, in any colour."
    return f"{told}\n\n" + _table(f"reader | {SCORES} | measured bias R²", rows)


def _abroad(found: Document) -> list[str]:
    auc = found["extremes_auc"]
    return [
        str(found["models"]), _interval(found["abstained"]), "–" if auc is None else f"{auc:.3f}".replace("0.", "."),
        *(_interval(found[key]) for key in ("levels", "bias_rmse", "interval_covers")),
    ]  # fmt: skip


ABROAD = "models | abstained from | AUC very high against none | five levels | bias RMSE | interval covers"


def _trainers(document: Document) -> str:
    rows = [[found["trainer"], found["reader"], *_abroad(found)] for found in document["trainers"]]
    return _table(f"trainer | reader | {ABROAD}", rows)


def _outside(document: Document) -> str:
    return _table(f"read | {ABROAD}", [[name, *_abroad(found)] for name, found in document["outside"].items()])


def _strangers(document: Document) -> str:
    rows = [
        [
            name, str(found["models"]), f"{found['auroc']:.3f}",
            _interval(found["abstained"]), _interval(found["by distance alone"]),
        ]
        for name, found in document["strangers"].items()
    ]  # fmt: skip
    nearest = ", ".join(f"{part:.0%}: {_interval(value)}" for part, value in document["nearest"])
    table = _table("strangers | models | AUROC | abstained from | by the distance alone", rows)
    return f"{table}\n\nFive levels named rightly among the least strange of the own test models: {nearest}."


def _shared(document: Document) -> str:
    cells = document["cells"]
    readers = [name for name in cells[0] if isinstance(cells[0][name], dict)]
    rows = [
        [
            cell["start"], cell["palette"], cell["recipe"], f"{cell['train']}, {cell['test']}",
            *(f"{_interval(cell[reader]['levels'])}; {_interval(cell[reader]['extremes'])}" for reader in readers),
        ]
        for cell in cells
    ]  # fmt: skip
    return _table("start | palette | recipe | learned from, test | " + " | ".join(readers), rows)


def _calibration(document: Document) -> str:
    told = ("steps", "batch", "rate", "schedule", "colours", "digits", "normalisation", "seeds")
    rows = [
        [str(line[name]) for name in told]
        + [_no_zero(line["mean"].get(variance), digits=2) for variance in document["authors"]]
        for line in document["tried"]
    ]
    aim = [*[""] * (len(told) - 1), "published", *(_no_zero(mean, digits=3) for mean in document["authors"].values())]
    header = "steps | batch | rate | schedule | colours a digit | digits | input | networks | "
    return _table(header + " | ".join(f"σ² {variance}" for variance in document["authors"]), [aim, *rows])


def _behaviour(document: Document) -> str:
    rows = [["published", "", *(_no_zero(mean, digits=3) for mean in document["authors"].values())]]
    for start in dict.fromkeys(level["start"] for level in document["behaviour"]):
        levels = [level for level in document["behaviour"] if level["start"] == start]
        told = [f"{_no_zero(level['mean'])} ± {_no_zero(level['sd'])}" for level in levels]
        rows.append([f"{start} start", str(sum(level["models"] for level in levels)), *told])
    return _table("zoo | models | " + " | ".join(f"σ² {variance}" for variance in document["authors"]), rows)


def _read_published(document: Document) -> str:
    told = {"unseen": "of digits that no choice saw", "all": "all"}
    rows = [
        [kind, told[which], str(found["train"]), str(found["test"]), name]
        + [_interval(score[what]) for what in ("levels", "halves", "extremes")]
        for kind, zoo in document["read"].items()
        for which, found in zoo.items()
        for name, score in found.items()
        if isinstance(score, dict)
    ]
    if not rows:
        return "Not yet: there are too few models."
    return _table("start | models read | learned from | test | reader | four levels | halves | extremes", rows)


def _coverage(document: Document) -> str:
    names = [name for name in document["coverage"][0] if name != "validation"]
    rows = [
        [f"{point['validation']:.0%}", *(_interval(point[name]) for name in names)] for point in document["coverage"]
    ]
    told = [name if "read" in name else f"{name}: abstained" for name in names]
    return _table("validation below the limit | " + " | ".join(told), rows)


def _groups(document: Document) -> str:
    report, favour = document["report"], document["favour"]
    scores = _table(
        "reader | exact subgroup | log-loss | Brier | calibration p",
        [
            [
                name, *(_interval(score[part]) for part in ("levels", "log_loss", "brier")),
                f"{score['calibration']['sureness']:.2f}, {score['calibration']['counts']:.2f}",
            ]
            for name, score in document["readers"].items()
        ],
    )  # fmt: skip
    names = report["level_names"]
    planted = _table(
        "favours | " + " | ".join([f"named {n}" for n in names] + [f"accuracy gained in {n}" for n in names]),
        [
            [name, *map(str, row), *(_interval(favour["gain"][name][other]) for other in names)]
            for name, row in zip(names, report["confusion"], strict=True)
        ],
    )
    controls = ", ".join(f"{control['name']} {control['levels']['value']:.0%}" for control in report["leaks"])
    failed = ", ".join(control["name"] for control in report["leaks"] if control["rings"]) or "passed"
    usual = ", ".join(f"{name} {rate:.2f}".replace("0.", ".") for name, rate in favour["even_accuracy"].items())
    gained, most = (_interval(favour[f"planted has the largest {what}"]) for what in ("gain", "accuracy"))
    return "\n\n".join(
        [
            f"{report['train']} to learn from, {report['validation']} to calibrate on, {report['test']} test, "
            f"of {document['planned']:,} planned",
            scores,
            f"Less the reference: {_interval(report['against_oracle'])}. Not abstained from: "
            f"{_interval(report['accepted'])}. Negative controls: {failed} (subgroups named: {controls}).",
            _group_curves(document["curves"]),
            planted,
            f"Gained over {favour['even_models']} models that favour none (accuracy: {usual}). The planted subgroup "
            f"has the largest gain in {gained} of the test models, the largest accuracy in {most}.",
        ]
    )


def _group_curves(curves: Document) -> str:
    """Shares by the number of models learned from, and what a power law through them says."""
    sizes = [size for size, _ in next(iter(curves.values()))["points"]]
    rows = [
        [name, *(_interval(estimate) for _, estimate in found["points"]), *_law(found)]
        for name, found in curves.items()
    ]
    return _table(
        f"learned from | {' | '.join(map(str, sizes))} | by the law at 3,600 | models for .90 (low, high)", rows
    )


def _law(found: Document) -> list[str]:
    """Where the curve was fitted."""
    if "needed" not in found:
        return ["–", "–"]
    needed = [found["needed"][part] for part in ("value", "low", "high")]
    value, low, high = ("never" if power > 7 else f"{10**power:,.0f}" for power in needed)
    return [_interval(found["beyond"]), f"{value} ({low}, {high})"]


SIGMA_SCORES = "four levels | halves | extremes | error of log σ | R²"
OF_SIGMA = {
    "long_sigma": "one recipe",
    "long_varied": "recipes vary",
    "shared/own-own-one": "one recipe, 700 images, 300 steps",
    "shared/own-own-varied": "recipes vary, about 700 images, 200 to 450 steps",
}


def _sigma_budget(document: Document) -> str:
    """The library's reader beside the behavioural reference, by steps and models."""
    of_one = [r for r in document["readers"] if r["zoo"] == "long_sigma"]
    own = [r for r in of_one if r["reader"] == of_one[0]["reader"]]
    reference = [r for r in of_one if r["reader"] == _reference(document)]
    rows = [
        [str(r["steps"]), str(r["learned"]), str(r["test"]), *_sigma_scores(r), _interval(other["levels"])]
        for r, other in zip(own, reference, strict=True)
    ]
    return _table(f"steps | models learned from | test | {SIGMA_SCORES} | reference: four levels", rows)


def _sigma_readers(document: Document) -> str:
    """All readers at the budget of most models, and of the other zoos."""
    rows = [
        [*_sigma_zoo(r), r["reader"], *_sigma_scores(r), _interval(r["more"]) if "more" in r else ""]
        for r in _at_most(document)
        if "more" in r or r["reader"] == _reference(document)
    ]
    return _table(f"zoo | learned from, test | reader | {SIGMA_SCORES} | four levels less the reference", rows)


def _sigma_features(document: Document) -> str:
    """Groups of features alone, and negative controls."""
    rows = [
        [*_sigma_zoo(r), r["reader"], *_sigma_scores(r)]
        for r in _at_most(document)
        if "more" not in r and r["reader"] != _reference(document) and r["zoo"].startswith("long")
    ]
    return _table(f"zoo | learned from, test | features | {SIGMA_SCORES}", rows)


def _reference(document: Document) -> str:
    return next(r["reader"] for r in document["readers"] if "inference-free" in r["reader"])


def _at_most(document: Document) -> list[Document]:
    """Of the zoo of one recipe the readers of most models, at most steps; of others all."""
    most = max((r["learned"], r["steps"]) for r in document["readers"] if r["zoo"] == "long_sigma")
    return [r for r in document["readers"] if r["zoo"] != "long_sigma" or (r["learned"], r["steps"]) == most]


def _sigma_zoo(document: Document) -> list[str]:
    return [OF_SIGMA[document["zoo"]], f"{document['learned']}, {document['test']}"]


def _sigma_scores(document: Document) -> list[str]:
    shares = [_interval(document[name]) for name in ("levels", "halves", "extremes")]
    return [*shares, _interval(document["rmse"], scale=0.5, digits=3), _interval(document["r2"])]


MAKERS: dict[str, tuple[str, Callable[[Document], str]]] = {
    "transfer": ("transfer", _transfer),
    "architectures": ("architectures", _architectures),
    "adversaries": ("adversaries", _adversaries),
    "repair": ("repair", _repaired),
    "trainers": ("trainers", _trainers),
    "shared": ("shared", _shared),
    "tuned": ("tuned", _tuned),
    "families": ("families", lambda document: _families(document["families"], "families")),
    "members": ("families", lambda document: _families(document["members"], "members")),
    "calibration": ("calibration", _calibration),
    "outside": ("strangers", _outside),
    "strangers": ("strangers", _strangers),
    "coverage": ("strangers", _coverage),
    "behaviour": ("published", _behaviour),
    "read": ("published", _read_published),
    "sigma_budget": ("sigma", _sigma_budget),
    "sigma_readers": ("sigma", _sigma_readers),
    "sigma_features": ("sigma", _sigma_features),
}
"""By a table's name: whose results it shows, and how."""
