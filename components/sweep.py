"""Component that finds what there is to judge."""

from biasgate.components.image import component


@component
def list_candidates(name: str, which: str, limit: int) -> list[str]:
    """Lists the submissions for one model that the gate should take up.

    Args:
        name: The gate-owned model.
        which: ``undecided``: submissions without a decision, oldest first. ``champion``: the submission that serves.
        limit: The most to list.

    Returns:
        ``models:/`` URIs.
    """
    from biasgate.kubeflow.steps.sweep import list_candidates

    return list_candidates(name=name, which=which, limit=limit)
