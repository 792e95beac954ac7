"""Readers, or meta-classifiers: from features to bias, calibrated and able to abstain."""
