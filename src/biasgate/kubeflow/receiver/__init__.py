"""What MLflow's webhooks call: a new version of candidates starts the gate."""
