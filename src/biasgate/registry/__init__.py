"""MLflow: tracking, the model registry, the promoter."""
