"""Graphs whose weights lie in files that are not theirs."""

from __future__ import annotations

from pathlib import Path

from onnx import AttributeProto, NodeProto, TensorProto, helper

from hostile.candidate import graph
from hostile.case import CHANNELS, CLASSES, SECRET, SIDE, Named
from hostile.nodes import dense, model, value


def cases() -> Named:
    for location in (
        f"../{SECRET}",
        "/etc/passwd",
        SECRET,
        f"file:../{SECRET}",
        f"a/../../{SECRET}",
        "",
        "/dev/zero",
        "/proc/self/environ",
        f"..\\{SECRET}",
        "http://127.0.0.1:9/w",
        f"../{SECRET}\0.onnx",
    ):
        yield f"weights in {location!r}", graph(dense(external(location))), True
    yield "an offset below zero", graph(dense(external(f"../{SECRET}", offset="-8", length="99999999999"))), True
    tensor = external(f"../{SECRET}")
    constant = helper.make_node("Constant", [], ["w"], value=tensor)
    body = list(dense().graph.node)
    yield "in a constant", graph(model([constant, *body])), True
    inner = helper.make_graph([constant], "inner", [], [value("w", [CLASSES, 192])])
    chosen = [
        helper.make_node("Constant", [], ["yes"], value=helper.make_tensor("t", TensorProto.BOOL, [], [True])),
        helper.make_node("If", ["yes"], ["w"], then_branch=inner, else_branch=inner),
    ]
    yield "in a branch", graph(model([*chosen, *body])), True
    function = helper.make_function("local", "Secret", [], ["w"], [constant], [helper.make_opsetid("", 17)])
    uses = [helper.make_node("Secret", [], ["w"], domain="local"), *body]
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)]
    yield "in a local function", graph(model(uses, functions=[function], opset_imports=imports)), True
    trained = dense()
    trained.training_info.add().initialization.initializer.append(tensor)
    yield "in training information", graph(trained), True
    several = NodeProto(op_type="Constant", output=["w"])
    several.attribute.append(AttributeProto(name="value", type=AttributeProto.TENSORS, tensors=[tensor]))
    yield "in a list of tensors", graph(model([several, *body])), True

    def linked(into: Path) -> None:
        graph(dense(external("weights.bin")))(into)
        (into / "weights.bin").symlink_to(into.parent / SECRET)

    yield "through a link", linked, True


def external(location: str, **entries: str) -> TensorProto:
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[CLASSES, CHANNELS * SIDE * SIDE])
    tensor.data_location = TensorProto.EXTERNAL
    for key, text in {"location": location, **entries}.items():
        tensor.external_data.add(key=key, value=text)
    return tensor
