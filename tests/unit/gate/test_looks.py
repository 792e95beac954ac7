"""Looks are counted by the rows that splits have in common, whatever form the rows are given in."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from biasgate.data.dataset import Dataset
from biasgate.errors import TrustError
from biasgate.gate.ledger import looks as room
from biasgate.gate.ledger.entry import LookBody
from biasgate.gate.ledger.log import append, read_history, read_log
from biasgate.gate.ledger.looks import look_number, shared_rows, take_look
from biasgate.gate.trust.keys import generate_key, read_signing_key

ROWS = 200


def pictures(seed: int = 0) -> Dataset:
    draw = np.random.default_rng(seed)
    return Dataset(
        samples=draw.integers(0, 256, (ROWS, 8, 8, 3), dtype=np.uint8),
        labels=draw.integers(0, 2, ROWS),
        classes=("no", "yes"),
        attributes=pd.DataFrame({"sex": draw.choice(["f", "m"], ROWS)}),
        clusters=np.arange(ROWS),
    )


def table(seed: int = 0) -> Dataset:
    draw = np.random.default_rng(seed)
    return replace(pictures(seed), samples=draw.normal(size=(ROWS, 12)).astype(np.float32))


def noisy(split: Dataset, amount: float) -> Dataset:
    noise = np.random.default_rng(9).uniform(-1, 1, split.samples.shape)
    if split.samples.dtype == np.uint8:
        return replace(split, samples=np.clip(split.samples + np.rint(amount * noise), 0, 255).astype(np.uint8))
    return replace(split, samples=(split.samples * (1 + amount * noise)).astype(np.float32))


def one_pixel(split: Dataset) -> Dataset:
    samples = split.array.copy()
    samples[0, 0, 0, 0] ^= 255
    return replace(split, samples=samples)


SAME = {
    "in another order": lambda split: split.take(np.random.default_rng(1).permutation(ROWS)),
    "one row less": lambda split: split.take(np.arange(1, ROWS)),
    "one pixel changed": one_pixel,
    "a tenth of it": lambda split: split.take(np.arange(0, ROWS, 10)),
    "each row twice": lambda split: split.take(np.repeat(np.arange(ROWS), 2)),
    "labels turned around": lambda split: replace(split, labels=1 - split.labels),
    "classes named anew": lambda split: replace(split, classes=("No", "Yes")),
    "values of attributes named anew": lambda split: replace(split, attributes=split.attributes.replace({"f": "F"})),
    "an attribute more": lambda split: replace(split, attributes=split.attributes.assign(more="1")),
    "clusters numbered anew": lambda split: replace(split, clusters=split.clusters + 1),
    "noise of 8 in 256": lambda split: noisy(split, 8),
}


@pytest.fixture
def log(tmp_path: Path) -> str:
    return str(tmp_path / "log")


@pytest.fixture
def look(log, key, trusted):
    """Takes a look at a split; another ``candidate`` is another package."""

    def take(split: Dataset, candidate: int = 1) -> int:
        digest = f"sha256:{candidate:064d}"
        return take_look(
            log, data=split.digest, rows=split.row_digests, name="digits", digest=digest, key=key, trusted=trusted
        )

    return take


@pytest.mark.parametrize("change", SAME.values(), ids=SAME)
def test_a_split_in_another_form_shares_the_looks_of_the_one_it_comes_from(look, change):
    split = pictures()
    assert (look(split), look(change(split), 2), look(split, 3)) == (1, 2, 3)
    assert look(change(split), 2) == 2


def test_rows_of_numbers_are_known_again_under_small_noise(look):
    assert (look(table()), look(noisy(table(), 2e-4), 2)) == (1, 2)


def test_the_same_candidate_at_many_choices_of_one_split_takes_a_look_each_time(look):
    split = pictures()
    assert [look(split.take(np.flatnonzero(np.arange(ROWS) != left))) for left in range(4)] == [1, 2, 3, 4]


def test_old_rows_among_new_ones_share_looks_until_nine_in_ten_are_new(look):
    split, other = pictures(), pictures(1)
    mixed = replace(split, samples=np.concatenate([split.samples[:30], other.samples[30:]]))
    fresh = replace(split, samples=np.concatenate([split.samples[:10], other.samples[10:]]))
    assert [look(split), look(mixed, 2), look(fresh, 3)] == [1, 2, 2]  # the last shares rows with `mixed` alone


@pytest.mark.parametrize("kind", [pictures, table])
def test_other_rows_of_the_same_kind_are_a_new_split(look, kind):
    assert (look(kind()), look(kind(1), 2)) == (1, 1)


@pytest.mark.parametrize(
    "change",
    [lambda samples: samples[:, :, ::-1], lambda samples: np.minimum(samples, 223) + np.uint8(32)],
    ids=["mirrored", "made lighter"],
)
def test_what_is_not_known_again_is_as_the_threat_model_says(look, change):
    split = pictures()
    assert (look(split), look(replace(split, samples=np.ascontiguousarray(change(split.samples))), 2)) == (1, 1)


def test_a_look_is_taken_once_however_often_and_at_once_it_is_asked_for(look, log, trusted):
    split = pictures()
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(lambda _: look(split), range(8))) == {1}
    written = len(read_log(log, trusted))
    assert (look(split), look(split, 2), look(split)) == (1, 2, 1)
    assert len(read_log(log, trusted)) == written + 1


def test_a_look_of_an_earlier_version_is_counted_by_the_digest_of_its_split(look, log, key, trusted):
    split = pictures()
    for candidate in (7, 8):
        append(log, LookBody(data=split.digest, name="digits", digest=f"sha256:{candidate:064d}"), key=key)
    assert look(split) == 3
    assert look_number(log, read_history(log, trusted), data="sha256:unseen", digest="sha256:1") is None


@pytest.mark.parametrize("spoil", [Path.unlink, lambda file: file.write_bytes(b"12345678")], ids=["gone", "changed"])
def test_rows_that_are_gone_or_changed_are_an_error_and_start_no_new_count(look, log, spoil):
    look(pictures())
    room._kept.cache_clear()
    spoil(next(Path(log, "rows").iterdir()))
    with pytest.raises(TrustError, match="restore it from a backup"):
        look(pictures().take(np.arange(ROWS - 1)), 2)


def test_a_key_that_may_not_look_is_found_before_anything_is_written(log, trusted, tmp_path):
    stranger = read_signing_key(generate_key(tmp_path / "stranger").read_bytes(), where="test")
    with pytest.raises(TrustError, match="not trusted"):
        take_look(
            log, data="sha256:d", rows=np.array([1], np.uint64), name="n", digest="sha256:1", key=stranger,
            trusted=trusted,
        )  # fmt: skip
    assert not Path(log).exists()


@given(st.sets(st.integers(0, 300)), st.sets(st.integers(0, 300)))
def test_the_share_of_common_rows_is_that_of_the_smaller_split(one: set[int], other: set[int]):
    arrays = [np.array(sorted(rows), np.uint64) for rows in (one, other)]
    smaller = min(len(one), len(other))
    assert shared_rows(*arrays) == pytest.approx(len(one & other) / smaller if smaller else 1.0)


def test_splits_too_large_to_store_are_compared_by_a_draw_of_their_rows(monkeypatch):
    monkeypatch.setattr(room, "MOST_ROWS", 1_000)
    draw = np.random.default_rng(3)
    rows = draw.integers(0, 2**63, 40_000).astype(np.uint64)
    one, half, part = (room._sample(part) for part in (rows[:20_000], rows[10_000:30_000], rows[:1_000]))
    assert shared_rows(one, half) == pytest.approx(0.5, abs=0.08)
    assert shared_rows(one, part) == 1.0
    assert shared_rows(one, room._sample(rows[20_000:])) == 0.0
