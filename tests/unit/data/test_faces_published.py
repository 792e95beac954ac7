"""Published sets of faces, in small trees written exactly as their authors write them."""

from pathlib import Path

import numpy as np
import pytest
import source_examples
from PIL import Image
from source_examples import photograph, written

from biasgate.data.dataset import Dataset
from biasgate.data.source import DataSource, open_dataset
from biasgate.errors import InputError


def opened(kind: str, folder: Path, rest: str) -> Dataset:
    return open_dataset(DataSource.parse(f"name: x\ndata: {{kind: {kind}, folder: '{folder}', {rest}}}", where="test"))


@pytest.fixture
def celeba(tmp_path: Path) -> Path:
    source_examples.celeba(tmp_path)
    return tmp_path


@pytest.fixture
def disfa(tmp_path: Path) -> Path:
    source_examples.action_units(tmp_path)
    return tmp_path


@pytest.fixture
def bp4d(tmp_path: Path) -> Path:
    """Two subjects in one task each; one frame is not coded for unit 12."""
    written(tmp_path / "AUCoding" / "AU_OCC" / "F001_T1.csv", "0,1,2,12\n2440,1,0,0\n2441,0,0,9\n2442,0,0,1\n")
    written(tmp_path / "AUCoding" / "AU_OCC" / "M002_T8.csv", "0,1,2,12\n15,0,9,1\n")
    for place in ("F001/T1/2440", "F001/T1/2441", "F001/T1/2442", "M002/T8/015"):
        photograph(tmp_path / "2D+3D" / f"{place}.jpg", (0, 0, 90), size=(104, 139))
    return tmp_path


def test_celeba_gives_attributes_and_identities(celeba: Path) -> None:
    dataset = opened("celeba", celeba, "label: Smiling, attributes: [Male, Young], size: 16")
    assert dataset.samples.shape == (3, 16, 16, 3)
    assert dataset.array[:, 8, 8, 0] == pytest.approx([60, 120, 180], abs=3)
    assert dataset.labels.tolist() == [1, 0, 1]
    assert dataset.attribute("Male").tolist() == ["yes", "no", "yes"]
    assert dataset.attribute("Young").tolist() == ["no", "yes", "yes"]
    assert dataset.clusters.tolist() == [2880, 2937, 2880]


def test_celeba_keeps_one_of_the_authors_parts(celeba: Path) -> None:
    assert opened("celeba", celeba, "label: Male, partition: test").clusters.tolist() == [2880]


def test_celeba_is_read_from_the_authors_folders_too(celeba: Path) -> None:
    for name, folder in (
        ("list_attr_celeba.txt", "Anno"),
        ("identity_CelebA.txt", "Anno"),
        ("img_align_celeba", "Img"),
    ):
        (celeba / folder).mkdir(exist_ok=True)
        (celeba / name).rename(celeba / folder / name)
    assert len(opened("celeba", celeba, "label: Male")) == 3


def test_photographs_are_cut_to_the_square_in_the_middle(celeba: Path) -> None:
    pixels = np.zeros((218, 178, 3), dtype=np.uint8)
    pixels[20:-20] = 255
    Image.fromarray(pixels).save(celeba / "img_align_celeba" / "000001.jpg", quality=100)
    assert opened("celeba", celeba, "label: Male, size: 32").array[0].min() > 250


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("list_attr_celeba.txt", "4\nMale\n000001.jpg 1\n", "not as CelebA publishes it"),
        ("list_attr_celeba.txt", "1\nMale\n000001.jpg 0\n", "not as CelebA publishes it"),
        ("list_attr_celeba.txt", "", "not as CelebA publishes it"),
        ("identity_CelebA.txt", "000001.jpg 2880\n", "says nothing of 000002.jpg"),
        ("identity_CelebA.txt", "000001.jpg someone\n", "not as CelebA publishes it"),
    ],
)
def test_a_damaged_table_of_celeba_is_refused(celeba: Path, name: str, text: str, message: str) -> None:
    (celeba / name).write_text(text)
    with pytest.raises(InputError, match=message):
        opened("celeba", celeba, "label: Male")


def test_celeba_names_its_attributes_when_asked_for_another(celeba: Path) -> None:
    with pytest.raises(InputError, match=r"no attribute 'Happy'.*Smiling"):
        opened("celeba", celeba, "label: Happy")


def test_utkface_says_all_in_the_names(tmp_path: Path) -> None:
    for name in (
        "1_0_0_20161219140623097.jpg.chip.jpg",
        "part1/70_1_4_20170109150557335.jpg",
        "61_1_20170109142408075.jpg",
    ):
        photograph(tmp_path / name, (9, 9, 9), size=(200, 200))
    dataset = opened("utkface", tmp_path, "label: gender")
    assert dataset.classes == ("male", "female")
    assert dataset.labels.tolist() == [0, 1]
    assert dataset.attribute("race").tolist() == ["White", "Others"]
    assert dataset.attribute("age").tolist() == ["0-2", "more than 70"]
    assert len(set(dataset.clusters.tolist())) == 2


def test_a_folder_of_other_photographs_is_no_utkface(tmp_path: Path) -> None:
    photograph(tmp_path / "holiday.jpg", (9, 9, 9))
    with pytest.raises(InputError, match="no file is named as UTKFace names them"):
        opened("utkface", tmp_path, "label: age")


def test_fairface_follows_its_table(tmp_path: Path) -> None:
    rows = "val/1.jpg,3-9,Male,East Asian,False\nval/2.jpg,more than 70,Female,Latino_Hispanic,True\n"
    written(tmp_path / "fairface_label_val.csv", f"file,age,gender,race,service_test\n{rows}")
    for number in (1, 2):
        photograph(tmp_path / "val" / f"{number}.jpg", (9, 9, 9), size=(224, 224))
    dataset = opened("fairface", tmp_path, "label: race, partition: val")
    assert [dataset.classes[label] for label in dataset.labels] == ["East Asian", "Latino_Hispanic"]
    assert dataset.attribute("age").tolist() == ["3-9", "more than 70"]
    assert dataset.attribute("gender").tolist() == ["Male", "Female"]


def test_a_path_out_of_fairface_is_refused(tmp_path: Path) -> None:
    written(tmp_path / "fairface_label_val.csv", "file,age,gender,race,service_test\n../1.jpg,3-9,Male,White,True\n")
    with pytest.raises(InputError, match="leaves the image folder"):
        opened("fairface", tmp_path, "label: race, partition: val")


def test_disfa_turns_intensities_into_labels(disfa: Path) -> None:
    dataset = opened("action_units", disfa, "coding: DISFA, units: [12, 1]")
    assert dataset.classes == ("AU12", "AU1")
    assert dataset.labels.tolist() == [[0, 0], [1, 0], [1, 1], [1, 1], [0, 0], [0, 0]]
    assert dataset.clusters.tolist() == [0, 0, 0, 1, 1, 1]
    assert dataset.array[:3, 30, 30, 1] == pytest.approx([60, 120, 180], abs=3)


def test_a_fainter_intensity_can_count_and_frames_can_be_skipped(disfa: Path) -> None:
    dataset = opened("action_units", disfa, "coding: DISFA, units: [1], present: 1, every: 2")
    assert dataset.labels[:, 0].tolist() == [0, 1, 1, 0]


def test_attributes_of_subjects_come_from_a_table_of_ones_own(disfa: Path) -> None:
    written(disfa / "people.csv", "subject,gender,skin\nSN002,male,dark\nSN001,female,light\n")
    dataset = opened("action_units", disfa, f"coding: DISFA, units: [1], people: {{uri: '{disfa}/people.csv'}}")
    assert dataset.attribute("skin").tolist() == ["light"] * 3 + ["dark"] * 3
    written(disfa / "people.csv", "subject,gender\nSN002,male\n")
    with pytest.raises(InputError, match="says nothing of the subject SN001"):
        opened("action_units", disfa, f"coding: DISFA, units: [1], people: {{uri: '{disfa}/people.csv'}}")


def test_bp4d_leaves_out_what_is_not_coded(bp4d: Path) -> None:
    dataset = opened("action_units", bp4d, "coding: BP4D, units: [1, 12]")
    assert dataset.labels.tolist() == [[1, 0], [0, 1], [0, 1]]
    assert dataset.attribute("gender").tolist() == ["female", "female", "male"]
    assert dataset.clusters.tolist() == [0, 0, 1]


def test_a_unit_that_bp4d_does_not_code_is_refused(bp4d: Path) -> None:
    with pytest.raises(InputError, match=r"AU25 is not coded.*F001_T1"):
        opened("action_units", bp4d, "coding: BP4D, units: [25]")


def test_a_coded_frame_that_is_not_there_is_refused(disfa: Path) -> None:
    (disfa / "frames" / "SN002" / "0002.jpg").unlink()
    with pytest.raises(InputError, match=r"frame 2 is coded but not there.*SN002"):
        opened("action_units", disfa, "coding: DISFA, units: [1]")


def test_a_damaged_coding_is_refused(disfa: Path) -> None:
    (disfa / "ActionUnit_Labels" / "SN001" / "SN001_au1.txt").write_text("1,none\n")
    with pytest.raises(InputError, match=r"no table of whole numbers.*SN001_au1"):
        opened("action_units", disfa, "coding: DISFA, units: [1]")


def test_units_coded_for_different_frames_are_refused(disfa: Path) -> None:
    (disfa / "ActionUnit_Labels" / "SN001" / "SN001_au1.txt").write_text("1,0\n2,0\n")
    with pytest.raises(InputError, match="different frames"):
        opened("action_units", disfa, "coding: DISFA, units: [1, 12]")


@pytest.mark.parametrize(
    ("kind", "rest", "terms"),
    [
        ("celeba", "label: Male", r"obtain CelebA from the Multimedia Laboratory.*non-commercial"),
        ("utkface", "label: age", r"obtain UTKFace.*non-commercial"),
        ("fairface", "label: age, partition: val", r"obtain FairFace.*CC BY 4\.0"),
        ("action_units", "coding: DISFA, units: [1]", r"obtain DISFA from the University of Denver.*agreement"),
        ("action_units", "coding: BP4D, units: [1]", r"obtain BP4D from Binghamton University.*agreement"),
    ],
)
def test_an_absent_set_says_where_it_is_obtained_and_on_what_terms(
    kind: str, rest: str, terms: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=terms):
        opened(kind, tmp_path / "nothing", rest)
