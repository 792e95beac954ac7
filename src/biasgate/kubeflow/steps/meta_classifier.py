"""Step that learns to read bias from weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from biasgate.kubeflow.steps.files import write
from biasgate.kubeflow.steps.task import task


@dataclass(frozen=True)
class TrainedMetaClassifier:
    """Where it is registered, and what a person compares of it between runs."""

    uri: str
    numbers: Mapping[str, float | str]


def train_meta_classifier(*, plan: str, tables: list[Path], name: str, into: Path, html: Path) -> TrainedMetaClassifier:
    """Fits, scores once on the held-out models, registers, and makes it champion when it deserves it."""
    import pandas as pd

    from biasgate.detection.reader.challenger_test import challenger_test
    from biasgate.detection.reader.fit import fit_meta_classifier
    from biasgate.detection.reader.held_out import held_out_report
    from biasgate.detection.reader.meta_classifier import MetaClassifier
    from biasgate.detection.zoo.plan import ZooPlan
    from biasgate.kubeflow.steps.headline import held_out_numbers
    from biasgate.registry.meta_classifiers import (
        FILE,
        champion_meta_classifier,
        register_meta_classifier,
        set_champion,
    )
    from biasgate.registry.tracking import finish_run_of_kubeflow
    from biasgate.report.held_out import held_out_page
    from biasgate.storage.plans import read_plan

    with task("train_meta_classifier") as tracked:
        spec = read_plan(ZooPlan, plan).spec
        table = pd.concat([pd.read_parquet(path) for path in tables], ignore_index=True)
        meta = fit_meta_classifier(table, spec=spec)
        report = held_out_report(meta, table, spec=spec)
        write(into / FILE, meta.to_json())
        write(html, held_out_page(report))
        found = champion_meta_classifier(name)
        champion = MetaClassifier.parse(found, where=name) if found else None
        test = challenger_test(meta, champion, table, spec=spec) if champion else None
        uri = register_meta_classifier(meta.to_json(), zoo=meta.zoo, name=name, run_id=tracked.id)
        outcome = set_champion(uri, report, test=test)
        tracked.log_params({"models": len(table), "meta_classifier": meta.digest, "outcome": outcome})
        tracked.log_metrics(scores := report.values())
        tracked.log_artifact(html, "held_out_report")
        tracked.log_dict(report.model_dump(mode="json", by_alias=True), "held_out_report.json")
    finish_run_of_kubeflow()
    return TrainedMetaClassifier(uri=uri, numbers=held_out_numbers(scores, outcome))
