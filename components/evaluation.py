"""Component that measures a candidate by subgroup."""

from kfp import dsl

from biasgate.components.image import component


@component
def evaluate_subgroups(
    package: dsl.Input[dsl.Model],
    gate: int,
    look: int,
    run: str,
    evaluation: dsl.Output[dsl.Dataset],
    subgroup_report: dsl.Output[dsl.HTML],
    subgroup_gaps: dsl.Output[dsl.Metrics],
    confusion: dsl.Output[dsl.ClassificationMetrics],
    before: dsl.Input[dsl.Model] = None,
):
    """Measures a candidate by subgroup in a sandbox on the declared test data, once its look stands in the log.

    Where the policy compares with the champion, that one is run on the same rows in the same look.

    Args:
        package: Candidate package.
        gate: Number of the entry that declares the gate: test data, what is measured on it, what the model may use.
        look: Which look at the test data this is, from ``take_look``.
        run: MLflow run of the pipeline.
        evaluation: What was measured (JSON).
        subgroup_report: The same for people.
        subgroup_gaps: The widest gap of each metric and attribute.
        confusion: Rows by true and predicted class; of two classes with probabilities the ROC curve, too.
        before: The package that a repair started from: both are measured on the same rows in one look.
    """
    from pathlib import Path

    from biasgate.kubeflow.steps.evaluation import evaluate_subgroups

    shown = evaluate_subgroups(
        package=Path(package.path),
        gate=gate,
        look=look,
        run=run,
        evaluation=Path(evaluation.path),
        html=Path(subgroup_report.path),
        before=Path(before.path) if before else None,
    )
    for name, value in shown.gaps.items():
        subgroup_gaps.log_metric(name, value)
    if shown.confusion:
        confusion.log_confusion_matrix(list(shown.classes), shown.confusion)
    if curve := shown.roc:
        confusion.log_roc_curve(curve.false_positive_rate, curve.true_positive_rate, curve.threshold)
