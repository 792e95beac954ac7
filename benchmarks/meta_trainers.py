"""Does a reader know models of a trainer that its zoo lacks? One optimiser at a time is left out of the built-in zoo.

Beside the reader of the rest stands the one that shipped before, of Adam's models alone, on the same models, where
its file is given.
"""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
from meta_predictions import Document, abroad, keep, kept, predictions
from meta_zoos import load_zoo

from biasgate.detection.reader.fit import fit_meta_classifier
from biasgate.detection.reader.learned import learned
from biasgate.detection.reader.meta_classifier import MetaClassifier

NAME = "trainers"
TRAINERS = {"adam": ("adam", "adamw"), "sgd": ("sgd",), "sgd_plain": ("sgd_plain",), "rmsprop": ("rmsprop",)}
LEFT_OUT, BEFORE = "left out of the zoo", "shipped before"
BEFORE_FILE = "BIASGATE_READER_BEFORE"


def trainers(root: Path) -> Document:
    """Fits a reader without each trainer's models, and keeps what it says of these."""
    plan, models = load_zoo("digits_reader", root)
    table, before = learned(models.table), os.environ.get(BEFORE_FILE)
    found = []
    for trainer, names in TRAINERS.items():
        out = table["optimizer"].isin(names)
        readers = {LEFT_OUT: fit_meta_classifier(table.loc[~out], spec=plan.spec)}
        readers |= {BEFORE: MetaClassifier.read(Path(before))} if before else {}
        found += [predictions(m, table.loc[out], trainer=trainer, reader=name) for name, m in readers.items()]
    keep(pd.concat(found, ignore_index=True), NAME)
    return trainer_scores()


def trainer_scores() -> Document:
    """Scores of the predictions that are kept."""
    rows = kept(NAME)
    if rows is None:
        return {}
    groups = rows.groupby(["trainer", "reader"], sort=False)
    return {"trainers": [{"trainer": t, "reader": r, **abroad(some)} for (t, r), some in groups]}
