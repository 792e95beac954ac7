"""Zoos: many models trained on purpose with known bias."""
