"""Metrics: each file defines one, its formula first."""
