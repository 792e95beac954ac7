"""What runs tell the plugins of Kubeflow's server."""

from typing import Any

from biasgate.kubeflow.settings import Settings


def plugins(settings: Settings) -> dict[str, Any] | None:
    """What a run tells Kubeflow's plugins: MLflow's is off where tasks have MLflow from a secret, since both clash."""
    return None if settings.mlflow.platform else {"mlflow": {"disabled": True}}
