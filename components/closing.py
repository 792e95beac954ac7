"""Component that closes a pipeline, however it ended."""

from kfp import dsl

from biasgate.components.image import component


@component
def close_pipeline(status: dsl.PipelineTaskFinalStatus):
    """Closes what the tasks left open in MLflow, and raises an alert when the pipeline did not reach its end.

    Args:
        status: How the tasks before ended; Kubeflow fills it in.
    """
    from biasgate.kubeflow.steps.closing import close_pipeline

    close_pipeline(status.state)
