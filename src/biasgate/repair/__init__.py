"""Repair of a biased model: methods, how their settings are chosen, and the package that results."""
