"""A bias gate for classifiers: read bias from weights, measure it, repair it, decide, and sign."""

__version__ = "0.1.0"
