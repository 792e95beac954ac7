"""Subgroup metrics and gaps, with intervals."""
