"""A small gate, people that it judges by, and a candidate: the larger of two numbers tells the class."""

from pathlib import Path

from onnx import TensorProto, helper, save

from biasgate.models.card import CandidateCard, InputContract
from biasgate.models.package import pack

GATE = """
schema: biasgate/gate/v1
model: hiring
policy: policy.yaml
test: test.yaml
scan: none
"""
POLICY = """
name: strict
evaluation: {attributes: [sex]}
weight_scan: {flag_levels: [high], on_flag: ignore, on_abstain: require_human}
rules:
  - {id: floor, kind: floor, min: 0.7}
  - {id: gap, kind: gap, attribute: sex, max: 0.1}
  - {id: worse, kind: champion, attribute: sex, max: 0.1}
looks: 2
"""
DATA = """
name: test people
data: {kind: csv, file: {uri: people.csv}, label: hired, classes: ["no", "yes"], numeric: [a, b], attributes: [sex]}
"""
ROWS = 400


def people(*, wrong_of_women: int) -> None:
    """People whom a candidate is right about, save for so many women in four."""
    rows = []
    for place in range(ROWS):
        side, woman = place % 2, place < ROWS / 2
        hired = side == (woman and place % 4 < wrong_of_women)
        features = f"{side}.{place:03},{1 - side}.{place:03}"
        rows.append(f"{features},{'f' if woman else 'm'},{'yes' if hired else 'no'}")
    Path("people.csv").write_text("\n".join(["a,b,sex,hired", *rows]) + "\n")


def candidate(name: str = "hiring") -> None:
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["input", "weight"], ["logits"])],
        "linear",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", 2])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 2])],
        [helper.make_tensor("weight", TensorProto.FLOAT, [2, 2], [2.0, 0.0, 0.0, 2.0])],
    )
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), "model.onnx")
    contract = InputContract(shape=(2,), layout="rows")
    card = CandidateCard(name=name, classes=("no", "yes"), input=contract, training_data="sha256:t", submitter="ana")
    pack(Path("model.onnx"), card, Path(name))


def prepare() -> None:
    """Writes a gate file, what it names, and a candidate into the current folder."""
    for name, text in {"gate.yaml": GATE, "policy.yaml": POLICY, "test.yaml": DATA}.items():
        Path(name).write_text(text)
    people(wrong_of_women=0)
    candidate()
