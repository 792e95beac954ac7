"""What lies where a candidate is looked for, and how that becomes one."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatch

_LOG = "log it with mlflow.{}.log_model, and give what that registers, such as models:/NAME/1"
_PICKLE = "a pickle runs code when it is read, so none is opened here: "
_TENSORS = "; tensors alone need a card.json beside them that declares their architecture (`submit` takes it as --card)"
WAYS = (
    (("*.onnx",), "put the graph into a folder of its own as model.onnx, with the files beside it that it names"),
    (("config.json",), _LOG.format("transformers")),
    (("saved_model.pb", "*.keras", "*.h5"), _LOG.format("keras")),
    (("*.pkl", "*.pickle", "*.joblib"), _PICKLE + _LOG.format("sklearn")),
    (("*.skops",), _LOG.format("sklearn")),
    (("*.ubj", "*.bst"), _LOG.format("xgboost")),
    (("*.cbm",), "save it as model.onnx: CatBoost's save_model(path, format='onnx')"),
    (("*.pt", "*.pth", "*.ckpt", "*.bin", "*.safetensors*"), _LOG.format("pytorch") + _TENSORS),
    (
        ("*.csv", "*.parquet"),
        "put a card beside the predictions that says what their columns hold; `biasgate check` takes --predictions",
    ),
)
"""Signs by which files are known, and what their owner does: the first that fits."""
OTHERWISE = "log the model in MLflow, and submit models:/name/version; or give a folder with model.onnx"


def way_in(names: Iterable[str]) -> str:
    """What makes a candidate of files that are none yet.

    >>> way_in(["model.cbm"])
    "save it as model.onnx: CatBoost's save_model(path, format='onnx')"
    """
    found = [name.lower() for name in names]
    fitting = (way for signs, way in WAYS if any(fnmatch(name, sign) for name in found for sign in signs))
    return next(fitting, OTHERWISE)
