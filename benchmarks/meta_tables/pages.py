"""The pages about reading weights, and whose results each of their tables shows."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

from meta_predictions import Document

from meta_tables import abroad, changed, elsewhere, families, groups, held_out, peers, published, shared, sigma, tuned
from meta_tables.ships import ships

ROOT = Path(__file__).parents[2]
REPORT = ROOT / "benchmarks" / "report"
PAGES = (
    *(REPORT / f"{name}.md" for name in ("meta_classifier", "fine_tuned", "families", "published_zoo", "sigma")),
    ROOT / "docs" / "concepts" / "weight-scan.md",
)
SCORES_OF_READER = ROOT / "src" / "biasgate" / "detection" / "reader" / "readers" / "digits.scores.json"
MAKERS: dict[str, tuple[str, Callable[[Document], str]]] = {
    "transfer": ("transfer", elsewhere.transfer),
    "architectures": ("architectures", elsewhere.architectures),
    "adversaries": ("adversaries", changed.adversaries),
    "repair": ("repair", changed.repaired),
    "trainers": ("trainers", abroad.trainers),
    "shared": ("shared", shared.shared),
    "tuned": ("tuned", tuned.tuned),
    "families": ("families", families.families),
    "members": ("families", families.members),
    "calibration": ("calibration", published.calibration),
    "outside": ("strangers", abroad.outside),
    "strangers": ("strangers", abroad.strangers),
    "coverage": ("strangers", abroad.coverage),
    "behaviour": ("published", published.behaviour),
    "read": ("published", published.read),
    "sigma_budget": ("sigma", sigma.budget),
    "sigma_readers": ("sigma", sigma.readers),
    "sigma_features": ("sigma", sigma.features),
}
"""By a table's name: whose results it shows, and how."""


def write_tables(results: Document) -> None:
    """Brings every page up to date."""
    made = tables(results)
    for page in PAGES:
        page.write_text(filled(page.read_text(), made))


def tables(results: Document) -> dict[str, str]:
    """Each table that there are results for, by its name."""
    of_held_out = _by_zoo(results, "held_out")
    return {
        "ships": ships(json.loads(SCORES_OF_READER.read_text())),
        **{f"peers: {zoo}": peers.peers(found, zoo) for zoo, found in _by_zoo(results, "peers").items()},
        **{f"groups: {zoo}": groups.groups(found) for zoo, found in _by_zoo(results, "groups").items()},
        "held_out": held_out.held_out(of_held_out),
        "ablation": held_out.ablation(of_held_out),
        "curve": held_out.curve(_by_zoo(results, "learning_curve")),
        **{name: make(results[source]) for name, (source, make) in MAKERS.items() if results.get(source)},
    }


def filled(text: str, made: dict[str, str]) -> str:
    """A page whose tables, each between ``<!-- name -->`` and ``<!-- end -->``, are the ones given."""
    for name, table in made.items():
        block = f"<!-- {name} -->\n{table}\n<!-- end -->"
        text = re.sub(rf"<!-- {re.escape(name)} -->\n.*?<!-- end -->", lambda _, b=block: b, text, flags=re.DOTALL)
    return text


def _by_zoo(results: Document, kind: str) -> dict[str, Document]:
    return {name.removeprefix(f"{kind}: "): found for name, found in results.items() if name.startswith(f"{kind}: ")}
