"""The evaluation as a page of its own, for whoever looks at the task that measured."""

from __future__ import annotations

from biasgate.contracts.evaluation import Evaluation
from biasgate.contracts.population import population_of
from biasgate.gate.policy import Policy
from biasgate.report.rendering import page
from biasgate.report.subgroup_figures import change_figure, gap_figure, rate_figures, ratio_figure
from biasgate.report.suppression import published


def evaluation_page(evaluation: Evaluation, policy: Policy | None = None) -> str:
    """Rates, gaps and ratios by subgroup, with a policy's margins if one is given; too small subgroups are withheld."""
    shown = published(evaluation)
    return page(
        "evaluation.html.j2",
        evaluation=shown,
        population=list(population_of(shown)),
        rates=rate_figures(shown, policy),
        gaps=gap_figure(shown, policy),
        ratios=ratio_figure(shown, policy),
        changes=change_figure(shown, policy),
    )
