"""Causal interventions on architecture: what a hyperparameter does to each subgroup."""
