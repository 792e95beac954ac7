"""What is not published because too few clusters stand behind it.

A rate over nine people may describe one of them. Only direct disclosure is prevented: a reader who knows the other
subgroups of an attribute may still infer a withheld one from the whole set.
"""

from __future__ import annotations

from typing import overload

from biasgate.contracts.evaluation import Cell, Change, Evaluation, Gap, Ratio, Score
from biasgate.gate.decision import Decision

FEW = 10
WITHHELD = f"Withheld: fewer than {FEW} clusters stand behind this finding."


@overload
def published(document: Evaluation) -> Evaluation: ...
@overload
def published(document: Decision) -> Decision: ...
def published(document: Evaluation | Decision) -> Evaluation | Decision:
    """The document without any value that rests on fewer than ``FEW`` clusters, in any subgroup that it names."""
    return _evaluation(document) if isinstance(document, Evaluation) else _decision(document)


def _evaluation(evaluation: Evaluation) -> Evaluation:
    small = [(cell.label, cell.subgroup) for cell in evaluation.cells if cell.clusters < FEW]

    def hidden(part: Cell | Gap | Ratio | Score | Change) -> bool:
        groups = (part.higher, part.lower) if isinstance(part, Gap | Ratio) else (part.subgroup,)
        return (part.estimate is not None and part.estimate.n < FEW) or any(
            (part.label, group) in small for group in groups
        )

    blank = {"estimate": None, "bounds": None, "simultaneous": None}
    swap, champion = evaluation.swap_rate, evaluation.champion
    return evaluation.model_copy(
        update={
            "cells": tuple(cell.model_copy(update=blank) if hidden(cell) else cell for cell in evaluation.cells),
            "gaps": tuple(
                gap.model_copy(update={**blank, "p_value": None}) if hidden(gap) else gap for gap in evaluation.gaps
            ),
            "ratios": tuple(r.model_copy(update=blank) if hidden(r) else r for r in evaluation.ratios or ()),
            "disparities": tuple(
                d.model_copy(update={"estimate": None, "shrunk": None}) if d.estimate and d.estimate.n < FEW else d
                for d in evaluation.disparities or ()
            ),
            "scores": tuple(s.model_copy(update=blank) if hidden(s) else s for s in evaluation.scores or ()),
            "changes": tuple(change for change in evaluation.changes if not hidden(change)),
            "champion": champion
            and champion.model_copy(update={"changes": tuple(c for c in champion.changes if not hidden(c))}),
            "swap_rate": swap if swap and swap.n >= FEW else None,
        }
    )


def _decision(decision: Decision) -> Decision:
    small = [rule for rule in decision.rules if rule.n is not None and 0 < rule.n < FEW]
    blank = {"value": None, "bound": None, "sentence": WITHHELD}
    return decision.model_copy(
        update={
            "rules": tuple(rule.model_copy(update=blank) if rule in small else rule for rule in decision.rules),
            "reasons": tuple(
                WITHHELD if any(rule.sentence in reason for rule in small) else reason for reason in decision.reasons
            ),
        }
    )
