"""Sequence classification with transformers: tokens in, logits out."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from biasgate.registry.flavour import Conversion, Flavour, Logged, not_convertible
from biasgate.registry.flavours.pytorch import export

TOKENS = ("input_ids", "attention_mask")
"""What the graph takes: columns of lists, as the model's own tokenizer gives them, padded to one length."""
UNNAMED = r"LABEL_\d+"
"""What transformers calls a class that nobody named."""
TASK = "text-classification"
_LENGTH, _ROWS = 16, 8


class TransformersFlavour(Flavour):
    """The network without its tokenizer, exported by torch."""

    name: ClassVar[str] = "transformers"
    needs: ClassVar[tuple[str, ...]] = ("mlflow", "torch", "onnxscript")

    def convert(self, logged: Logged, into: Path) -> Conversion:
        """The table holds tokens: text is tokenised where the table is made."""
        if (task := logged.settings.get("task")) != TASK:
            raise not_convertible(f"its task is {task!r}, and {TASK!r} alone is converted", where=logged.folder)
        import torch
        from mlflow.transformers import load_model

        found: Any = load_model(str(logged.folder), return_type="components", device="cpu")
        network = found["model"].eval()

        class Logits(torch.nn.Module):
            """The network as a function of its tokens."""

            def __init__(self) -> None:
                super().__init__()
                self.network = network

            def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
                return self.network(input_ids=input_ids, attention_mask=attention_mask).logits

        sample = logged.sample
        if sample and all(name in sample.columns for name in TOKENS):
            given, origin = {name: sample.columns[name].astype(np.int64) for name in TOKENS}, sample.origin
        else:
            ids = np.random.default_rng(0).integers(0, network.config.vocab_size, (_ROWS, _LENGTH))
            given = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
            origin = f"{_ROWS} drawn rows of {_LENGTH} tokens, as the data has no columns {' and '.join(TOKENS)}"
        words = f"{type(network).__name__} of transformers"
        done = export(Logits(), given, into, words=words, origin=origin, where=logged.folder)
        labels = tuple(str(network.config.id2label[number]) for number in range(network.config.num_labels))
        named = () if all(re.fullmatch(UNNAMED, label) for label in labels) else labels
        return replace(done, classes=named)
