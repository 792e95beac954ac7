import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from biasgate.contracts.estimate import Estimate
from biasgate.contracts.repair_record import Change, Flip, RepairRecord, Trial
from biasgate.documents import canonical_json
from biasgate.report.repair import repair_words
from biasgate.report.repair_page import LONGEST, SIDE, repair_page

RNG = np.random.default_rng(0)


def estimate(value: float, half: float = 0.02) -> Estimate:
    return Estimate(value=value, low=value - half, high=value + half, n=90, method="paired t")


def record(*flips: Flip, moved_on: float | None = -0.2, attribute: str = "colour") -> RepairRecord:
    change = Change(subgroup={}, samples=90, before=0.5, after=0.6, mended=12, broken=3, difference=estimate(0.1))
    return RepairRecord(
        method="unlearning",
        original="sha256:one",
        repaired="sha256:two",
        data="sha256:three",
        attribute=attribute,
        trials=(Trial(settings={"damping": 0.01}, worst_group=0.6, aligned=0.7, conflicting=0.6, chosen=True),),
        moved=0.01,
        distance=0.1,
        seconds=2.0,
        samples=400,
        seed=0,
        parity=0.0,
        changes=(change,),
        attribution_change=None if moved_on is None else estimate(moved_on),
        flips=flips,
    )


def flip(row: int, *, mended: bool = True, label: str = "cat", value: str = "indoors") -> Flip:
    before, after = ("dog", label) if mended else (label, "dog")
    return Flip(row=row, label=label, value=value, before=before, after=after)


def photograph(side: int, channels: int = 3) -> np.ndarray:
    return RNG.integers(0, 256, (side, side, channels), dtype=np.uint8)


def drawn(page: str) -> list[Image.Image]:
    found = re.findall(r'src="data:image/png;base64,([^"]+)"', page)
    return [Image.open(io.BytesIO(base64.b64decode(one))) for one in found]


def test_mended_and_broken_samples_are_shown_with_what_was_decided():
    made = record(flip(7), flip(9, mended=False))
    page = repair_page(made, {7: photograph(28), 9: photograph(28)})
    mended, broken = page.split("<h3>Broken</h3>")
    assert "cat, colour indoors: dog → cat" in mended
    assert "row 7" in mended
    assert "cat, colour indoors: cat → dog" in broken
    assert [picture.size for picture in drawn(page)] == [(28, 28), (28, 28)]


def test_grey_images_are_drawn_and_rows_of_a_table_are_named_alone():
    page = repair_page(record(flip(1), flip(2)), {1: photograph(20, channels=1)})
    assert [picture.size for picture in drawn(page)] == [(20, 20)]
    assert page.count("<figcaption>") == 2


def test_large_photographs_make_a_small_page():
    flips = [flip(row, mended=row < 12) for row in range(24)]
    page = repair_page(record(*flips), {row: photograph(600) for row in range(24)})
    assert {picture.size for picture in drawn(page)} == {(SIDE, SIDE)}
    assert len(page) < 500_000


def test_names_are_text_and_never_markup_and_a_long_one_is_cut():
    hostile = "<img src=x onerror=alert(1)>"
    page = repair_page(record(flip(0, label=hostile, value="v" * 5000), attribute=hostile), {})
    assert hostile not in page
    assert "&lt;img src=x" in page
    assert "v" * (LONGEST + 1) not in page
    assert "\u202e" not in repair_page(record(flip(0, value="\u202eevil")), {})


def test_the_page_allows_pictures_of_its_own_and_nothing_else():
    page = repair_page(record(flip(0)), {0: photograph(28)})
    assert "default-src 'none'" in page
    assert "img-src data:;" in page
    assert not re.findall(r'(?:src|href)="(?!data:)', page)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (-0.2, "lean less on colour"),
        (0.2, "lean more on colour"),
        (0.01, "It is not shown that decisions lean less, or more, on colour: its share"),
    ],
)
def test_whether_decisions_lean_less_is_said_as_the_interval_says_it(change: float, said: str):
    assert any(said in sentence for sentence in repair_words(record(moved_on=change)))


def test_a_record_of_an_earlier_version_by_a_method_that_is_gone_reads_and_is_a_page():
    since = {"changes", "flips", "attribution_change", "attribute"}
    old = record().model_dump(mode="json", by_alias=True, exclude=since, exclude_none=True)
    made = RepairRecord.parse(canonical_json({**old, "method": "head_fine_tuning"}), where="record")
    assert next(repair_words(made)).startswith("Head fine tuning was kept")
    assert "Samples that changed" in repair_page(made, {})


def test_without_pairs_nothing_is_said_about_attributions():
    assert not any("attributions" in sentence for sentence in repair_words(record(moved_on=None)))


@pytest.mark.parametrize(("moved", "said"), [(0.0, "0.0%"), (0.00009, "Under 0.1%"), (0.028, "2.8%"), (1.0, "100.0%")])
def test_a_head_of_a_large_network_is_not_said_to_be_nothing(moved: float, said: str):
    changed = list(repair_words(record().model_copy(update={"moved": moved})))[1]
    assert changed.startswith(f"{said} of the model's parameters changed")
