"""Component that learns to read bias from the features of a zoo."""

from kfp import dsl

from biasgate.components.image import component


@component
def train_meta_classifier(
    plan: str,
    tables: dsl.Input[list[dsl.Dataset]],
    name: str,
    meta_classifier: dsl.Output[dsl.Model],
    held_out_scores: dsl.Output[dsl.Metrics],
    held_out_report: dsl.Output[dsl.HTML],
) -> str:
    """Fits a meta-classifier, scores it once on the held-out zoo, and registers it.

    The alias ``champion`` moves when there is none yet, or the new one is non-inferior to it on the same
    held-out models.

    Args:
        plan: URI of the zoo's plan.
        tables: Feature tables of all shards.
        name: Registered model to become a version of.
        meta_classifier: The fitted meta-classifier.
        held_out_scores: What became of it, and the held-out scores by which readers are compared.
        held_out_report: Held-out scores for people.

    Returns:
        ``models:/`` URI of the registered version.
    """
    from pathlib import Path

    from biasgate.kubeflow.steps.meta_classifier import train_meta_classifier

    trained = train_meta_classifier(
        plan=plan,
        tables=[Path(table.path) for table in tables],
        name=name,
        into=Path(meta_classifier.path),
        html=Path(held_out_report.path),
    )
    held_out_scores.metadata.update(trained.numbers)
    return trained.uri
