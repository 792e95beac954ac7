"""The held-out report of a meta-classifier as a page."""

from __future__ import annotations

import base64

from biasgate.contracts.held_out import HeldOutReport, SubgroupReport
from biasgate.report.held_out_figure import held_out_panels
from biasgate.report.rendering import page


def held_out_page(report: HeldOutReport) -> str:
    """Held-out scores beside what they must be compared with: reference, shortcuts, single groups, controls."""
    if isinstance(report, SubgroupReport):
        return page("held_out_subgroup.html.j2", report=report)
    figures = [base64.b64encode(made.encode()).decode() for made in held_out_panels(report)]
    return page("held_out_strength.html.j2", report=report, figures=figures)
