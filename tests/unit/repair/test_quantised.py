"""A network whose weights are kept in eight bits cannot be trained, and says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from exported_networks import IMAGES, exported, packed, residual
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, quantize_static

from biasgate.data.dataset import Dataset
from biasgate.errors import CandidateError
from biasgate.repair.method import Need
from biasgate.repair.subject import open_subject


class Calibration(CalibrationDataReader):
    def __init__(self) -> None:
        pixels = (IMAGES.transpose(0, 3, 1, 2) / 255 - 0.5) / 0.25
        self.batches = iter([{"x": pixels.astype(np.float32)}])

    def get_next(self) -> dict[str, Any] | None:
        return next(self.batches, None)


def test_a_repair_by_gradients_of_eight_bits_is_refused_before_it_begins(tmp_path: Path):
    whole = exported(residual, tmp_path / "whole.onnx")
    quantize_static(whole, tmp_path / "model.onnx", Calibration(), quant_format=QuantFormat.QDQ)
    package = packed(tmp_path / "model.onnx", tmp_path / "package")
    rows = np.arange(len(IMAGES))
    data = Dataset(IMAGES, rows % 3, ("a", "b", "c"), pd.DataFrame({"g": np.where(rows % 2, "x", "y")}), rows)
    with pytest.raises(CandidateError, match=r"kept in eight bits.*before it is quantised"):
        open_subject(package, data, needs={Need.GRADIENTS, Need.IMAGES})
