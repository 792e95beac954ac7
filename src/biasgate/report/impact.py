"""Impact ratios: each subgroup's selection rate against that of the most selected one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from biasgate.contracts.evaluation import Cell, Evaluation, Ratio, combination
from biasgate.contracts.wording import subgroup
from biasgate.report.suppression import FEW
from biasgate.report.text import share_interval

METRIC = "selection_rate"


@dataclass(frozen=True, kw_only=True)
class ImpactRow:
    """One subgroup; ``rate`` and ``ratio`` carry their intervals, or say why they are missing."""

    name: str
    rate: str
    ratio: str
    n: str


@dataclass(frozen=True, kw_only=True)
class ImpactTable:
    """The subgroups of one label and attribute, or of attributes joined by ``*``, the most selected first."""

    attribute: str
    label: str | None = None
    rows: list[ImpactRow]


def impact_tables(evaluation: Evaluation) -> list[ImpactTable]:
    """One table an attribute combination; none when selection was not compared.

    The categories, rates and ratios are those that New York City's Local Law 144 has an audit report (6 RCNY § 5-301),
    with intervals, which the law does not ask for.

    Args:
        evaluation: One that may be published: no value rests on too few clusters (see ``suppression``).
    """
    ratios = [ratio for ratio in evaluation.ratios or () if ratio.metric == METRIC and not ratio.given]
    compared = {ratio.attribute for ratio in ratios}
    cells = [cell for cell in evaluation.cells if cell.metric == METRIC and combination(cell.subgroup) in compared]
    families = groupby(sorted(cells, key=_family), key=_family)
    return [
        ImpactTable(attribute=attribute, label=label or None, rows=_rows(list(family), ratios))
        for (label, _, attribute), family in families
    ]


def _family(cell: Cell) -> tuple[str, int, str]:
    return cell.label or "", len(cell.subgroup), combination(cell.subgroup)


def _rows(cells: Sequence[Cell], ratios: Sequence[Ratio]) -> list[ImpactRow]:
    known = sorted(cells, key=_rate, reverse=True)
    most = known[0] if _rate(known[0]) > 0 else None
    return [_row(cell, most, ratios) for cell in known]


def _rate(cell: Cell) -> float:
    return cell.estimate.value if cell.estimate else -1.0


def _row(cell: Cell, most: Cell | None, ratios: Sequence[Ratio]) -> ImpactRow:
    missing = "withheld" if cell.clusters < FEW else "too few clusters"
    return ImpactRow(
        name=subgroup(cell.subgroup),
        rate=share_interval(cell.estimate) if cell.estimate else missing,
        ratio=_ratio(cell, most, ratios) if cell.estimate and most else "",
        n=f"{cell.clusters:,}" if cell.clusters >= FEW else f"<{FEW}",
    )


def _ratio(cell: Cell, most: Cell, ratios: Sequence[Ratio]) -> str:
    if cell is most:
        return "most selected"
    pair = [cell.subgroup, most.subgroup]
    for ratio in ratios:
        if ratio.estimate and ratio.label == cell.label and ratio.lower in pair and ratio.higher in pair:
            return share_interval(ratio.estimate)
    return "not compared"
