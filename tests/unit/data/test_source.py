"""Data sources: documents that say where a data set lies."""

import re
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from biasgate.data.dataset import Dataset
from biasgate.data.palette import PAPER_PALETTE, draw_palette
from biasgate.data.planting import plant_share, twins
from biasgate.data.source import DataSource, open_dataset, open_pinned, pin
from biasgate.data.sources.npz import save_npz
from biasgate.data.splits import role
from biasgate.documents import sha256
from biasgate.errors import InputError, TrustError


def opened(*lines: str) -> Dataset:
    """The set of a source with these lines of YAML."""
    return open_dataset(DataSource.parse("\n".join(["name: x", *lines]), where="test"))


def test_the_built_in_digits_open_by_name(digits: Dataset) -> None:
    assert open_dataset("builtin:digits").digest == digits.digest


def test_a_source_is_read_from_a_file(digits: Dataset, tmp_path: Path) -> None:
    (tmp_path / "gate.yaml").write_text("name: gate digits\ndata: {kind: digits}\nrole: gate\n")
    dataset = open_dataset(str(tmp_path / "gate.yaml"))
    assert dataset.name == "gate digits"
    assert dataset.digest == role(digits, "gate").digest


def test_bias_is_planted_as_declared(digits: Dataset) -> None:
    planting = "planting: {kind: share, conflicting: 0.1, seed: 5, palette: {seed: 7}}"
    dataset = opened("data: {kind: digits}", "role: repair", planting)
    palette = draw_palette(np.random.default_rng(7))
    expected = plant_share(role(digits, "repair"), palette=palette, conflicting=0.1, rng=np.random.default_rng(5))
    assert dataset.digest == expected.digest


def test_the_papers_palette_can_be_named_or_written_out(digits: Dataset) -> None:
    written = opened("data: {kind: digits}", f"planting: {{kind: twins, palette: {PAPER_PALETTE.tolist()}}}")
    named = opened("data: {kind: digits}", "planting: {kind: twins, palette: paper}")
    expected = twins(digits, palette=PAPER_PALETTE, rng=np.random.default_rng(0))
    assert written.digest == named.digest == expected.digest


def test_jitter_can_be_independent_of_the_label() -> None:
    dataset = opened("data: {kind: digits}", "planting: {kind: sigma, variance: 0.02, independent: true}")
    assert set(dataset.attribute("alignment")) == {"aligned", "conflicting"}


def test_a_declared_digest_is_verified(people: Dataset, tmp_path: Path) -> None:
    path = tmp_path / "people.npz"
    save_npz(people, str(path))
    source = f"data: {{kind: npz, file: {{uri: '{path}', sha256: '{sha256(path.read_bytes())}'}}}}"
    assert opened(source).digest == people.digest
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(InputError, match="its digest is sha256"):
        opened(source)


def test_an_absent_file_says_where_data_sets_come_from() -> None:
    with pytest.raises(InputError, match=r"not there \[nowhere\].*docs/how-to/data\.md"):
        opened("data: {kind: idx, images: {uri: nowhere}, labels: {uri: nowhere}, classes: [a, b]}")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("data: {kind: magic}", "magic"),
        ("data: {kind: digits, colour: true}", "colour"),
        ("data: {kind: npz, file: {uri: a, sha256: abc}}", "sha256"),
        ("data: {kind: digits}\nrole: test", "role"),
        ("data: {kind: digits}\nplanting: {kind: share, conflicting: 2}", "conflicting"),
        (
            "data: {kind: digits}\nplanting: {kind: twins, palette: [[1, 0, 0], [0, 1, 0]]}",
            "no table of 10 RGB colours",
        ),
    ],
)
def test_a_source_that_makes_no_sense_is_refused(line: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        opened(line)


def test_the_examples_in_the_guide_are_valid() -> None:
    guide = Path(__file__).parents[3] / "docs" / "how-to"
    found = [
        DataSource.parse(example, where=page).data.model_dump()["kind"]
        for page in ("data.md", "tables.md")
        for example in re.findall(r"```yaml\n(.*?)```", (guide / page).read_text(), flags=re.DOTALL)
    ]
    assert found == ["digits", "idx", "folder", "csv", "csv"]


def test_the_date_of_the_data_survives_its_role_and_its_planting() -> None:
    text = "name: n\ndata: {kind: digits}\nrole: gate\nplanting: {kind: twins}\n"
    undated = DataSource.parse(text, where="test")
    dated = DataSource.parse(text + "collected: 2026-03-01\n", where="test")
    assert open_dataset(dated).collected == date(2026, 3, 1)
    assert open_dataset(undated).collected is None
    assert open_dataset(dated).digest == open_dataset(undated).digest
    assert b"collected" not in undated.to_json()


def test_a_pinned_source_stands_for_itself_and_notices_other_content(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text("number,class,sex\n1,no,f\n2,yes,m\n")
    document = tmp_path / "data.yaml"
    document.write_text(
        f"name: people\ndata: {{kind: csv, file: {{uri: {table}}}, label: class, classes: ['no', 'yes'],\n"
        "       numeric: [number], attributes: [sex]}"
    )
    text, content = pin(str(document))
    document.unlink()
    assert open_pinned(text, digest=content).digest == content
    table.write_text("number,class,sex\n1,no,m\n2,yes,m\n")
    with pytest.raises(TrustError, match=r"not the declared.*biasgate gate declare"):
        open_pinned(text, digest=content)


def test_a_short_form_is_pinned_as_it_is() -> None:
    text, content = pin("builtin:digits")
    assert text == "builtin:digits"
    assert open_pinned(text, digest=content).digest == open_dataset("builtin:digits").digest


@pytest.mark.parametrize(
    ("kind", "hint"), [("predictions", "evaluate --predictions"), ("parquet", "`kind: csv` reads")]
)
def test_a_kind_that_people_try_is_answered_with_what_is_meant(kind: str, hint: str):
    with pytest.raises(InputError, match=rf"there is no kind '{kind}': write one of action_units, .*{hint}"):
        open_dataset(f"name: p\ndata: {{kind: {kind}, file: {{uri: d.csv}}, label: y}}\n")


def test_a_source_without_a_kind_is_told_which_there_are():
    with pytest.raises(InputError, match="no kind is named: write one of action_units, celeba, csv"):
        open_dataset("name: p\ndata: {file: {uri: d.csv}, label: y}\n")
