"""The report that suits a zoo: of levels by strength, or of groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from biasgate.detection.reader.classifier import MetaClassifier
from biasgate.detection.reader.group_report import GroupReport, group_report
from biasgate.detection.reader.held_out import HonestReport
from biasgate.detection.reader.protocol import honest_report
from biasgate.detection.zoo.spec import ZooSpec

if TYPE_CHECKING:
    import pandas as pd


def report_of(classifier: MetaClassifier, table: pd.DataFrame, *, spec: ZooSpec) -> HonestReport | GroupReport:
    """``group_report`` of a zoo that is planted by ``group``, ``honest_report`` of any other."""
    if spec.planting == "group":
        return group_report(classifier, table, spec=spec)
    return honest_report(classifier, table, spec=spec)
