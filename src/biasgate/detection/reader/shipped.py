"""The meta-classifier that comes with biasgate, so that a scan needs neither registry nor training."""

from __future__ import annotations

from importlib.resources import files

from biasgate.detection.reader.classifier import MetaClassifier

FOLDER = files("biasgate.detection.reader").joinpath("readers")
READER = FOLDER.joinpath("digits.json")
"""For the digit network of Serna et al. (``digits_paper``); ``make reader`` remakes it and the scores beside it."""


def shipped_meta_classifier() -> MetaClassifier:
    """Reads it from the package."""
    return MetaClassifier.parse(READER.read_bytes(), where="the meta-classifier that comes with biasgate")
