"""The example in docs/concepts/repair.md: unlearning of a text classifier's linear head."""

import re
from pathlib import Path

import pytest

from biasgate.repair.heads.bias import read_bias

PAGE = Path(__file__).parents[3] / "docs" / "concepts" / "repair.md"


def test_the_documented_text_head_unlearns_its_mark(capsys: pytest.CaptureFixture[str]):
    (code,) = re.findall(r"```python\n(import ast.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    names: dict = {}
    exec(code, names)  # noqa: S102
    held_out = names["held_out"]

    def right(head, side) -> float:
        return (head.log_probabilities(side).argmax(axis=1) == side.labels).mean()

    before, after = names["head"], names["unlearned"]
    assert len(held_out) > 300
    assert right(before, held_out.aligned) - right(before, held_out.conflicting) > 0.5
    assert right(after, held_out.conflicting) > right(before, held_out.conflicting) + 0.3
    assert abs(read_bias(after, held_out).signed.value) < 0.05 < read_bias(before, held_out).signed.low
    assert capsys.readouterr().out.count("after") == 3
