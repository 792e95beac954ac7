"""Scikit-learn classifiers and pipelines, those of LightGBM and XGBoost in them too."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from biasgate.registry.flavour import Conversion, Flavour, Logged, names_of, not_convertible
from biasgate.registry.table_rows import INPUT, TableRows, first_line, table_rows

if TYPE_CHECKING:
    import onnx

OPSET = {"": 17, "ai.onnx.ml": 3}


class SklearnFlavour(Flavour):
    """Converted by skl2onnx; features with names become inputs of their names."""

    name: ClassVar[str] = "sklearn"
    needs: ClassVar[tuple[str, ...]] = ("mlflow", "sklearn", "skl2onnx")

    def convert(self, logged: Logged, into: Path) -> Conversion:
        """What has probabilities."""
        from mlflow.sklearn import load_model

        model: Any = load_model(str(logged.folder))
        kind = type(model).__name__
        if not hasattr(model, "predict_proba"):
            raise not_convertible(
                f"{kind} gives no probabilities (CalibratedClassifierCV adds them)", where=logged.folder
            )
        rows = table_rows(logged, tuple(map(str, getattr(model, "feature_names_in_", ()))), int(model.n_features_in_))
        try:
            said = model.predict_proba(rows.rows)
        except (TypeError, ValueError) as error:
            raise first_line(error, where=logged.folder) from error
        into.write_bytes(_graph(model, rows, where=logged.folder))
        return Conversion(f"{kind}, converted by skl2onnx", rows.origin, rows.given, said, names_of(model.classes_))


def _graph(model: Any, rows: TableRows, *, where: Path) -> bytes:
    """The graph; a pipeline picks its columns by name, other models take them all in one array."""
    from sklearn.pipeline import Pipeline

    from biasgate.models.onnx.edits import by_columns
    from biasgate.registry.thresholds import round_down, thresholds_of

    _register_boosters()
    if rows.features and isinstance(model, Pipeline):
        return _pipeline(model, rows, where=where)
    width = len(rows.features) or rows.given[INPUT].shape[1]
    graph = _converted(model, {INPUT: (np.float32, width)}, where=where)
    round_down(graph, thresholds_of(model))
    named = by_columns(graph, rows.features) if rows.features else graph
    return named.SerializeToString()


def _pipeline(model: Any, rows: TableRows, *, where: Path) -> bytes:
    """In double precision, as scikit-learn computes, where ONNX Runtime has all of it; else in single precision."""
    from biasgate.models.onnx.edits import loads, trees_in_single, with_inferred_outputs, with_inputs
    from biasgate.registry.thresholds import thresholds_of

    def computed_in(number: type) -> onnx.ModelProto:
        given = rows.given.items()
        types = {name: (np.object_ if values.dtype == object else number, 1) for name, values in given}
        return with_inputs(_converted(model, types, where=where), types)

    double = computed_in(np.float64)
    if not len(thresholds_of(model.steps[-1][1])):
        trees_in_single(double)
    double = with_inferred_outputs(double)
    return (double if loads(double) else computed_in(np.float32)).SerializeToString()


def _converted(model: Any, inputs: Mapping[str, tuple[type, int]], *, where: Path) -> onnx.ModelProto:
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, StringTensorType

    kinds = {np.float64: DoubleTensorType, np.float32: FloatTensorType, np.object_: StringTensorType}
    types = [(name, kinds[kind]([None, width])) for name, (kind, width) in inputs.items()]
    try:
        graph: Any = convert_sklearn(model, initial_types=types, target_opset=OPSET)
    except Exception as error:
        line = (str(error).strip().splitlines() or [""])[0][:200]
        raise not_convertible(f"skl2onnx does not convert it: {type(error).__name__}: {line}", where=where) from error
    return graph


def _register_boosters() -> None:
    """Lets skl2onnx convert classifiers of LightGBM and XGBoost, where they are installed with onnxmltools."""
    if find_spec("onnxmltools") is None:
        return
    from skl2onnx import update_registered_converter
    from skl2onnx.common.shape_calculator import calculate_linear_classifier_output_shapes as shapes

    options = {"nocl": [True, False], "zipmap": [True, False, "columns"]}
    if find_spec("lightgbm"):
        from lightgbm import LGBMClassifier
        from onnxmltools.convert.lightgbm.operator_converters.LightGbm import convert_lightgbm

        update_registered_converter(LGBMClassifier, "LightGbmLGBMClassifier", shapes, convert_lightgbm, options=options)
    if find_spec("xgboost"):
        from onnxmltools.convert.xgboost.operator_converters.XGBoost import convert_xgboost
        from xgboost import XGBClassifier

        update_registered_converter(XGBClassifier, "XGBoostXGBClassifier", shapes, convert_xgboost, options=options)
