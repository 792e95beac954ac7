"""Progress that a parent watches."""

import json
from pathlib import Path

import pytest

from biasgate.data.tables.delimited import Layout
from biasgate.data.tables.profile import profiles
from biasgate.errors import InputError
from biasgate.progress import EVENTS, progress


def told(path: Path) -> list[tuple[int, int | None]]:
    """What is done of how much, event by event."""
    events = [json.loads(line) for line in path.read_text().splitlines()]
    return [(event["done"], event["total"]) for event in events]


@pytest.fixture
def events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(EVENTS, str(tmp_path / "events"))
    return tmp_path / "events"


@pytest.mark.parametrize(("estimated", "last"), [(True, (400, 400)), (False, (400, 401))])
def test_at_the_end_of_an_estimated_total_all_is_done(events: Path, estimated: bool, last: tuple[int, int]) -> None:
    with progress("reading", total=401, unit="rows", estimated=estimated) as advance:
        advance(400)
    assert told(events)[-1] == last


def test_what_fails_is_not_told_as_done(events: Path) -> None:
    def read_half() -> None:
        with progress("reading", total=401, unit="rows", estimated=True) as advance:
            advance(200)
            raise InputError("the file is damaged")

    with pytest.raises(InputError):
        read_half()
    assert told(events)[-1] == (200, 401)


@pytest.mark.parametrize("rows", [1, 7, 400, 100_000])
def test_reading_a_csv_ends_with_all_its_rows(events: Path, rows: int) -> None:
    table = events.with_name("table.csv")
    table.write_text("x,sex\n" + "".join(f"{row},{'f' * (row % 9)}m\n" for row in range(rows)))
    profiles(table, Layout())
    assert told(events)[-1] == (rows, rows)
