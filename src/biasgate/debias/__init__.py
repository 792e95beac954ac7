"""Repair: the adversarial curriculum."""
