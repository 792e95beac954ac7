"""Cards that are no card, or one of no model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hostile.candidate import card, folder, good, graph
from hostile.case import CLASSES, SIDE, Named, Write

MULTIPLIED = (
    b"{name: candidate, classes: [a, b, c], input: {shape: [3, 8, 8], layout: NCHW}, training_data: t, submitter: s, "
    b"architecture: {name: n, input: [3, 8, 8], layers: [&b {kind: residual, body: [&r {kind: norm}"
    + b", *r" * 4_000 + b"]}" + b", *b" * 500 + b"]}}"
)  # fmt: skip
FLATTEN, DENSE = {"kind": "flatten"}, {"kind": "dense", "out": CLASSES}


def cases() -> Named:
    yield from _texts()
    yield from _fields()
    yield from _inputs()
    yield from _architectures()
    yield "a link", _linked, True


def _texts() -> Named:
    whole = json.dumps(card()).encode()
    for name, text in {
        "no JSON": b"name: candidate",
        "empty": b"",
        "no text": b"\xff\xfe\x00",
        "a list": b"[]",
        "NUL": b"{\x00}",
        "a hundred thousand lists deep": b'{"name": ' + b"[" * 100_000,
        "two megabytes": b'{"name": "' + b"x" * 2_000_000 + b'"}',
        "an alias bomb": b"{a: &a [x,x], b: &b [*a,*a,*a,*a,*a,*a], c: &c [*b,*b,*b,*b,*b,*b], d: [*c,*c,*c,*c,*c]}",
        "YAML that multiplies layers": MULTIPLIED,
        "a key twice": whole[:-1] + b', "name": "other"}',
        "a Python tag": b"{name: !!python/object/apply:os.system ['touch executed']}",
        "a number of ten thousand digits": whole[:-1] + b', "x": ' + b"9" * 10_000 + b"}",
        "blocks five thousand deep": whole.replace(b'{"kind": "relu"}', _deep(5_000)),
    }.items():
        yield name, _written(text), True


def _fields() -> Named:
    for name, fields in {
        "an unknown key": {"approved": True},
        "a name that leaves its folder": {"name": "../../etc"},
        "a name with a line break": {"name": "a\nb"},
        "an empty name": {"name": ""},
        "one class": {"classes": ["a"]},
        "the same class twice": {"classes": ["a", "a", "a"]},
        "a task that does not exist": {"task": "regression"},
        "another schema": {"schema": "biasgate/card/v9"},
        "a submitter of spaces": {"submitter": "   "},
    }.items():
        yield name, _changed(**fields), True
    for name, fields in {
        "ten thousand classes": {"classes": [str(k) for k in range(10_000)]},
        "escape codes": {"description": "\x1b[2J"},
        "half a surrogate": {"submitter": "\ud800"},
        "markup": {"description": "<script>alert(1)</script>"},
    }.items():
        yield name, _changed(**fields), False


def _inputs() -> Named:
    for name, fields in {
        "NaN for a scale": {"scale": float("nan")},
        "an infinite scale": {"scale": float("inf")},
        "a scale below zero": {"scale": -1},
        "a deviation of zero": {"std": [0.0]},
        "a deviation that is no number": {"std": [float("nan")]},
        "too many means": {"mean": [0.0] * 9},
        "a shape of 2^60": {"shape": [1 << 20, 1 << 20, 1 << 20]},
        "a shape of 2^24": {"shape": [3, 4096, 4096]},
        "no axes": {"shape": []},
        "rows for an image": {"layout": "rows"},
    }.items():
        yield name, _changed(input={**card()["input"], **fields}), True


def _architectures() -> Named:
    shrunk = [{"kind": "conv", "out": 1, "kernel": 1}, {"kind": "pool", "how": "global"}, FLATTEN, DENSE]
    huge = {"input": {**card()["input"], "shape": [1, 8192, 8192]}, "architecture": _of(shrunk, input=[1, 8192, 8192])}
    yield "an image of 64 million pixels, with an architecture to it", _changed(**huge), True
    for name, layers in {
        "a layer of 2^40 clusters": [FLATTEN, {**DENSE, "out": 1 << 40}],
        "twenty-seven thousand layers": [{"kind": "residual", "body": [{"kind": "relu"}] * 90}] * 300,
        "no layer": [],
        "a layer of another kind": [{"kind": "python", "code": "1"}],
    }.items():
        yield name, _changed(architecture=_of(layers)), True
    yield "an architecture of another network", _changed(architecture=_of([FLATTEN, DENSE])), False


def _of(layers: list[Any], **fields: Any) -> dict[str, Any]:
    return {"name": "x", "input": [3, SIDE, SIDE], "layers": layers, **fields}


def _written(text: bytes) -> Write:
    return folder("model.onnx", good(), text)


def _changed(**fields: Any) -> Write:
    return _written(json.dumps(card(**fields)).encode())


def _deep(levels: int) -> bytes:
    """Residual blocks within residual blocks."""
    return b'{"kind": "residual", "body": [' * levels + b'{"kind": "relu"}' + b"]}" * levels


def _linked(into: Path) -> None:
    graph(good())(into)
    (into / "card.json").rename(into.parent / "card-elsewhere.json")
    (into / "card.json").symlink_to(into.parent / "card-elsewhere.json")
