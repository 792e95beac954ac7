"""Synthetic faces: what is drawn is what the attributes say, and nothing else."""

import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from biasgate.data.describe import describe
from biasgate.data.faces.drawn.attributes import ACTION_UNITS, PERSONAL, SHOWN, Label
from biasgate.data.faces.drawn.correlation import Correlation
from biasgate.data.faces.drawn.drawing import draw_faces
from biasgate.data.faces.drawn.traits import FEATURES, SCENE, sample_traits
from biasgate.data.source import DataSource, open_dataset
from biasgate.data.sources.synthetic_faces import describing_attributes, synthetic_faces
from biasgate.data.splits import ROLE_SHARES, role
from biasgate.data.subgroups import subgroups
from biasgate.errors import InputError

ATTRIBUTES = [*PERSONAL, *SHOWN]
PARTS = {"AU1": (12, 30), "AU4": (18, 34), "AU6": (21, 42), "AU12": (33, 55), "AU15": (40, 59), "AU25": (40, 58)}
"""Between which rows of 64 each unit may change a face."""


def plain(count: int = 1, **changes) -> pd.DataFrame:
    """Traits of faces that look ahead, without expression, alike but for the changes."""
    traits = sample_traits(people=1).iloc[[0] * count].reset_index(drop=True)
    quiet = dict.fromkeys((*FEATURES, *SCENE), 0.5) | dict.fromkeys(ACTION_UNITS, 0.0) | {"noise": 0.0}
    look = {"tone": "05", "gender": "feminine", "age": "young", "style": "short", "glasses": "no", "light": "front"}
    return traits.assign(**(quiet | look | changes))


def codes(attribute: str, traits: pd.DataFrame) -> np.ndarray:
    """Where along its values each face's attribute is."""
    return describing_attributes(traits)[attribute].map((PERSONAL | SHOWN)[attribute].index).to_numpy()


def correlation(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.corrcoef(first, second)[0, 1])


def test_equal_seeds_give_equal_faces_and_others_other_faces() -> None:
    first, again, other = (synthetic_faces(people=5, size=32, seed=seed) for seed in (1, 1, 2))
    assert first.digest == again.digest
    assert first.digest != other.digest


@pytest.mark.parametrize("size", [16, 32, 48, 64])
def test_faces_come_in_any_size(size: int) -> None:
    assert synthetic_faces(people=2, size=size).samples.shape == (2, size, size, 3)


def test_a_face_does_not_depend_on_the_others() -> None:
    traits = sample_traits(people=300, seed=4)
    together = draw_faces(traits, size=16)
    for row in (0, 255, 256, 299):
        assert (draw_faces(traits.iloc[[row]], size=16)[0] == together[row]).all()


def test_attributes_are_uniform_and_independent() -> None:
    traits = sample_traits(people=4000, seed=5)
    columns = {attribute: codes(attribute, traits) for attribute in ATTRIBUTES}
    for attribute, column in columns.items():
        counts = np.bincount(column, minlength=len((PERSONAL | SHOWN)[attribute]))
        assert np.abs(counts / counts.mean() - 1).max() < 0.2
    for first, second in combinations(columns.values(), 2):
        assert abs(correlation(first, second)) < 0.065


@settings(max_examples=20, deadline=None)
@given(
    strength=st.floats(-1, 1),
    attribute=st.sampled_from(["AU12", "glasses", "gender"]),
    seed=st.integers(0, 2**20),
)
def test_a_planted_correlation_has_its_strength_and_leaves_both_uniform(
    strength: float, attribute: str, seed: int
) -> None:
    follows = "gender" if attribute != "gender" else "tone"
    planted = [Correlation.model_validate({"attribute": attribute, "follows": follows, "strength": strength})]
    traits = sample_traits(people=6000, seed=seed, correlations=planted)
    binary = codes(attribute, traits), codes(follows, traits) // (5 if follows == "tone" else 1)
    assert correlation(*binary) == pytest.approx(strength, abs=0.08)
    assert np.mean(binary[0]) == pytest.approx(0.5, abs=0.04)
    assert abs(correlation(codes("AU1", traits), binary[0])) < 0.08


def test_correlations_can_follow_one_another() -> None:
    chain = [
        Correlation(attribute="gender", follows="age", strength=1),
        Correlation(attribute="AU12", follows="gender", strength=-1),
    ]
    traits = sample_traits(people=500, images=2, correlations=chain)
    assert correlation(codes("AU12", traits), codes("gender", traits)) == pytest.approx(-1)
    assert correlation(codes("gender", traits), codes("age", traits)) > 0.7


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([("gender", "gender")], "leans on itself"),
        ([("gender", "AU12")], "belongs to a person"),
        ([("AU12", "gender"), ("gender", "tone")], "list causes first"),
        ([("AU12", "gender"), ("AU12", "tone")], "list causes first"),
    ],
)
def test_a_correlation_that_cannot_be_is_refused(pairs: list[tuple], message: str) -> None:
    planted = [Correlation(attribute=first, follows=second, strength=0.5) for first, second in pairs]
    with pytest.raises(InputError, match=message):
        sample_traits(people=5, correlations=planted)


def test_images_of_a_person_share_who_it_is_but_not_what_it_shows() -> None:
    planted = [Correlation(attribute="gender", follows="tone", strength=0.5)]
    traits = sample_traits(people=50, images=4, correlations=planted)
    people = traits.groupby("person")
    assert (people[[*PERSONAL, *FEATURES]].nunique() == 1).to_numpy().all()
    assert (people[[*SCENE]].nunique() == 4).to_numpy().all()
    assert people["AU12"].nunique().to_numpy().mean() > 2


@pytest.mark.parametrize("tone", ["01", "06", "10"])
@pytest.mark.parametrize("unit", ACTION_UNITS)
def test_an_action_unit_shows_where_it_belongs_and_more_when_stronger(unit: str, tone: str) -> None:
    images = draw_faces(plain(3, tone=tone, **{unit: [0.0, 0.5, 1.0]})).astype(int)
    half, full = (np.abs(images[step] - images[0]).max(axis=2) for step in (1, 2))
    top, bottom = PARTS[unit]
    assert full[:top].max() == full[bottom:].max() == 0
    assert (full > 20).sum() >= 25
    assert half.sum() < full.sum()
    assert (half > 12).sum() >= 10


@pytest.mark.parametrize(
    ("first", "second"),
    [({"AU12": 1.0}, {"AU15": 1.0}), ({"AU1": 1.0}, {"AU4": 1.0}), ({"AU12": 1.0, "AU15": 1.0}, {})],
)
def test_opposed_action_units_do_not_cancel(first: dict, second: dict) -> None:
    images = draw_faces(pd.concat([plain(**first), plain(**second)])).astype(int)
    assert (np.abs(images[0] - images[1]).max(axis=2) > 20).sum() >= 25


def test_skin_darkens_along_the_scale_in_any_light() -> None:
    tones = list(PERSONAL["tone"])
    for light in SHOWN["light"]:
        cheeks = draw_faces(plain(10, tone=tones, light=light))[:, 40:44, 26:38].mean(axis=(1, 2))
        assert len(np.unique(cheeks.round(), axis=0)) == 10
        assert (np.diff(cheeks.mean(axis=1)[3:]) < 0).all()


@pytest.mark.parametrize("attribute", ATTRIBUTES)
def test_every_value_of_an_attribute_looks_different(attribute: str) -> None:
    values = list((PERSONAL | SHOWN)[attribute])
    column = [float(value == "yes") for value in values] if attribute in ACTION_UNITS else values
    images = draw_faces(plain(len(values), tone="06").assign(**{attribute: column})).astype(int)
    for first, second in combinations(images, 2):
        assert (np.abs(first - second).max(axis=2) > 5).sum() >= 20


def test_changing_one_trait_leaves_the_surroundings_alone() -> None:
    images = draw_faces(plain(2, gender=["feminine", "masculine"], noise=1.0))
    assert (images[0, :8, :8] == images[1, :8, :8]).all()
    assert (images[0] != images[1]).any()


@pytest.mark.parametrize(("label", "classes"), [("gender", PERSONAL["gender"]), ("AU12", ("no", "yes"))])
def test_any_attribute_can_be_the_label(label: Label, classes: tuple[str, ...]) -> None:
    dataset = synthetic_faces(people=30, label=label, size=16, seed=2)
    assert dataset.classes == classes
    assert label not in dataset.attributes
    assert (dataset.labels == codes(label, sample_traits(people=30, seed=2))).all()


def test_action_units_are_a_label_each() -> None:
    dataset = synthetic_faces(people=30, size=16, seed=2)
    assert dataset.classes == tuple(ACTION_UNITS)
    shown = sample_traits(people=30, seed=2)[list(ACTION_UNITS)].to_numpy() > 0
    assert (dataset.labels == shown).all()
    assert not set(ACTION_UNITS) & set(dataset.attributes)


def test_no_person_serves_two_roles() -> None:
    dataset = synthetic_faces(people=200, images=3, size=16)
    people = [set(role(dataset, name).clusters.tolist()) for name in ROLE_SHARES]
    assert sum(map(len, people)) == len(set().union(*people)) == 200


def test_every_intersection_of_skin_and_gender_has_its_share() -> None:
    dataset = role(synthetic_faces(people=2000, size=16), "gate")
    shares = {tuple(cell.values()): mask.mean() for cell, mask in subgroups(dataset, ("skin", "gender"), depth=2)}
    assert len(shares) == 1 + 3 + 2 + 6
    for (skin, _), share in ((cell, share) for cell, share in shares.items() if len(cell) == 2):
        assert share == pytest.approx(0.2 if skin == "dark" else 0.15, abs=0.06)


def test_a_source_plants_and_describes() -> None:
    source = """
        name: smiles
        data:
          kind: synthetic_faces
          people: 200
          size: 16
          label: AU12
          correlations: [{attribute: AU12, follows: gender, strength: 1}]
    """
    table = describe(open_dataset(DataSource.parse(source, where="test"))).set_index(["attribute", "value"])
    assert table.loc[("gender", "feminine"), "yes"] == table.loc[("gender", "masculine"), "no"] == 0


@pytest.mark.parametrize("fault", ["people: 0", "people: 5, size: 8", "people: 5, label: mood"])
def test_a_source_of_impossible_faces_is_refused(fault: str) -> None:
    with pytest.raises(InputError, match="DataSource is not valid"):
        DataSource.parse(f"name: x\ndata: {{kind: synthetic_faces, {fault}}}", where="test")


def test_the_examples_in_the_guide_are_valid() -> None:
    guide = (Path(__file__).parents[3] / "docs" / "how-to" / "faces.md").read_text()
    examples = re.findall(r"```yaml\n(.*?)```", guide, flags=re.DOTALL)
    kinds = [DataSource.parse(example, where="docs/how-to/faces.md").data.model_dump()["kind"] for example in examples]
    assert kinds == ["synthetic_faces"] * 2 + ["celeba", "utkface", "fairface"] + ["action_units"] * 2
