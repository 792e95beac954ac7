"""LightGBM's classifiers and boosters."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, ClassVar

from biasgate.registry.flavour import Conversion, Flavour, Logged, names_of, not_convertible
from biasgate.registry.table_rows import INPUT, first_line, table_rows

OPSET = 15


class LightGbmFlavour(Flavour):
    """Converted by onnxmltools; features with names become inputs of their names."""

    name: ClassVar[str] = "lightgbm"
    needs: ClassVar[tuple[str, ...]] = ("mlflow", "onnxmltools")

    def convert(self, logged: Logged, into: Path) -> Conversion:
        """Numbers only: categories of LightGBM's own have no ONNX operator."""
        from mlflow.lightgbm import load_model
        from onnxmltools.convert import convert_lightgbm
        from onnxmltools.convert.common.data_types import FloatTensorType

        from biasgate.models.onnx.edits import by_columns
        from biasgate.registry.thresholds import round_down, thresholds_of

        model: Any = load_model(str(logged.folder))
        booster = getattr(model, "booster_", model)
        if booster.pandas_categorical:
            raise not_convertible("it splits on LightGBM's own categories", where=logged.folder)
        features = _features(model, booster)
        rows = table_rows(logged, features, booster.num_feature())
        try:
            said = model.predict_proba(rows.rows) if hasattr(model, "predict_proba") else model.predict(rows.rows)
            kind = FloatTensorType([None, booster.num_feature()])
            graph = convert_lightgbm(model, initial_types=[(INPUT, kind)], zipmap=False, target_opset=OPSET)
        except (TypeError, ValueError, RuntimeError) as error:
            raise first_line(error, where=logged.folder) from error
        round_down(graph, thresholds_of(booster))
        into.write_bytes((by_columns(graph, features) if features else graph).SerializeToString())
        return Conversion(
            f"{type(model).__name__} of LightGBM, converted by onnxmltools",
            rows.origin,
            rows.given,
            said if said.ndim == 2 else said[:, None],
            names_of(getattr(model, "classes_", ())),
        )


def _features(model: Any, booster: Any) -> tuple[str, ...]:
    """Names, where it was trained with any: LightGBM counts ``Column_0`` where there are none."""
    names = tuple(map(str, getattr(model, "feature_names_in_", booster.feature_name())))
    return () if all(re.fullmatch(r"Column_\d+", name) for name in names) else names
