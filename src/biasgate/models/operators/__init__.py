"""The operators that classifiers are made of, by family; see ``biasgate.models.operator``."""
