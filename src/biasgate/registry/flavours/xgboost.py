"""XGBoost's classifiers and boosters."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from biasgate.registry.flavour import Conversion, Flavour, Logged, names_of
from biasgate.registry.table_rows import INPUT, TableRows, first_line, table_rows

OPSET = 15


class XgboostFlavour(Flavour):
    """Converted by onnxmltools; features with names become inputs of their names."""

    name: ClassVar[str] = "xgboost"
    needs: ClassVar[tuple[str, ...]] = ("mlflow", "onnxmltools")

    def convert(self, logged: Logged, into: Path) -> Conversion:
        """The names are taken off for the converter, which knows ``f0`` alone, and come back as inputs."""
        from mlflow.xgboost import load_model
        from onnxmltools.convert import convert_xgboost
        from onnxmltools.convert.common.data_types import FloatTensorType

        from biasgate.models.onnx.edits import by_columns

        model: Any = load_model(str(logged.folder))
        booster = model.get_booster() if hasattr(model, "get_booster") else model
        features = tuple(map(str, booster.feature_names or ()))
        rows = table_rows(logged, features, booster.num_features())
        try:
            said = model.predict_proba(rows.rows) if hasattr(model, "predict_proba") else _said(booster, rows)
            booster.feature_names = None
            kind = FloatTensorType([None, booster.num_features()])
            graph = convert_xgboost(model, initial_types=[(INPUT, kind)], target_opset=OPSET)
        except (TypeError, ValueError, RuntimeError) as error:
            raise first_line(error, where=logged.folder) from error
        into.write_bytes((by_columns(graph, features) if features else graph).SerializeToString())
        return Conversion(
            f"{type(model).__name__} of XGBoost, converted by onnxmltools",
            rows.origin,
            rows.given,
            said,
            names_of(getattr(model, "classes_", ())),
        )


def _said(booster: Any, rows: TableRows) -> NDArray[np.floating]:
    """Probabilities of a booster, from its margins: what it predicts may be classes."""
    from scipy.special import expit, softmax
    from xgboost import DMatrix

    margins = booster.predict(DMatrix(rows.rows, feature_names=list(rows.features) or None), output_margin=True)
    return softmax(margins, axis=1) if margins.ndim == 2 else expit(margins)[:, None]
