"""The honest report of a meta-classifier as a page."""

from __future__ import annotations

import base64

from biasgate.detection.reader.group_report import GroupReport
from biasgate.detection.reader.held_out import HonestReport
from biasgate.report.held_out_figure import honest_figure
from biasgate.report.rendering import page


def honest_page(report: HonestReport | GroupReport) -> str:
    """Held-out scores beside what they must be compared with: the oracle, shortcuts, single groups, leak alarms."""
    if isinstance(report, GroupReport):
        return page("groups.html.j2", report=report)
    figure = base64.b64encode(honest_figure(report).encode()).decode()
    return page("honest.html.j2", report=report, figure=figure)
