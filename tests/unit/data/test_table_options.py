"""Tables as people have them: how they are written, what is missing, in bins, pooled; several labels; weights."""

import codecs
import gzip
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from biasgate.data.dataset import Dataset
from biasgate.data.describe import remarks
from biasgate.data.source import open_dataset, pin
from biasgate.data.subgroups import subgroups
from biasgate.errors import InputError

ROWS = """age;income;sex;race;person
24,9;no;F;White;a
25;yes;;Asian;b
44,5;no;M;Samoan;c
90;yes;M;Black;d
;no;F;White;e
"""


def source(folder: Path, text: str = ROWS, *, encoding: str = "utf-8", **more: str) -> str:
    (folder / "t.csv").write_bytes(text.encode(encoding))
    file = f"{{uri: {folder}/t.csv, separator: ';', decimal: ',', encoding: {encoding}}}"
    declared = {"label": "income", "classes": "[no, yes]", "categorical": "{person: [a, b, c, d, e]}", **more}
    fields = "".join(f"  {name}: {value}\n" for name, value in declared.items() if value)
    (folder / "t.yaml").write_text(f"name: t\ndata:\n  kind: csv\n  file: {file}\n{fields}")
    return str(folder / "t.yaml")


def opened(folder: Path, text: str = ROWS, **more: str) -> Dataset:
    return open_dataset(source(folder, text, **more))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1252"])
def test_a_text_file_is_read_as_it_says_that_it_is_written(tmp_path: Path, encoding: str) -> None:
    found = opened(tmp_path, ROWS.replace("Samoan", "Größe"), encoding=encoding, attributes="[race]")
    assert found.attribute("race").tolist() == ["White", "Asian", "Größe", "Black", "White"]


def test_another_encoding_than_it_says_is_named(tmp_path: Path) -> None:
    path = source(tmp_path, attributes="[race]")
    (tmp_path / "t.csv").write_bytes(ROWS.replace("Samoan", "Größe").encode("latin-1"))
    with pytest.raises(InputError, match=r"is not written in utf-8.*encoding: latin-1"):
        open_dataset(path)
    (tmp_path / "t.csv").write_bytes(ROWS.encode("utf-16"))
    with pytest.raises(InputError, match=r"is not written in utf-8.*encoding: utf-16"):
        open_dataset(path)


@pytest.mark.parametrize(
    ("written", "said", "fix"),
    [
        ("utf-16", "utf-16-le", "say `encoding: utf-16`"),
        ("utf-32", "utf-32-le", "say `encoding: utf-32`"),
        ("utf-8-sig", "latin-1", "say `encoding: utf-8`"),
        ("utf-8-sig", "cp1252", "say `encoding: utf-8`"),
    ],
)
def test_a_byte_order_mark_is_no_part_of_the_first_column_s_name(
    tmp_path: Path, written: str, said: str, fix: str
) -> None:
    path = source(tmp_path, encoding=said)
    (tmp_path / "t.csv").write_bytes(ROWS.encode(written))
    with pytest.raises(InputError, match=rf"the header as {said} begins with a byte-order mark .*: {fix}"):
        open_dataset(path)


def test_a_second_byte_order_mark_is_to_be_taken_off(tmp_path: Path) -> None:
    path = source(tmp_path)
    (tmp_path / "t.csv").write_bytes(2 * codecs.BOM_UTF8 + ROWS.encode())
    with pytest.raises(InputError, match=r"the header as utf-8 begins with a byte-order mark .*: take it off"):
        open_dataset(path)


@pytest.mark.parametrize(
    ("data", "fix"),
    [
        (b"PAR1\xff", "it is Parquet: end its name in .parquet"),
        (b"PK\x03\x04\xff", "it is a spreadsheet or an archive: write it again as text"),
        (gzip.compress(ROWS.encode()), "it is compressed: end its name in .csv.gz"),
        (ROWS.replace("sex", "s\0x").encode(), "take the characters NUL out of the header"),
    ],
)
def test_a_file_of_another_kind_than_its_name_says_is_told_what_it_is(tmp_path: Path, data: bytes, fix: str) -> None:
    path = source(tmp_path)
    (tmp_path / "t.csv").write_bytes(data)
    with pytest.raises(InputError, match=rf"is not written in utf-8 .*: {fix}"):
        open_dataset(path)


def test_big_endian_text_without_a_mark_is_not_told_to_be_what_it_was_said_to_be(tmp_path: Path) -> None:
    path = source(tmp_path, encoding="utf-16")
    (tmp_path / "t.csv").write_bytes(ROWS.encode("utf-16-be"))
    with pytest.raises(InputError, match=r"is not written in utf-16 .*: say `encoding: utf-16-be`"):
        open_dataset(path)


def test_a_separator_that_is_not_said_is_proposed_and_never_guessed(tmp_path: Path) -> None:
    path = source(tmp_path)
    Path(path).write_text(Path(path).read_text().replace("separator: ';', ", ""))
    with pytest.raises(InputError, match=r'the header is one column.*separator: ";"'):
        open_dataset(path)


def test_numbers_have_the_decimal_mark_that_is_said(tmp_path: Path) -> None:
    found = opened(tmp_path, numeric="[age]", missing="{age: drop}", categorical="")
    assert found.array.ravel().tolist() == pytest.approx([24.9, 25, 44.5, 90])
    with pytest.raises(InputError, match=r"column 'age' is not numeric: row 1 holds '24\.9'"):
        opened(tmp_path, ROWS.replace("24,9", "24.9"), numeric="[age]", missing="{age: drop}", categorical="")


def test_numbers_in_bins_are_attributes_in_plain_words(tmp_path: Path) -> None:
    found = opened(tmp_path, attributes="[age]", bins="{age: [25, 45]}", missing="{age: unknown}")
    assert found.attribute("age").tolist() == ["under 25", "25 to under 45", "25 to under 45", "45 and over", "unknown"]
    assert [cell["age"] for cell, _ in subgroups(found, ("age",), depth=1) if cell] == [
        "25 to under 45",
        "45 and over",
        "under 25",
    ]


def test_rows_without_a_value_are_refused_dropped_or_unknown(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"1 of 5 rows have no 'sex', first row 2 .*missing: \{sex: drop\}"):
        opened(tmp_path, attributes="[sex]")
    dropped = opened(tmp_path, attributes="[sex]", missing="{sex: drop}")
    assert dropped.attribute("sex").tolist() == ["F", "M", "M", "F"]
    assert dropped.labels.tolist() == [0, 0, 1, 0]
    assert dropped.dropped == {"no value of sex": 1}
    unknown = opened(tmp_path, attributes="[sex]", missing="{sex: unknown}")
    assert unknown.attribute("sex").tolist() == ["F", "unknown", "M", "M", "F"]
    assert unknown.dropped == {}


def test_a_row_that_lacks_two_values_is_dropped_and_counted_once(tmp_path: Path) -> None:
    text = ROWS.replace("25;yes;;", ";yes;;")
    found = opened(tmp_path, text, attributes="[sex, age]", bins="{age: [40]}", missing="{sex: drop, age: drop}")
    assert found.dropped == {"no value of sex": 1, "no value of age": 1}
    assert len(found) == 3


def test_errors_after_rows_were_dropped_name_rows_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"values outside the classes: maybe \(1 row\), first in row 4"):
        opened(tmp_path, ROWS.replace("90;yes", "90;maybe"), attributes="[sex]", missing="{sex: drop}")


def test_values_are_pooled_and_counted_as_they_were_written(tmp_path: Path) -> None:
    pool = "{race: {Other: [Asian, Samoan, Tongan], unknown: [Black]}}"
    found = opened(tmp_path, attributes="[race]", pool=pool)
    assert found.attribute("race").tolist() == ["White", "Other", "Other", "unknown", "White"]
    assert found.pooled == {"race": {"Other": {"Asian": 1, "Samoan": 1, "Tongan": 0}, "unknown": {"Black": 1}}}


def test_a_pool_counts_the_value_that_has_its_name_already(tmp_path: Path) -> None:
    found = opened(tmp_path, attributes="[race]", pool="{race: {White: [Asian]}}")
    assert found.pooled == {"race": {"White": {"Asian": 1, "White": 2}}}


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"bins": "{age: [25]}"}, "`bins` names 'age', which is no attribute"),
        ({"attributes": "[age]", "bins": "{age: [45, 25]}"}, "bins are numbers that rise"),
        ({"attributes": "[age]", "bins": "{age: []}"}, r"bins\.age"),
        ({"missing": "{sex: drop}"}, "`missing` names 'sex', which the source does not use"),
        ({"missing": "{income: unknown}"}, "only an attribute can be unknown, and 'income' is none"),
        ({"attributes": "[race]", "pool": "{race: {A: [x], B: [x]}}"}, "`pool` puts 'x' of 'race' into two groups"),
        ({"label": ""}, "needs `label` and `classes`, or `labels`"),
        ({"labels": "{sex: [F, M]}"}, "`classes` stand within `labels`"),
        ({"attributes": "[sex]", "missing": "{sex: guess}"}, r"missing\.sex: Input should be 'unknown' or 'drop'"),
    ],
)
def test_options_that_do_not_fit_together_are_one_sentence(tmp_path: Path, more: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message) as refusal:
        opened(tmp_path, **more)
    assert str(refusal.value).count("data.csv") == 1


LABELS = "{income: [no, yes], sex: [F, M]}"


def test_several_labels_are_one_set_of_labels(tmp_path: Path) -> None:
    found = opened(tmp_path, labels=LABELS, label="", classes="", missing="{sex: drop}")
    assert found.classes == ("income", "sex")
    assert found.labels.tolist() == [[0, 0], [0, 1], [1, 1], [0, 0]]


def test_one_of_several_labels_is_chosen_behind_the_path(tmp_path: Path) -> None:
    path = source(tmp_path, labels="{income: [no, yes], race: [White, Asian, Samoan, Black]}", label="", classes="")
    with pytest.raises(InputError, match=r"'race' has 4 classes, and is one of 2 labels.*source\.yaml#race"):
        open_dataset(path)
    found = open_dataset(f"{path}#race")
    assert found.labels.tolist() == [0, 1, 2, 3, 0]
    assert open_dataset(f"{path}#income").classes == ("no", "yes")
    assert pin(f"{path}#race")[1] == found.digest
    assert open_dataset(pin(f"{path}#race")[0]).digest == found.digest
    with pytest.raises(InputError, match=r"no label 'sex' to choose.*choose one of income, race"):
        open_dataset(f"{path}#sex")


def parts(folder: Path, **columns: list) -> str:
    """A folder of two Parquet files in folders that name a column."""
    for place, site in enumerate(("north", "south")):
        (folder / "parts" / f"site={site}").mkdir(parents=True)
        cut = {name: values[place::2] for name, values in columns.items()}
        pq.write_table(pa.table(cut), folder / "parts" / f"site={site}" / "PART.Parquet")
    (folder / "parts" / "_metadata.parquet").write_text("no data")
    text = f"name: t\ndata: {{kind: csv, file: {{uri: {folder}/parts}}, label: y, classes: [no, yes], numeric: [x]"
    (folder / "p.yaml").write_text(text + ", attributes: [site]}\n")
    return str(folder / "p.yaml")


def test_a_folder_of_parquet_files_is_one_table_with_the_columns_that_its_folders_name(tmp_path: Path) -> None:
    found = open_dataset(parts(tmp_path, x=[1.0, 2.0, 3.0, 4.0], y=["no", "no", "yes", "yes"]))
    assert found.array.ravel().tolist() == [1, 3, 2, 4]
    assert found.attribute("site").tolist() == ["north", "north", "south", "south"]


def test_a_file_of_a_folder_that_lacks_a_column_is_named(tmp_path: Path) -> None:
    path = parts(tmp_path, x=[1.0, 2.0], y=["no", "yes"])
    pq.write_table(pa.table({"x": [1.0]}), tmp_path / "parts" / "site=south" / "z.parquet")
    with pytest.raises(InputError, match=r"no column 'y' .*z\.parquet"):
        open_dataset(path)


def test_files_of_a_folder_may_hold_a_column_in_different_types(tmp_path: Path) -> None:
    path = parts(tmp_path, x=[1.0, 2.0], y=["no", "yes"])
    pq.write_table(pa.table({"x": [7], "y": ["no"]}), tmp_path / "parts" / "site=south" / "z.parquet")
    assert open_dataset(path).array.ravel().tolist() == [1, 2, 7]


def test_a_folder_of_csv_files_is_one_table(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    for name in ("b.CSV", "a.csv"):
        (tmp_path / "d" / name).write_text(f"x,y\n{ord(name[0])},no\n")
    text = f"name: t\ndata: {{kind: csv, file: {{uri: {tmp_path}/d}}, label: y, classes: [no, yes], numeric: [x]}}\n"
    assert open_dataset(text).array.ravel().tolist() == [97, 98]
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="the folder holds no table"):
        open_dataset(text.replace("/d}", "/empty}"))


def test_a_compressed_csv_is_read(tmp_path: Path) -> None:
    import gzip

    path = source(tmp_path, attributes="[race]")
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(ROWS.encode()))
    Path(path).write_text(Path(path).read_text().replace("t.csv,", "t.csv.gz,"))
    assert open_dataset(path).attribute("race")[2] == "Samoan"


def test_values_that_look_alike_are_said_with_their_counts(tmp_path: Path) -> None:
    race = ["Male", "male", "m a l e", "Маle", "male\u200b"]
    text = "".join(f"1;no;F;{value};{person}\n" for value, person in zip(race, "abcde", strict=True))
    found = opened(tmp_path, ROWS.splitlines()[0] + "\n" + text, attributes="[race]")
    (said,) = [one for one in remarks(found) if "look alike" in one]
    assert said.count("(1)") == 4
    assert "'m a l e'" not in said


def test_values_that_may_stand_for_none_are_said_with_the_pool_that_makes_them_unknown(tmp_path: Path) -> None:
    race = ["N/A", "Unknown", "White", "unknown", "N/A"]
    text = ROWS.splitlines()[0] + "\n" + "".join(f"1;no;F;{value};a\n" for value in race)
    (said,) = [one for one in remarks(opened(tmp_path, text, attributes="[race]")) if "no value" in one]
    assert "'N/A' (2), 'Unknown' (1)." in said
    proposed = said.split("`pool: ")[1].split("`")[0]
    assert opened(tmp_path, text, attributes="[race]", pool=proposed).attribute("race").tolist() == [
        "unknown",
        "unknown",
        "White",
        "unknown",
        "unknown",
    ]


def test_many_numbers_as_an_attribute_are_said_with_bins_that_would_do(tmp_path: Path) -> None:
    rows = "".join(f"{age};no;F;White;a\n" for age in range(18, 91))
    found = opened(tmp_path, ROWS.splitlines()[0] + "\n" + rows, attributes="[age]")
    (said,) = [one for one in remarks(found) if "73 values" in one]
    assert "`bins: {age: [35, 55, 70]}` would make 4" in said


def test_copies_are_said_with_their_number_unless_a_cluster_holds_them(tmp_path: Path) -> None:
    text = ROWS + "24,9;no;F;White;a\n90;yes;M;Black;d\n"
    again = opened(tmp_path, text, attributes="[race]")
    assert any(one.startswith("2 of 7 samples are copies") for one in remarks(again))
    held = opened(tmp_path, text, attributes="[race]", cluster="person")
    assert not [one for one in remarks(held) if "copies" in one]


def test_copies_are_counted_exactly() -> None:
    import pandas as pd

    from biasgate.data.copies import counted_once

    rng = np.random.default_rng(0)
    samples = rng.integers(0, 3, (4000, 12)).astype(np.float32)
    whole = Dataset(samples, np.zeros(4000, np.int64), ("a", "b"), pd.DataFrame(index=range(4000)), np.arange(4000))
    assert counted_once(whole).copies == 4000 - len(np.unique(samples, axis=0))
